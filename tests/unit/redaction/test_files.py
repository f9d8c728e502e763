"""Redacted copies of the user's files: other columns, lines and tags stay."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hub.contract.data import Dataset, Example
from hub.contract.errors import DataError, UsageError
from hub.contract.recipe import DataOptions
from hub.data import read_folder
from hub.data.redaction import BASE, Scanner, Surrogates
from hub.data.redaction.files import Redacted, cells_of_folder, redact_folder
from hub.data.redaction.rows import Found, cells_of, found_in

SCANNER = Scanner(BASE)


def redact(
    folder: Path, target: Path, kind: str = "text-classification", style: str = "label", **columns: str
) -> tuple[Redacted, tuple[Found, ...]]:
    options, surrogates = DataOptions(**columns), Surrogates(style)  # type: ignore[arg-type]
    found = found_in(cells_of_folder(folder, kind, options), SCANNER, surrogates.collect)
    return redact_folder(folder, target, kind, options, SCANNER, surrogates), found


def save(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return folder


def test_csv_keeps_other_columns_and_answers(tmp_path: Path) -> None:
    folder = save(
        tmp_path / "rows",
        train__csv="\ufeffid,text,label,,bsn\n"
        '7,"mail a@acme.org, or\ncall ""+49 30 1234567""",b@acme.org,x,111222333\n'
        "\n8,nothing,other,,1.50\n",
        test__csv="id,text,label,,bsn\n9,A@ACME.org,other,,111222333\n",
        notes__txt="a@acme.org",
    )
    done, found = redact(folder, tmp_path / "out")

    with (tmp_path / "out" / "train.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["id", "text", "label", "", "bsn"],
        ["7", 'mail [EMAIL_1], or\ncall "[PHONE_1]"', "b@acme.org", "x", "[NL_BSN_1]"],
        [],
        ["8", "nothing", "other", "", "1.50"],
    ]
    assert "9,[EMAIL_1],other,,[NL_BSN_1]" in (tmp_path / "out" / "test.csv").read_text("utf-8")
    assert done == Redacted(("test.csv", "train.csv"), 5, 3)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["test.csv", "train.csv"]
    places = {(each.file, each.column, each.kind): (each.count, each.certain, each.lines) for each in found}
    assert places == {
        ("train.csv", "text", "email"): (1, 1, (2,)),
        ("train.csv", "text", "phone"): (1, 1, (2,)),
        ("train.csv", "label", "email"): (1, 1, (2,)),
        ("train.csv", "bsn", "nl-bsn"): (1, 1, (2,)),
        ("test.csv", "text", "email"): (1, 1, (2,)),
        ("test.csv", "bsn", "nl-bsn"): (1, 1, (2,)),
    }
    assert "acme" not in str(found)


def test_jsonl_lines_without_a_place_stay_byte_by_byte(tmp_path: Path) -> None:
    plain = '{"text":  "n\\u00f6thing", "label": "a", "n": 1.0}'
    hit = {
        "text": "é a@acme.org",
        "label": "b",
        "meta": {"card": 4111111111111111, "ok": True, "by": ["a@acme.org", 3]},
    }
    folder = save(tmp_path / "rows", train__jsonl=f"{plain}\n\n{json.dumps(hit)}\n")

    done, _ = redact(folder, tmp_path / "out")

    lines = (tmp_path / "out" / "train.jsonl").read_text("utf-8").split("\n")
    assert (lines[0], lines[1], lines[3]) == (plain, "", "")
    assert json.loads(lines[2]) == {
        "text": "é [EMAIL_1]",
        "label": "b",
        "meta": {"card": "[PAYMENT_CARD_1]", "ok": True, "by": ["[EMAIL_1]", 3]},
    }
    assert done.replaced == 3


