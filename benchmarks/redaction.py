"""Precision and recall of the redactors on generated documents: `python benchmarks/redaction.py [DOCUMENTS [SEED]]`.

The truth is known, because `redaction_documents.py` makes it: check digits are worked out there, by other code than
the one that is measured. A value counts as found when detections of its kind cover all of it, and a detection counts as
right when at least half of it is a value of its kind. Numbers that mean nothing alone (a BSN, an NPI) are found by
design only behind a word that names them; their recall without one is stated beside.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import Any

import common
from common import Figure
from redaction_documents import KINDS, document

from hub.data.redaction import BASE, Scanner
from hub.host import load_plugins

NAME = "redaction"
COMMAND = "python benchmarks/redaction.py"
DOCUMENTS, SEED = 20_000, 7
RECALL, PRECISION = 0.98, 0.95


def main(count: int = DOCUMENTS, seed: int = SEED) -> None:
    """Measure and write."""
    scanner = Scanner((*BASE, *load_plugins().redactors))
    rng = random.Random(seed)
    named, bare, covered, covered_bare, found, right = (Counter[str]() for _ in range(6))
    for _ in range(count):
        made = document(rng)
        detections = scanner.find(made.text)
        for start, end, kind, has_word in made.truth:
            places = {n for d in detections if d.kind == kind for n in range(d.start, d.end)}
            whole = places.issuperset(range(start, end))
            (named if has_word else bare)[kind] += 1
            (covered if has_word else covered_bare)[kind] += whole
        for each in detections:
            shared = sum(
                max(0, min(end, each.end) - max(start, each.start))
                for start, end, kind, _ in made.truth
                if kind == each.kind
            )
            found[each.kind] += 1
            right[each.kind] += 2 * shared >= each.end - each.start
    rows = [_row(kind.name, kind.checksum, named, bare, covered, covered_bare, found, right) for kind in KINDS]
    for row in rows:
        print(row)
    others = {kind: number for kind, number in sorted(found.items()) if kind not in {row["kind"] for row in rows}}
    checked = [kind.name for kind in KINDS if kind.checksum]
    figures = [*_figures("patterns with checksums", checked, named, covered, found, right, True)]
    figures += _figures(
        "other patterns", [k.name for k in KINDS if not k.checksum], named, covered, found, right, False
    )
    details = {"documents": count, "seed": seed, "kinds": rows, "found_of_other_kinds": others}
    common.write(NAME, COMMAND, figures, details)


def _row(kind: str, checksum: bool, *counts: Counter[str]) -> dict[str, Any]:
    named, bare, covered, covered_bare, found, right = (each[kind] for each in counts)
    return {
        "kind": kind,
        "checksum": checksum,
        "values": named + bare,
        "recall_named": _share(covered, named),
        "recall_bare": _share(covered_bare, bare),
        "precision": _share(right, found),
        "found": found,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _figures(
    what: str,
    kinds: list[str],
    named: Counter[str],
    covered: Counter[str],
    found: Counter[str],
    right: Counter[str],
    gated: bool,
) -> list[Figure]:
    recall = sum(covered[kind] for kind in kinds) / sum(named[kind] for kind in kinds)
    precision = sum(right[kind] for kind in kinds) / sum(found[kind] for kind in kinds)
    lowest = min(covered[kind] / named[kind] for kind in kinds)
    weakest = min(right[kind] / found[kind] for kind in kinds)
    recall_must, precision_must = (RECALL, PRECISION) if gated else (None, None)
    return [
        Figure(f"recall, {what}", recall, "share", recall_must, None, True),
        Figure(f"precision, {what}", precision, "share", precision_must, None, True),
        Figure(f"lowest recall of a kind, {what}", lowest, "share", recall_must, None, True),
        Figure(f"lowest precision of a kind, {what}", weakest, "share", precision_must, None, True),
    ]


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
