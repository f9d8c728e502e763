"""Words and their CEFR levels as rows in four splits with two slices."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hub.contract import Dataset, Example, LoadRequest
from hub_education.families import families
from hub_education.labels import CEFR
from hub_education.words import Entry, read_entries

WITH_PART = "word-and-part"
ALONE = "word-alone"

SHARES = {"test": 0.08, "validation": 0.04, "calibration": 0.04}
"""Share of the word families of each level that a split holds out."""


def load(request: LoadRequest) -> Dataset:
    """Load the words of the installed cefrpy.

    Args:
        request: only the seed is used.

    Raises:
        MissingError: HUB-P032, cefrpy is not installed.
        DataError: HUB-D020, its data is damaged.
    """
    return split_entries(read_entries(), request.seed)


def split_entries(entries: Sequence[Entry], seed: int) -> Dataset:
    """Choose, split and describe the words.

    Args:
        entries: the whole table.
        seed: of every draw; one level's draw does not depend on the others.
    """
    named = [entry for entry in entries if entry.part]
    kept = [entry for entry in named if not entry.default]
    base = families(entry.word for entry in kept)
    homes = _split_families(kept, base, seed)
    alone = _plain_words(named)
    rows: dict[str, list[Example]] = {"train": [], **{split: [] for split in SHARES}}
    for entry in kept:
        split = homes[base[entry.word]]
        rows[split].append(_row(f"{entry.word} ({entry.part})", entry.level, entry, base, split, WITH_PART))
        if alone.pop(entry.word, ""):  # once a word
            rows[split].append(_row(entry.word, entry.level, entry, base, split, ALONE))
    counts = {
        "entries": len(entries),
        "names_and_function_words": len(entries) - len(named),
        "default_entries": sum(entry.default for entry in entries),
        "entries_used": len(kept),
        "words": len(base),
        "families": len(homes),
        "words_alone": sum(len(found) for found in rows.values()) - len(kept),
    }
    return Dataset((), counts=counts, notes=_notes(counts)).with_splits(rows)


def _plain_words(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the words whose entries agree on one level that is no default."""
    levels: dict[str, set[str]] = {}
    for entry in entries:
        levels.setdefault(entry.word, set()).add("" if entry.default else entry.level)
    return {word: min(found) for word, found in levels.items() if len(found) == 1 and min(found)}


def _split_families(entries: Iterable[Entry], base: Mapping[str, str], seed: int) -> dict[str, str]:
    """Return the split of every family; a family counts for the level that most of its entries have."""
    levels: dict[str, Counter[str]] = {}
    for entry in entries:
        levels.setdefault(base[entry.word], Counter())[entry.level] += 1
    piles: dict[str, list[str]] = {}
    for family, counts in levels.items():
        piles.setdefault(max(sorted(counts), key=counts.__getitem__), []).append(family)
    homes: dict[str, str] = {}
    for level in (label.id for label in CEFR):
        order = sorted(piles.get(level, ()))
        total = len(order)
        random.Random(f"{seed}:{level}").shuffle(order)
        for split, share in SHARES.items():
            for _ in range(min(max(1, round(share * total)), max(0, len(order) - 1))):
                homes[order.pop()] = split
        homes |= dict.fromkeys(order, "train")
    return homes


def _row(text: str, label: str, entry: Entry, base: Mapping[str, str], split: str, part: str) -> Example:
    return Example(
        text=text,
        label=label,
        group=base[entry.word],
        slice="" if split == "train" else part,
        origin=f"{entry.word}/{entry.tag}",
    )


def _notes(counts: Mapping[str, int]) -> tuple[str, ...]:
    return (
        f"The rows are words and parts of speech of the table in cefrpy ({counts['entries']:,} entries).",
        "How the levels arose: the author of the table took the levels of the CEFR-J word list, which ends at B2, and"
        " gave all other entries a level by rule: the mean level of the same word's other parts of speech, of its"
        " lemma or of its stem, and where there was none the level that words of its frequency in Google Books have."
        " So most levels are computed, C1 and C2 from frequency alone, and no teacher has looked at them.",
        f"The {counts['default_entries']:,} entries at exactly 6.0 are left out: every word rarer than the average"
        " C2 word has that level by default.",
        f"{counts['names_and_function_words']:,} entries tagged as names, numbers or function words are left out too:"
        " names have no level, and most words tagged as function words are none. Nouns, verbs, adjectives and adverbs"
        f" stay: {counts['entries_used']:,} entries of {counts['words']:,} words. Their tags were found without a"
        " sentence, so that some pairs of word and part of speech do not exist.",
        f'Slice {WITH_PART}: the text is the word with its part of speech, "abandon (verb)". Slice {ALONE}: the word'
        f" by itself, for the {counts['words_alone']:,} words whose entries all have one level.",
        f"Whole word families are held out (a word and its forms by spelling, {counts['families']:,} families), level"
        f" by level: {SHARES['test']:.0%} for test, {SHARES['validation']:.0%} for validation,"
        f" {SHARES['calibration']:.0%} for calibration.",
    )
