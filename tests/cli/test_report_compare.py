"""``hub report compare``: finished runs row by row, others as far as they stand, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hub.contract import Example, Slice
from hub.contract.errors import RunError
from hub.contract.metrics import macro_f1
from hub.data import load
from hub.edge.bundle import Bundle
from hub.pipeline.comparing import flattened, rows_fingerprint, settings_of
from hub.pipeline.progress import Silent
from hub.pipeline.stages.rows import labelled
from hub.testing.tiny import RECIPE, TASK
from tests.support.builds import TinyBuild, quick_build, tiny_request
from tests.support.cli import run_hub
from tests.support.page import Page

pytestmark = pytest.mark.usefixtures("tiny_plugin")

SPOILT = {
    "student.learning_rate": 0.1,
    "lexical.use": False,
    "gates.max_drop_points": 100.0,
    "gates.label_drop_points": 100.0,
    "gates.parity": 1.0,
    "gates.min_teacher_share": 0.0,
}
"""A rate at which the student forgets what it starts from, and gates that let it pass."""


@pytest.fixture(scope="module")
def both(tiny_build: TinyBuild, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Two finished runs: the shared one, and one whose student forgot everything."""
    runs = Path(shutil.copytree(tiny_build.runs, tmp_path_factory.mktemp("compare") / "runs"))
    request = tiny_request(tiny_build.base, *(f"{key}={value}" for key, value in SPOILT.items()))
    weak = quick_build(request, runs, Silent())
    return runs, tiny_build.built.run.name, weak.run.name


@pytest.fixture
def copied(both: tuple[Path, str, str], tmp_path: Path) -> tuple[Path, str, str]:
    """The two runs, to be changed."""
    runs, good, weak = both
    return Path(shutil.copytree(runs, tmp_path / "runs")), good, weak


def compared(runs: Path, *words: str) -> Any:
    done = run_hub("report", "compare", *words, "--runs", str(runs), "--json")
    assert done.code == 0, done.err + done.out
    return done.json()


