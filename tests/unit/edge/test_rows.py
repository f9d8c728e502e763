from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import DataError
from hub.edge.encode import MAX_CHARACTERS
from hub.edge.rows import InputRow, TableColumns, TextColumns, read_inputs, read_lines, read_objects

SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows(folder: Path, name: str, content: bytes, column: str = "text") -> list[InputRow]:
    (folder / name).write_bytes(content)
    return list(read_inputs(folder / name, TextColumns(column)))


def faults(found: list[InputRow]) -> dict[int, str]:
    return {row.line: row.fault for row in found if row.fault}


def test_csv_with_quotes_and_line_ends(tmp_path: Path) -> None:
    found = rows(tmp_path, "a.csv", 'id,text\r\n1,"a, ""b"""\r\n2,"two\nlines"\r\n\r\n3,é\r\n'.encode())
    assert [(row.line, row.input) for row in found] == [(2, 'a, "b"'), (4, "two\nlines"), (6, "é")]
    assert not faults(found)


def test_a_byte_order_mark_is_no_part_of_the_heading(tmp_path: Path) -> None:
    assert rows(tmp_path, "a.csv", b"\xef\xbb\xbftext\ncat\n") == [InputRow(2, "cat")]
    assert rows(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"text": "cat"}\n') == [InputRow(1, "cat")]


def test_bad_csv_rows_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    content = b'id,text\n1,good\n2\n3,\xff\xfe\n4,"quote"x\n5,good\n'
    found = rows(tmp_path, "a.csv", content)
    assert [row.input for row in found if not row.fault] == ["good", "good"]
    assert faults(found) == {3: "it has 1 of 2 columns", 4: "not UTF-8", 5: "not CSV: ',' expected after '\"'"}


def test_bad_json_rows_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [
        b'{"text": "a"}',
        b"{",
        b"[1]",
        b'{"other": "x"}',
        b'{"text": 5}',
        b'{"text": "\xff"}',
        b"",
        b"[" * 100_000,
    ]
    found = rows(tmp_path, "a.jsonl", b"\n".join([*lines, b'{"text": "\\ud800"}']))
    assert [row.input for row in found if not row.fault] == ["a", "\ud800"]
    told = faults(found)
    assert sorted(told) == [2, 3, 4, 5, 6, 8]
    assert told[4] == "no object with the key 'text'"
    assert told[5] == "'text' is no text"
    assert told[6] == "not UTF-8"


def test_an_unclosed_quote_costs_its_own_rows_only(tmp_path: Path) -> None:
    line = b"word " * 200 + b"\n"
    found = rows(tmp_path, "a.csv", b'text\ngood\n"never closed ' + line * 1500)
    assert found[0].input == "good"
    bad = [row for row in found if row.fault]
    assert len(bad) == 1
    assert "field larger" in bad[0].fault
    assert len(found) > 300


def test_a_line_that_is_too_long_is_reported(tmp_path: Path) -> None:
    long = b"x" * (MAX_CHARACTERS + 5)
    found = rows(tmp_path, "a.jsonl", b'{"text": "' + long + b'"}\n{"text": "good"}\n')
    assert [row.input for row in found] == ["", "good"]
    assert list(faults(found)) == [1]
    half = b"x" * (MAX_CHARACTERS // 2 + 10)
    found = rows(tmp_path, "a.csv", b"id,text\n" + half + b"," + half + b"\n1,good\n")
    assert [row.input for row in found] == ["", "good"]
    assert "longer than" in found[0].fault


def test_the_longest_text_is_read(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, "a.csv", b"text\n" + b"x" * (MAX_CHARACTERS - 1) + b"\n")
    assert (row.fault, len(row.input)) == ("", MAX_CHARACTERS - 1)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.txt", b"x", "must end in"),
        ("a.csv", b"", "no column 'text'"),
        ("a.csv", b"txt,label\n", "did you mean 'txt'"),
        ("a.csv", b'"unclosed', "heading"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    with pytest.raises(DataError, match=why) as caught:
        rows(tmp_path, name, content)
    assert caught.value.code == "HUB-E017"
    assert str(tmp_path / name) in caught.value.what


@pytest.mark.parametrize("name", ["missing.csv", "folder.csv"])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=name):
        list(read_inputs(tmp_path / name, TextColumns()))


def test_another_column(tmp_path: Path) -> None:
    assert rows(tmp_path, "a.csv", b"text,body\nx,cat\n", column="body") == [InputRow(2, "cat")]
    assert rows(tmp_path, "a.jsonl", b'{"body": "cat"}', column="body") == [InputRow(1, "cat")]


def test_rows_come_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"text\n" + b"cat\n" * 100_000)
    found = read_inputs(tmp_path / "a.csv", TextColumns())
    assert isinstance(found, Iterator)
    assert next(found) == InputRow(2, "cat")


