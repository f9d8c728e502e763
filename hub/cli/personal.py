"""The part of ``hub data check`` that looks for personal data, and replaces it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.cli import output
from hub.contract.errors import UsageError, nearest

if TYPE_CHECKING:
    from hub.contract.domain import Task
    from hub.contract.recipe import DataOptions
    from hub.data import Prepared
    from hub.data.redaction import Scanner
    from hub.data.redaction.evidence import Statement
    from hub.data.redaction.files import Redacted
    from hub.data.redaction.rows import Cell, Found
    from hub.host.host import FoundTask, Host

SHOWN_LINES = 5


@dataclass(frozen=True)
class Wanted:
    """What the options say.

    Args:
        redactors: further ones by name.
        keep: kinds that are not looked for.
        target: folder for the redacted copy, ``""`` for none.
        style: of surrogates.
    """

    redactors: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    target: str = ""
    style: str = "label"


@dataclass(frozen=True)
class Personal:
    """What was found, and what was done about it."""

    scanner: Scanner
    found: tuple[Found, ...]
    redacted: Redacted | None
    wanted: Wanted
    answers: frozenset[str]


def scanner_for(host: Host, found: FoundTask, wanted: Wanted) -> Scanner:
    """Return a scanner with the program's own redactors, those of the task's plugin, and those asked for.

    Raises:
        UsageError: HUB-U036 there is no such redactor, HUB-U037 no redactor looks for such a kind.
    """
    from hub.data.redaction import BASE, PRESIDIO, Scanner

    chosen = {redactor.name: redactor for redactor in (*BASE, *host.redactors_of(found.plugin))}
    known = {redactor.name: redactor for redactor in (*BASE, PRESIDIO, *host.redactors)}
    for name in wanted.redactors:
        if name not in known:
            raise UsageError(
                "HUB-U036", f"there is no redactor {name!r}", nearest(name, known), "see: hub plugins list"
            )
        chosen[name] = known[name]
    kinds = {kind for redactor in chosen.values() for kind in redactor.kinds}
    for kind in wanted.keep:
        if kind not in kinds:
            raise UsageError("HUB-U037", f"no redactor looks for {kind!r}", nearest(kind, kinds))
    return Scanner(tuple(chosen.values()), wanted.keep)


def check_wanted(task: Task, folder: str | None, wanted: Wanted) -> None:
    """Raise for a copy that could not be written, before anything is read.

    Raises:
        UsageError: HUB-U035, there is nothing to copy, or the target is taken.
        DataError: HUB-D021, a split cannot be redacted.
    """
    from hub.data.redaction.files import check_target

    if wanted.target and folder is None:
        why = "a copy is made of your own files"
        raise UsageError("HUB-U035", "--redact was given without --data", why, "name them: --data DIR")
    if wanted.target and folder is not None:
        check_target(Path(wanted.target).expanduser(), Path(folder), task.kind)


def look(
    task: Task, prepared: Prepared, folder: str | None, options: DataOptions, scanner: Scanner, wanted: Wanted
) -> Personal:
    """Look through the rows, and write the redacted copy that was asked for."""
    from hub.data.redaction import Surrogates
    from hub.data.redaction.files import answers_of, cells_of_folder, redact_folder
    from hub.data.redaction.rows import cells_of, found_in

    def cells() -> Iterator[Cell]:
        if folder is None:
            return cells_of(prepared.dataset)
        return cells_of_folder(Path(folder), task.kind, options)

    surrogates = Surrogates(wanted.style)
    scanner = scanner.informed((cell.text, cell.column) for cell in cells())
    found = found_in(cells(), scanner, surrogates.collect if wanted.target else None)
    if folder is None:
        return Personal(scanner, found, None, wanted, frozenset())
    redacted = None
    if wanted.target:
        target = Path(wanted.target).expanduser()
        redacted = redact_folder(Path(folder), target, task.kind, options, scanner, surrogates)
    return Personal(scanner, found, redacted, wanted, answers_of(task.kind, options))


def document(personal: Personal) -> dict[str, Any]:
    """Return plain values; no value of the data is among them."""
    from hub.edge.schema import to_json

    redacted = None
    if personal.redacted is not None:
        redacted = {"folder": personal.wanted.target, **to_json(personal.redacted)}
    return {
        "redactors": [redactor.name for redactor in personal.scanner.redactors],
        "kinds": list(personal.scanner.kinds),
        "places": sum(each.count for each in personal.found),
        "certain": sum(each.certain for each in personal.found),
        "found": [to_json(each) for each in personal.found],
        "evidence": [to_json(each) for each in _statements(personal)],
        "redacted": redacted,
    }


def show(personal: Personal) -> None:
    """Print a table of places, and what was written."""
    if personal.found:
        cells = [[f.kind, f.file, f.column, f.count, f.certain, _lines(f.lines)] for f in personal.found]
        output.show_table("Personal data", ["kind", "file", "column", "places", "certain", "lines"], cells)
        output.say()
    for each in _statements(personal):
        output.say(_sentence(each))
    done = personal.redacted
    if done is None:
        return
    output.say(
        f"Redacted: {done.replaced} places, {done.values} different values, in {', '.join(done.files)} of"
        f" {personal.wanted.target}."
    )
    kept = sorted({each.column for each in personal.found} & personal.answers)
    if kept:
        output.note(f"not replaced: what stands in {', '.join(kept)}, which is the answer")


def _statements(personal: Personal) -> tuple[Statement, ...]:
    return personal.scanner.evidence.statements() if personal.scanner.evidence else ()


def _sentence(each: Statement) -> str:
    """Say why numbers that nothing names were taken for personal data."""
    from hub.contract.numbers import percent

    return (
        f"{each.kind} in {each.column}: {each.passing} of {each.numbers} different numbers that nothing names pass its"
        f" test, by chance {each.by_chance:.0f} would; about {percent(each.precision)} of those that pass are one."
    )


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:SHOWN_LINES]))
    return shown + (f" and {len(lines) - SHOWN_LINES} more" if len(lines) > SHOWN_LINES else "")
