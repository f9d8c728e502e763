"""Inputs with the answers the builder's machine gave, replayed where the bundle is to run."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError
from hub.edge.bundle import Bundle
from hub.edge.comparing import Check, Expected, ExpectedAnswer, ExpectedGap, ExpectedSpan, answers, compare
from hub.edge.files import write_text
from hub.edge.folder import SELFTEST, read_manifest
from hub.edge.schema import read

__all__ = [
    "Check",
    "Expected",
    "ExpectedAnswer",
    "ExpectedGap",
    "ExpectedSpan",
    "Row",
    "choose",
    "expected",
    "load",
    "replay",
    "spread",
    "write",
]

TOLERANCES = {"fp32": 1e-3}
"""Largest difference in probability, by precision; for numbers as a share of their scale."""

QUANTIZED_TOLERANCE = 0.05
"""The same for every other precision: kernels of different processors round int8 sums differently."""

MAX_BYTES, MAX_ROWS = 64_000_000, 10_000
COUNT, MARGIN = 24, 0.2


@dataclass(frozen=True)
class Row:
    """A line of selftest.jsonl.

    Args:
        text: of bundles of texts.
        text_pair: second text of a pair, or ``None``.
        row: of bundles of tables, by column; or ``None``.
        expect: by variant name.
    """

    text: str = ""
    text_pair: str | None = None
    row: Mapping[str, Any] | None = None
    expect: Mapping[str, Expected] = field(default_factory=dict)

    @property
    def input(self) -> Any:
        """The input as `hub.edge.Bundle.predict` takes it."""
        if self.row is not None:
            return self.row
        return self.text if self.text_pair is None else (self.text, self.text_pair)


def choose(bundle: Bundle, inputs: Sequence[Any], count: int = COUNT, margin: float = MARGIN) -> list[int]:
    """Choose rows whose answer is clear, spread over the answers.

    Args:
        bundle: with the variant opened that is compared with (fp32).
        inputs: candidates; each distinct one is taken once.
        count: rows wanted.
        margin: least clearness. It is 0..1: of one label a row the difference to the next one in probability; of
            several twice the least distance of a label from its threshold; of entities the least difference to the
            next tag over all words, of gaps that to the next token; of an answer how far its probability is above
            one half, twice. Numbers and vectors are all clear; numbers are spread over their range, vectors over
            the lengths of their texts.

    Returns:
        Indices into ``inputs``, as `spread` says.

    Raises:
        BundleError, UsageError: as `Bundle.predict`.
    """
    if not len(inputs):
        return []
    groups, clearness = _clearness(bundle, inputs, count)
    return spread([_key(entry) for entry in inputs], groups, clearness, count, margin)


def spread(
    keys: Sequence[Hashable],
    groups: Sequence[Any],
    clearness: npt.NDArray[np.float64],
    count: int = COUNT,
    margin: float = MARGIN,
) -> list[int]:
    """Choose rows: groups take turns, each with its clearest rows first.

    Args:
        keys: equal ones are the same input, taken once.
        groups: of each row, sortable: its answer.
        clearness: float64 [rows].
        count: rows wanted.
        margin: when too few rows are so clear, the next clearest follow.

    Returns:
        Indices, at most ``count``, in rising order.
    """
    by_group: dict[Any, list[int]] = {}
    unclear: list[int] = []
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    for i in sorted(first.values(), key=lambda i: (-clearness[i], i)):
        if clearness[i] >= margin:
            by_group.setdefault(groups[i], []).append(i)
        else:
            unclear.append(i)
    queues = [by_group[group] for group in sorted(by_group)]
    longest = max((len(queue) for queue in queues), default=0)
    turns = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    return sorted((turns + unclear)[:count])


def _clearness(bundle: Bundle, inputs: Sequence[Any], count: int) -> tuple[list[Any], npt.NDArray[np.float64]]:
    """Return the group and the clearness of each input."""
    if bundle.kind.answers == "number":
        ranks = np.argsort(np.argsort(bundle.values(inputs), kind="stable"), kind="stable")
        return [int(rank) for rank in ranks * count // len(inputs)], np.ones(len(inputs))
    if bundle.kind.answers == "vector":
        sizes = np.array([len(entry if isinstance(entry, str) else "".join(entry)) for entry in inputs])
        ranks = np.argsort(np.argsort(sizes, kind="stable"), kind="stable")
        return [int(rank) for rank in ranks * count // len(inputs)], np.ones(len(inputs))
    if bundle.kind.answers == "answer":
        said = bundle.predict(inputs)
        return [bool(found.answer) for found in said], np.array([max(2 * found.score - 1, 0.0) for found in said])
    if bundle.kind.answers == "fill":
        gaps = bundle.gaps(inputs)
        return [len(rows) for rows in gaps], np.array([_lead(rows).min() for rows in gaps])
    if bundle.kind.answers == "spans":
        tagged = bundle.tags(inputs)
        kinds = [tuple(sorted({bundle.classes[i] for i in text.probabilities.argmax(axis=1)})) for text in tagged]
        return kinds, np.array([_lead(text.probabilities).min(initial=1.0) for text in tagged])
    rows = bundle.probabilities(inputs)
    if bundle.kind.answers == "labels":
        limits = 0.5 if bundle.thresholds is None else bundle.thresholds
        return [tuple(row) for row in (rows >= limits).tolist()], 2 * np.abs(rows - limits).min(axis=1)
    if bundle.thresholds is not None:
        rows = rows / bundle.thresholds
        rows /= rows.sum(axis=1, keepdims=True)
    return rows.argmax(axis=1).tolist(), _lead(rows)


def _lead(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the difference between the two largest values of each row."""
    best = np.partition(rows, -2, axis=1)
    return np.asarray(best[:, -1] - best[:, -2], dtype=np.float64)


