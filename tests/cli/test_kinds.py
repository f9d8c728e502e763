"""predict, evaluate, verify and bench with bundles of the kinds that answer otherwise than with one label."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from hub.edge import Bundle
from tests.support.cli import run_hub
from tests.support.tiny_kinds import (
    make_label_bundle,
    make_labels_bundle,
    make_spans_bundle,
    make_table_bundle,
    worth,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("kinds")
    return {
        "labels": str(make_labels_bundle(root / "labels")),
        "spans": str(make_spans_bundle(root / "spans")),
        "number": str(make_table_bundle(root / "number")),
        "row label": str(make_table_bundle(root / "row-label", number=False)),
    }


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -- predict: people ------------------------------------------------------------------------------------------------


def test_several_labels_are_shown_with_what_was_predicted(made: dict[str, str]) -> None:
    done = run_hub("predict", made["labels"], "cat cat dog oak oak", "river", "--top", "2")
    assert (done.code, done.err) == (0, "")
    table = [line.split() for line in done.out.splitlines()]
    assert table[0] == ["test/multi-label,", "fp32"]
    assert table[1] == ["text", "predicted", "probability", "label", "name"]
    assert table[2][-4:] == ["yes", "0.807", "animal", "Animals"]
    assert table[3][:3] == ["yes", "0.571", "plant"]
    assert table[4][:4] == ["river", "no", "0.119", "animal"]


def test_entities_are_shown_with_their_places(made: dict[str, str]) -> None:
    done = run_hub("predict", made["spans"], "Ada saw New York", "the old river")
    assert done.out == (
        "test/token-classification, fp32\n"
        "text              probability  type    characters  entity\n"
        "Ada saw New York  0.993        person  0-3         Ada\n"
        "                  0.993        city    8-16        New York\n"
        "the old river                                      none found\n"
    )


def test_numbers_are_shown_with_name_and_unit(made: dict[str, str]) -> None:
    row = '{"width": 10, "colour": "red"}'
    done = run_hub("predict", made["number"], row)
    assert done.out.splitlines()[1].split() == ["row", "length", "[mm]"]
    assert done.out.splitlines()[2] == f"{row}  {105.0:>11}"


@pytest.mark.parametrize(
    "text", ["", "😀", "a\0b", "\x1b[2J paris", "مرحبا", "\u202eparis", "\ud800", "paris " * 17_000]
)
@pytest.mark.parametrize("name", ["labels", "spans"])
def test_odd_texts_are_answered(made: dict[str, str], name: str, text: str) -> None:
    for flags in ((), ("--json",)):
        done = run_hub("predict", made[name], text, *flags)
        assert (done.code, done.err) == (0, "")
        assert "\x1b" not in done.out
        assert "\0" not in done.out


# -- predict: json --------------------------------------------------------------------------------------------------


def test_json_of_several_labels(made: dict[str, str]) -> None:
    found, none = lines(run_hub("predict", made["labels"], "cat", "river", "--json").out)
    assert found["labels"] == ["animal"]
    assert found["scores"] == [found["top"][0][1]]
    assert [label for label, _ in found["top"]] == ["animal", "plant", "stone"]
    assert found["abstained"] is False
    assert (none["labels"], none["scores"]) == ([], [])


def test_json_of_entities(made: dict[str, str]) -> None:
    (found,) = lines(run_hub("predict", made["spans"], "😀 Ada saw Paris", "--json").out)
    assert [{key: span[key] for key in ("start", "end", "label", "text")} for span in found["spans"]] == [
        {"start": 2, "end": 5, "label": "person", "text": "Ada"},
        {"start": 10, "end": 15, "label": "city", "text": "Paris"},
    ]
    assert set(found) == {"spans"}


def test_json_of_a_number_and_of_a_rows_label(made: dict[str, str]) -> None:
    row = json.dumps({"width": None, "colour": "blue"})
    (number,) = lines(run_hub("predict", made["number"], row, "--json").out)
    assert number == {"value": pytest.approx(100 + worth(None, "blue")), "unit": "mm"}
    (label,) = lines(run_hub("predict", made["row label"], row, "--json").out)
    assert (label["label"], label["name"]) == ("good", "Good")


def test_windows_are_stated(tmp_path: Path) -> None:
    folder = str(make_label_bundle(tmp_path / "a", max_length=6, stride=2))
    long, short = lines(run_hub("predict", folder, "cat dog fox owl oak moss fern rose", "cat", "--json").out)
    assert long["windows"] == 3
    assert "windows" not in short


# -- predict: files and streams -------------------------------------------------------------------------------------


def test_a_table_goes_in_as_csv_and_as_json_lines(made: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,colour,width\n1,red,12\n2,,\n3,pink,8.0\n", "utf-8")
    (tmp_path / "in.jsonl").write_text(
        '{"colour": "red", "width": 12}\n\n{"colour": null, "width": null}\n{"colour": "x", "width": "8"}\n', "utf-8"
    )
    expected = [100 + worth(12.0, "red"), 100 + worth(None, "missing"), 100 + worth(8.0, "unknown")]
    for name, first in (("in.csv", [2, 3, 4]), ("in.jsonl", [1, 3, 4])):
        done = run_hub("predict", made["number"], "--input", str(tmp_path / name))
        assert (done.code, done.err) == (0, "")
        assert [record["value"] for record in lines(done.out)] == pytest.approx(expected, rel=1e-6)
        assert [record["line"] for record in lines(done.out)] == first


def test_bad_rows_of_a_table_become_errors_and_the_rest_goes_on(made: dict[str, str], tmp_path: Path) -> None:
    rows = [
        '{"width": 1, "colour": "red"}',
        '{"width": "wide", "colour": "red"}',
        '{"width": 1}',
        "[]",
        '{"width": Infinity, "colour": "red"}',
        '{"width": {}, "colour": "red"}',
        '{"width": NaN, "colour": 3}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(rows), "utf-8")
    done = run_hub("predict", made["number"], "--input", str(tmp_path / "in.jsonl"))
    assert done.code == 3
    found = lines(done.out)
    assert ["value" in record for record in found] == [True, False, False, False, False, False, True]
    codes = [record["error"]["code"] for record in found[1:6]]
    assert codes == ["HUB-E031", "HUB-D050", "HUB-D050", "HUB-E031", "HUB-D050"]
    assert "column 'width'" in found[1]["error"]["what"]
    assert "no object with the key 'colour'" in found[2]["error"]["why"]


def test_a_table_that_lacks_a_column_is_refused(made: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("widht,colour\n1,red\n", "utf-8")
    done = run_hub("predict", made["number"], "--input", str(tmp_path / "in.csv"), "--json")
    assert done.code == 3
    error = done.json()["error"]
    assert error["code"] == "HUB-E017"
    assert error["why"] == "did you mean 'widht'?"


def test_rows_of_a_table_come_through_stdin(made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    content = b'{"width": 10, "colour": "blue"}\nno json\n{"width": 10, "colour": "red"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    done = run_hub("predict", made["number"], "-", "--json")
    assert done.code == 3
    assert [record.get("value") for record in lines(done.out)] == [pytest.approx(95), None, pytest.approx(105)]


def test_pairs_of_texts_come_from_two_columns(tmp_path: Path) -> None:
    folder = str(make_label_bundle(tmp_path / "a"))
    (tmp_path / "in.csv").write_text("question,context\nriver,oak oak\n,granite\n", "utf-8")
    words = ("--input", str(tmp_path / "in.csv"), "--column", "question", "--pair-column", "context")
    done = run_hub("predict", folder, *words)
    assert [record["label"] for record in lines(done.out)] == ["plant", "stone"]


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("number", ("a text",), "not JSON"),
        ("number", ("[1]",), "no object"),
        ("number", ('{"width": 1, "colour": "red"}', "--min-confidence", "0.5"), "without one"),
        ("number", ("--input", "x.csv", "--pair-column", "b"), "columns of a table"),
        ("labels", ("cat", "--pair-column", "b"), "without --input"),
    ],
)
def test_wrong_use_is_said(made: dict[str, str], name: str, words: tuple[str, ...], why: str) -> None:
    done = run_hub("predict", made[name], *words)
    assert (done.code, done.out) == (2, "")
    assert why in done.err


def test_an_argument_that_lacks_a_column_names_it(made: dict[str, str]) -> None:
    done = run_hub("predict", made["number"], '{"width": 1}')
    assert done.code == 3
    assert "HUB-E030" in done.err
    assert "'colour'" in done.err


# -- evaluate -------------------------------------------------------------------------------------------------------


def evaluated(bundle: str, file: Path, *words: str) -> dict[str, Any]:
    done = run_hub("evaluate", bundle, "--data", str(file), "--json", *words)
    assert (done.code, done.err) == (0, "")
    document: dict[str, Any] = done.json()
    return document


def test_several_labels_agree_with_scikit_learn(made: dict[str, str], tmp_path: Path) -> None:
    rows = [
        ("cat cat", "animal"),
        ("oak", "plant"),
        ("cat oak oak", "animal;plant"),
        ("river", ""),
        ("chalk", "animal"),
    ]
    file = tmp_path / "rows.csv"
    file.write_text("text,topics\n" + "".join(f"{text},{labels}\n" for text, labels in rows), "utf-8")
    document = evaluated(made["labels"], file, "--labels", "topics", "--separator", ";")
    bundle = Bundle.open(made["labels"])
    predicted = bundle.probabilities([text for text, _ in rows]) >= 0.5
    truth = np.array([[label in labels.split(";") for label in bundle.labels] for _, labels in rows])
    found = document["metrics"]
    assert document["rows"] == 5
    assert found["micro_f1"] == pytest.approx(metrics.f1_score(truth, predicted, average="micro"))
    assert found["exact_match"] == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found["hamming_loss"] == pytest.approx(metrics.hamming_loss(truth, predicted))
    assert document["per_label"]["animal"]["rows"] == 3


def test_thresholds_of_the_bundle_are_used(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,labels\ncat,animal\nriver,\n", "utf-8")
    strict = make_labels_bundle(tmp_path / "a", thresholds={"animal": 0.99, "plant": 0.99, "stone": 0.99})
    assert evaluated(str(strict), file)["metrics"]["exact_match"] == 0.5
    loose = make_labels_bundle(tmp_path / "b", thresholds={"animal": 0.5, "plant": 0.99, "stone": 0.99})
    assert evaluated(str(loose), file)["metrics"]["exact_match"] == 1.0


def test_entities_are_counted_as_conlleval_does(made: dict[str, str], tmp_path: Path) -> None:
    rows = [
        {"tokens": ["Ada", "saw", "new", "york"], "ner_tags": ["B-person", "O", "B-city", "I-city"]},
        {"tokens": ["paris", "york"], "ner_tags": ["B-city", "O"]},  # york is found too: I-city after B-city
        {"tokens": ["old", "river"], "ner_tags": ["O", "B-city"]},  # missed
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    document = evaluated(made["spans"], file)
    # Found: Ada, new york, paris york; true: Ada, new york, paris, river; right: the first two.
    assert document["metrics"]["entity_precision"] == pytest.approx(2 / 3)
    assert document["metrics"]["entity_recall"] == pytest.approx(2 / 4)
    assert document["metrics"]["entity_f1"] == pytest.approx(4 / 7)
    assert document["per_label"]["city"] == pytest.approx({"precision": 0.5, "recall": 1 / 3, "f1": 0.4, "rows": 3})
    table = run_hub("evaluate", made["spans"], "--data", str(file)).out
    assert "type" in table
    assert "entities" in table


def test_numbers_agree_with_scikit_learn(made: dict[str, str], tmp_path: Path) -> None:
    widths, truth = [4.0, 8.0, 12.0, 16.0], [90.0, 101.0, 110.0, 120.0]
    file = tmp_path / "rows.csv"
    rows = "".join(f"{width},red,{answer}\n" for width, answer in zip(widths, truth, strict=True))
    file.write_text("width,colour,length\n" + rows, "utf-8")
    document = evaluated(made["number"], file, "--label", "length")
    predicted = [100 + worth(width, "red") for width in widths]
    found = document["metrics"]
    assert found["r2"] == pytest.approx(metrics.r2_score(truth, predicted), abs=1e-5)
    assert found["mean_absolute_error"] == pytest.approx(metrics.mean_absolute_error(truth, predicted), rel=1e-4)
    assert document["per_label"] == {}
    assert run_hub("evaluate", made["number"], "--data", str(file), "--label", "length").code == 0


def test_labels_of_rows_are_ranked_too(made: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = [(4, "red", "good"), (9, "blue", "bad"), (16, "red", "bad"), (12, "", "good"), ("", "blue", "good")]
    file.write_text("width,colour,label\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), "utf-8")
    document = evaluated(made["row label"], file)
    worths = [worth(float(width) if width != "" else None, colour or "missing") for width, colour, _ in rows]
    truth = [label == "bad" for _, _, label in rows]
    assert document["metrics"]["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, worths))
    assert document["metrics"]["average_precision"] == pytest.approx(metrics.average_precision_score(truth, worths))
    assert "top_3_accuracy" not in document["metrics"]


def test_pairs_are_evaluated(tmp_path: Path) -> None:
    folder = str(make_label_bundle(tmp_path / "a"))
    file = tmp_path / "rows.csv"
    file.write_text("q,c,label\nriver,oak oak,plant\nriver,granite,stone\n", "utf-8")
    assert evaluated(folder, file, "--text", "q", "--text-pair", "c")["metrics"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("name", "row", "code", "why"),
    [
        ("labels", '{"text": "cat", "labels": ["animal", "plantt"]}', "HUB-D009", "did you mean 'plant'"),
        ("labels", '{"text": "cat"}', "HUB-D003", "labels"),
        ("spans", '{"tokens": ["a"], "ner_tags": ["B-town"]}', "HUB-D009", "no entity type 'town'"),
        ("spans", '{"tokens": ["a", "b"], "ner_tags": ["O"]}', "HUB-D014", "rows.jsonl:1"),
        ("spans", '{"words": ["a"], "ner_tags": ["O"]}', "HUB-D003", "--tokens ... --tags ..."),
        ("number", '{"width": 1, "colour": "red", "label": "long"}', "HUB-D016", "rows.jsonl:1"),
        ("number", '{"width": 1, "label": 3}', "HUB-D003", "colour"),
        ("row label", '{"width": 1, "colour": "red", "label": "worse"}', "HUB-D009", "no label 'worse'"),
    ],
)
def test_rows_that_do_not_fit_the_bundle_are_refused(
    made: dict[str, str], tmp_path: Path, name: str, row: str, code: str, why: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(row + "\n", "utf-8")
    done = run_hub("evaluate", made[name], "--data", str(file))
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(code)
    assert why in done.err


# -- verify and bench -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["labels", "spans", "number", "row label"])
def test_every_kind_verifies(made: dict[str, str], name: str) -> None:
    done = run_hub("verify", made[name])
    assert done.code == 0
    assert done.out.endswith("checks passed\n")


def test_rows_of_a_table_are_timed(made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.edge.bench.ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)
    file = str(Path(made["number"]) / "onnx/model.onnx")
    done = run_hub("bench", made["number"], "--calls", "2", "--against", file)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("one row at a time\n")
    assert done.out.splitlines()[-1].startswith(f"fp32 against {file}: ")
    assert "tokens" not in done.out.splitlines()[-1]
    document = run_hub("bench", made["number"], "--calls", "2", "--json").json()
    assert list(document["variants"]["fp32"]["lengths"]) == ["row"]


def test_a_table_is_not_measured_against_texts(made: dict[str, str]) -> None:
    done = run_hub("bench", made["number"], "--against", made["labels"], "--calls", "2")
    assert done.code == 2
    assert "HUB-E013" in done.err
