"""``hub models suggest``: base models ranked for a task by a probe of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.building import make_request, recipe_options, reporter, show_bases
from hub.cli.options import json_option
from hub.cli.plugins import read_catalogue
from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from hub.contract.bases import BaseChoice
    from hub.contract.budget import Budget
    from hub.pipeline.context import BuildRequest


@click.command()
@click.argument("task_id", metavar="TASK")
@click.option(
    "--budget",
    metavar="LIMITS",
    default="",
    help="Limits of the recipe's student: size=10MB,p50=5ms,p95=8ms. Its size is arithmetic; for a limit of time its "
    "untrained graph is timed on one text of 16 tokens at one thread.",
)
@click.option(
    "--base",
    "bases",
    metavar="NAME|DIR",
    multiple=True,
    help="Try this base model, in place of those of the catalogue; may be repeated. --set base=A,B does the same.",
)
@recipe_options
@json_option
def command(
    task_id: str,
    budget: str,
    bases: tuple[str, ...],
    recipe: str | None,
    settings: tuple[str, ...],
    folder: str | None,
    source: str,
    as_json: bool,
) -> None:
    """Rank base models for TASK: score of a linear probe, size of the student, speed.

    Tried are the base models of the catalogue that are on this machine, of which none is downloaded, or those named by
    --base. The encoder stays frozen, so that each takes seconds; only training and validation rows are read.
    """
    from hub.contract.budget import parse_budget
    from hub.contract.kinds import KINDS
    from hub.pipeline.bases import check_limits
    from hub.train.pooled import check_pooling

    limits = parse_budget(budget) if budget else None
    if limits is not None:
        check_limits(limits)
    request = make_request(task_id, recipe, settings, folder, source)
    if KINDS[request.task.kind].reads != "text":
        raise UsageError(
            "HUB-R019",
            "there is no base model to choose",
            f"tasks of the kind {request.task.kind} have networks of their own",
            f"hub build {request.task_id}",
        )
    check_pooling(request.recipe.teacher.pooling, KINDS[request.task.kind], request.recipe.strategy.name)
    found = _rank(request, bases or _bases_set(request, settings), limits)
    if as_json:
        from hub.pipeline.documents import bases_json

        output.emit_json({"task": request.task_id, "limits": limits.limits() if limits else {}, **bases_json(found)})
        return
    show_bases(found)
    if found.chosen is not None:
        chosen, layers = found.chosen, found.chosen.layers
        own = not layers or layers == request.recipe.student.layers
        fitting = "" if own else f" --set student.layers={','.join(map(str, layers))}"
        output.say(f"next: hub build {request.task_id} --set base={chosen.name}{fitting}")
    else:
        output.say("no base model that could be tried keeps the limits")


def _bases_set(request: BuildRequest, settings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the base models of the recipe where the user named them; one that a recipe brings is no choice."""
    from hub.train.base import base_names

    names = base_names(request.recipe.base)
    named = any(setting.partition("=")[0].strip() == "base" for setting in settings)
    return names if named or len(names) > 1 else ()


def _rank(request: BuildRequest, bases: tuple[str, ...], limits: Budget | None) -> BaseChoice:
    """Prepare the rows and probe each base model."""
    import tempfile
    from pathlib import Path

    from hub.catalog.local import split
    from hub.pipeline.bases import rank
    from hub.pipeline.progress import libraries_to_log, logs_to
    from hub.pipeline.stages.data import prepared_rows
    from hub.pipeline.stages.rows import labelled
    from hub.train.base import find_base

    if bases:
        for name in bases:
            find_base(name)
        here, missing = list(dict.fromkeys(bases)), dict[str, str]()
    else:
        here, missing = split(read_catalogue().registry.base_models)
    prepared = prepared_rows(request)
    train, validation = (
        labelled(prepared, request.task.kind, prepared.dataset.split(name)) for name in ("train", "validation")
    )
    # A base model that is left out says why in the table; what libraries say besides is kept while this runs.
    with (
        tempfile.TemporaryDirectory(prefix="domainhub-") as folder,
        logs_to(Path(folder) / "suggest.log"),
        libraries_to_log(),
        reporter() as told,
    ):
        told.stage("probe", "probing")
        return rank(here, train, validation, request, budget=limits, tell=told.tick, left_out=missing)
