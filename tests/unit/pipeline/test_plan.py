"""What decides a stage's result is in its fingerprint: recipe, request, code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.contract import KINDS, CardText, DataSource, Label, Licence, Metric, Recipe, Slice
from hub.contract.budget import Budget
from hub.contract.errors import UsageError
from hub.contract.recipe import leaf_keys
from hub.pipeline import fingerprint, plan
from hub.pipeline.build import run_id
from hub.pipeline.context import BuildRequest, Chosen
from hub.pipeline.plan import BASE, SEARCH, STAGE_NAMES, STAGES, stage_fingerprint, stages_for, stages_of
from hub.pipeline.tables.plan import STAGES as TABLE_STAGES
from hub.search.measured import DeviceRatio
from hub.testing import tiny
from tests.support.builds import EXPORTER, tiny_request
from tests.support.sources import ROOT, imports_of

OUTPUTS = dict.fromkeys(STAGE_NAMES, "x")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text("{}", "utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def keys(request: BuildRequest, run: str = "run") -> dict[str, str]:
    return {stage.name: stage_fingerprint(stage, request, run, OUTPUTS) for stage in STAGES}


def changed(before: BuildRequest, after: BuildRequest) -> set[str]:
    """Return the stages that a change does not let stand, apart from what follows from their outputs."""
    old, new = keys(before), keys(after)
    return {name for name in STAGE_NAMES if old[name] != new[name]}


RECIPE_READERS = {
    "name": set(),
    "summary": set(),
    "base": set(),  # its files count
    "max_length": {"baseline", "finetune", "distill", "export", "compress", "verify"},
    "window_stride": {"baseline", "finetune", "distill", "export", "compress", "verify"},
    "seed": {"baseline", "finetune", "distill"},
    "lexical.use": {"finetune"},
    "lexical.buckets": {"finetune"},
    "lexical.cost": {"finetune"},
    "compress.trim_vocabulary": {"distill"},
    "compress.min_piece_count": {"distill"},
    "compress.vocabulary": {"distill"},
    "compress.per_channel": {"compress"},
    "compress.reduce_range": {"compress"},
    "gates.parity": {"export"},
    "gates.parity_rows": {"export"},
    "gates.min_teacher_share": {"verify"},
    **{f"gates.{name}": {"compress", "verify"} for name in ("max_drop_points", "label_drop_points")},
    **{f"gates.{name}": {"compress", "verify"} for name in ("label_drop_rows", "label_min_rows")},
    **{key: {"data"} for key in leaf_keys(Recipe) if key.startswith("data.")},
    # Unlabelled files have their columns; the seed draws transfer rows.
    **{key: {"data", "distill"} for key in ("data.seed", "data.text", "data.text_pair")},
    # Unlabelled text stands beside the rows, in columns of the same names.
    **{f"data.{name}": {"data", "distill"} for name in ("seed", "text", "text_pair")},
    **{key: {"finetune"} for key in leaf_keys(Recipe) if key.startswith(("teacher.", "strategy.", "loss."))},
    "teacher.augment": {"finetune", "distill"},  # rows that are made for the student are augmented too
    **{key: {"distill"} for key in leaf_keys(Recipe) if key.startswith("student.")},
    **{key: set() for key in leaf_keys(Recipe) if key.startswith("table.")},
}


def other_value(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}1" if isinstance(value, str) else (*value, 1)


def with_value(recipe: Recipe, key: str, value: Any) -> Recipe:
    section, dot, name = key.rpartition(".")
    if not dot:
        return dataclasses.replace(recipe, **{name: value})
    return dataclasses.replace(recipe, **{section: dataclasses.replace(getattr(recipe, section), **{name: value})})


def test_every_key_of_a_recipe_is_known_here() -> None:
    assert set(RECIPE_READERS) == set(leaf_keys(Recipe))


@pytest.mark.parametrize("key", [key for key in RECIPE_READERS if key != "base"])
def test_a_value_of_the_recipe_reaches_the_stages_that_read_it(base: Path, key: str) -> None:
    request = tiny_request(base)
    value: Any = request.recipe
    for step in key.split("."):
        value = getattr(value, step)

    after = dataclasses.replace(request, recipe=with_value(request.recipe, key, other_value(value)))

    # The report shows the whole recipe.
    assert changed(request, after) == RECIPE_READERS[key] | {"report"}
    assert run_id(request) != run_id(after)


def test_equal_requests_have_equal_fingerprints(base: Path) -> None:
    assert changed(tiny_request(base), tiny_request(base)) == set()


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_files_of_the_base_model_count(base: Path, file: str) -> None:
    before = keys(tiny_request(base))
    (base / file).write_bytes(b"{ }")

    after = keys(tiny_request(base))

    assert {name for name in STAGE_NAMES if before[name] != after[name]} == {"baseline", "finetune", "report"}


def task_with(**changes: Any) -> Callable[[Path], BuildRequest]:
    return lambda base: tiny_request(base, task=dataclasses.replace(tiny.TASK, **changes))


RATED = Metric("macro_f1", "hub.contract.metrics:accuracy")
ELSEWHERE = DataSource("made-up", "Others.", "hub.testing.tiny:examples", Licence("cc0-1.0"))
SCORED = {"baseline", "finetune", "distill", "compress", "verify"}
CHANGES: dict[str, tuple[Callable[[Path], BuildRequest], set[str]]] = {
    "source": (lambda base: tiny_request(base, source="other"), {"data"}),
    "version of the plugin": (lambda base: tiny_request(base, plugin_version="2"), {"data", "report"}),
    "labels": (task_with(labels=(Label("a"), Label("b"))), {"data", "report"}),
    "slices": (task_with(slices=(Slice("all-rows", ""),)), {"data", "report"}),
    "loader": (task_with(sources=(ELSEWHERE,)), {"data", "report"}),
    "function of a metric": (task_with(metrics=(RATED,)), SCORED | {"report"}),
    "direction of a metric": (
        task_with(metrics=(*tiny.TASK.metrics[:-1], dataclasses.replace(tiny.TASK.metrics[-1], higher_is_better=True))),
        SCORED | {"report"},
    ),
    "words of the card": (task_with(card=CardText("d", "i", "o", "l")), {"report"}),
    "examples": (task_with(examples=""), {"report"}),
    "rows in the self-test": (lambda base: tiny_request(base, selftest_from_data=True), {"report"}),
    "exporter": (
        lambda base: tiny_request(base, exporter=dataclasses.replace(EXPORTER, export="hub_onnx.other:export")),
        {"export", "compress", "verify", "report"},
    ),
    "target": (lambda base: tiny_request(base, out=Path("elsewhere")), set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_else_is_asked_for_reaches_the_stages_that_read_it(base: Path, name: str) -> None:
    make, readers = CHANGES[name]

    assert changed(tiny_request(base), make(base)) == readers


def test_the_name_of_the_run_counts_for_the_report_only(base: Path) -> None:
    request = tiny_request(base)
    one, two = keys(request, "one"), keys(request, "two")

    assert {name for name in STAGE_NAMES if one[name] != two[name]} == {"report"}


@pytest.mark.parametrize("part", ["libraries", "python"])
def test_versions_count_everywhere(base: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    before = keys(tiny_request(base))
    if part == "libraries":
        monkeypatch.setattr(plan, "library_versions", lambda: (("torch", "99"),))
    else:
        monkeypatch.setattr(plan, "python_version", lambda: "9.9")

    after = keys(tiny_request(base))

    assert all(before[name] != after[name] for name in STAGE_NAMES)


def test_packages_that_a_plugin_requires_count_for_its_rows(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(tiny_request(base))
    monkeypatch.setattr(plan, "requirement_versions", lambda name: [("data-of-" + name, "2")])

    after = keys(tiny_request(base))

    assert {name for name in STAGE_NAMES if before[name] != after[name]} == {"data", "report"}


def test_rows_of_the_user_count_by_their_content(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "train.csv").write_text("text,label\n", "utf-8")
    request = tiny_request(base, data_folder=folder)
    before = keys(request)

    (folder / "notes.txt").write_text("read by nobody", "utf-8")
    assert keys(request) == before
    (folder / "test.jsonl").write_text("", "utf-8")
    assert keys(request)["data"] != before["data"]
    (folder / "test.jsonl").unlink()
    assert keys(request) == before
    (folder / "train.csv").write_text("text,label\na,b\n", "utf-8")
    assert keys(request)["data"] != before["data"]


def test_a_folder_that_cannot_be_read_is_left_to_the_stage(base: Path, tmp_path: Path) -> None:
    request = tiny_request(base, data_folder=tmp_path / "missing")

    assert len(keys(request)["data"]) == 64


def test_runs_are_named_after_what_is_built(base: Path, tmp_path: Path) -> None:
    request = tiny_request(base)
    name = run_id(request)

    assert name.startswith("tiny-things-tiny-")
    assert run_id(dataclasses.replace(request, out=tmp_path, selftest_from_data=True)) == name
    assert run_id(dataclasses.replace(request, data_folder=tmp_path)) != name
    assert run_id(dataclasses.replace(request, source="other")) != name


@pytest.mark.parametrize("name", ["../../etc", "a/b", "c:\\d", "", ".", "ü" * 300, "con: *?\n", "x" * 300])
def test_the_name_of_a_recipe_leads_nowhere_else(base: Path, name: str) -> None:
    request = tiny_request(base)

    made = run_id(dataclasses.replace(request, recipe=dataclasses.replace(request.recipe, name=name)))

    assert made.startswith("tiny-things-")
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert len(made) < 80
    assert Path(made).name == made


# --- code -------------------------------------------------------------------------------------------

NO_RESULT = (
    "contract.bases", "contract.budget", "contract.search_results",
    "contract.data", "contract.domain", "contract.errors", "contract.exporter", "contract.figures", "contract.kinds",
    "contract.numbers", "contract.recipe", "contract.recipe_tables", "contract.reference", "contract.results",
    "edge.files", "edge.remote", "edge.schema", "pipeline.context", "pipeline.fingerprint", "pipeline.progress",
    "pipeline.run",
)  # fmt: skip
"""Declarations, and what writes and reads files: a change there does not change a number."""

READ_BACK = ("data", "data.prepared", "data.store")
"""What other stages than ``data`` use of the rows is their reading, and the rows have a fingerprint."""

EVERY_STAGE = (*STAGES, BASE, SEARCH, *TABLE_STAGES)
STAGE_MODULES = {f"pipeline.{stage.module}" for stage in EVERY_STAGE}


def home_of(name: str) -> str | None:
    """Return the module of ``hub`` that an imported name is or is in."""
    for candidate in (name, name.rpartition(".")[0]):
        path = ROOT / "hub" / Path(*candidate.split("."))
        if candidate and (path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()):
            return candidate
    return None


def used_by(module: str) -> set[str]:
    """Return the modules of ``hub`` that a module reaches, not beyond other stages: their outputs stand for them."""
    found: set[str] = set()
    todo = [module]
    while todo:
        at = todo.pop()
        path = ROOT / "hub" / Path(*at.split("."))
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        for entry in imports_of(file, f"hub.{at}"):
            home = home_of(entry.module.removeprefix("hub.")) if entry.module.startswith("hub.") else None
            if home and home not in found:
                found.add(home)
                if home not in (*NO_RESULT, *READ_BACK, *STAGE_MODULES):
                    todo.append(home)
    return found - {module}


@pytest.mark.parametrize("stage", EVERY_STAGE, ids=lambda stage: stage.module)
def test_the_code_that_a_stage_uses_counts(stage: plan.Stage) -> None:
    module = f"pipeline.{stage.module}"
    used = used_by(module) - {*NO_RESULT, *READ_BACK}
    assert len(used) >= 3 or stage.name == "data"

    missing = {name for name in used if not any(name == code or name.startswith(f"{code}.") for code in stage.code)}

    assert missing == set()


@pytest.mark.parametrize("stage", EVERY_STAGE, ids=lambda stage: stage.module)
def test_every_name_of_code_exists(stage: plan.Stage) -> None:
    assert [name for name in stage.code if fingerprint.code_fingerprint(f"hub.{name}") == "missing"] == []


@pytest.mark.parametrize("stages", [STAGES, TABLE_STAGES], ids=["texts", "tables"])
def test_a_stage_needs_earlier_ones_only(stages: tuple[plan.Stage, ...]) -> None:
    for place, stage in enumerate(stages):
        assert set(stage.needs) <= set(STAGE_NAMES[:place]), stage.name


def test_stages_of_every_kind_have_the_same_names() -> None:
    for kind in KINDS:
        assert tuple(stage.name for stage in stages_of(kind)) == STAGE_NAMES
    assert stages_of("tabular-regression") == TABLE_STAGES
    assert stages_of("multi-label") == STAGES


# --- budgets ----------------------------------------------------------------------------------------

BUDGET = Budget(size_bytes=6_000_000, score_percent=98.0)


def fingerprints(request: BuildRequest) -> dict[str, str]:
    outputs = dict.fromkeys((*STAGE_NAMES, SEARCH.name), "x")
    return {stage.name: stage_fingerprint(stage, request, "run", outputs) for stage in stages_for(request)}


def test_a_budget_puts_a_search_between_teacher_and_student(base: Path) -> None:
    names = [stage.name for stage in stages_for(tiny_request(base, budget=BUDGET))]

    assert names == [*STAGE_NAMES[:3], "search", *STAGE_NAMES[3:]]
    assert stages_for(tiny_request(base)) == STAGES


def test_what_comes_before_the_search_is_that_of_a_build_without_one(base: Path) -> None:
    plain, searched = fingerprints(tiny_request(base)), fingerprints(tiny_request(base, budget=BUDGET))

    same = {name for name in STAGE_NAMES if plain[name] == searched[name]}
    assert same == {"data", "baseline", "finetune", "export"}


SEARCHES: dict[str, dict[str, Any]] = {
    "another budget": {"budget": Budget(size_bytes=5_000_000)},
    "another profile": {"profile": "wasm"},
    "figures of a device": {"device": DeviceRatio(2.0, 2.0, "x", "16")},
    "everything is measured": {"exhaustive": True},
}


@pytest.mark.parametrize("name", SEARCHES)
def test_what_decides_a_search_counts_for_it_and_for_the_name_of_the_run(base: Path, name: str) -> None:
    request = tiny_request(base, budget=BUDGET)
    other = dataclasses.replace(request, **SEARCHES[name])
    before, after = fingerprints(request), fingerprints(other)

    assert {each for each in before if before[each] != after[each]} == {"search", "compress", "verify", "report"}
    assert run_id(other) != run_id(request)


@pytest.mark.parametrize("name", [name for name in SEARCHES if name != "another budget"])
def test_without_a_budget_the_rest_of_a_search_decides_nothing(base: Path, name: str) -> None:
    request = tiny_request(base)
    other = dataclasses.replace(request, **SEARCHES[name])

    assert fingerprints(request) == fingerprints(other)
    assert run_id(request) == run_id(other)


def test_what_was_chosen_counts_for_what_follows(base: Path) -> None:
    request = tiny_request(base, budget=BUDGET)
    before = fingerprints(dataclasses.replace(request, chosen=Chosen("int8-per-channel")))
    after = fingerprints(dataclasses.replace(request, chosen=Chosen("")))

    assert {name for name in before if before[name] != after[name]} == {"compress", "verify", "report"}


def test_there_is_no_search_for_tables(base: Path) -> None:
    request = tiny_request(base, budget=BUDGET, task=dataclasses.replace(tiny.TASK, kind="tabular-classification"))

    with pytest.raises(UsageError, match="HUB-U083"):
        stages_for(request)
