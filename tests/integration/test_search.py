"""Builds under a budget: the whole way with a small space, again, with another budget, cut short, and in vain."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.contract.budget import Budget, parse_budget
from hub.contract.recipe import Recipe
from hub.contract.results import Latency
from hub.edge.bundle import Bundle
from hub.edge.verify import verify
from hub.pipeline.build import Built, build, run_id
from hub.pipeline.context import BuildRequest
from hub.pipeline.plan import STAGE_NAMES
from hub.pipeline.stages import distill
from hub.search.generate import Space
from hub.search.run import BudgetMissedError
from tests.support.builds import Recorder, TinyBuild, tiny_request

WITH_SEARCH = (*STAGE_NAMES[:3], "search", *STAGE_NAMES[3:])
BUDGET = parse_budget("size=1MB,p50=50ms,score=60%")


def timed(callers: Mapping[str, Callable[[Any], object]], texts: Sequence[str], tokens: int, *_: Any, **__: Any) -> Any:
    """Stand in for the clock: int8 takes half of fp32, whatever the graph."""
    for caller in callers.values():
        caller(texts[0])
    times = {name: 1.0 if "int8" in name else 2.0 for name in callers}
    return {name: Latency(tokens, ms, ms, ms, 1, 1) for name, ms in times.items()}


@pytest.fixture(scope="module", autouse=True)
def small_space() -> Iterator[None]:
    """One and two layers with the smallest vocabulary, in fp32 and the first form; no clock."""

    def space(context: Any, lab: Any) -> Space:
        sizes = lab.vocabularies.sizes()[:1]
        return Space(3, sizes, ("layers",), (False,), ("", "int8-per-channel"), (1, 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.pipeline.stages.search._space", space)
        for stage in ("form_times", "compress", "verify"):
            patch.setattr(f"hub.pipeline.stages.{stage}.measure", timed)
        yield


@dataclass
class Searched:
    """A build under a budget in a folder of runs of its own."""

    runs: Path
    out: Path
    built: Built
    reporter: Recorder
    request: BuildRequest


@pytest.fixture(scope="module")
def searched(tiny_build: TinyBuild, tmp_path_factory: pytest.TempPathFactory) -> Searched:
    folder = tmp_path_factory.mktemp("searched")
    runs, out = Path(shutil.copytree(tiny_build.runs, folder / "runs")), folder / "out"
    request = tiny_request(tiny_build.base, budget=BUDGET, out=out)
    reporter = Recorder()
    return Searched(runs, out, build(request, runs, reporter), reporter, request)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[int, ...], int]]:
    """Note layers and epochs of every student that is trained."""
    noted: list[tuple[tuple[int, ...], int]] = []
    train = distill.train_student

    def noting(context: Any, folder: Path, recipe: Recipe) -> None:
        noted.append((recipe.student.layers, recipe.student.epochs))
        train(context, folder, recipe)

    monkeypatch.setattr(distill, "train_student", noting)
    return noted


def again(searched: Searched, tmp_path: Path, budget: Budget, **more: Any) -> tuple[Built, Recorder]:
    import dataclasses

    runs = Path(shutil.copytree(searched.runs, tmp_path / "runs"))
    request = dataclasses.replace(searched.request, budget=budget, out=tmp_path / "out", **more)
    reporter = Recorder()
    return build(request, runs, reporter), reporter


def test_the_search_stands_between_teacher_and_student(searched: Searched) -> None:
    stages = [*searched.reporter.stood, *searched.reporter.begun]

    assert sorted(stages) == sorted(WITH_SEARCH)
    assert searched.reporter.stood == ["data", "baseline", "finetune"]  # taken over from the build without a budget
    assert searched.reporter.begun == ["search", *STAGE_NAMES[3:]]


def test_the_bundle_is_whole_and_says_how_it_was_found(searched: Searched) -> None:
    manifest = json.loads((searched.out / "bundle.json").read_text("utf-8"))
    recorded = manifest["provenance"]["search"]

    assert all(check.ok for check in verify(searched.out))
    assert Bundle.open(searched.out).predict(["the badger near an otter"])[0].label
    assert recorded["limits"] == {"size": 1_000_000, "p50": 50.0, "score": 60.0}
    assert recorded["considered"] == 4
    assert recorded["trainings"] >= 1
    assert recorded["chosen"]["form"] == "int8-per-channel"
    assert manifest["provenance"]["recipe"]["student"]["layers"] == recorded["chosen"]["layers"]
    assert manifest["default_variant"]["portable"] == "int8"


def test_the_budget_is_a_gate_on_what_was_built(searched: Searched) -> None:
    assert searched.built.result is not None
    gates = {gate.name: gate for gate in searched.built.result.gates}
    manifest = json.loads((searched.out / "bundle.json").read_text("utf-8"))

    assert {"budget-size", "budget-p50", "budget-score"} <= set(gates)
    assert all(gates[name].passed for name in ("budget-size", "budget-p50", "budget-score"))
    assert gates["budget-size"].limit == 1_000_000
    assert gates["budget-size"].value == manifest["variants"]["int8"]["fetch_bytes"]
    assert gates["budget-p50"].value == 1.0


def test_sizes_that_were_predicted_are_those_of_the_bundle(searched: Searched) -> None:
    assert searched.built.result is not None
    (summary,) = searched.built.result.search
    real = {row.variant: row.bytes for row in searched.built.result.models if row.variant}

    chosen = summary.chosen
    assert chosen is not None
    assert abs(chosen.size_bytes - real["int8"]) < 25_000  # the card's words are estimated


def test_every_candidate_is_in_the_report_with_its_reason(searched: Searched) -> None:
    assert searched.built.result is not None
    (summary,) = searched.built.result.search
    page = (searched.out / "report.html").read_text("utf-8")

    assert "Search under the budget" in page
    assert all(entry.reason for entry in summary.candidates)
    assert all(entry.name in page for entry in summary.candidates)
    assert summary.baseline_percent > 0
    assert "linear baseline" in page


def test_what_the_variants_answer_otherwise_than_the_teacher_is_reported(searched: Searched) -> None:
    assert searched.built.result is not None
    variants = [row for row in searched.built.result.models if row.role == "variant"]

    assert variants
    for row in variants:
        assert 0.0 <= row.disagreement["teacher"] <= 100.0


def test_the_same_command_finds_everything_standing(searched: Searched, tmp_path: Path) -> None:
    built, reporter = again(searched, tmp_path, BUDGET)

    assert built.reused == WITH_SEARCH
    assert reporter.begun == []


def test_another_budget_reuses_every_training(
    searched: Searched, tmp_path: Path, trainings: list[tuple[tuple[int, ...], int]]
) -> None:
    before = {path.name for path in searched.built.run.glob("search/candidates/*") if len(path.name) == 16}

    built, _ = again(searched, tmp_path, parse_budget("size=900kB,score=60%"))

    assert before
    assert built.run.name != searched.built.run.name
    folder = built.run / "search" / "candidates"
    found = {path.name for path in folder.iterdir() if len(path.name) == 16}
    assert len(trainings) == len(found - before)
    assert found & before


def test_a_budget_in_vain_leaves_the_target_alone(searched: Searched, tmp_path: Path) -> None:
    with pytest.raises(BudgetMissedError) as caught:
        again(searched, tmp_path, parse_budget("size=20kB,score=60%"))

    assert caught.value.exit_code == 1
    assert "nearest in size" in caught.value.why
    assert not (tmp_path / "out").exists()
    assert all(entry.state == "considered" for entry in caught.value.summary.candidates)


def test_a_search_that_was_cut_short_goes_on(
    searched: Searched, tiny_build: TinyBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Path(shutil.copytree(tiny_build.runs, tmp_path / "runs"))
    train, noted = distill.train_student, []

    def cut(context: Any, folder: Path, recipe: Recipe) -> None:
        noted.append(recipe.student.layers)
        if len(noted) == 2:
            raise KeyboardInterrupt
        train(context, folder, recipe)

    monkeypatch.setattr(distill, "train_student", cut)
    with pytest.raises(KeyboardInterrupt):
        build(searched.request, runs, Recorder())
    cut_at = noted[-1]
    built = build(searched.request, runs, Recorder())

    assert noted[2] == cut_at  # what was finished before is not trained again
    assert noted.count(noted[0]) <= 2  # once short, once to the end
    assert built.result is not None
    assert built.result.search[0].chosen == searched.built.result.search[0].chosen  # type: ignore[union-attr]


def test_a_request_without_a_budget_has_the_name_it_always_had(tiny_build: TinyBuild, searched: Searched) -> None:
    assert run_id(tiny_build.request) == tiny_build.built.run.name
    assert run_id(searched.request) != tiny_build.built.run.name
