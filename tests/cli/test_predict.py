from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Result, run_hub
from tests.support.tiny_bundle import make_tiny_bundle


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_bundle(tmp_path_factory.mktemp("predict") / "tiny"))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def with_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes, *words: str) -> Result:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    return run_hub(*words)


def test_people_get_a_table(tiny: str) -> None:
    done = run_hub("predict", tiny, "cat dog", "river", "--variant", "fp32", "--top", "2")
    assert done.code == 0
    assert done.err == ""
    assert done.out == (
        "test/things, fp32\n"
        "text     probability  label   name\n"
        "cat dog  0.965        animal  Animals\n"
        "         0.018        plant   Plants and mosses\n"
        "river    0.333        animal  Animals\n"
        "         0.333        plant   Plants and mosses\n"
        "                              not sure enough: ask a person\n"
    )


def test_json_is_one_object_a_line(tiny: str) -> None:
    done = run_hub("predict", tiny, "oak", "river", "--json", "--top", "1")
    assert done.code == 0
    plant, unsure = lines(done.out)
    assert plant["label"] == "plant"
    assert plant["name"] == "Plants and mosses"
    assert plant["top"] == [["plant", plant["score"]]]
    assert plant["abstained"] is False
    assert unsure["abstained"] is True
    assert unsure["score"] == pytest.approx(1 / 3, abs=1e-6)


def test_the_threshold_can_be_set(tiny: str) -> None:
    done = run_hub("predict", tiny, "river", "--json", "--min-confidence", "0.1")
    assert lines(done.out)[0]["abstained"] is False


