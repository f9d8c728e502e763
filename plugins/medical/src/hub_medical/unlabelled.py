"""Further phrases of ICD-10-CM, without labels: what its notes name, and terms that stand in several chapters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hub.contract import LoadRequest
from hub_medical.icd10 import find_file, read_chapters, read_tabular, text_of
from hub_medical.labels import LEFT_OUT
from hub_medical.loader import held_out_categories

_NOTES = ("includes/note", "excludes1/note", "excludes2/note", "codeFirst/note", "codeAlso/note")
_REFERENCE = re.compile(r"\s*\((?P<codes>[A-Z]\d[^()]*)\)")
_CATEGORY = re.compile(r"[A-Z]\d\w")


def load(request: LoadRequest) -> Iterator[str]:
    """Give the phrases of the packaged release that no code of a held-out category has, or is referred to by.

    Args:
        request: only the seed is used; it decides which categories are held out.

    Raises:
        MissingError: HUB-P032, simple-icd-10-cm is not installed.
        DataError: HUB-D020, its file is damaged or has chapters this plugin does not know.
    """
    return phrases(find_file(), request.seed)


def phrases(file: Path, seed: int) -> Iterator[str]:
    """Give the phrases of a file.

    Args:
        file: XML as NCHS publishes it.
        seed: of the split.

    Raises:
        DataError: HUB-D020, the file is not such a list.
    """
    tabular = read_tabular(file)
    held_out = held_out_categories(tabular, seed)
    for term in tabular.terms:
        if term.chapter != LEFT_OUT and term.category not in held_out:
            yield term.text
    for name, _, chapter in read_chapters(file):
        for top in chapter.findall("section/diag") if name != LEFT_OUT else ():
            if text_of(top.find("name")) in held_out:
                continue
            for diag in top.iter("diag"):
                for note in (text_of(note) for path in _NOTES for note in diag.findall(path)):
                    if not held_out & _categories(note):
                        yield _REFERENCE.sub("", note).strip(" :;")


def _categories(note: str) -> set[str]:
    """Return the categories that a note refers to."""
    return {code for found in _REFERENCE.finditer(note) for code in _CATEGORY.findall(found["codes"])}
