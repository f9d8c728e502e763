"""What the commands that build share: the request, the progress bars, the result table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli import output

if TYPE_CHECKING:
    from hub.contract.bases import BaseChoice
    from hub.contract.recipe import Recipe
    from hub.contract.results import BuildResult
    from hub.contract.search_results import SearchSummary
    from hub.pipeline.build import Built
    from hub.pipeline.context import BuildRequest
    from hub.pipeline.run import Run

F = TypeVar("F", bound=Callable[..., object])

DEFAULT_RUNS = "runs"


def runs_option(function: F) -> F:
    """Add ``--runs DIR`` as the parameter ``runs: str``."""
    return click.option(
        "--runs",
        metavar="DIR",
        default=lambda: os.environ.get("HUB_RUNS", DEFAULT_RUNS),
        help="Folder of the runs (default: runs, or the environment variable HUB_RUNS).",
    )(function)


def recipe_options(function: F) -> F:
    """Add the options that say what to build: recipe, settings, rows."""
    recipe = click.option("--recipe", metavar="NAME|FILE", help="Built-in recipe, or a YAML file.")
    setting = click.option(
        "--set", "settings", metavar="KEY=VALUE", multiple=True, help="Change a value of the recipe; may be repeated."
    )
    source = click.option("--source", metavar="NAME", default="", help="Use this data source of the task.")
    data = click.option("--data", "folder", metavar="DIR", help="Use your own rows: a folder with train.csv or .jsonl.")
    return recipe(setting(data(source(function))))


def tensorboard_option(function: F) -> F:
    """Add ``--tensorboard`` as the parameter ``tensorboard: bool``."""
    return click.option(
        "--tensorboard", is_flag=True, help="Also write curves and figures as TensorBoard event files, in the run."
    )(function)


def with_tensorboard(request: BuildRequest, wanted: bool) -> BuildRequest:
    """Return the request with the listener that writes event files, where it is wanted.

    Raises:
        MissingError: HUB-P095, TensorBoard is not installed.
    """
    if not wanted:
        return request
    import dataclasses

    from hub.host.hooks import listener, manager_for
    from hub.listeners.tensorboard import TensorBoard
    from hub.pipeline.listening import Listener

    call = listener(manager_for(TensorBoard(), "tensorboard"))
    added = () if call is None else (Listener("tensorboard", call),)
    return dataclasses.replace(request, listeners=(*request.listeners, *added))


def search_options(function: F) -> F:
    """Add the options of a search: ``budget: str | None``, ``profile: str``, ``exhaustive: bool``."""
    budget = click.option(
        "--budget",
        metavar="LIMITS",
        help="Search for the best student that keeps these limits: size=6MB,p50=2ms,p95=3ms,memory=200MB,score=98% "
        "(of the teacher). Times are those of a text of 16 tokens at one thread.",
    )
    profile = click.option(
        "--profile",
        metavar="NAME",
        default="",
        help="Target of the search: portable (default), x86-avx2, x86-vnni, arm64, wasm, this-machine.",
    )
    exhaustive = click.option(
        "--exhaustive", is_flag=True, help="Measure, train and score every candidate, to check a search; slow."
    )
    return budget(profile(exhaustive(function)))


def with_search(request: BuildRequest, budget: str | None, profile: str, exhaustive: bool) -> BuildRequest:
    """Return the request with its budget.

    Args:
        request: to build.
        budget: as it was typed, ``None`` for none.
        profile: as it was typed, ``""`` for ``portable``.
        exhaustive: everything is measured.

    Raises:
        UsageError: HUB-U080 the budget cannot be read, HUB-U081 the profile is unknown, HUB-U083 there is no search
            for the task's kind, HUB-U084 a profile without a budget.
    """
    import dataclasses

    from hub.contract.budget import parse_budget
    from hub.contract.errors import UsageError
    from hub.pipeline.plan import stages_for
    from hub.search.profiles import target

    if budget is None:
        if profile or exhaustive:
            raise UsageError(
                "HUB-U084",
                "a search needs a budget",
                "--profile and --exhaustive say how to search",
                "add --budget ...",
            )
        return request
    target(profile or "portable", ())
    found = dataclasses.replace(
        request, budget=parse_budget(budget), profile=profile or "portable", exhaustive=exhaustive
    )
    stages_for(found)
    return found


def make_request(
    task_id: str,
    recipe: str | None,
    settings: Sequence[str],
    folder: str | None,
    source: str,
    out: str | None = None,
    selftest_from_data: bool = False,
) -> BuildRequest:
    """Look up task, recipe and exporter.

    Raises:
        HubError: an unknown name, with the nearest ones; a plugin that is missing or quarantined.
    """
    from hub.host import load_plugins
    from hub.pipeline.context import BuildRequest
    from hub.pipeline.listening import Listener
    from hub.pipeline.recipes import find_recipe

    host = load_plugins()
    found = host.find_task(task_id)
    return BuildRequest(
        task_id=found.id,
        task=found.task,
        plugin=found.plugin,
        plugin_version=found.version,
        recipe=_with_absolute_base(find_recipe(found.task, recipe).with_settings(settings)),
        exporter=host.exporter("onnx"),
        source=source,
        data_folder=Path(folder) if folder else None,
        out=Path(out) if out else None,
        selftest_from_data=selftest_from_data,
        listeners=tuple(Listener(name, call) for name, call in host.listeners),
    )


def _with_absolute_base(recipe: Recipe) -> Recipe:
    """Return the recipe with the full paths of base models that are folders: a run may go on from elsewhere."""
    import dataclasses

    from hub.train.base import base_names

    names = []
    for name in base_names(recipe.base):
        folder = Path(name).expanduser()
        names.append(str(folder.absolute()) if folder.is_dir() else name)
    return dataclasses.replace(recipe, base=",".join(names))


def request_of_run(run: Run) -> BuildRequest:
    """Make the request that a run was started with."""
    import dataclasses

    from hub.contract.budget import budget_from_mapping
    from hub.contract.recipe import from_mapping
    from hub.search.measured import DeviceRatio

    info = run.info
    request = make_request(info.task, None, (), info.data_folder or None, info.source, info.out or None)
    request = dataclasses.replace(request, recipe=from_mapping(info.recipe), selftest_from_data=info.selftest_from_data)
    if not info.search:
        return request
    device = info.search["device"]
    return dataclasses.replace(
        request,
        budget=budget_from_mapping(info.search["budget"]),
        profile=info.search["profile"],
        device=DeviceRatio(**device) if device else None,
        exhaustive=info.search["exhaustive"],
    )


class BarReporter:
    """Draws a bar a stage on a terminal; elsewhere prints a line when a stage is done."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None
        self._titles: dict[str, str] = {}

    def stage(self, name: str, title: str) -> None:
        """A stage begins."""
        self._titles[name] = title
        self._task = self._bars.add_task(title, total=None, detail="")

    def reused(self, name: str, title: str) -> None:
        """A stage stands from before."""
        task = self._bars.add_task(title, total=1, detail="stands from before")
        self._bars.update(task, completed=1)
        self._line(f"{title}: stands from before")

    def done(self, name: str, seconds: float) -> None:
        """A stage is finished."""
        task = next(task for task in self._bars.tasks if task.id == self._task)
        total = task.total or 1
        detail = f"{task.fields.get('detail', '')}  ({seconds:.0f} s)".strip()
        self._bars.update(self._task, total=total, completed=total, detail=detail)
        self._line(f"{self._titles[name]}: {detail}")

    def tick(self, done: float, total: float, text: str) -> None:
        """Progress inside the stage."""
        self._bars.update(self._task, completed=done, total=total, detail=text)

    def note(self, text: str) -> None:
        """A sentence for the user."""
        output.note(text)

    def _line(self, text: str) -> None:
        if self._bars.disable:
            output.note(text)


