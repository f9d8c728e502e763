from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import DataError, DataOptions, MissingError
from hub.data import read_file, read_folder

TRAIN = b"text,label\na cat,animal\na rose,plant\n"


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def lines(*values: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


CAT = {"text": "a cat", "label": "animal"}
ROSE = {"text": "a rose", "label": "plant"}

BAD = {
    "missing column": ({"train.csv": b"text,lable\na,b\nc,d\n"}, "HUB-D003", "train.csv:1:", "did you mean 'lable'?"),
    "missing column below blank lines": ({"train.csv": b"\n\ntxt,label\na,b\n"}, "HUB-D003", "train.csv:3:", "'txt'"),
    "semicolons": ({"train.csv": b"text;label\na;b\n"}, "HUB-D003", "train.csv:1:", "semicolons"),
    "missing key": ({"train.jsonl": lines(CAT, {"text": "x"})}, "HUB-D003", "train.jsonl:2:", "known: text"),
    "broken UTF-8": ({"train.csv": TRAIN + b"caf\xe9,plant\n"}, "HUB-D004", "train.csv:4:", "byte 0xe9"),
    "broken UTF-8 behind a mark": (
        {"train.csv": b"\xef\xbb\xbf" + TRAIN + b"\xe9,plant\n"},
        "HUB-D004",
        "train.csv:4:",
        "byte 0xe9",
    ),
    "broken UTF-8 with CRLF": (
        {"train.jsonl": lines(CAT, ROSE).replace(b"\n", b"\r\n") + b'{"text": "\xff"}'},
        "HUB-D004",
        "train.jsonl:3:",
        "byte 0xff",
    ),
    "UTF-16": ({"train.csv": TRAIN.decode().encode("utf-16")}, "HUB-D004", "train.csv:1:", "UTF-16"),
    "lone surrogate": (
        {"train.jsonl": lines(CAT) + b'{"text": "x\\ud800", "label": "plant"}\n'},
        "HUB-D004",
        "train.jsonl:2:",
        "character 2",
    ),
    "unclosed quote": (
        {"train.csv": TRAIN + b'"never closed,plant\nmore,plant\n'},
        "HUB-D005",
        "train.csv:4:",
        "unexpected end of data",
    ),
    "text behind a quote": ({"train.csv": TRAIN + b'"a" cat,plant\n'}, "HUB-D005", "train.csv:4:", "expected after"),
    "too many fields": (
        {"train.csv": TRAIN + b"one, two,plant\n"},
        "HUB-D005",
        "train.csv:4:",
        "has 3 fields, the header 2",
    ),
    "too few fields": ({"train.csv": TRAIN + b"one\n"}, "HUB-D005", "train.csv:4:", "has 1 fields, the header 2"),
    "column twice": ({"train.csv": b"text,label,text\na,b,c\n"}, "HUB-D005", "train.csv:1:", "'text' occurs twice"),
    "broken JSON": ({"train.jsonl": lines(CAT) + b'{"text": "x"'}, "HUB-D005", "train.jsonl:2:", "delimiter"),
    "JSON list": ({"train.jsonl": lines(CAT, ["x", "y"])}, "HUB-D005", "train.jsonl:2:", "not an object"),
    "deep JSON": ({"train.jsonl": b"[" * 200_000}, "HUB-D005", "train.jsonl:1:", "nested"),
    "huge number": ({"train.jsonl": b'{"text": ' + b"1" * 10_000 + b"}"}, "HUB-D005", "train.jsonl:1:", "limit"),
    "text is a number": ({"train.jsonl": lines({"text": 1, "label": "x"})}, "HUB-D005", "train.jsonl:1:", "type int"),
    "label is a fraction": (
        {"train.jsonl": lines({"text": "x", "label": 0.5})},
        "HUB-D005",
        "train.jsonl:1:",
        "type float",
    ),
    "label is a truth value": (
        {"train.jsonl": lines({"text": "x", "label": True})},
        "HUB-D005",
        "train.jsonl:1:",
        "type bool",
    ),
    "no rows": ({"train.csv": TRAIN, "test.csv": b"text,label\n"}, "HUB-D006", "test.csv:1:", "empty split"),
    "no bytes": ({"train.csv": TRAIN, "validation.csv": b""}, "HUB-D006", "validation.csv:1:", "empty split"),
    "blank lines only": ({"train.jsonl": b"\n\n"}, "HUB-D006", "train.jsonl:1:", "empty split"),
    "empty text": ({"train.csv": TRAIN + b",plant\n"}, "HUB-D007", "train.csv:4: column 'text'", "needs a text"),
    "text of spaces": (
        {"train.csv": TRAIN + b'" \t ",plant\n'},
        "HUB-D007",
        "train.csv:4: column 'text'",
        "needs a text",
    ),
    "empty label": ({"train.csv": TRAIN + b"a fern, \n"}, "HUB-D007", "train.csv:4: column 'label'", "needs a text"),
    "null label": (
        {"train.jsonl": lines(CAT, {"text": "x", "label": None})},
        "HUB-D007",
        "train.jsonl:2:",
        "needs a text",
    ),
    "one label": ({"train.csv": b"text,label\na,x\nb,x\n"}, "HUB-D008", "train.csv:2:", "at least two"),
    "unknown label": (
        {"train.csv": TRAIN, "validation.csv": b"text,label\nok,plant\nbad,plants\n"},
        "HUB-D009",
        "validation.csv:3: label 'plants'",
        "did you mean 'plant'?",
    ),
    "unknown label in test": (
        {"train.csv": TRAIN, "test.jsonl": lines(CAT, {"text": "x", "label": "stone"})},
        "HUB-D009",
        "test.jsonl:2:",
        "known:",
    ),
    "unknown label in calibration": (
        {"train.csv": TRAIN, "calibration.csv": b"text,label\n\n\nx,stone\n"},
        "HUB-D009",
        "calibration.csv:4:",
        "known:",
    ),
    "no train": ({"test.csv": TRAIN}, "HUB-D002", "no training file", "none of train.csv"),
    "train under another name": ({"training.csv": TRAIN}, "HUB-D002", "no training file", "there is training.csv"),
    "two files for a split": (
        {"train.csv": TRAIN, "train.jsonl": lines(CAT)},
        "HUB-D002",
        "train.csv and train.jsonl",
        "train",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_by_place(case: str, tmp_path: Path) -> None:
    files, code, place, hint = BAD[case]
    write(tmp_path, files)
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, DataOptions())
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert place in caught.value.what
    assert hint in caught.value.why
    assert caught.value.fix
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"HUB-D001: cannot read .*nowhere") as caught:
        read_folder(tmp_path / "nowhere", DataOptions())
    assert caught.value.exit_code == 3
    assert not (tmp_path / "nowhere").exists()


def test_file_instead_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": TRAIN})
    with pytest.raises(DataError, match="it is a file, not a folder"):
        read_folder(tmp_path / "train.csv", DataOptions())


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"(?s)HUB-D001.*Permission denied"):
        read_folder(tmp_path, DataOptions())


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    write(tmp_path, {"train.csv": TRAIN})
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"(?s)HUB-D001: cannot read .*train\.csv.*Permission denied"):
        read_folder(tmp_path, DataOptions())


