"""Tables, notes and progress: aligned text for programs, drawn tables for people."""

from __future__ import annotations

import io
import sys

import pytest

from hub.cli import output


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_table_aligns_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table("Sizes", ("name", "bytes", "note"), [("a", 5, "x"), ("long", 1234, None)])

    assert capsys.readouterr().out == "Sizes\nname  bytes  note\na         5  x\nlong   1234\n"


def test_table_without_rows_shows_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table("", ("name", "bytes"), [])

    assert capsys.readouterr().out == "name  bytes\n"


def test_row_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises((ValueError, IndexError)):
        output.show_table("", ("a", "b"), [("x",)])


def test_terminal_gets_a_drawn_table_and_brackets_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "100")

    output.show_table("Title", ("label", "rows"), [("[red]K00[/red]", 7)])

    assert "[red]K00[/red]" in terminal.getvalue()
    assert "\u2500" in terminal.getvalue() or "-" in terminal.getvalue()


def test_narrow_terminal_keeps_the_first_column_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "60")

    output.show_table("", ("task", "summary"), [("medical/a-rather-long-task-name", "word " * 20)])

    assert "medical/a-rather-long-task-name" in terminal.getvalue()
    assert terminal.getvalue().count("word") == 20


def test_notes_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.note("careful")

    assert tuple(capsys.readouterr()) == ("", "careful\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_refuses_numbers_that_json_has_not(number: float, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        output.emit_json({"score": number})

    assert capsys.readouterr().out == ""


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as bars:
        task = bars.add_task("training", total=10, detail="loss 0.5")
        bars.advance(task, 10)
        assert bars.tasks[0].finished

    assert tuple(capsys.readouterr()) == ("", "")


def test_progress_shows_its_detail_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")

    with output.progress() as bars:
        bars.update(bars.add_task("training", total=10, detail="loss 0.5"), completed=4)

    assert "training" in terminal.getvalue()
    assert "loss 0.5" in terminal.getvalue()


def test_labelled_values_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    output.labelled({"cores": 2, "processor": "x"})

    assert capsys.readouterr().out == "cores      2\nprocessor  x\n"
