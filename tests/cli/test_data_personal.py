"""``hub data check`` looks for personal data, and ``--redact`` replaces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.data.redaction.checksums import dutch_bsn
from tests.support.cli import run_hub

TASK = "medical/icd10-chapter"
SECRETS = ("a@acme.org", "111222333", "00998877", "9434765919")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "rows"
    target.mkdir()
    rows = [f"note {n},{('one', 'two')[n % 2]},7" for n in range(100)]
    rows += ["write to a@acme.org about MRN: 00998877,one,111222333", "NHS number 943 476 5919,two,7"]
    (target / "train.csv").write_text("\n".join(["text,label,bsn", *rows]) + "\n", "utf-8")
    return target


def test_places_are_named_and_values_are_not(folder: Path) -> None:
    done = run_hub("data", "check", TASK, "--data", str(folder))

    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["email", "train.csv", "text", "1", "1", "102"] in lines
    assert ["medical-record-number", "train.csv", "text", "1", "1", "102"] in lines
    assert ["nl-bsn", "train.csv", "bsn", "1", "1", "102"] in lines
    assert ["nhs-number", "train.csv", "text", "1", "1", "103"] in lines
    assert not any(secret in done.out for secret in (*SECRETS, "943 476"))


def test_document(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run_hub("data", "check", TASK, "--data", str(folder), "--redact", str(out), "--keep", "email", "--json")

    value = done.json()["personal"]
    assert done.code == 0
    assert value["redactors"] == ["contact", "payment", "national-ids", "dates", "medical"]
    assert "email" not in value["kinds"] and "npi" in value["kinds"]
    assert (value["places"], value["certain"]) == (3, 3)
    assert value["found"][0] == {
        "kind": "medical-record-number",
        "file": "train.csv",
        "column": "text",
        "count": 1,
        "certain": 1,
        "lines": [102],
    }
    assert value["redacted"] == {"folder": str(out), "files": ["train.csv"], "replaced": 3, "values": 3}
    text = (out / "train.csv").read_text("utf-8")
    assert "write to a@acme.org about MRN: [MEDICAL_RECORD_NUMBER_1],one,[NL_BSN_1]\n" in text
    again = run_hub("data", "check", TASK, "--data", str(out), "--keep", "email", "--json").json()
    assert again["personal"]["found"] == []


def test_redacted_in_the_same_form_on_a_terminal(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run_hub("data", "check", TASK, "--data", str(folder), "--redact", str(out), "--redact-as", "format")

    assert done.code == 0
    assert "Redacted: 4 places, 4 different values, in train.csv" in done.out
    assert "person1@redacted.invalid about MRN: 00000001,one,000000001" in (out / "train.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (["--redact", "OUT"], "HUB-U035", 2),
        (["--data", "ROWS", "--redact", "ROWS"], "HUB-U035", 2),
        (["--data", "ROWS", "--redactor", "medicle"], "HUB-U036", 2),
        (["--data", "ROWS", "--keep", "e-mail"], "HUB-U037", 2),
    ],
)
def test_refusals(folder: Path, tmp_path: Path, words: list[str], code: str, exit_code: int) -> None:
    places = {"ROWS": str(folder), "OUT": str(tmp_path / "out")}
    done = run_hub("data", "check", TASK, *(places.get(word, word) for word in words))

    assert done.code == exit_code
    assert code in done.err
    assert not (tmp_path / "out").exists()


def test_another_plugins_redactor_by_name(folder: Path) -> None:
    value = run_hub("data", "check", TASK, "--data", str(folder), "--redactor", "legal", "--json").json()

    assert value["personal"]["redactors"][-1] == "legal"


def test_bare_numbers_of_a_column_are_found_counted_and_replaced_alike(tmp_path: Path) -> None:
    source, out = tmp_path / "rows", tmp_path / "out"
    source.mkdir()
    bare = [number for number in range(123_456_000, 123_457_500) if dutch_bsn(str(number))][:60]
    cells = [*bare, *range(987_000_000, 987_000_060)]
    rows = [f"note {n},{('one', 'two')[n % 2]},{number}" for n, number in enumerate(cells)]
    (source / "train.csv").write_text("\n".join(["text,label,ref", *rows]) + "\n", "utf-8")
    (source / "test.csv").write_text(f"text,label,ref\nthe client {bare[0]} again,one,{bare[0]}\n", "utf-8")

    shown = run_hub("data", "check", TASK, "--data", str(source), "--redact", str(out))
    value = run_hub("data", "check", TASK, "--data", str(source), "--json").json()["personal"]

    assert "nl-bsn in ref: 6" in shown.out
    assert "of 120 different numbers that nothing names pass its test, by chance 12 would" in shown.out
    (evidence,) = value["evidence"]
    assert (evidence["kind"], evidence["column"], evidence["numbers"]) == ("nl-bsn", "ref", 120)
    assert 60 <= evidence["passing"] <= 66
    assert evidence["by_chance"] == pytest.approx(12)
    assert 0.85 < evidence["precision"] < 1
    assert not any(str(number) in shown.out for number in bare)
    lines = (out / "train.csv").read_text("utf-8").splitlines()
    assert lines[1] == "note 0,one,[NL_BSN_1]"
    assert len({line.rpartition(",")[2] for line in lines[1:61]}) == 60
    assert (out / "test.csv").read_text("utf-8").splitlines()[1].endswith("one,[NL_BSN_1]")
