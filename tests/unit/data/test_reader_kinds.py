from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import DataError, DataOptions, Example, Feature, UsageError
from hub.data import read_file, read_folder

TEXT, MULTI, TOKENS, CLASSES, NUMBERS = (
    "text-classification",
    "multi-label",
    "token-classification",
    "tabular-classification",
    "tabular-regression",
)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def lines(*values: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def parquet(path: Path, columns: dict[str, list[Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), path)


def test_pairs_of_texts(tmp_path: Path) -> None:
    rows = [
        {"question": "does it float", "context": "wood floats", "answer": "yes", "id": 1},
        {"question": "does it float", "context": ["iron", "sinks"], "answer": "no", "id": 2},
    ]
    write(tmp_path, {"train.jsonl": lines(*rows)})
    options = DataOptions(text="question", text_pair="context", label="answer")
    assert [(row.text, row.text_pair, row.label) for row in read_folder(tmp_path, options).train] == [
        ("does it float", "wood floats", "yes"),
        ("does it float", "iron sinks", "no"),
    ]


def test_columns_inside_objects(tmp_path: Path) -> None:
    rows = [{"note": {"text": f"text {n}", "by": {"group": n}}, "a.b": "xy"[n]} for n in range(2)]
    write(tmp_path, {"train.jsonl": lines(*rows)})
    found = read_folder(tmp_path, DataOptions(text="note.text", label="a.b", group="note.by.group")).train
    assert [(row.text, row.label, row.group) for row in found] == [("text 0", "x", "0"), ("text 1", "y", "1")]
    with pytest.raises(DataError, match=r"HUB-D003: train\.jsonl:1: there is no column 'note\.txt'"):
        read_folder(tmp_path, DataOptions(text="note.txt", label="a.b"))
    with pytest.raises(DataError, match=r"HUB-D003: train\.jsonl:1: there is no column 'a\.b\.c'"):
        read_folder(tmp_path, DataOptions(text="a.b.c", label="a.b"))


@pytest.mark.parametrize(
    ("separator", "cells"),
    [
        ("|", ["a|b", " b | c |", "", "a"]),
        (" ", ["a b", "  b   c ", " ", "a"]),
        (", ", ['"a, b"', '"b, c"', "", "a"]),
    ],
)
def test_labels_in_csv(tmp_path: Path, separator: str, cells: list[str]) -> None:
    text = "text,labels\n" + "".join(f"text {n},{cell}\n" for n, cell in enumerate(cells))
    write(tmp_path, {"train.csv": text.encode()})
    rows = read_folder(tmp_path, DataOptions(separator=separator), MULTI).train
    assert [row.labels for row in rows] == [("a", "b"), ("b", "c"), (), ("a",)]
    assert {row.label for row in rows} == {""}


def test_labels_in_lists(tmp_path: Path) -> None:
    values = [["a", " b c", "a"], [], None, [1, 2.0], "a|1"]
    write(tmp_path, {"train.jsonl": lines(*({"text": "t", "labels": value} for value in values))})
    rows = read_folder(tmp_path, DataOptions(), MULTI).train
    assert [row.labels for row in rows] == [("a", "b c"), (), (), ("1", "2"), ("a", "1")]


def test_lists_in_parquet(tmp_path: Path) -> None:
    parquet(tmp_path / "train.parquet", {"text": ["t", "u"], "labels": [["a", "b"], []]})
    assert [row.labels for row in read_folder(tmp_path, DataOptions(), MULTI).train] == [("a", "b"), ()]


TAGGED = Example(
    "flu of mice", origin="train.jsonl:1", words=("flu", "of", "mice"), tags=("B-Disease", "O", "B-Animal")
)


def test_words_and_tags_in_lists(tmp_path: Path) -> None:
    row = {"tokens": ["flu", "of", "mice"], "ner_tags": ["B-Disease", "O", "B-Animal"]}
    write(tmp_path, {"train.jsonl": lines(row)})
    assert read_folder(tmp_path, DataOptions(), TOKENS).train == (TAGGED,)
    parquet(tmp_path / "test.parquet", {"tokens": [row["tokens"]], "ner_tags": [row["ner_tags"]]})
    assert read_folder(tmp_path, DataOptions(), TOKENS).test[0].tags == TAGGED.tags


def test_words_and_tags_in_csv(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": b"w,t,doc\nflu  of mice,B-Disease O B-Animal,d1\n"})
    (row,) = read_folder(tmp_path, DataOptions(words="w", tags="t", group="doc"), TOKENS).train
    assert (row.text, row.words, row.tags, row.group) == (TAGGED.text, TAGGED.words, TAGGED.tags, "d1")


def test_tags_stay_as_they_stand_in_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": b"tokens,ner_tags\na b,I-x I-x\n"})
    assert read_file(tmp_path / "train.csv", DataOptions(), TOKENS)[0].tags == ("I-x", "I-x")


def test_conll(tmp_path: Path) -> None:
    text = b"-DOCSTART- -X- O\n\nflu NN B-Disease\nof IN O\r\nmice NNS B-Animal\n\n\n\nrain NN O"
    write(tmp_path, {"train.conll": text})
    rows = read_folder(tmp_path, DataOptions(words="any", tags="other"), TOKENS).train
    assert [(row.words, row.tags, row.origin) for row in rows] == [
        (TAGGED.words, TAGGED.tags, "train.conll:3"),
        (("rain",), ("O",), "train.conll:9"),
    ]
    with pytest.raises(DataError, match="HUB-D002"):
        read_folder(tmp_path, DataOptions(), TEXT)


TABLE = b"size,colour,id,label\n1.5,red,7,ok\n ,blue,8,bad\n2e1,,9,ok\n"


def test_tables(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": TABLE})
    rows = read_folder(tmp_path, DataOptions(ignore=("id",)), CLASSES).train
    assert [(row.values, row.label, row.text) for row in rows] == [
        ({"size": 1.5, "colour": "red"}, "ok", ""),
        ({"size": None, "colour": "blue"}, "bad", ""),
        ({"size": 20.0, "colour": None}, "ok", ""),
    ]
    assert list(rows[0].values) == ["size", "colour"]
    grouped = read_folder(tmp_path, DataOptions(group="id"), CLASSES).train
    assert (grouped[0].group, list(grouped[0].values)) == ("7", ["size", "colour"])


def test_numbers_to_predict(tmp_path: Path) -> None:
    write(tmp_path, {"train.jsonl": lines({"a": 1, "y": 2}, {"a": "x", "y": "-.5"}, {"y": 1e3, "a": None})})
    rows = read_folder(tmp_path, DataOptions(label="y"), NUMBERS).train
    assert [(row.number, row.values["a"]) for row in rows] == [(2.0, "1"), (-0.5, "x"), (1000.0, None)]


def test_declared_columns(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": TABLE})
    features = (Feature("id", "category"), Feature("size", "number"))
    rows = read_folder(tmp_path, DataOptions(), CLASSES, features).train
    assert list(rows[0].values.items()) == [("id", "7"), ("size", 1.5)]
    own = read_folder(tmp_path, DataOptions(columns=("*",)), CLASSES, features).train
    assert list(own[0].values.items()) == [("size", 1.5), ("colour", "red"), ("id", "7")]
    assert read_file(tmp_path / "train.csv", DataOptions(), CLASSES, features) == rows


def test_truth_values_are_labels_of_tables(tmp_path: Path) -> None:
    write(tmp_path, {"train.jsonl": lines({"a": 1, "label": True}, {"a": 2, "label": False})})
    assert [row.label for row in read_folder(tmp_path, DataOptions(), CLASSES).train] == ["true", "false"]


def test_labels_that_count_as_none(tmp_path: Path) -> None:
    files = {"train.csv": b"text,labels\nt,a|b\nu,c\nv,a\n", "test.csv": b"text,labels\nw,a|z\n"}
    write(tmp_path, files)
    with pytest.raises(DataError, match=r"HUB-D009: test\.csv:2: label 'z'") as caught:
        read_folder(tmp_path, DataOptions(), MULTI)
    assert "--set data.ignore_labels=z" in caught.value.fix
    dataset = read_folder(tmp_path, DataOptions(ignore_labels=("z", "c")), MULTI)
    assert [row.labels for row in (*dataset.train, *dataset.test)] == [("a", "b"), (), ("a",), ("a",)]
    with pytest.raises(UsageError, match=r"(?s)HUB-U034: no row has the label 'cc'.*did you mean 'c'"):
        read_folder(tmp_path, DataOptions(ignore_labels=("cc",)), MULTI)


def test_all_unknown_labels_are_named_at_once(tmp_path: Path) -> None:
    files = {"train.csv": b"text,label\nt,a\nu,b\n", "test.csv": b"text,label\nw,y\nx,z\n"}
    write(tmp_path, files)
    with pytest.raises(DataError, match=r"label 'y'") as caught:
        read_folder(tmp_path, DataOptions(), TEXT)
    assert "nor do z" in caught.value.why
    assert "ignore_labels=y,z" in caught.value.fix


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda word: bool(word.strip()))
tagged = st.lists(st.tuples(words, st.sampled_from(["O", "B-x", "I-x"])), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.lists(tagged, min_size=1, max_size=4))
def test_any_words_survive_jsonl(tmp_path_factory: pytest.TempPathFactory, rows: list[list[tuple[str, str]]]) -> None:
    file = tmp_path_factory.mktemp("jsonl") / "rows.jsonl"
    file.write_bytes(lines(*({"tokens": [w for w, _ in row], "ner_tags": [t for _, t in row]} for row in rows)))
    found = read_file(file, DataOptions(), TOKENS)
    assert [list(zip(row.words, row.tags, strict=True)) for row in found] == rows
    assert all(row.text == " ".join(row.words) for row in found)
