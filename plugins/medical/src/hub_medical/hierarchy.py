"""Where a category of ICD-10-CM stands: chapter, block, category. Read from a small table, without the XML.

The table is in the package because metrics run on the edge, where simple-icd-10-cm is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hub.contract import Label
from hub_medical.labels import LABELS, LEFT_OUT

MIN_TERMS = 5
"""A category of fewer terms has too few to learn from and to measure."""
CHAPTERS = (*(label.id for label in LABELS), LEFT_OUT)

_TABLE = Path(__file__).with_name("categories.tsv")


@dataclass(frozen=True, slots=True)
class Category:
    """A three-character category.

    Args:
        code: ``K35``.
        block: the section it is in, ``K35-K38``.
        terms: distinct titles and inclusion terms in release April 2026.
        title: as the classification names it.
    """

    code: str
    block: str
    terms: int
    title: str

    @property
    def chapter(self) -> str:
        """Range of its chapter, ``K00-K95``; ``""`` when no known chapter spans it."""
        return chapter_of(self.code)


@lru_cache(maxsize=1)
def categories() -> Mapping[str, Category]:
    """Return every category of release April 2026 by its code, in the order of the classification."""
    lines = _TABLE.read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {code: Category(code, block, int(terms), title) for code, block, terms, title in rows}


def category_labels() -> tuple[Label, ...]:
    """Return the categories of at least `MIN_TERMS` terms as labels, in the order of the classification."""
    return tuple(Label(each.code, each.title) for each in categories().values() if each.terms >= MIN_TERMS)


def chapter_of(code: str) -> str:
    """Return the range of the chapter that a code belongs to, ``""`` for none.

    Args:
        code: at least three characters, ``K35`` or ``K35.80``.
    """
    start = code[:3].upper()
    return next((chapter for chapter in CHAPTERS if chapter[:3] <= start <= chapter[-3:]), "")


def ancestors(label: str) -> frozenset[str]:
    """Return a label and everything above it in the classification, the root left out.

    Args:
        label: a code (``K35.80``), a category (``K35``), a block (``K35-K38``) or a chapter (``K00-K95``). A label
            that is none of these stands alone.
    """
    if label in CHAPTERS:
        return frozenset((label,))
    code = label.upper().replace(".", "")
    category = categories().get(code[:3])
    if "-" in label:
        return frozenset((label, chapter_of(label))) - {""}
    if category is None or not code.isalnum():
        return frozenset((label,))
    above = {dotted(code[:size]) for size in range(4, len(code) + 1)}
    return frozenset((category.code, category.block, category.chapter, *above)) - {""}


def parent(label: str) -> str | None:
    """Return what a code, category or block is part of in the classification.

    Args:
        label: as for `ancestors`.

    Returns:
        The shorter code, the category, the block or the chapter; ``None`` above chapters, and for what is none of
        these. A block that is one category only has its code, and is left out.
    """
    if label in CHAPTERS:
        return None
    if "-" in label:
        return chapter_of(label) or None
    code = label.upper().replace(".", "")
    category = categories().get(code[:3])
    if category is None or not code.isalnum():
        return None
    if len(code) > 3:
        return dotted(code[:-1])
    return (category.chapter if category.block == category.code else category.block) or None


def dotted(code: str) -> str:
    """Return a code in the usual form: upper case, a dot after the third character."""
    bare = code.upper().replace(".", "")
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare
