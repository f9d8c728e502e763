"""The frame of the program: errors, exit codes, suggestions, options that hold for every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import click
import pytest

import hub
from hub.cli import main as program
from hub.contract.errors import BundleError, DataError, GateError, HubError, MissingError, NetworkError, UsageError
from tests.support.cli import Result, run_hub


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Make a command ``hub boom`` that runs a function."""

    def install(function: Callable[[], object]) -> None:
        @click.command(context_settings={"ignore_unknown_options": True})
        @click.argument("rest", nargs=-1)
        @click.option("--json", "as_json", is_flag=True)
        def boom(rest: tuple[str, ...], as_json: bool) -> object:
            return function()

        module = type(sys)("made_up_command")
        module.command = boom  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "made_up_command", module)
        monkeypatch.setitem(program.COMMANDS, "boom", ("made_up_command", "Boom."))

    return install


def raiser(error: BaseException) -> Callable[[], object]:
    def function() -> object:
        raise error

    return function


def test_version() -> None:
    assert run_hub("--version") == Result(0, f"hub {hub.__version__}\n", "")


@pytest.mark.parametrize(
    ("kind", "code"),
    [(GateError, 1), (UsageError, 2), (DataError, 3), (BundleError, 3), (MissingError, 4), (NetworkError, 5)],
)
def test_each_error_has_its_exit_code(command: Callable[..., None], kind: type[HubError], code: int) -> None:
    command(raiser(kind("HUB-D003", "what happened", "the cause", "do this")))

    assert run_hub("boom") == Result(code, "", "HUB-D003: what happened\n  why: the cause\n  fix: do this\n")


def test_error_with_json_is_one_document_on_stdout(command: Callable[..., None]) -> None:
    command(raiser(DataError("HUB-D003", "what", "why", "fix")))

    result = run_hub("boom", "--json")

    assert result.code == 3
    assert result.json() == {"error": {"code": "HUB-D003", "what": "what", "why": "why", "fix": "fix"}}
    assert result.err == ""


def test_json_after_two_hyphens_is_not_an_option(command: Callable[..., None]) -> None:
    command(raiser(DataError("HUB-D003", "what")))

    result = run_hub("boom", "--", "--json")

    assert (result.out, result.err) == ("", "HUB-D003: what\n")


@pytest.mark.parametrize("words", [["--debug", "boom"], ["boom", "--debug"]])
def test_debug_shows_the_traceback(command: Callable[..., None], words: list[str]) -> None:
    command(raiser(DataError("HUB-D003", "what")))

    result = run_hub(*words)

    assert result.code == 3
    assert "Traceback (most recent call last)" in result.err
    assert "in function" in result.err


def test_no_traceback_without_debug(command: Callable[..., None]) -> None:
    command(raiser(ValueError("a\nb")))

    result = run_hub("boom")

    assert result.code == 70
    assert result.err == (
        "HUB-U999: unexpected ValueError: a\n  why: this is a fault of the program\n  fix: run again with --debug\n"
    )


def test_memory_that_ran_out_is_no_fault_of_the_program(command: Callable[..., None]) -> None:
    command(raiser(MemoryError("no room")))

    result = run_hub("boom")

    assert result.code == 2
    assert result.err.startswith("HUB-T009: memory ran out\n  why: MemoryError: no room\n")


def test_debug_variable(command: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DEBUG", "1")
    command(raiser(ValueError("a")))

    assert "Traceback" in run_hub("boom").err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_interrupted(command: Callable[..., None], error: BaseException) -> None:
    command(raiser(error))

    result = run_hub("boom")

    assert (result.code, result.out) == (130, "")
    assert "interrupted" in result.err


def of_a_library(hidden: bool) -> Callable[[], object]:
    """Return a function that catches Ctrl-C and raises an error of its own."""

    def function() -> object:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("the exporter failed") from None if hidden else error

    return function


@pytest.mark.parametrize("hidden", [False, True])
def test_an_interrupt_that_a_library_turned_into_an_error(command: Callable[..., None], hidden: bool) -> None:
    command(of_a_library(hidden))

    result = run_hub("boom")

    assert (result.code, result.out) == (130, "")
    assert result.err.strip() == "interrupted"


def test_an_error_that_is_its_own_cause_is_no_interrupt(command: Callable[..., None]) -> None:
    error = ValueError("a")
    error.__context__ = RuntimeError("b")
    error.__context__.__context__ = error
    command(raiser(error))

    assert run_hub("boom").code == 70


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (lambda: None, 0),
        (lambda: 1, 1),
        (lambda: True, 0),
        (lambda: "text", 0),
        (lambda: click.get_current_context().exit(3), 3),
        (lambda: sys.exit(1), 1),
        (sys.exit, 0),
    ],
)
def test_exit_code_of_a_command(command: Callable[..., None], function: Callable[[], object], code: int) -> None:
    command(function)

    assert run_hub("boom") == Result(code, "", "")


def test_missing_training_package_says_what_to_install(command: Callable[..., None]) -> None:
    command(raiser(ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")))

    result = run_hub("boom")

    assert result.code == 4
    assert "HUB-P011: 'torch' is not installed" in result.err
    assert 'pip install "domainhub[train]"' in result.err


def test_other_missing_module_is_a_fault(command: Callable[..., None]) -> None:
    command(raiser(ModuleNotFoundError("No module named 'hub.nonsense'", name="hub.nonsense")))

    assert run_hub("boom").code == 70


@pytest.mark.parametrize(("wrong", "right"), [("buidl", "build"), ("predcit", "predict"), ("task", "tasks")])
def test_unknown_command_names_the_nearest(wrong: str, right: str) -> None:
    result = run_hub(wrong)

    assert result.code == 2
    assert result.err.startswith(f"HUB-U003: there is no command {wrong!r}\n  why: did you mean {right!r}")


def test_unknown_option_names_the_command() -> None:
    result = run_hub("tasks", "--jsn")

    assert result.code == 2
    assert result.err.startswith("HUB-U000: No such option '--jsn'")
    assert "Did you mean '--json'?" in result.err
    assert "hub tasks --help" in result.err


def test_usage_error_with_json() -> None:
    result = run_hub("recipes", "show", "--json")

    assert result.code == 2
    assert result.json()["error"]["code"] == "HUB-U000"


def test_no_words_shows_help_and_is_wrong_use() -> None:
    result = run_hub()

    assert result.code == 2
    assert result.out == ""
    assert "Usage: hub" in result.err


def test_reader_that_goes_away_is_no_error() -> None:
    """``hub --help | true`` ends quietly, as every program in a pipe does."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)

    assert (done.returncode, done.stderr) == (141, "")


def test_module_runs_as_the_script_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", "nonsense", "--json"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "HUB-U003"


def test_output_survives_a_console_that_is_not_utf8() -> None:
    code = "from hub.cli import output; output.say('caf\\u00e9 \\u2192 \\ud800'); output.emit_json({'a': '\\u2192'})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("latin-1").splitlines()[0] == "caf\u00e9 \\u2192 \\ud800"