def test_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)HUB-D001.*rows\.xlsx.*no known format"):
        read_file(tmp_path / "rows.xlsx", DataOptions())


def test_named_columns_group_and_origin(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": b"id,note,who,kind\n1,a cat, p7 , animal \n\n2, a rose ,p8,plant\n"})
    rows = read_folder(tmp_path, DataOptions(text="note", label="kind", group="who")).train
    assert [(row.text, row.label, row.group, row.origin) for row in rows] == [
        ("a cat", "animal", "p7", "train.csv:2"),
        (" a rose ", "plant", "p8", "train.csv:4"),
    ]


def test_missing_group_column(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": TRAIN})
    with pytest.raises(DataError, match=r"train\.csv:1: there is no column 'patient'"):
        read_folder(tmp_path, DataOptions(group="patient"))


def test_mark_crlf_and_quoted_line_ends(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbftext,label\r\n"two\r\nlines, one ""row""",animal\r\nnext,plant\r\n'
    write(tmp_path, {"train.csv": data})
    rows = read_folder(tmp_path, DataOptions()).train
    assert [(row.text, row.origin) for row in rows] == [
        ('two\r\nlines, one "row"', "train.csv:2"),
        ("next", "train.csv:4"),
    ]


def test_mark_and_crlf_in_jsonl(tmp_path: Path) -> None:
    write(tmp_path, {"train.jsonl": b"\xef\xbb\xbf" + lines(CAT, ROSE).replace(b"\n", b"\r\n")})
    assert [row.text for row in read_folder(tmp_path, DataOptions()).train] == ["a cat", "a rose"]


def test_huge_fields_leave_the_limit_of_the_process_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    huge = "x" * (before + 1)
    write(tmp_path, {"train.csv": TRAIN + f"{huge},plant\n".encode()})
    assert read_folder(tmp_path, DataOptions()).train[2].text == huge
    assert csv.field_size_limit() == before


def test_whole_numbers_are_labels(tmp_path: Path) -> None:
    write(tmp_path, {"train.jsonl": lines({"text": "a", "label": 0}, {"text": "b", "label": 1})})
    assert [row.label for row in read_folder(tmp_path, DataOptions()).train] == ["0", "1"]


def test_other_files_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": TRAIN, "README.md": b"\xff", "train.txt": b"", "old.train.csv": b""})
    (tmp_path / "test.csv").mkdir()
    dataset = read_folder(tmp_path, DataOptions())
    assert [len(rows) for _, rows in dataset] == [2, 0, 0, 0]


def test_columns_without_a_name_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, {"train.csv": b"text,label,,\na cat,animal,,\na rose,plant,,\n"})
    assert len(read_folder(tmp_path, DataOptions()).train) == 2


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"text": ["a cat", "a rose"], "label": [3, 4]})
    parquet.write_table(table, tmp_path / "train.parquet")
    rows = read_folder(tmp_path, DataOptions()).train
    assert [(row.text, row.label, row.origin) for row in rows] == [
        ("a cat", "3", "train.parquet:1"),
        ("a rose", "4", "train.parquet:2"),
    ]