def test_words_keep_their_number_and_tags_their_words(tmp_path: Path) -> None:
    words = ["Call", "+49", "30", "1234567", "or", "(a@acme.org),", "Flu"]
    tags = ["O", "B-tel", "I-tel", "I-tel", "O", "O", "B-flu"]
    folder = save(tmp_path / "rows", train__jsonl=json.dumps({"tokens": words, "ner_tags": tags}) + "\n")

    redact(folder, tmp_path / "out", "token-classification", "format")

    (row,) = read_folder(tmp_path / "out", DataOptions(), "token-classification").train
    assert row.words == ("Call", "[PHONE_1]", "[PHONE_1]", "[PHONE_1]", "or", "([EMAIL_1]),", "Flu")
    assert row.tags == tuple(tags)


def test_words_as_text(tmp_path: Path) -> None:
    folder = save(tmp_path / "rows", train__csv="tokens,ner_tags\ncall  +49 30 1234567 flu,O O O O B-flu\n")

    redact(folder, tmp_path / "out", "token-classification")

    text = (tmp_path / "out" / "train.csv").read_text("utf-8")
    assert text == "tokens,ner_tags\ncall  [PHONE_1] [PHONE_1] [PHONE_1] flu,O O O O B-flu\n"


def test_conll(tmp_path: Path) -> None:
    before = "-DOCSTART- -X- O\n\ncall X O\n+49 X B-tel\n30 X I-tel\n1234567 X I-tel\n\nflu X B-flu\n"
    folder = save(tmp_path / "rows", train__conll=before)

    redact(folder, tmp_path / "out", "token-classification")

    after = before
    for word in ("+49", "30", "1234567"):
        after = after.replace(word, "[PHONE_1]")
    assert (tmp_path / "out" / "train.conll").read_text("utf-8") == after


def test_the_copy_redacted_again_is_the_same(tmp_path: Path) -> None:
    text = "text,label\nborn 12.03.1985 a@acme.org,x\n4111 1111 1111 1111,y\n"
    folder = save(tmp_path / "rows", train__csv=text)
    redact(folder, tmp_path / "once")

    done, found = redact(tmp_path / "once", tmp_path / "twice")

    assert (done.replaced, found) == (0, ())
    assert (tmp_path / "twice" / "train.csv").read_bytes() == (tmp_path / "once" / "train.csv").read_bytes()


def test_a_target_with_something_in_it_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "rows", train__csv="text,label\na@acme.org,x\n")

    for target in (folder, folder / "train.csv"):
        with pytest.raises(UsageError) as caught:
            redact(folder, target)
        assert caught.value.code == "HUB-U035"
    assert (folder / "train.csv").read_text("utf-8") == "text,label\na@acme.org,x\n"


def test_parquet_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow
    import pyarrow.parquet

    folder = tmp_path / "rows"
    folder.mkdir()
    table = pyarrow.table({"text": ["a@acme.org"], "label": ["x"]})
    pyarrow.parquet.write_table(table, folder / "train.parquet")

    with pytest.raises(DataError) as caught:
        redact(folder, tmp_path / "out")

    assert caught.value.code == "HUB-D021"
    assert not (tmp_path / "out").exists()
    found = found_in(cells_of_folder(folder, "text-classification", DataOptions()), SCANNER)
    assert [(each.kind, each.file, each.column, each.lines) for each in found] == [
        ("email", "train.parquet", "text", (1,))
    ]


def test_nothing_is_written_when_a_file_is_malformed(tmp_path: Path) -> None:
    folder = save(tmp_path / "rows", train__csv="text,label\na@acme.org,x\n", test__csv='text,label\n"open,x\n')

    with pytest.raises(DataError, match=r"test\.csv:2"):
        redact(folder, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_rows_of_a_source_are_looked_at_by_split_and_row() -> None:
    rows = (
        Example("nothing", label="a@acme.org"),
        Example("x", text_pair="a@acme.org a@acme.org"),
        Example("", values={"bsn": 111222333.0, "size": 1.5, "none": None}),
    )

    found = found_in(cells_of(Dataset(rows[:1], test=rows[1:])), SCANNER)

    assert found == (
        Found("email", "test", "text_pair", 2, 2, (1,)),
        Found("nl-bsn", "test", "bsn", 1, 1, (2,)),
    )
