"""Precision and recall of the redactors on generated data: `python benchmarks/redaction.py [DATASETS [SEED]]`.

The truth is known, because `redaction_documents.py` makes it. A value counts as found when detections of its kind cover
all of it; a detection is right when at least half of it is a value of its kind, so one of another kind is wrong. Three
groups are told apart: values behind a word (or in a column) that names them, bare ones in a data set that holds them,
and bare ones in a single document that is all there is. Every value has a decoy with the same number of digits.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

import common
from common import Figure
from redaction_documents import CHECKED, KINDS, Document, Kind, dataset, decoy, document

from hub.data.redaction import BASE, Scanner
from hub.host import load_plugins

NAME = "redaction"
COMMAND = "python benchmarks/redaction.py"
DATASETS, ROWS, DOCUMENTS, SEED = 40, 250, 8_000, 7
RECALL, PRECISION = 0.98, 0.95
FEW, TRIALS = (3, 5, 8, 12, 20, 40), 50


class Score:
    """Counts values and detections by kind."""

    def __init__(self) -> None:
        self.values: Counter[tuple[str, bool]] = Counter()
        self.covered: Counter[tuple[str, bool]] = Counter()
        self.right: Counter[tuple[str, bool]] = Counter()
        self.wrong: Counter[str] = Counter()

    def add(self, scanner: Scanner, column: str, made: Document) -> None:
        """Compare what a scanner finds in a text with the truth."""
        detections = scanner.find(made.text, column)
        for start, end, kind, has_word in made.truth:
            places = {n for d in detections if d.kind == kind for n in range(d.start, d.end)}
            self.values[kind, has_word] += 1
            self.covered[kind, has_word] += places.issuperset(range(start, end))
        for each in detections:
            hits = [
                has_word
                for start, end, kind, has_word in made.truth
                if kind == each.kind and 2 * (min(end, each.end) - max(start, each.start)) >= each.end - each.start
            ]
            if hits:
                self.right[each.kind, hits[0]] += 1
            else:
                self.wrong[each.kind] += 1

    def recall(self, kinds: Iterable[str], groups: Iterable[bool]) -> float | None:
        """Return the share of values that are found."""
        keys = [(kind, group) for kind in kinds for group in groups]
        return _share(sum(self.covered[key] for key in keys), sum(self.values[key] for key in keys))

    def precision(self, kinds: Iterable[str], groups: Iterable[bool]) -> float | None:
        """Return the share of detections that are right; those of decoys count in every group."""
        named = list(kinds)
        right = sum(self.right[kind, group] for kind in named for group in groups)
        return _share(right, right + sum(self.wrong[kind] for kind in named))


def main(datasets: int = DATASETS, seed: int = SEED) -> None:
    """Measure and write."""
    scanner = Scanner((*BASE, *load_plugins().redactors))
    rng = random.Random(seed)
    whole, single = Score(), Score()
    for _ in range(datasets):
        cells = dataset(rng, ROWS)
        informed = scanner.informed((made.text, column) for column, made in cells)
        for column, made in cells:
            whole.add(informed, column, made)
    for _ in range(DOCUMENTS):
        made = document(rng)
        single.add(scanner.informed([(made.text, "")]), "", made)
    rows = [_row(kind, whole, single) for kind in KINDS]
    for row in rows:
        print(row)
    names = {row["kind"] for row in rows}
    details = {
        "datasets": datasets,
        "rows": ROWS,
        "documents": DOCUMENTS,
        "seed": seed,
        "kinds": rows,
        "found_of_other_kinds": {kind: count for kind, count in sorted(whole.wrong.items()) if kind not in names},
        "recall_of_few": [_few(scanner, kind, rng) for kind in CHECKED if kind.name in ("nl-bsn", "de-tax-id", "npi")],
    }
    common.write(NAME, COMMAND, _figures(whole, single), details)


def _row(kind: Kind, whole: Score, single: Score) -> dict[str, Any]:
    both, only, name = (True, False), (False,), [kind.name]
    return {
        "kind": kind.name,
        "checksum": kind.checksum,
        "values": sum(whole.values[kind.name, group] for group in both),
        "decoys_found": whole.wrong[kind.name],
        "recall_named": whole.recall(name, (True,)),
        "recall_bare_in_data_set": whole.recall(name, only),
        "precision_in_data_set": whole.precision(name, both),
        "precision_bare_in_data_set": whole.precision(name, only),
        "recall_bare_in_one_document": single.recall(name, only),
        "precision_bare_in_one_document": single.precision(name, only),
        "precision_in_one_document": single.precision(name, both),
    }


def _few(scanner: Scanner, kind: Kind, rng: random.Random) -> dict[str, Any]:
    """Return the recall of bare values in a column that has few of them and as many decoys."""
    found: dict[str, Any] = {"kind": kind.name}
    for count in FEW:
        hits = 0
        for _ in range(TRIALS):
            values = [kind.make(rng) for _ in range(count)]
            cells = [(value, "ref") for value in (*values, *(decoy(rng, kind) for _ in range(count)))]
            informed = scanner.informed(cells)
            hits += sum(any(d.kind == kind.name for d in informed.find(value, "ref")) for value in values)
        found[str(count)] = hits / (TRIALS * count)
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _figures(whole: Score, single: Score) -> list[Figure]:
    generated = {kind.name for kind in KINDS}
    strict = [kind.name for kind in KINDS if kind.checksum] + sorted(set(whole.wrong) - generated)
    others = [kind.name for kind in KINDS if not kind.checksum]
    strict_single = [kind.name for kind in KINDS if kind.checksum] + sorted(set(single.wrong) - generated)
    both, named, bare = (True, False), (True,), (False,)
    must = "patterns with checksums"
    stated = [
        (f"recall, {must}, named and bare in a data set", whole.recall(strict, both), RECALL),
        (f"precision, {must}, named and bare in a data set", whole.precision(strict, both), PRECISION),
        (f"recall, {must}, behind a naming word", whole.recall(strict, named), RECALL),
        (f"recall, {must}, bare in a data set", whole.recall(strict, bare), None),
        (f"precision, {must}, bare in a data set", whole.precision(strict, bare), None),
        (f"recall, {must}, bare in one document", single.recall(strict_single, bare), None),
        (f"precision, {must}, bare in one document", single.precision(strict_single, bare), None),
        ("recall, other patterns", whole.recall(others, both), None),
        ("precision, other patterns", whole.precision(others, both), None),
    ]
    return [Figure(what, value, "share", limit, None, True) for what, value, limit in stated if value is not None]


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