@pytest.mark.parametrize(
    "text", ["", "😀", "a\0b", "\x1b[2J cat", "مرحبا", "\u202ecat", "\ud800", "cat " * 25_000], ids=ascii
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_odd_texts_are_answered(tiny: str, text: str, flags: tuple[str, ...]) -> None:
    done = run_hub("predict", tiny, text, *flags)
    assert done.code == 0
    assert "animal" in done.out
    assert "\x1b" not in done.out
    assert "\0" not in done.out


def test_every_line_of_stdin_is_a_text(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = with_stdin(monkeypatch, "cat\n\nchalk é\n".encode(), "predict", tiny, "-", "--json")
    assert done.code == 0
    assert [(record["line"], record["label"]) for record in lines(done.out)] == [
        (1, "animal"), (2, "animal"), (3, "stone")
    ]  # fmt: skip
    table = with_stdin(monkeypatch, b"cat\nchalk\n", "predict", tiny, "-")
    assert "chalk  " in table.out


def test_a_broken_line_of_stdin_is_named(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = with_stdin(monkeypatch, b"cat\n\xff\noak\n", "predict", tiny, "-", "--json")
    assert done.code == 3
    good, bad, last = lines(done.out)
    assert (good["label"], last["label"]) == ("animal", "plant")
    assert bad == {
        "line": 2,
        "error": {"code": "HUB-D050", "what": "row at line 2 cannot be read", "why": "not UTF-8"},
    }
    table = with_stdin(monkeypatch, b"cat\n\xff\n", "predict", tiny, "-")
    assert table.code == 3
    assert "line 2" in table.err
    assert table.out == ""


def test_a_file_goes_in_and_a_file_comes_out(tiny: str, tmp_path: Path) -> None:
    rows = [("cat", "animal"), ("oak", "plant"), ("slate", "stone")] * 50
    (tmp_path / "in.csv").write_text(
        "id,text\n" + "".join(f"{i},{text}\n" for i, (text, _) in enumerate(rows)), "utf-8"
    )
    target = tmp_path / "out.jsonl"
    done = run_hub("predict", tiny, "--input", str(tmp_path / "in.csv"), "--output", str(target))
    assert (done.code, done.out) == (0, "")
    assert f"150 rows answered, written to {target}" in done.err
    found = lines(target.read_text(encoding="utf-8"))
    assert [record["line"] for record in found] == list(range(2, 152))
    assert [record["label"] for record in found] == [label for _, label in rows]


def test_without_output_the_answers_go_to_stdout(tiny: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"body": "fern"}\n', encoding="utf-8")
    done = run_hub("predict", tiny, "--input", str(tmp_path / "in.jsonl"), "--column", "body", "--workers", "2")
    assert (done.code, done.err) == (0, "")
    assert lines(done.out)[0]["label"] == "plant"


def test_bad_rows_become_errors_and_the_rest_goes_on(tiny: str, tmp_path: Path) -> None:
    content = b'{"text": "cat"}\nnot json\n{"text": "oak"}\n{"text": 1}\n{"text": "chalk"}\n'
    (tmp_path / "in.jsonl").write_bytes(content)
    target = tmp_path / "out.jsonl"
    done = run_hub("predict", tiny, "--input", str(tmp_path / "in.jsonl"), "--output", str(target))
    assert done.code == 3
    assert "2 of 5 rows could not be read" in done.err
    found = lines(target.read_text(encoding="utf-8"))
    assert [record.get("label") for record in found] == ["animal", None, "plant", None, "stone"]
    assert found[1]["line"] == 2
    assert found[1]["error"]["code"] == "HUB-D050"
    assert found[3]["error"]["why"] == "'text' is no text"


def test_an_error_of_one_row_stays_with_that_row(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.edge.encode.MAX_CHARACTERS", 50)
    (tmp_path / "in.csv").write_text("text\ncat\n" + "x" * 60 + "\noak\n", encoding="utf-8")
    done = run_hub("predict", tiny, "--input", str(tmp_path / "in.csv"))
    assert done.code == 3
    found = lines(done.out)
    assert [record.get("label") for record in found] == ["animal", None, "plant"]
    assert found[1]["error"]["code"] == "HUB-E012"


def test_nothing_is_written_when_the_input_cannot_be_used(tiny: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("body\ncat\n", encoding="utf-8")
    target = tmp_path / "out.jsonl"
    target.write_text("before", encoding="utf-8")
    done = run_hub("predict", tiny, "--input", str(tmp_path / "in.csv"), "--output", str(target))
    assert done.code == 3
    assert "no column 'text'" in done.err
    assert target.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.jsonl"]


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    done = run_hub("predict", str(tmp_path / "nowhere"), "cat")
    assert done.code == 3
    assert "HUB-E001" in done.err
    assert str(tmp_path / "nowhere") in done.err
    assert "Traceback" not in done.err


def test_a_changed_bundle_is_refused_in_json_too(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "changed")
    (folder / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes() + b" ")
    done = run_hub("predict", str(folder), "cat", "--json")
    assert done.code == 3
    error = done.json()["error"]
    assert error["code"] == "HUB-E004"
    assert "tokenizer.json" in error["what"]


def test_a_changed_card_is_a_warning_on_stderr(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "card")
    (folder / "README.md").write_text("x", encoding="utf-8")
    done = run_hub("predict", str(folder), "cat", "--json")
    assert done.code == 0
    assert done.err == "warning: README.md was changed after the bundle was built\n"
    assert lines(done.out)[0]["label"] == "animal"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "nothing to classify"),
        (("cat", "--input", "x.csv"), "texts and --input"),
        (("cat", "--output", "x.jsonl"), "--output was given without --input"),
        (("-", "cat"), "must be the only text"),
        (("cat", "--variant", "int9"), "did you mean 'int8'"),
        (("cat", "--top", "0"), "--top"),
        (("cat", "--min-confidence", "2"), "--min-confidence"),
        (("cat", "--jsn"), "--jsn"),
    ],
)
def test_wrong_use_is_said(tiny: str, words: tuple[str, ...], why: str) -> None:
    done = run_hub("predict", tiny, *words)
    assert done.code == 2
    assert why in done.err
    assert done.out == ""
