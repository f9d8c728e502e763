"""The terms of ICD-10-CM, read from the XML inside the installed package simple-icd-10-cm."""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.contract import DataError, MissingError, comparison_key

_PACKAGE = "simple_icd_10_cm"
_CHAPTER = re.compile(r"^(?P<title>.+\S)\s*\((?P<range>[A-Z]\w{2}-[A-Z]\w{2})\)$")
_RELEASE = re.compile(r"tabular-(?P<release>.+)$")
_UPDATE = "pip install --upgrade domainhub-medical simple-icd-10-cm"


@dataclass(frozen=True, slots=True)
class Term:
    """One phrase of the classification.

    Args:
        text: the phrase.
        code: the code it belongs to, ``K35.80``.
        category: the code's three-character category, ``K35``.
        chapter: the range of the code's chapter, ``K00-K95``.
        title: the phrase is the code's title; otherwise it is one of the code's inclusion terms.
    """

    text: str
    code: str
    category: str
    chapter: str
    title: bool


@dataclass(frozen=True)
class Tabular:
    """The tabular list.

    Args:
        terms: in the order of the list; a code's title comes before its inclusion terms.
        chapters: range to title.
        release: as the file names it, ``April 1 2026``.
        blocks: category to the range of its section, ``K35-K38``.
    """

    terms: tuple[Term, ...]
    chapters: Mapping[str, str]
    release: str
    blocks: Mapping[str, str] = field(default_factory=dict)


def find_file() -> Path:
    """Return the XML file of the installed package. The package itself is not imported: that parses all of it.

    Raises:
        MissingError: HUB-P032, the package is not installed or has not exactly one such file.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingError(
            "HUB-P032", "the ICD-10-CM data is not installed", f"there is no package {_PACKAGE!r}", _UPDATE
        )
    folders = [Path(place) / "data" for place in spec.submodule_search_locations]
    files = sorted(file for folder in folders for file in folder.glob("*.xml"))
    if len(files) != 1:
        raise MissingError(
            "HUB-P032",
            "the ICD-10-CM data was not found",
            f"{len(files)} XML files in the data folder of {_PACKAGE!r}, expected one",
            _UPDATE,
        )
    return files[0]


def read_tabular(file: Path) -> Tabular:
    """Read the tabular list.

    Inclusion terms of whole sections are not read: they tell how to use the section.

    Args:
        file: XML as NCHS publishes it (``icd10c-tabular-...xml``).

    Raises:
        DataError: HUB-D020, the file is not such a list.
    """
    chapters: dict[str, str] = {}
    terms: list[Term] = []
    blocks: dict[str, str] = {}
    for name, title, element in read_chapters(file):
        chapters[name] = title
        terms += _chapter_terms(element, name)
        for section in element.findall("section"):
            blocks |= {text_of(top.find("name")): section.get("id", "") for top in section.findall("diag")}
    if not terms:
        raise unusable(file, "there are no chapters with codes in it")
    return Tabular(tuple(terms), chapters, release_of(file), blocks)


def read_chapters(file: Path) -> Iterator[tuple[str, str, ET.Element]]:
    """Read the file and return the range, title and element of every chapter.

    Raises:
        DataError: HUB-D020, it cannot be read, or a chapter has no range.
    """
    try:
        root = ET.parse(file).getroot()  # noqa: S314 - a file of an installed package, no stranger's
    except (OSError, ET.ParseError) as error:
        raise unusable(file, str(error)) from error
    for element in root.findall("chapter"):
        found = _CHAPTER.match(text_of(element.find("desc")))
        if not found:
            raise unusable(file, f"a chapter without a code range: {text_of(element.find('desc'))!r}")
        yield found["range"], found["title"], element


def release_of(file: Path) -> str:
    """Return the release as the file's name tells it, ``April 1 2026``."""
    found = _RELEASE.search(file.stem)
    return found["release"].replace("-", " ") if found else file.stem


def _chapter_terms(chapter: ET.Element, name: str) -> Iterator[Term]:
    for top in chapter.findall("section/diag"):
        category = text_of(top.find("name"))
        for diag in top.iter("diag"):  # the category itself and every code below it
            code = text_of(diag.find("name"))
            yield Term(text_of(diag.find("desc")), code, category, name, title=True)
            for note in diag.findall("inclusionTerm/note"):
                yield Term(text_of(note), code, category, name, title=False)


def distinct(terms: Sequence[Term], home: Callable[[Term], str]) -> tuple[list[Term], dict[str, int]]:
    """Keep the first of every text; drop texts that stand in several places.

    Args:
        terms: in the order of the list.
        home: what a text may have only one of, its chapter or its category.

    Returns:
        The kept terms in their order, and ``conflicting_terms`` and ``repeated_terms`` that were dropped.
    """
    homes: dict[str, set[str]] = {}
    for term in terms:
        homes.setdefault(comparison_key(term.text), set()).add(home(term))
    first: dict[str, Term] = {}
    for term in terms:
        key = comparison_key(term.text)
        if key and len(homes[key]) == 1:
            first.setdefault(key, term)
    conflicts = sum(len(homes[comparison_key(term.text)]) > 1 for term in terms)
    counts = {"conflicting_terms": conflicts, "repeated_terms": len(terms) - conflicts - len(first)}
    return list(first.values()), counts


def text_of(element: ET.Element | None) -> str:
    """Return all text inside an element, mark-up left out and white space as single spaces."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def unusable(file: Path, why: str) -> DataError:
    """Return the error for a file that is no tabular list."""
    return DataError("HUB-D020", f"{file.name} is not a tabular list of ICD-10-CM", why, _UPDATE)
