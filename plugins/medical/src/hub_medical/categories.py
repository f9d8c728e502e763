"""ICD-10-CM terms as rows whose label is the three-character category."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hub.contract import DataError, Dataset, Example, LoadRequest
from hub_medical.hierarchy import MIN_TERMS, Category, categories
from hub_medical.icd10 import Tabular, Term, distinct, find_file, read_tabular

SHARES = {"test": (0.15, 5, 12), "validation": (0.08, 7, 6), "calibration": (0.06, 9, 6)}
"""Of each split: share of a category's terms, least terms a category must have for one row, most rows a category.

The most rows keep fractures and accidents, with hundreds of near-equal titles, from being most of the measure.
"""


def load(request: LoadRequest) -> Dataset:
    """Load the packaged release of ICD-10-CM.

    Args:
        request: only the seed is used.

    Raises:
        MissingError: HUB-P032, simple-icd-10-cm is not installed.
        DataError: HUB-D020, its file is damaged or lacks terms of a category that is a label.
    """
    return split_categories(read_tabular(find_file()), categories(), request.seed)


def split_categories(tabular: Tabular, known: Mapping[str, Category], seed: int) -> Dataset:
    """Choose, split and describe the terms.

    Args:
        tabular: the whole list.
        known: the categories that this plugin has as labels are those of at least `MIN_TERMS` terms.
        seed: of every draw; one category's draw does not depend on the others.

    Raises:
        DataError: HUB-D020, a category that is a label has too few terms in this release.
    """
    kept, counts = distinct(tabular.terms, lambda term: term.category)
    piles: dict[str, list[Term]] = {}
    for term in kept:
        piles.setdefault(term.category, []).append(term)
    labels = [code for code, category in known.items() if category.terms >= MIN_TERMS]
    lost = [code for code in labels if len(piles.get(code, ())) < MIN_TERMS]
    if lost:
        raise DataError(
            "HUB-D020",
            f"release {tabular.release} of ICD-10-CM has too few terms for {len(lost)} labels of this plugin",
            f"fewer than {MIN_TERMS} terms are left for {', '.join(lost[:5])}",
            "pip install --upgrade domainhub-medical, or install the simple-icd-10-cm it was made for",
        )
    rows: dict[str, list[Example]] = {"train": [], **{split: [] for split in SHARES}}
    for code in labels:
        for term, split in zip(piles[code], _split(piles[code], f"{seed}:{code}"), strict=True):
            rows[split].append(Example(text=term.text, label=code, origin=term.code))
    used = sum(len(piles[code]) for code in labels)
    counts |= {
        "terms": len(tabular.terms),
        "distinct_terms": len(kept),
        "covered_terms": used,
        "categories": len({term.category for term in tabular.terms}),
        "covered_categories": len(labels),
        "tested_inclusion_terms": _inclusion(rows["test"], kept),
    }
    return Dataset((), counts=counts, notes=_notes(tabular.release, counts, len(rows["test"]))).with_splits(rows)


def table_text(tabular: Tabular) -> str:
    """Return what ``categories.tsv`` must hold for a release: one line a category, its own title last."""
    kept, _ = distinct(tabular.terms, lambda term: term.category)
    sizes: dict[str, int] = {}
    for term in kept:
        sizes[term.category] = sizes.get(term.category, 0) + 1
    lines = [f"# ICD-10-CM, release {tabular.release}: category, block, distinct terms, title"]
    for term in tabular.terms:
        if term.title and term.code == term.category:
            block = tabular.blocks[term.category]
            lines.append(f"{term.category}\t{block}\t{sizes.get(term.category, 0)}\t{term.text}")
    return "\n".join(lines) + "\n"


def write_table(target: Path) -> None:
    """Write ``categories.tsv`` for the installed release; needed when the plugin moves to a new one."""
    target.write_text(table_text(read_tabular(find_file())), encoding="utf-8")


def _split(terms: Sequence[Term], seed: str) -> list[str]:
    """Return the split of every term of a category; its own title is always learnt."""
    free = [place for place, term in enumerate(terms) if not (term.title and term.code == term.category)]
    random.Random(seed).shuffle(free)
    splits = ["train"] * len(terms)
    for split, (share, least, most) in SHARES.items():
        wanted = max(1, min(most, round(share * len(terms)))) if len(terms) >= least else 0
        for _ in range(wanted):
            splits[free.pop()] = split
    return splits


def _inclusion(rows: Iterable[Example], terms: Iterable[Term]) -> int:
    titles = {term.text for term in terms if term.title}
    return sum(row.text not in titles for row in rows)


def _notes(release: str, counts: Mapping[str, int], tested: int) -> tuple[str, ...]:
    return (
        f"The rows are code titles and inclusion terms of ICD-10-CM, release {release}; the label is the"
        " three-character category.",
        f"Coverage: {counts['covered_categories']:,} of {counts['categories']:,} categories, those of at least"
        f" {MIN_TERMS} different terms, with {counts['covered_terms']:,} of {counts['distinct_terms']:,} different"
        " terms. The other categories are no labels: a term of theirs gets a wrong category.",
        f"Before splitting, {counts['repeated_terms']:,} repeated terms and {counts['conflicting_terms']:,} terms that"
        " stand in several categories were dropped.",
        "Terms are held out inside each category: about 15% for test (at least 1 and at most 12), 8% for validation"
        " in categories of 7 terms, 6% for calibration in categories of 9 (at most 6 each). The title of the category"
        " itself is always learnt.",
        f"Of the {tested:,} test rows {counts['tested_inclusion_terms']:,} are inclusion terms, the words clinicians"
        " use; the others are code titles, many of which differ from a learnt one by a side or a degree only, so"
        " that the measured scores flatter.",
    )