def test_lines_of_plain_text() -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"one\r\n\n\xff\nlast"), encoding="utf-8", errors="surrogateescape")
    assert list(read_lines(stream)) == [
        InputRow(1, "one"), InputRow(2, ""), InputRow(3, "", "not UTF-8"), InputRow(4, "last")
    ]  # fmt: skip


@SETTINGS
@given(texts=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)))
def test_what_csv_and_json_write_is_read_back(tmp_path: Path, texts: list[str]) -> None:
    import csv

    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *((i, text) for i, text in enumerate(texts))])
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    for name in ("a.csv", "a.jsonl"):
        assert [row.input for row in read_inputs(tmp_path / name, TextColumns())] == texts


@SETTINGS
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".csv", ".jsonl"]))
def test_any_bytes_give_rows_or_one_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes((b"text\n" if suffix == ".csv" else b"") + content)
    numbers = [row.line for row in read_inputs(path, TextColumns())]
    assert numbers == sorted(numbers)


PAIR = TextColumns("question", "context")


def test_pairs_of_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("context,id,question\nsome,1,why\n,2,who\n3\n", encoding="utf-8")
    found = list(read_inputs(tmp_path / "a.csv", PAIR))
    assert [row.input for row in found] == [("why", "some"), ("who", ""), ""]
    assert found[2].fault == "it has 1 of 3 columns"
    lines = ['{"question": "why", "context": "some"}', '{"question": "why"}', '{"question": "why", "context": [1]}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = list(read_inputs(tmp_path / "a.jsonl", PAIR))
    assert found[0] == InputRow(1, ("why", "some"))
    assert [row.fault for row in found[1:]] == ["no object with the key 'context'", "'context' is no text"]


def test_a_missing_second_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,contxt\n", encoding="utf-8")
    with pytest.raises(DataError, match="did you mean 'contxt'"):
        list(read_inputs(tmp_path / "a.csv", PAIR))


TABLE = TableColumns(("width", "colour"))


def test_rows_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,colour,width\n1,red,2.5\n2, ,\n3,red\n", encoding="utf-8")
    found = list(read_inputs(tmp_path / "a.csv", TABLE))
    assert [row.input for row in found[:2]] == [{"width": "2.5", "colour": "red"}, {"width": None, "colour": None}]
    assert found[2].fault == "it has 2 of 3 columns"
    lines = ['{"width": 2.5, "colour": null, "id": 1}', '{"width": 1}', '{"width": [1], "colour": ""}', "[]"]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = list(read_inputs(tmp_path / "a.jsonl", TABLE))
    assert found[0] == InputRow(1, {"width": 2.5, "colour": None})
    assert [row.fault for row in found[1:]] == [
        "no object with the key 'colour'", "'width' is neither a number nor a text", "no object with the key 'width'"
    ]  # fmt: skip


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("color,width\nred,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="did you mean 'color'") as caught:
        list(read_inputs(tmp_path / "a.csv", TABLE))
    assert "--column" not in caught.value.fix


def test_objects_of_a_stream() -> None:
    stream = io.TextIOWrapper(io.BytesIO(b'{"text": "a"}\n\n\xff\n5'), encoding="utf-8", errors="surrogateescape")
    assert list(read_objects(stream, TextColumns())) == [
        InputRow(1, "a"), InputRow(3, "", "not UTF-8"), InputRow(4, "", "no object with the key 'text'")
    ]  # fmt: skip
