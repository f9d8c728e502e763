from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from hub.edge import Bundle
from tests.support.cli import run_hub
from tests.support.tiny_bundle import TEXTS, WORDS, make_tiny_bundle

ROWS = [
    ("cat dog", "animal"),
    ("old horse", "animal"),
    ("moss", "animal"),  # wrong on purpose
    ("oak rose", "plant"),
    ("the fern", "plant"),
    ("granite", "stone"),
    ("chalk oak oak", "stone"),  # wrong on purpose
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_bundle(tmp_path_factory.mktemp("evaluate") / "tiny"))


@pytest.fixture
def rows(tmp_path: Path) -> str:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS), "utf-8")
    return str(file)


def test_people_get_tables(tiny: str, rows: str) -> None:
    done = run_hub("evaluate", tiny, "--data", rows, "--variant", "fp32")

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:3] == ["rows     7", "variant  fp32", "metric                      value"]
    assert [line.split()[0] for line in lines[3:8]] == ["macro", "accuracy", "top", "log", "expected"]
    assert lines[4].split() == ["accuracy", "0.714"]
    # animal: 2 of 3 found, nothing else called so; plant: both found, 2 others called so; stone: 1 of 2.
    assert lines[8:] == [
        "label   precision  recall  F1     rows",
        "animal  1.000      0.667   0.800     3",
        "plant   0.500      1.000   0.667     2",
        "stone   1.000      0.500   0.667     2",
    ]


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_json_agrees_with_scikit_learn(tiny: str, rows: str, variant: str) -> None:
    document = run_hub("evaluate", tiny, "--data", rows, "--variant", variant, "--json").json()

    bundle = Bundle.open(tiny, variant=variant)
    probabilities = bundle.probabilities([text for text, _ in ROWS])
    truth = [label for _, label in ROWS]
    labels = list(bundle.labels)
    predicted = [labels[i] for i in probabilities.argmax(axis=1)]
    found = document["metrics"]
    assert document["rows"] == 7
    assert document["variant"] == variant
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found["macro_f1"] == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, probabilities, labels=labels))
    assert found["top_3_accuracy"] == 1.0
    assert 0 <= found["expected_calibration_error"] <= 1
    table = metrics.precision_recall_fscore_support(truth, predicted, labels=labels)
    for i, label in enumerate(labels):
        score = document["per_label"][label]
        assert [score[part] for part in ("precision", "recall", "f1", "rows")] == pytest.approx(
            [column[i] for column in table]
        )


def test_the_default_variant_is_run(tiny: str, rows: str) -> None:
    assert run_hub("evaluate", tiny, "--data", rows, "--json").json()["variant"] == "int8"


def test_other_columns_and_json_lines(tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"body": text, "kind": label}) + "\n" for text, label in ROWS), "utf-8")

    document = run_hub("evaluate", tiny, "--data", str(file), "--text", "body", "--label", "kind", "--json").json()

    assert document["metrics"]["accuracy"] == pytest.approx(5 / 7)


def test_a_label_without_rows_is_not_listed_but_counted(tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\ncat,animal\ndog,animal\n", "utf-8")

    table = run_hub("evaluate", tiny, "--data", str(file)).out
    document = run_hub("evaluate", tiny, "--data", str(file), "--json").json()

    assert "plant" not in table
    assert document["per_label"]["plant"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0}
    assert document["metrics"]["macro_f1"] == 1.0
    assert all(math.isfinite(value) for value in document["metrics"].values())


def test_an_unknown_label_is_named_with_its_line(tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('text,label\n"cat\nand dog",animal\noak,plantt\n', "utf-8")

    done = run_hub("evaluate", tiny, "--data", str(file))

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("HUB-D009: unknown label at rows.csv:4\n")
    assert "no label 'plantt'; did you mean 'plant'?" in done.err


def test_a_wrong_column_gets_the_options_that_name_it(tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("txt,label\ncat,animal\n", "utf-8")

    done = run_hub("evaluate", tiny, "--data", str(file))

    assert done.code == 3
    assert done.err.startswith("HUB-D003: rows.csv:1: there is no column 'text'\n")
    assert "did you mean 'txt'?" in done.err
    assert "--text ... --label ..." in done.err
    assert "--set" not in done.err


BAD = {
    "missing": (None, 3, "HUB-D001"),
    "empty": (b"text,label\n", 3, "HUB-D006"),
    "not UTF-8": (b"text,label\n\xff,animal\n", 3, "HUB-D004"),
    "no label": (b"text,label\ncat,\n", 3, "HUB-D007"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_refused(tiny: str, tmp_path: Path, name: str) -> None:
    content, code, error = BAD[name]
    file = tmp_path / "rows.csv"
    if content is not None:
        file.write_bytes(content)

    done = run_hub("evaluate", tiny, "--data", str(file), "--json")

    assert done.code == code
    assert done.json()["error"]["code"] == error


def test_bad_bundles_and_variants_are_refused(tiny: str, rows: str, tmp_path: Path) -> None:
    nothing = run_hub("evaluate", str(tmp_path), "--data", rows)
    variant = run_hub("evaluate", tiny, "--data", rows, "--variant", "int4")
    no_rows = run_hub("evaluate", tiny)

    assert (nothing.code, nothing.err[:8]) == (3, "HUB-E001")
    assert (variant.code, variant.err[:8]) == (2, "HUB-E008")
    assert (no_rows.code, no_rows.err[:8]) == (2, "HUB-U000")


def test_many_rows_are_scored_alike(tiny: str, tmp_path: Path) -> None:
    """Every text of the bundle's self-test, many times: no row is lost on the way."""
    labels = [label for label in WORDS for _ in range(6)]
    file = tmp_path / "rows.csv"
    pairs = list(zip(TEXTS, labels, strict=True)) * 30
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in pairs), "utf-8")

    document = run_hub("evaluate", tiny, "--data", str(file), "--variant", "fp32", "--json").json()

    assert document["rows"] == len(pairs) == 540
    assert document["metrics"]["accuracy"] == 1.0
    top = Bundle.open(tiny, variant="fp32").probabilities(TEXTS).max(axis=1)
    assert document["metrics"]["log_loss"] == pytest.approx(-np.log(top).mean())