def _key(entry: Any) -> Hashable:
    return tuple(sorted(entry.items())) if isinstance(entry, Mapping) else entry


def expected(folder: Path, inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Ask every variant of a sealed bundle folder for its answers.

    Args:
        folder: the bundle.
        inputs: the self-test's inputs.

    Returns:
        For each input: variant name to what `hub.edge.comparing.answers` says.
    """
    rows: list[dict[str, Any]] = [{} for _ in inputs]
    for name in read_manifest(folder).variants:
        found = answers(Bundle.open(folder, variant=name), inputs)
        for row, answer in zip(rows, found, strict=True):
            row[name] = answer
    return rows


def write(path: Path, inputs: Sequence[Any], expect: Sequence[Mapping[str, Any]]) -> None:
    """Write selftest.jsonl.

    Args:
        path: the file.
        inputs: texts, pairs of texts, or rows of a table.
        expect: for each input what `expected` returns.
    """
    lines = [
        json.dumps({**_written(entry), "expect": answer}, ensure_ascii=False, allow_nan=False, default=_number)
        for entry, answer in zip(inputs, expect, strict=True)
    ]
    write_text(path, "".join(line + "\n" for line in lines))


def _written(entry: Any) -> dict[str, Any]:
    if isinstance(entry, Mapping):
        return {"row": dict(entry)}
    return {"text": entry} if isinstance(entry, str) else {"text": entry[0], "text_pair": entry[1]}


def _number(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return value.item()


def load(folder: Path) -> list[Row]:
    """Read the self-test of a bundle folder.

    Raises:
        BundleError: HUB-E015, it is missing or wrong.
    """
    path = folder / SELFTEST
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BundleError("HUB-E015", f"{SELFTEST} is larger than {MAX_BYTES} bytes")
        lines = path.read_bytes().decode("utf-8").split("\n")
        if len(lines) > MAX_ROWS + 1:
            raise BundleError("HUB-E015", f"{SELFTEST} has more than {MAX_ROWS} rows")
        values: list[Any] = [json.loads(line) for line in lines if line]
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError("HUB-E015", f"cannot read {SELFTEST} in {folder}", str(error), "get it again") from error
    rows: tuple[_Line, ...] = read(tuple[_Line, ...], values, SELFTEST)
    if not rows:
        raise BundleError("HUB-E015", f"{SELFTEST} in {folder} has no rows")
    return [_row(line, number) for number, line in enumerate(rows, start=1)]


@dataclass(frozen=True)
class _Line:
    """A line as it stands in the file."""

    expect: Mapping[str, Any]
    text: str | None = None
    text_pair: str | None = None
    row: Mapping[str, Any] | None = None


def _row(line: _Line, number: int) -> Row:
    if (line.text is None) == (line.row is None):
        raise BundleError("HUB-E015", f"row {number} of {SELFTEST} is wrong", "it needs either a text or a row")
    expect: dict[str, Expected] = {}
    for name, answer in line.expect.items():
        expect[name] = read(_hint(answer), answer, f"{SELFTEST}[{number - 1}].expect.{name}")
    return Row(line.text or "", line.text_pair, line.row, expect)


def _hint(answer: Any) -> Any:
    """Return the type of an expected answer, which its form tells."""
    if isinstance(answer, dict):
        return ExpectedAnswer if isinstance(answer.get("answer"), str) else Mapping[str, float]
    first = answer[0] if isinstance(answer, list) and answer else {}
    if not isinstance(first, dict):
        return tuple[float, ...]
    return tuple[ExpectedGap, ...] if isinstance(first.get("tokens"), dict) else tuple[ExpectedSpan, ...]


def replay(bundle: Bundle, variant: str | None = None) -> list[Check]:
    """Run the self-test and compare.

    Args:
        bundle: an opened bundle.
        variant: which variant to run; by default the one that ``bundle`` has open.

    Returns:
        Two checks: the same labels or entities, and probabilities within the tolerance, which the detail states:
        0.001 for fp32, 0.05 for quantized variants. Of several labels each is on the same side of its threshold,
        unless it lies within the tolerance of it. For numbers one check: within this share of their scale, which is
        the range of the expected numbers.

    Raises:
        BundleError: as `Bundle.open` and `load` say.
    """
    name = bundle.variant if variant is None else variant
    if name != bundle.variant:
        bundle = Bundle.open(bundle.folder, variant=name)
    rows = [row for row in load(bundle.folder) if name in row.expect]
    if not rows:
        return [Check(f"self-test {name}", False, f"{SELFTEST} has no row for this variant")]
    tolerance = TOLERANCES.get(bundle.manifest.variants[name].precision, QUANTIZED_TOLERANCE)
    wanted = [row.expect[name] for row in rows]
    return compare(bundle, f"self-test {name}", [row.input for row in rows], wanted, tolerance)
