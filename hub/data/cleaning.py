"""The data check: what is dropped from training before anything is learnt, and what is only reported."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hub.contract.data import SPLITS, Dataset, Example
from hub.contract.results import CleaningReport, Finding
from hub.contract.sampling import comparison_key, draw_evenly
from hub.data.neighbours import near_duplicates

EVALUATION = SPLITS[1:]
LONG_WORDS = 400
"""A text of more words is reported: the encoder cannot read it to the end."""
RARE_ROWS = 10
"""A label with fewer training rows is reported."""
NEAR = 0.8
"""Jaccard similarity of two sets of words from which two texts count as near-duplicates."""
SERIOUS = ("leak-exact", "leak-group", "overlap")
"""Findings that make measured scores wrong as long as they remain."""

_SHOWN = 5


def clean(dataset: Dataset) -> tuple[Dataset, tuple[Finding, ...]]:
    """Drop empty rows everywhere, and duplicates, conflicts and leaks from training. Evaluation rows stay.

    Texts are compared by `hub.contract.sampling.comparison_key` and kept as written.

    Args:
        dataset: rows as loaded.

    Returns:
        The cleaned rows and what was found.
    """
    findings: list[Finding] = []
    kept = {}
    for name, rows in dataset:
        kept[name] = tuple(row for row in rows if row.text.strip())
        gone = [row for row in rows if not row.text.strip()]
        findings += _finding("empty", gone, f"{name}: rows without text, dropped")
    train, found = _clean_training(kept["train"], kept)
    findings += found
    for name in EVALUATION:
        texts = _labels_by_key(kept[name])
        unclear = [row for row in kept[name] if len(texts[comparison_key(row.text)]) > 1]
        findings += _finding("conflict", unclear, f"{name}: rows whose text has several labels, kept")
        _, double = _first_of_each(kept[name])
        findings += _finding("duplicate", double, f"{name}: rows whose text and label came before, kept")
    return dataset.with_splits({**kept, "train": train}), tuple(findings)


def _clean_training(
    rows: Sequence[Example], kept: Mapping[str, Sequence[Example]]
) -> tuple[tuple[Example, ...], list[Finding]]:
    first, double = _first_of_each(rows)
    texts = _labels_by_key(first)
    unclear = [row for row in first if len(texts[comparison_key(row.text)]) > 1]
    clear = [row for row in first if len(texts[comparison_key(row.text)]) == 1]
    measured = {comparison_key(row.text) for name in EVALUATION for row in kept[name]}
    leaks = [row for row in clear if comparison_key(row.text) in measured]
    findings = [
        *_finding("duplicate", double, "train: rows whose text and label came before, dropped"),
        *_finding("conflict", unclear, "train: rows whose text has several labels, all dropped"),
        *_finding("leak-exact", leaks, "train: rows whose text is also in an evaluation split, dropped"),
    ]
    return tuple(row for row in clear if comparison_key(row.text) not in measured), findings


def cap_labels(rows: Sequence[Example], limit: int, seed: int) -> tuple[Example, ...]:
    """Keep at most ``limit`` rows of every label, drawn evenly over the label's groups.

    Args:
        rows: training rows.
        limit: rows a label, 0 for no limit.
        seed: decides the draw; that of one label does not depend on the others.

    Returns:
        The kept rows in their old order.
    """
    if limit <= 0:
        return tuple(rows)
    by_label: dict[str, list[Example]] = {}
    for row in rows:
        by_label.setdefault(row.label, []).append(row)
    kept = {
        id(row)
        for label, found in by_label.items()
        for row in draw_evenly(found, limit, random.Random(f"{seed}:cap:{label}"))
    }
    return tuple(row for row in rows if id(row) in kept)


def report(loaded: Dataset, final: Dataset, labels: Sequence[str], findings: Iterable[Finding]) -> CleaningReport:
    """Describe the rows that will be used.

    Args:
        loaded: rows before cleaning.
        final: rows after cleaning, splitting and capping.
        labels: label ids of the task.
        findings: of `clean`.

    Returns:
        The report; leaks are counted on ``final``.
    """
    counts = {name: Counter(row.label for row in rows) for name, rows in final}
    found = list(findings)
    for name, rows in final:
        long = [row for row in rows if len(row.text.split()) > LONG_WORDS]
        found += _finding("over-long", long, f"{name}: rows of more than {LONG_WORDS} words, kept")
    rare = tuple(label for label in labels if counts["train"][label] < RARE_ROWS)
    if rare:
        detail = f"train: labels with fewer than {RARE_ROWS} rows"
        found.append(Finding("rare-label", len(rare), detail, rare[:_SHOWN]))
    found += _overlaps(final)
    near = _near_findings(final)
    return CleaningReport(
        rows_in={name: len(rows) for name, rows in loaded},
        rows_out={name: len(rows) for name, rows in final},
        labels={name: {label: counts[name][label] for label in labels} for name in counts},
        findings=(*found, *near),
        leaks=_leaks(final),
        near_leaks=sum(finding.count for finding in near),
        notes=final.notes,
    )


def serious(report: CleaningReport) -> list[str]:
    """Return a sentence for everything left in the data that makes measured scores wrong."""
    left = [f"{report.leaks} evaluation rows have their text in train"] if report.leaks else []
    return left + [
        f"{finding.count} rows: {finding.detail}"
        for finding in report.findings
        if finding.code in SERIOUS and finding.code != "leak-exact"  # cleaning has dropped those
    ]


def _first_of_each(rows: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """Return the first row of every text with a label, and the others."""
    seen: set[tuple[str, str]] = set()
    first: list[Example] = []
    others: list[Example] = []
    for row in rows:
        key = (comparison_key(row.text), row.label)
        (others if key in seen else first).append(row)
        seen.add(key)
    return first, others


def _labels_by_key(rows: Iterable[Example]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(comparison_key(row.text), set()).add(row.label)
    return found


def _leaks(dataset: Dataset) -> int:
    known = {comparison_key(row.text) for row in dataset.train}
    return sum(comparison_key(row.text) in known for name in EVALUATION for row in dataset.split(name))


def _overlaps(dataset: Dataset) -> list[Finding]:
    """Find groups of training in evaluation, and test texts in the splits that select and calibrate."""
    findings = []
    groups = {row.group for row in dataset.train if row.group}
    for name in EVALUATION:
        shared = [row for row in dataset.split(name) if row.group in groups]
        findings += _finding("leak-group", shared, f"{name}: rows whose group is also in train, kept")
    tested = {comparison_key(row.text) for row in dataset.test}
    for name in ("validation", "calibration"):
        shared = [row for row in dataset.split(name) if comparison_key(row.text) in tested]
        findings += _finding("overlap", shared, f"{name}: rows whose text is also in test, kept")
    return findings


def _near_findings(dataset: Dataset) -> list[Finding]:
    """Count the near-duplicates of training rows, for every slice of every evaluation split."""
    rows = [(name, row) for name in EVALUATION for row in dataset.split(name)]
    train = [row.text for row in dataset.train]
    hits = near_duplicates(train, [row.text for _, row in rows], NEAR)
    near: dict[tuple[str, str], list[Example]] = {}
    totals: Counter[tuple[str, str]] = Counter()
    for (name, row), hit in zip(rows, hits, strict=True):
        totals[name, row.slice] += 1
        if hit >= 0:
            near.setdefault((name, row.slice), []).append(row)
    findings = []
    for (name, part), found in near.items():
        where = f"{name}/{part}" if part else name
        detail = (
            f"{where}, {totals[name, part]} rows: those sharing {NEAR:.0%} of their words with a training row, kept"
        )
        findings += _finding("leak-near", found, detail)
    return findings


def _finding(code: str, rows: Sequence[Example], detail: str) -> list[Finding]:
    """Return one finding, or none when there are no such rows. Places are named, texts never shown."""
    if not rows:
        return []
    places = tuple(row.origin for row in rows[:_SHOWN] if row.origin)
    return [Finding(code=code, count=len(rows), detail=detail, examples=places)]