@contextmanager
def reporter() -> Iterator[BarReporter]:
    """Give a reporter whose bars are drawn while the block runs."""
    with output.progress() as bars:
        yield BarReporter(bars)


def run_build(request: BuildRequest, runs: str, until: str = "report", name: str | None = None) -> Built:
    """Build with progress on stderr."""
    from hub.pipeline.build import build

    with reporter() as told:
        return build(request, Path(runs), told, until, name)


def go_on(run: Run, until: str = "report", tensorboard: bool = False) -> Built:
    """Go on with a run in its own folder, wherever that is and whatever it is called."""
    request = with_tensorboard(request_of_run(run), tensorboard)
    return run_build(request, str(run.folder.parent), until, run.folder.name)


def show_built(built: Built) -> None:
    """Print everything a build leaves, where it went to its end."""
    if built.result is not None:
        show_result(built.result)
    output.say(f"run: {built.run}")
    output.say(f"bundle: {built.bundle}")
    output.say(f"report: {built.report}")


def shown(run: Callable[[], Built], as_json: bool) -> Built:
    """Build; where gates are missed, show what was measured before the error is reported."""
    from hub.pipeline.build import MissedGatesError
    from hub.search.run import BudgetMissedError

    try:
        return run()
    except MissedGatesError as error:
        if not as_json:
            show_result(error.result)
        raise
    except BudgetMissedError as error:
        if as_json:
            from hub.pipeline.documents import search_json

            error.found = {"search": search_json(error.summary)}
        else:
            show_search(error.summary)
        raise


