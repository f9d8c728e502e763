"""The words of the installed package cefrpy with their parts of speech and levels."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.contract import DataError, MissingError
from hub_education.labels import CEFR

PARTS = {
    **dict.fromkeys(("NN", "NNS"), "noun"),
    **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"), "verb"),
    **dict.fromkeys(("JJ", "JJR", "JJS"), "adjective"),
    **dict.fromkeys(("RB", "RBR", "RBS"), "adverb"),
}
"""Penn Treebank tag to part of speech. Names are left out, and function words: most words tagged so are none."""

HIGHEST = 6.0
"""The level of every word that is rarer than C2 words are on average: a default rather than a finding."""

_PACKAGE = "cefrpy"
_UPDATE = "pip install --upgrade domainhub-education cefrpy"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word as one part of speech.

    Args:
        word: lower-case letters.
        tag: Penn Treebank tag.
        value: 1 (A1) to 6 (C2) in steps of 0.02.
    """

    word: str
    tag: str
    value: float

    @property
    def part(self) -> str:
        """Part of speech, ``""`` for names and function words."""
        return PARTS.get(self.tag, "")

    @property
    def default(self) -> bool:
        """Whether the level is the highest one that rare words get without more ado."""
        return self.value >= HIGHEST

    @property
    def level(self) -> str:
        """Level as cefrpy rounds it: to the nearest, halves to the even one."""
        return CEFR[round(self.value) - 1].id


def read_entries() -> list[Entry]:
    """Return every entry of the installed cefrpy, words sorted by length and alphabet.

    Raises:
        MissingError: HUB-P032, the package is not installed or is built otherwise.
        DataError: HUB-D020, its data is damaged.
    """
    try:
        processor = importlib.import_module(f"{_PACKAGE}.CEFRDataProcessor").CEFRDataProcessor
        tags = {int(tag): str(tag) for tag in importlib.import_module(f"{_PACKAGE}.POSTag").POSTag}
    except ModuleNotFoundError as error:
        raise MissingError("HUB-P032", "the list of words is not installed", str(error), _UPDATE) from error
    except AttributeError as error:
        raise MissingError("HUB-P032", "the list of words was not found in cefrpy", str(error), _UPDATE) from error
    except Exception as error:  # cefrpy raises bare exceptions while it is imported, when its file is damaged
        raise _damaged(error) from error
    try:
        return list(_entries(processor().yield_word_pos_level(word_lenght_sort=True), tags))
    except Exception as error:
        raise _damaged(error) from error


def _entries(found: Iterable[tuple[str, int, float]], tags: dict[int, str]) -> Iterator[Entry]:
    for word, tag, value in found:
        if not 1.0 <= value <= HIGHEST:
            raise ValueError(f"level {value} of {word!r} is outside 1 to 6")
        yield Entry(word, tags[tag], float(value))


def _damaged(error: Any) -> DataError:
    why = f"{type(error).__name__}: {error}"
    return DataError("HUB-D020", "the data of cefrpy cannot be read", why, f"pip install --force-reinstall {_PACKAGE}")
