"""The data check: what is dropped from training before anything is learnt, and what is only reported."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

from hub.contract.data import SPLITS, Dataset, Example
from hub.contract.errors import UsageError, nearest
from hub.contract.results import CleaningReport, Finding
from hub.contract.sampling import draw_evenly
from hub.data.forms import Form, NumberForm
from hub.data.neighbours import near_duplicates

EVALUATION = SPLITS[1:]
LONG_WORDS = 400
"""A text of more words is reported: the encoder cannot read it to the end."""
RARE_ROWS = 10
"""A label with fewer training rows is reported."""
NEAR = 0.8
"""Jaccard similarity of two sets of words from which two texts count as near-duplicates."""
DROP, KEEP = "drop", "keep"
CONFLICTS = (DROP, KEEP)
"""What becomes of training texts with several answers."""
SERIOUS = ("leak-exact", "leak-group", "overlap")
"""Findings that make measured scores wrong as long as they remain."""

_SHOWN = 5
_TEXT = Form()


def clean(dataset: Dataset, form: Form = _TEXT, conflicts: str = DROP) -> tuple[Dataset, tuple[Finding, ...]]:
    """Drop empty rows everywhere, and duplicates, conflicts and leaks from training. Evaluation rows stay.

    Inputs are compared by `Form.key` and kept as written. Duplicates and conflicts of tables are reported and stay:
    equal values need not be one observation (see `hub.data.forms.TableForm`).

    Args:
        dataset: rows as loaded.
        form: of the rows.
        conflicts: of `CONFLICTS`; ``keep`` leaves one training row of each answer to a text.

    Returns:
        The cleaned rows and what was found.

    Raises:
        UsageError: HUB-R002, unknown ``conflicts``.
    """
    if conflicts not in CONFLICTS:
        raise UsageError("HUB-R002", f"data.conflicts cannot be {conflicts!r}", nearest(conflicts, CONFLICTS))
    findings: list[Finding] = []
    kept = {}
    for name, rows in dataset:
        kept[name] = tuple(form.repaired(row) for row in rows if not form.empty(row))
        gone = [row for row in rows if form.empty(row)]
        findings += finding("empty", gone, f"{name}: rows without {form.what}, dropped")
        mended = [row for row in rows if form.repaired(row) is not row]
        findings += finding("tag-repaired", mended, f"{name}: rows with an I- tag that continues nothing, read as B-")
    train, found = _clean_training(kept["train"], kept, form, conflicts)
    findings += found
    for name in EVALUATION:
        findings += _odd_rows(name, kept[name], form)
    return dataset.with_splits({**kept, "train": train}), tuple(findings)


def _clean_training(
    rows: Sequence[Example], kept: Mapping[str, Sequence[Example]], form: Form, conflicts: str
) -> tuple[tuple[Example, ...], list[Finding]]:
    leaked = _leaked_keys(rows, [row for name in EVALUATION for row in kept[name]], form)
    where = f"train: rows whose {form.what} is also in an evaluation split, dropped"
    if not form.distinct:
        leaks = [row for row in rows if form.key(row) in leaked]
        odd = _odd_rows("train", rows, form)
        return tuple(row for row in rows if form.key(row) not in leaked), [*odd, *finding("leak-exact", leaks, where)]
    first, _ = _first_of_each(rows, form)
    answers = _answers_by_key(first, form)
    clear = [row for row in first if conflicts == KEEP or len(answers[form.key(row)]) == 1]
    leaks = [row for row in clear if form.key(row) in leaked]
    findings = [*_odd_rows("train", rows, form, conflicts), *finding("leak-exact", leaks, where)]
    return tuple(row for row in clear if form.key(row) not in leaked), findings


def _odd_rows(name: str, rows: Sequence[Example], form: Form, cleaned: str = "") -> list[Finding]:
    """Report the duplicates and conflicts of a split; of training texts each duplicate is one or the other.

    Args:
        name: of the split.
        rows: of it, as loaded.
        form: of the rows.
        cleaned: of `CONFLICTS`; ``""`` where every row stays.
    """
    first, double = _first_of_each(rows, form)
    answers = _answers_by_key(first, form)
    unclear = [row for row in (first if cleaned else rows) if len(answers[form.key(row)]) > 1]
    doubles_fate = "dropped" if cleaned else "kept"
    fate = {DROP: "all dropped", KEEP: f"one row of each {form.says} kept"}.get(cleaned, "kept")
    duplicates = finding(
        "duplicate", double, f"{name}: rows whose {form.what} and {form.says} came before, {doubles_fate}"
    )
    conflicts = finding("conflict", unclear, f"{name}: rows whose {form.what} has several {form.says}s, {fate}")
    return [*duplicates, *conflicts] if name == "train" else [*conflicts, *duplicates]


def _leaked_keys(train: Sequence[Example], measured: Sequence[Example], form: Form) -> set[Hashable]:
    """Return the inputs of evaluation rows that training must not have.

    Rows of a table may be equal by chance: as often as a training row has a twin in training. Only what is more than
    that (by three standard deviations) was copied.
    """
    known = Counter(form.key(row) for row in train)
    shared = [key for key in map(form.key, measured) if key in known]
    if not form.distinct and known:
        chance = sum(n for n in known.values() if n > 1) / known.total()
        expected = len(measured) * chance
        if len(shared) <= expected + 3 * math.sqrt(expected * (1 - chance)):
            return set()
    return set(shared)


def without_labels(dataset: Dataset, names: Collection[str], form: Form) -> tuple[Dataset, tuple[Finding, ...]]:
    """Take labels off all rows, or types of entities; a row that has but one label goes with it.

    Args:
        dataset: rows as loaded.
        names: labels that count as none.
        form: of the rows.

    Returns:
        The rows left and, by split, how many had such a label.

    Raises:
        UsageError: HUB-U034, no row has such a label.
    """
    used = {label for _, rows in dataset for label in form.declared(rows)}
    for name in names:
        if name not in used:
            what = f"no row has the label {name!r} that data.ignore_labels names"
            raise UsageError("HUB-U034", what, nearest(name, used))
    findings: list[Finding] = []
    splits = {}
    for split, rows in dataset if names else ():
        touched = [row for row in rows if not set(names).isdisjoint(form.labels(row))]
        findings += finding("ignored-label", touched, f"{split}: rows with a label of data.ignore_labels, taken off")
        splits[split] = [kept for row in rows if (kept := form.without(row, names)) is not None]
    return dataset.with_splits(splits), tuple(findings)


def cap_labels(rows: Sequence[Example], limit: int, seed: int, form: Form = _TEXT) -> tuple[Example, ...]:
    """Keep at most ``limit`` rows of every mark (`Form.marks`), drawn evenly over the mark's groups.

    Where rows have several marks, rare ones draw first, and a row drawn for one of them counts for all it has; so a
    frequent mark may keep more rows than the limit.

    Args:
        rows: training rows.
        limit: rows a mark, 0 for no limit.
        seed: decides the draw; where rows have one mark, that of one does not depend on the others.
        form: of the rows.

    Returns:
        The kept rows in their old order.
    """
    if limit <= 0:
        return tuple(rows)
    by_mark: dict[str, list[Example]] = {}
    for row in rows:
        for mark in form.marks(row):
            by_mark.setdefault(mark, []).append(row)
    kept: set[int] = set()
    for mark in sorted(by_mark, key=lambda mark: (len(by_mark[mark]), mark)):
        open_rows = [row for row in by_mark[mark] if id(row) not in kept]
        wanted = limit - (len(by_mark[mark]) - len(open_rows))
        if wanted > 0:
            kept |= {id(row) for row in draw_evenly(open_rows, wanted, random.Random(f"{seed}:cap:{mark}"))}
    return tuple(row for row in rows if id(row) in kept)


def report(
    loaded: Dataset, final: Dataset, labels: Sequence[str], findings: Iterable[Finding], form: Form = _TEXT
) -> CleaningReport:
    """Describe the rows that will be used.

    Args:
        loaded: rows before cleaning.
        final: rows after cleaning, splitting and capping.
        labels: label ids of the task, or names of the bins of its numbers.
        findings: of `clean`.
        form: of the rows.

    Returns:
        The report; leaks are counted on ``final``.
    """
    counts = {name: Counter(mark for row in rows for mark in form.marks(row)) for name, rows in final}
    found = list(findings)
    for name, rows in final:
        long = [row for row in rows if len(form.text(row).split()) > LONG_WORDS]
        found += finding("over-long", long, f"{name}: rows of more than {LONG_WORDS} words, kept")
    rare = tuple(label for label in labels if counts["train"][label] < RARE_ROWS)
    if rare and not isinstance(form, NumberForm):
        detail = f"train: labels with fewer than {RARE_ROWS} rows"
        found.append(Finding("rare-label", len(rare), detail, rare[:_SHOWN]))
    found += _overlaps(final, form)
    near = _near_findings(final, form)
    return CleaningReport(
        rows_in={name: len(rows) for name, rows in loaded},
        rows_out={name: len(rows) for name, rows in final},
        labels={name: {label: counts[name][label] for label in labels} for name in counts},
        findings=(*found, *near),
        leaks=_leaks(final, form),
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


def _first_of_each(rows: Iterable[Example], form: Form) -> tuple[list[Example], list[Example]]:
    """Return the first row of every input with an answer, and the others."""
    seen: set[tuple[Hashable, Hashable]] = set()
    first: list[Example] = []
    others: list[Example] = []
    for row in rows:
        key = (form.key(row), form.answer(row))
        (others if key in seen else first).append(row)
        seen.add(key)
    return first, others


def _answers_by_key(rows: Iterable[Example], form: Form) -> dict[Hashable, set[Hashable]]:
    found: dict[Hashable, set[Hashable]] = {}
    for row in rows:
        found.setdefault(form.key(row), set()).add(form.answer(row))
    return found


def _leaks(dataset: Dataset, form: Form) -> int:
    measured = [row for name in EVALUATION for row in dataset.split(name)]
    leaked = _leaked_keys(dataset.train, measured, form)
    return sum(form.key(row) in leaked for row in measured)


def _overlaps(dataset: Dataset, form: Form) -> list[Finding]:
    """Find groups of training in evaluation, and test inputs in the splits that select and calibrate."""
    findings = []
    groups = {row.group for row in dataset.train if row.group}
    for name in EVALUATION:
        shared = [row for row in dataset.split(name) if row.group in groups]
        findings += finding("leak-group", shared, f"{name}: rows whose group is also in train, kept")
    for name in ("validation", "calibration"):
        tested = _leaked_keys(dataset.test, dataset.split(name), form)
        shared = [row for row in dataset.split(name) if form.key(row) in tested]
        findings += finding("overlap", shared, f"{name}: rows whose {form.what} is also in test, kept")
    return findings


def _near_findings(dataset: Dataset, form: Form) -> list[Finding]:
    """Count the near-duplicates of training rows, for every slice of every evaluation split."""
    rows = [(name, row) for name in EVALUATION for row in dataset.split(name)]
    train = [form.text(row) for row in dataset.train]
    hits = near_duplicates(train, [form.text(row) for _, row in rows], NEAR)
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
        findings += finding("leak-near", found, detail)
    return findings


def finding(code: str, rows: Sequence[Example], detail: str) -> list[Finding]:
    """Return one finding, or none when there are no such rows. Places are named, texts never shown."""
    if not rows:
        return []
    places = tuple(row.origin for row in rows[:_SHOWN] if row.origin)
    return [Finding(code=code, count=len(rows), detail=detail, examples=places)]
