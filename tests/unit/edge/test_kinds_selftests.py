"""Self-tests of every kind: their form, what may differ, what is found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.edge import Bundle, selftest
from hub.edge.folder import SELFTEST
from tests.support.kind_bundles import opened, resealed
from tests.support.tiny_kinds import (
    SENTENCES,
    make_labels_bundle,
    make_spans_bundle,
    make_table_bundle,
    worth,
)

HALF = {"animal": 0.5, "plant": 0.5, "stone": 0.5}


def written(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / SELFTEST).read_text("utf-8").splitlines()]


def rewrite(folder: Path, rows: list[dict[str, Any]]) -> Bundle:
    (folder / SELFTEST).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return Bundle.open(resealed(folder), variant="fp32")


def failed(bundle: Bundle) -> list[str]:
    return [check.name for check in selftest.replay(bundle) if not check.ok]


def test_self_tests_have_the_agreed_form(made: dict[str, Path]) -> None:
    assert written(made["number"])[0] == {
        "row": {"width": 4.0, "colour": "red"},
        "expect": {"fp32": {"value": pytest.approx(100 + worth(4.0, "red"), rel=1e-6)}},
    }
    entities = written(made["spans"])[0]
    assert entities["text"] == SENTENCES[0]
    assert set(entities["expect"]) == {"fp32", "int8"}
    assert entities["expect"]["fp32"][0] == {
        "start": 0, "end": 12, "label": "person", "score": pytest.approx(0.9926, abs=1e-3)
    }  # fmt: skip
    assert set(written(made["labels"])[0]["expect"]["int8"]) == {"animal", "plant", "stone"}


@pytest.mark.parametrize(("shift", "ok"), [(0.01, True), (0.5, False)])
def test_numbers_may_differ_by_a_share_of_their_range(tmp_path: Path, shift: float, ok: bool) -> None:
    folder = make_table_bundle(tmp_path / "a")
    rows = written(folder)
    rows[3]["expect"]["fp32"]["value"] += shift  # the range is about 50, of which a thousandth is allowed
    assert failed(rewrite(folder, rows)) == ([] if ok else ["self-test fp32: numbers"])


@pytest.mark.parametrize("part", ["start", "label", "one more", "one less"])
def test_other_entities_are_found_out(tmp_path: Path, part: str) -> None:
    folder = make_spans_bundle(tmp_path / "a")
    rows = written(folder)
    spans = rows[0]["expect"]["fp32"]
    if part == "one more":
        spans.append({"start": 13, "end": 16, "label": "city", "score": 0.9})
    elif part == "one less":
        del spans[0]
    else:
        spans[0][part] = 1 if part == "start" else "city"
    assert failed(rewrite(folder, rows)) == ["self-test fp32: entities"]


def test_another_score_of_an_entity_is_found_out(tmp_path: Path) -> None:
    folder = make_spans_bundle(tmp_path / "a")
    rows = written(folder)
    rows[0]["expect"]["fp32"][0]["score"] -= 0.01
    assert failed(rewrite(folder, rows)) == ["self-test fp32: probabilities"]


def test_a_label_may_change_sides_only_next_to_its_threshold(tmp_path: Path) -> None:
    folder = make_labels_bundle(tmp_path / "a")
    rows = written(folder)
    found = rows[0]["expect"]["fp32"]["animal"]
    near = {"fp32": HALF | {"animal": found + 2e-6}}
    assert failed(Bundle.open(resealed(folder, thresholds=near), variant="fp32")) == []
    resealed(folder, thresholds={})
    rows[0]["expect"]["fp32"]["animal"] = 0.2
    assert failed(rewrite(folder, rows)) == ["self-test fp32: labels", "self-test fp32: probabilities"]


@pytest.mark.parametrize("name", ["labels", "spans", "number", "row label"])
@pytest.mark.parametrize("answer", [[], {}, {"other": 0.5}])
def test_answers_of_another_form_fail_the_check(made: dict[str, Path], tmp_path: Path, name: str, answer: Any) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(made[name], folder)
    rows = written(folder)
    rows[0]["expect"]["fp32"] = answer
    assert failed(rewrite(folder, rows))


@pytest.mark.parametrize("name", ["labels", "spans", "number", "row label"])
def test_rows_are_chosen_for_every_kind(made: dict[str, Path], name: str) -> None:
    bundle = opened(made, name)
    inputs: list[Any] = [row.input for row in selftest.load(made[name])]
    chosen = selftest.choose(bundle, inputs + inputs, count=4)
    assert len(chosen) == 4
    assert chosen == sorted(set(chosen))
    assert max(chosen) < len(inputs)


def test_numbers_are_chosen_over_their_range(made: dict[str, Path]) -> None:
    bundle = opened(made, "number")
    rows = [{"width": float(width), "colour": "red"} for width in range(100)]
    values = bundle.values(rows)[selftest.choose(bundle, rows, count=10)]
    assert len(values) == 10
    ranks = np.searchsorted(np.sort(bundle.values(rows)), values)
    assert [int(rank) // 10 for rank in sorted(ranks)] == list(range(10))


def test_pairs_and_numpy_numbers_are_written_and_read_back(tmp_path: Path) -> None:
    inputs: list[Any] = [("why", "because"), "alone", {"a": np.float32(0.5), "b": np.int64(3), "c": None, "d": "x"}]
    selftest.write(tmp_path / SELFTEST, inputs, [{"fp32": {"x": 1.0}}] * 3)
    found = [row.input for row in selftest.load(tmp_path)]
    assert found == [("why", "because"), "alone", {"a": 0.5, "b": 3, "c": None, "d": "x"}]