@pytest.mark.parametrize("name", [".", "run.json/page.html"])
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_scored(
    both: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    runs, good, weak = both
    monkeypatch.setattr("hub.pipeline.comparing.compare", lambda *_, **__: pytest.fail("it was compared"))

    done = run_hub("report", "compare", good, weak, "--runs", str(runs), "--out", str(runs / good / name), "--json")

    assert (done.code, done.json()["error"]["code"]) == (2, "HUB-U023")


def test_a_page_below_a_folder_that_may_not_be_looked_into_is_refused(
    both: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed, exists = tmp_path / "closed", Path.exists

    def looked(path: Path, **options: Any) -> bool:
        if path == closed / "folder":
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", looked)
    runs, good, weak = both

    words = ("--runs", str(runs), "--out", str(closed / "folder" / "page.html"), "--json")
    done = run_hub("report", "compare", good, weak, *words)

    assert (done.code, done.json()["error"]["code"]) == (2, "HUB-U023")
    assert "Permission denied" in done.json()["error"]["why"]


def test_a_page_that_fails_while_it_is_written_is_told(
    both: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hub.report.compare.write_comparison", full)
    runs, good, weak = both

    words = ("--scores-only", "--runs", str(runs), "--out", str(tmp_path / "page.html"), "--json")
    error = run_hub("report", "compare", good, weak, *words).json()["error"]

    assert (error["code"], error["why"]) == ("HUB-U023", "No space left on device")


def test_the_document_has_differences_scores_and_tests(both: tuple[Path, str, str], tmp_path: Path) -> None:
    runs, good, weak = both
    page = tmp_path / "page.html"

    found = compared(runs, good, weak, "--out", str(page))

    assert [run["id"] for run in found["runs"]] == [good, weak]
    assert {entry["key"]: entry["values"][1] for entry in found["settings"]} == SPOILT
    assert [entry["values"][0] for entry in found["settings"] if entry["key"] == "student.learning_rate"] == [3e-3]
    recorded = {(entry["run"], entry["model"]) for entry in found["scores"] if entry["recorded"]}
    assert recorded >= {(run, name) for run in (good, weak) for name in ("linear baseline", "teacher")}
    for score in found["scores"]:
        assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
        assert score["rows"] == 96
    assert [(test["run"], test["reference"], test["slice"]) for test in found["tests"]] == [
        (weak, good, "short"),
        (weak, good, "long"),
    ]
    for test in found["tests"]:
        assert test["difference"] < 0
        assert test["low"] <= test["difference"] <= test["high"] < 0
        assert 0 < test["p"] <= test["p_adjusted"] <= 0.05
        assert test["only_run"] == 0
        assert test["only_reference"] > 20
        assert test["mcnemar_p"] == pytest.approx(2 * 2.0 ** -test["only_reference"])
    assert found["report"] == str(page)
    assert "<script" in page.read_text("utf-8")


def test_scores_are_those_of_the_bundles_on_the_test_rows(both: tuple[Path, str, str]) -> None:
    runs, good, weak = both
    found = compared(runs, good, weak)
    prepared = load(runs / weak / "data")
    rows = labelled(prepared, TASK.kind, prepared.dataset.test)

    for score in found["scores"]:
        if score["recorded"]:
            continue
        bundle = Bundle.open(runs / score["run"] / "report" / "bundle", variant=score["variant"])
        outcome = rows.outcomes(bundle.probabilities(list(rows.inputs)))[score["slice"]]
        assert score["value"] == macro_f1(outcome)


def test_people_get_tables_and_a_page(both: tuple[Path, str, str]) -> None:
    runs, good, weak = both

    done = run_hub("report", "compare", good, weak, "--runs", str(runs))

    assert done.code == 0
    for words in ("student.learning_rate", "against the first", "worse", "Test rows say how good a model is"):
        assert words in done.out
    page = Path(done.out.splitlines()[-1].removeprefix("report: "))
    assert page.parent == runs
    read = Page(page.read_text("utf-8"))
    assert read.text.count("Holm") >= 1
    assert str(runs) not in page.read_text("utf-8")
    # The next comparison of the same runs replaces its own page.
    assert run_hub("report", "compare", good, weak, "--runs", str(runs)).out.splitlines()[-1] == f"report: {page}"
    assert len(list(runs.glob("comparison-*.html"))) == 1


def test_equal_runs_are_no_difference(copied: tuple[Path, str, str]) -> None:
    runs, good, _ = copied
    shutil.copytree(runs / good, runs / "again")

    found = compared(runs, good, "again")

    assert found["settings"] == []
    for test in found["tests"]:
        assert (test["difference"], test["p"], test["only_run"], test["only_reference"]) == (0.0, 1.0, 0, 0)
        assert test["mcnemar_p"] == 1.0


def test_a_run_that_is_not_finished_shows_its_training(copied: tuple[Path, str, str]) -> None:
    runs, good, weak = copied
    for stage in ("export", "compress", "verify", "report"):
        shutil.rmtree(runs / weak / stage)

    found = compared(runs, good, weak)

    assert [run["state"] for run in found["runs"]] == ["finished", "distill"]
    assert [len(run["trainings"]) for run in found["runs"]] == [2, 2]
    assert found["tests"] == []
    assert {score["run"] for score in found["scores"]} == {good}
    assert f"Run {weak} stands up to the stage distill" in found["notes"][0]


def change_test_rows(run: Path) -> None:
    """Prepare the rows with another seed: other test rows."""
    from hub.data import prepare, save

    save(prepare(TASK, dataclasses.replace(RECIPE.data, seed=99)), run / "data")


def test_other_test_rows_are_refused_unless_scores_are_enough(copied: tuple[Path, str, str]) -> None:
    runs, good, weak = copied
    change_test_rows(runs / weak)

    done = run_hub("report", "compare", good, weak, "--runs", str(runs), "--json")

    assert done.code == RunError.exit_code
    error = done.json()["error"]
    assert error["code"] == "HUB-R016"
    assert good in error["what"]
    assert weak in error["what"]
    assert "--scores-only" in error["fix"]

    found = compared(runs, good, weak, "--scores-only")
    assert found["tests"] == []
    assert all(score["recorded"] for score in found["scores"])
    assert {score["model"] for score in found["scores"]} >= {"teacher", "student fp32", "student int8"}
    assert "other test rows" in found["notes"][0]


def refused(runs: Path, *names: str) -> tuple[int, str]:
    done = run_hub("report", "compare", *names, "--runs", str(runs), "--json")
    return done.code, done.json()["error"]["code"]


def test_what_cannot_be_compared_is_refused(copied: tuple[Path, str, str]) -> None:
    runs, good, weak = copied

    assert refused(runs, good, "no-such-run") == (RunError.exit_code, "HUB-R011")
    assert refused(runs, good) == (2, "HUB-U090")
    assert refused(runs, good, good) == (2, "HUB-U090")
    assert refused(runs, good, str(runs / good)) == (2, "HUB-U090")

    manifest = json.loads((runs / weak / "run.json").read_text("utf-8"))
    (runs / weak / "run.json").write_text(json.dumps({**manifest, "task": "tiny/other"}), "utf-8")
    assert refused(runs, good, weak)[1] == "HUB-R015"
    (runs / weak / "run.json").write_text(json.dumps(manifest), "utf-8")

    (runs / weak / "report" / "build.json").write_text("{broken", "utf-8")
    assert refused(runs, good, weak)[1] == "HUB-R018"
    shutil.rmtree(runs / weak / "data")
    assert refused(runs, good, weak)[1] == "HUB-R017"
    (runs / weak / "run.json").write_text("[]", "utf-8")
    assert refused(runs, good, weak)[1] == "HUB-R012"


def test_a_changed_bundle_is_not_scored(copied: tuple[Path, str, str]) -> None:
    runs, good, weak = copied
    with (runs / weak / "report" / "bundle" / "onnx" / "model.onnx").open("ab") as stream:
        stream.write(b"x")

    assert refused(runs, good, weak)[1] == "HUB-E004"


def test_settings_are_compared_by_dotted_key_and_defaults_fill_older_recipes() -> None:
    new, old = RECIPE.to_mapping(), RECIPE.to_mapping()
    del old["strategy"]
    old["name"] = "another"
    old["teacher"] = {**old["teacher"], "epochs": 9}

    (found,) = settings_of([new, old])

    assert (found.key, found.values) == ("teacher.epochs", (RECIPE.teacher.epochs, 9))
    assert flattened({"a": {"b": {"c": 1}}, "d": [2]}) == {"a.b.c": 1, "d": [2]}


def test_test_rows_have_a_fingerprint_of_their_own(tiny_build: TinyBuild) -> None:
    prepared = load(tiny_build.built.run / "data")
    rows = prepared.dataset
    fewer = dataclasses.replace(prepared, dataset=rows.with_splits({"train": rows.train[:8]}))
    other = dataclasses.replace(prepared, dataset=rows.with_splits({"test": rows.test[1:]}))

    assert rows_fingerprint(fewer) == rows_fingerprint(prepared)
    assert rows_fingerprint(other) != rows_fingerprint(prepared)


def test_ones_own_slices_make_no_other_rows(tiny_build: TinyBuild) -> None:
    prepared = load(tiny_build.built.run / "data")
    plain = tuple(dataclasses.replace(row, slice="") for row in prepared.dataset.test)
    wards = tuple(dataclasses.replace(row, slice="north") for row in plain)
    slices = (Slice("all", "all rows"), Slice("north", "rows whose ward is North"))

    def of(rows: tuple[Example, ...], declared: tuple[Slice, ...]) -> str:
        changed = prepared.dataset.with_splits({"test": rows})
        return rows_fingerprint(dataclasses.replace(prepared, dataset=changed, slices=declared))

    assert of(wards, slices) == of(plain, ())
    assert of(prepared.dataset.test, prepared.slices) != of(plain, ())