_NEIGHBOURS = 7


def show_search(summary: SearchSummary) -> None:
    """Print the choice of a search and its neighbours: those that came furthest."""
    from hub.contract import numbers

    entries = list(summary.candidates)
    rows = []
    for entry in entries[: _NEIGHBOURS + 1]:
        score = f"{entry.score_percent:.1f} %" if entry.score_percent >= 0 else ""
        time = numbers.milliseconds(entry.p50_ms) if entry.p50_ms else ""
        why = "chosen" if entry.state == "chosen" else entry.reason
        rows.append([entry.name, numbers.size(entry.size_bytes), time, score, why])
    if summary.baseline_percent >= 0:
        rows.append([summary.baseline, "", "", f"{summary.baseline_percent:.1f} %", "for comparison"])
    output.show_table("search", ["candidate", "size", "p50", "of the teacher", "why"], rows)
    counts = summary.counts
    output.say(
        f"{counts['considered']} candidates considered, {counts['measured']} measured, {summary.trainings} trainings, "
        f"{summary.evaluations} scored on validation rows. {summary.rule} {summary.timing}"
    )


def show_bases(found: BaseChoice) -> None:
    """Print base models by rank, and what was measured of them."""
    from hub.contract import numbers
    from hub.contract.bases import LEFT_OUT

    timed = any(entry.p50_ms for entry in found.candidates)
    rows = []
    for entry in found.candidates:
        if entry.state == LEFT_OUT:
            rows.append([entry.name, "", "", "", "", "", entry.reason])
            continue
        speed = numbers.milliseconds(entry.p50_ms) if timed else f"{entry.texts_per_second:.0f}"
        rows.append(
            [
                entry.name,
                numbers.number(entry.score),
                numbers.count(entry.parameters),
                numbers.size(entry.fp32_bytes),
                numbers.size(entry.student_bytes),
                speed,
                "chosen" if entry == found.chosen else entry.reason,
            ]
        )
    metric = f"{numbers.name(found.metric)} of the probe"
    speed = "p50 16 tokens" if timed else "texts a second"
    output.show_table("", ["base model", metric, "parameters", "fp32", "student, about", speed, ""], rows)
    output.say(f"{found.rule} {found.speed}")


def show_result(result: BuildResult) -> None:
    """Print the result table, the gates that were missed and what a reader must know first."""
    for choice in result.bases:
        show_bases(choice)
    for summary in result.search:
        show_search(summary)
    from hub.contract import figures, numbers

    parts = figures.slices(result)
    metric = result.headline_metric
    columns = ["model", *(f"{numbers.name(metric)} {part.name}" for part in parts), "size"]
    columns += [f"p50 {tokens} tokens" if tokens.isdecimal() else f"p50 {tokens}" for tokens in figures.lengths(result)]
    rows = []
    for model in result.models:
        scores = [figures.score(model, part.name, metric) for part in parts]
        times = [model.latency.get(tokens) for tokens in figures.lengths(result)]
        rows.append(
            [
                model.name + (" (default)" if model.variant == result.default_variant else ""),
                *("" if score is None else numbers.number(score) for score in scores),
                numbers.size(model.bytes),
                *(numbers.milliseconds(time.p50_ms) if time else "" for time in times),
            ]
        )
    output.show_table(f"{result.task}, {result.run}", columns, rows)
    for sentence in figures.leading_sentences(result):
        output.say(sentence)
    passed = sum(gate.passed for gate in result.gates)
    output.say(f"gates: {passed} of {len(result.gates)} passed")
