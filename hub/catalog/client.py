"""Reads the catalogue (the user's own copy, or the shipped one), searches it and finds entries by name."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hub.catalog.registry import FILE, shipped_bytes
from hub.catalog.schema import MAX_BYTES, BaseEntry, ModelEntry, PluginEntry, Registry, parse
from hub.contract.errors import DataError, UsageError, nearest

Entry = TypeVar("Entry", PluginEntry, BaseEntry, ModelEntry)

_CODES = (
    "arabic=ar bulgarian=bg chinese=zh croatian=hr czech=cs danish=da dutch=nl english=en estonian=et finnish=fi"
    " french=fr german=de greek=el hebrew=he hindi=hi hungarian=hu indonesian=id italian=it japanese=ja korean=ko"
    " latvian=lv lithuanian=lt norwegian=no persian=fa polish=pl portuguese=pt romanian=ro russian=ru serbian=sr"
    " slovak=sk slovenian=sl spanish=es swahili=sw swedish=sv thai=th turkish=tr ukrainian=uk urdu=ur"
    " vietnamese=vi"
)
LANGUAGES: dict[str, str] = dict(pair.split("=") for pair in _CODES.split())
"""Names that people search by, to the codes in the catalogue."""


@dataclass(frozen=True)
class Catalogue:
    """A catalogue and where it comes from.

    Args:
        registry: its entries.
        file: the user's own copy that was read, ``None`` for the shipped one.
        note: what the user should know, ``""`` for nothing.
    """

    registry: Registry
    file: Path | None = None
    note: str = ""


@functools.cache
def shipped() -> Registry:
    """Return the catalogue that ships with the program."""
    return parse(shipped_bytes(), "the shipped catalogue")


def read_catalogue(folder: Path) -> Catalogue:
    """Return the user's own copy if there is a valid one, else the shipped catalogue.

    Args:
        folder: where `hub.catalog.refresh.refresh` puts the user's copy; it need not exist.
    """
    file = folder / FILE
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Catalogue(shipped())
    except OSError as error:
        return Catalogue(shipped(), note=f"cannot read {file}: {error.strerror}; the shipped catalogue is used")
    try:
        return Catalogue(parse(data, str(file)), file)
    except DataError as error:
        return Catalogue(shipped(), note=f"{error.what}: {error.why}; the shipped catalogue is used")


def search(entries: Iterable[Entry], words: Sequence[str]) -> tuple[Entry, ...]:
    """Return the entries that every word is found in, best first.

    A word counts most in a name, then in domains, tasks, formats and languages, then in the summary; a
    whole word counts more than the beginning of one, and that more than another part.

    Args:
        entries: of the catalogue.
        words: what the user wrote; white space inside a word separates words, none finds every entry.
    """
    wanted = [part for word in words for part in word.casefold().split()]
    scored = [(entry, [_score(entry, word) for word in wanted]) for entry in entries]
    found = [(entry, sum(scores)) for entry, scores in scored if all(scores)]
    return tuple(entry for entry, _ in sorted(found, key=lambda pair: (-pair[1], pair[0].name)))


def _score(entry: PluginEntry | BaseEntry | ModelEntry, word: str) -> int:
    terms = max(_match(_terms(entry), word), _match_language(entry, word))
    return max(12 * _match(_names(entry), word), 4 * terms, _match((entry.summary,), word))


def _match_language(entry: PluginEntry | BaseEntry | ModelEntry, word: str) -> int:
    """Return 3 when the word names a language of the model, 1 when the model is for many that are not listed."""
    code = LANGUAGES.get(word, word)
    languages = () if isinstance(entry, PluginEntry) else entry.languages
    if code in languages:
        return 3
    return int(word in LANGUAGES and "multilingual" in languages)


def _match(texts: Iterable[str], word: str) -> int:
    """Return 3 for a whole word, 2 for the beginning of one, 1 for another part, 0 for none.

    Of words of one or two letters only the whole word counts: they are codes of languages, and in every text.
    """
    best = 0
    for text in (text.casefold() for text in texts):
        parts = re.split(r"[^\w]+", text)
        if word == text or word in parts:
            return 3
        if len(word) > 2 and word in text:
            best = max(best, 2 if any(part.startswith(word) for part in (text, *parts)) else 1)
    return best


def _names(entry: PluginEntry | BaseEntry | ModelEntry) -> tuple[str, ...]:
    if isinstance(entry, PluginEntry):
        return (entry.name, entry.distribution)
    return (entry.name, entry.model if isinstance(entry, BaseEntry) else entry.repo)


def _terms(entry: PluginEntry | BaseEntry | ModelEntry) -> tuple[str, ...]:
    if isinstance(entry, PluginEntry):
        return (*entry.domains, *entry.tasks, *entry.formats)
    if isinstance(entry, BaseEntry):
        return (entry.licence, entry.tokenizer)
    return (entry.task, entry.licence)


def find_plugin(registry: Registry, name: str) -> PluginEntry:
    """Return a plugin or an exporter by distribution, short name, domain or format.

    Raises:
        UsageError: HUB-P051, the catalogue has none of this name; the nearest ones are named.
    """
    wanted = re.sub(r"[-_.]+", "-", name).lower()
    for entry in registry.suppliers:
        if wanted in (entry.distribution, entry.name):
            return entry
    for entry in registry.suppliers:
        if name in entry.domains or name in entry.formats:
            return entry
    known = [text for entry in registry.suppliers for text in (entry.name, entry.distribution)]
    why = nearest(name, known) or "the catalogue names no plugin"
    raise UsageError("HUB-P051", f"the catalogue has no plugin {name!r}", why, "see: hub plugins search")


def find_model(registry: Registry, name: str) -> BaseEntry | ModelEntry:
    """Return a base model or a published model by its name or its id on the Hub.

    Raises:
        UsageError: HUB-P052, the catalogue has none of this name; the nearest ones are named.
    """
    wanted = name.casefold()
    models: tuple[BaseEntry | ModelEntry, ...] = (*registry.base_models, *registry.models)
    for model in models:
        if wanted in {text.casefold() for text in _names(model)}:
            return model
    known = [text for model in models for text in _names(model)]
    why = nearest(name, known) or "the catalogue names no model"
    raise UsageError("HUB-P052", f"the catalogue has no model {name!r}", why, "see: hub models list")
