"""Inputs with the answers the builder's machine gave, replayed where the bundle is to run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError
from hub.edge.bundle import Bundle
from hub.edge.files import write_text
from hub.edge.folder import SELFTEST, read_manifest
from hub.edge.schema import read

TOLERANCES = {"fp32": 1e-3}
"""Largest difference in probability, by precision."""

QUANTIZED_TOLERANCE = 0.05
"""The same for every other precision: kernels of different processors round int8 sums differently."""

LISTED_LABELS = 10
MAX_BYTES = 64_000_000


@dataclass(frozen=True)
class Check:
    """One thing that was checked, and how it went; ``detail`` is one line for people."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Row:
    """A line of selftest.jsonl: ``expect`` is variant name to label id to probability."""

    text: str
    expect: Mapping[str, Mapping[str, float]]


def choose(
    texts: Sequence[str], probabilities: npt.NDArray[np.float64], count: int = 24, margin: float = 0.2
) -> list[int]:
    """Choose rows whose answer is clear, spread over the predicted labels.

    Args:
        texts: candidates; each distinct text is taken once.
        probabilities: float [texts, labels], of the variant that is compared with (fp32).
        count: rows wanted.
        margin: least difference between the two best probabilities, 0..1. When too few rows have it,
            those with the next largest differences follow.

    Returns:
        Indices into ``texts``, at most ``count``, in rising order. Labels take turns, each with its
        clearest rows first.
    """
    if not texts:
        return []
    best = np.sort(probabilities, axis=1)[:, ::-1]
    clearness = best[:, 0] - best[:, 1]
    by_label: dict[int, list[int]] = {}
    unclear: list[int] = []
    first = {text: i for i, text in reversed(list(enumerate(texts)))}
    for i in sorted(first.values(), key=lambda i: (-clearness[i], i)):
        if clearness[i] >= margin:
            by_label.setdefault(int(probabilities[i].argmax()), []).append(i)
        else:
            unclear.append(i)
    queues = [by_label[label] for label in sorted(by_label)]
    longest = max((len(queue) for queue in queues), default=0)
    turns = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
    return sorted((turns + unclear)[:count])


def expected(folder: Path, texts: Sequence[str]) -> list[dict[str, dict[str, float]]]:
    """Ask every variant of a sealed bundle folder for its answers.

    Args:
        folder: the bundle.
        texts: the self-test's inputs.

    Returns:
        For each text: variant name to label id to probability, rounded to six digits, of the
        `LISTED_LABELS` most probable labels.
    """
    rows: list[dict[str, dict[str, float]]] = [{} for _ in texts]
    for name in read_manifest(folder).variants:
        answers = Bundle.open(folder, variant=name).predict(texts, top=LISTED_LABELS)
        for row, answer in zip(rows, answers, strict=True):
            row[name] = {label: round(score, 6) for label, score in answer.top}
    return rows


def write(path: Path, texts: Sequence[str], expect: Sequence[Mapping[str, Mapping[str, float]]]) -> None:
    """Write selftest.jsonl.

    Args:
        path: the file.
        texts: inputs.
        expect: for each text what `expected` returns.
    """
    lines = [
        json.dumps({"text": text, "expect": answers}, ensure_ascii=False, allow_nan=False)
        for text, answers in zip(texts, expect, strict=True)
    ]
    write_text(path, "".join(line + "\n" for line in lines))


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
        values: list[Any] = [json.loads(line) for line in lines if line]
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError("HUB-E015", f"cannot read {SELFTEST} in {folder}", str(error), "get it again") from error
    rows: tuple[Row, ...] = read(tuple[Row, ...], values, SELFTEST)
    if not rows:
        raise BundleError("HUB-E015", f"{SELFTEST} in {folder} has no rows")
    return list(rows)


def replay(bundle: Bundle, variant: str | None = None) -> list[Check]:
    """Run the self-test and compare.

    Args:
        bundle: an opened bundle.
        variant: which variant to run; by default the one that ``bundle`` has open.

    Returns:
        Two checks: the same most probable labels, and probabilities within the tolerance, which the
        detail states: 0.001 for fp32, 0.05 for quantized variants.

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
    found = bundle.probabilities([row.text for row in rows])
    column = {label: i for i, label in enumerate(bundle.labels)}
    changed: list[int] = []
    worst, worst_row = 0.0, 0
    for number, (row, answer) in enumerate(zip(rows, found, strict=True), start=1):
        wanted = row.expect[name]
        unknown = sorted(set(wanted) - set(column))
        if unknown or not wanted:
            return [Check(f"self-test {name}", False, f"row {number} names no label of the bundle: {unknown}")]
        if bundle.labels[int(answer.argmax())] != max(wanted, key=lambda label: wanted[label]):
            changed.append(number)
        difference = max(abs(score - float(answer[column[label]])) for label, score in wanted.items())
        if difference > worst:
            worst, worst_row = difference, number
    labels = f"{len(rows) - len(changed)} of {len(rows)} rows have the same label" + (
        f"; changed: row {', '.join(map(str, changed[:5]))}" if changed else ""
    )
    numbers = f"largest difference {worst:.6f} in row {worst_row}, limit {tolerance}"
    return [
        Check(f"self-test {name}: labels", not changed, labels),
        Check(f"self-test {name}: probabilities", worst <= tolerance, numbers),
    ]