def test_parquet_with_an_empty_cell(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"text": ["a", None], "label": ["x", "y"]}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"HUB-D007: train\.parquet:2"):
        read_folder(tmp_path, DataOptions())


def test_broken_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    write(tmp_path, {"train.parquet": b"PAR1 but no more"})
    with pytest.raises(DataError, match=r"HUB-D005: train\.parquet: malformed Parquet"):
        read_folder(tmp_path, DataOptions())


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    write(tmp_path, {"train.parquet": b"PAR1"})
    with pytest.raises(MissingError, match="HUB-P030") as caught:
        read_folder(tmp_path, DataOptions())
    assert caught.value.exit_code == 4


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: bool(text.strip()))


@settings(deadline=None, max_examples=60)
@given(st.lists(texts, min_size=1, max_size=8))
def test_any_text_survives_csv(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["text", "label"])
    writer.writerows([text, "x"] for text in values)
    file = tmp_path_factory.mktemp("csv") / "rows.csv"
    file.write_bytes(stream.getvalue().encode("utf-8"))
    assert [row.text for row in read_file(file, DataOptions())] == values


@settings(deadline=None, max_examples=60)
@given(st.lists(texts, min_size=1, max_size=8), st.booleans())
def test_any_text_survives_jsonl(tmp_path_factory: pytest.TempPathFactory, values: list[str], ascii_only: bool) -> None:
    file = tmp_path_factory.mktemp("jsonl") / "rows.jsonl"
    rows = [json.dumps({"text": text, "label": "x"}, ensure_ascii=ascii_only) for text in values]
    file.write_bytes("\n".join(rows).encode("utf-8"))
    assert [row.text for row in read_file(file, DataOptions())] == values
