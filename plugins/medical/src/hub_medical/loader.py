"""ICD-10-CM terms as rows in four splits with two slices."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from hub.contract import DataError, Dataset, Example, LoadRequest, draw_evenly
from hub_medical.icd10 import Tabular, Term, distinct, find_file, read_tabular
from hub_medical.labels import LABELS, LEFT_OUT

UNSEEN = "unseen-categories"
KNOWN = "known-codes"

UNSEEN_SHARES = {"test": (0.10, 2), "validation": (0.05, 1), "calibration": (0.05, 1)}
"""Share of a chapter's categories that a split holds out, and the least number of categories."""
UNSEEN_ROWS = {"test": 400, "validation": 120, "calibration": 120}
"""Most rows of one chapter: injuries alone would otherwise be a third of the rows."""
KNOWN_SHARES = {"test": 0.15, "validation": 0.07, "calibration": 0.06}
"""Share of a chapter's inclusion terms, among those whose code's title is learnt."""


def load(request: LoadRequest) -> Dataset:
    """Load the packaged release of ICD-10-CM.

    Args:
        request: only the seed is used.

    Raises:
        MissingError: HUB-P032, simple-icd-10-cm is not installed.
        DataError: HUB-D020, its file is damaged or has chapters this plugin does not know.
    """
    return split_tabular(read_tabular(find_file()), request.seed)


def split_tabular(tabular: Tabular, seed: int) -> Dataset:
    """Choose, split and describe the terms.

    Args:
        tabular: the whole list.
        seed: of every draw; one chapter's draw does not depend on the others.

    Raises:
        DataError: HUB-D020, a chapter is none of `LABELS`.
    """
    _check_chapters(tabular)
    wanted = [term for term in tabular.terms if term.chapter != LEFT_OUT]
    terms, counts = distinct(wanted, lambda term: term.chapter)
    homes = _split_categories(terms, seed)
    rows: dict[str, list[Example]] = {"train": [], "validation": [], "calibration": [], "test": []}
    unused = 0
    for split in UNSEEN_SHARES:
        held = [_row(term, UNSEEN) for term in terms if homes[term.category] == split]
        kept = _cap_chapters(held, UNSEEN_ROWS[split], f"{seed}:{split}")
        rows[split] += kept
        unused += len(held) - len(kept)
    seen = [term for term in terms if homes[term.category] == "train"]
    places = _split_known(seen, seed)
    for term, split in zip(seen, places, strict=True):
        rows[split].append(_row(term, "" if split == "train" else KNOWN))
    counts |= {
        "titles": sum(term.title for term in wanted),
        "inclusion_terms": sum(not term.title for term in wanted),
        "special_purpose_terms": len(tabular.terms) - len(wanted),
        "categories": len(homes),
        "held_out_categories": sum(home != "train" for home in homes.values()),
        "unused_terms": unused,
    }
    return Dataset((), counts=counts, notes=_notes(tabular.release, counts)).with_splits(rows)


def held_out_categories(tabular: Tabular, seed: int) -> frozenset[str]:
    """Return the categories that training never sees, as `split_tabular` with the same seed chooses them."""
    _check_chapters(tabular)
    terms, _ = distinct([term for term in tabular.terms if term.chapter != LEFT_OUT], lambda term: term.chapter)
    return frozenset(name for name, home in _split_categories(terms, seed).items() if home != "train")


def _check_chapters(tabular: Tabular) -> None:
    known = {label.id for label in LABELS} | {LEFT_OUT}
    if set(tabular.chapters) != known:
        strange = sorted(set(tabular.chapters) ^ known)
        raise DataError(
            "HUB-D020",
            f"release {tabular.release} of ICD-10-CM has other chapters than this plugin",
            f"they differ in {', '.join(strange)}",
            "pip install --upgrade domainhub-medical, or install the simple-icd-10-cm it was made for",
        )


def _split_categories(terms: Iterable[Term], seed: int) -> dict[str, str]:
    """Return the split of every category: ``train``, or the one that it is held out for."""
    categories: dict[str, set[str]] = {}
    for term in terms:
        categories.setdefault(term.chapter, set()).add(term.category)
    homes: dict[str, str] = {}
    for chapter, names in categories.items():
        least_names = 1 + sum(least for _, least in UNSEEN_SHARES.values())
        if len(names) < least_names:
            why = f"it has {len(names)} categories, {least_names} are needed to hold some out"
            raise DataError("HUB-D020", f"chapter {chapter} of ICD-10-CM is too small", why)
        order = sorted(names)
        random.Random(f"{seed}:categories:{chapter}").shuffle(order)
        homes |= dict.fromkeys(order, "train")
        for split, (share, least) in UNSEEN_SHARES.items():
            for _ in range(max(least, round(share * len(names)))):
                homes[order.pop()] = split
    return homes


def _cap_chapters(rows: Sequence[Example], limit: int, seed: str) -> list[Example]:
    kept: list[Example] = []
    for label in LABELS:
        found = [row for row in rows if row.label == label.id]
        kept += draw_evenly(found, limit, random.Random(f"{seed}:{label.id}"))
    return kept


def _split_known(terms: Sequence[Term], seed: int) -> list[str]:
    """Return the split of every term of the categories that are not held out."""
    titled = {term.code for term in terms if term.title}
    free: dict[str, list[int]] = {}
    for place, term in enumerate(terms):
        if not term.title and term.code in titled:
            free.setdefault(term.chapter, []).append(place)
    splits = ["train"] * len(terms)
    for chapter, places in free.items():
        total = len(places)
        random.Random(f"{seed}:known:{chapter}").shuffle(places)
        for split, share in KNOWN_SHARES.items():
            for _ in range(round(share * total)):
                splits[places.pop()] = split
    return splits


def _row(term: Term, part: str) -> Example:
    """Return a term as a row. Terms of known codes have no group: their category is learnt on purpose."""
    group = "" if part == KNOWN else term.category
    return Example(text=term.text, label=term.chapter, group=group, slice=part, origin=term.code)


def _notes(release: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    known = KNOWN_SHARES
    return (
        f"The rows are the {counts['titles']:,} code titles and {counts['inclusion_terms']:,} inclusion terms of"
        f" ICD-10-CM, release {release}.",
        f"Chapter {LEFT_OUT} (codes for special purposes, {counts['special_purpose_terms']} terms) is left out: it is"
        " too small to learn from and to measure.",
        f"Before splitting, {counts['repeated_terms']} repeated terms and {counts['conflicting_terms']} terms that"
        " stand in several chapters were dropped.",
        f"Slice {UNSEEN}: whole three-character categories are held out, chapter by chapter:"
        f" {counts['held_out_categories']:,} of {counts['categories']:,}. At most {UNSEEN_ROWS['test']} test rows"
        f" and {UNSEEN_ROWS['validation']} validation or calibration rows of a chapter are used, one of each"
        f" category in turn; the other {counts['unused_terms']:,} terms of these categories are used nowhere.",
        f"Slice {KNOWN}: inclusion terms are held out while the title of their code is a training row:"
        f" {known['test']:.0%} for test, {known['validation']:.0%} for validation, {known['calibration']:.0%} for"
        " calibration, chapter by chapter. A recipe that limits the rows of a chapter leaves some of those titles out.",
    )
