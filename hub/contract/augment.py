"""Ways to change a text that leave its meaning: typing errors, other numbers, phrases that say the same.

Every choice is made by the `random.Random` that is handed in, so that equal draws give equal texts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

AUGMENTATIONS = {"typos": "hub.contract.augment:typos", "numbers": "hub.contract.augment:jitter_numbers"}
"""What a recipe may name for any task that reads text, and the functions behind it."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: "".join(row[max(0, place - 1) : place] + row[place + 1 : place + 2])
    for row in _ROWS
    for place, letter in enumerate(row)
}
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_WORDS_PER_TYPO = 8
_JITTER = 0.1
_MOST_DIGITS = 9
# Digits that stand alone: no part of a word or a code, of a date or a time, and no negative sign is made of a hyphen.
_NUMBER = re.compile(r"(?<![\w.,:/-])\d+(?:\.\d+)?(?![\w:/-]|[.,]\d)")


def typos(text: str, draw: random.Random) -> str:
    """Put typing errors into about one of eight words, at least into one.

    An error swaps two letters, drops one, doubles one or hits the key beside it. First letters stay, and so do words of
    fewer than four letters: what is left of them says too little.

    Args:
        text: to change.
        draw: makes the choices.

    Returns:
        The text; as it is when it has no word of four letters.
    """
    places = [found.span() for found in _LONG_WORD.finditer(text)]
    if not places:
        return text
    chosen = sorted(draw.sample(places, max(1, len(places) // _WORDS_PER_TYPO)), reverse=True)
    for start, end in chosen:
        text = text[:start] + _mistyped(text[start:end], draw) + text[end:]
    return text


def _mistyped(word: str, draw: random.Random) -> str:
    place = draw.randrange(1, len(word) - 1)
    kind = draw.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    if kind == 2:
        return word[: place + 1] + word[place:]
    near = _NEIGHBOURS.get(word[place].lower(), "")
    return word[:place] + (draw.choice(near) if near else word[place]) + word[place + 1 :]


def jitter_numbers(text: str, draw: random.Random) -> str:
    """Change every number by at most a tenth; decimals keep their number of digits.

    Numbers in codes, dates and times stay, and so do those with a leading zero or more than nine digits: they name
    something and measure nothing. So do small ones whose next neighbour is further off than a tenth.

    Args:
        text: to change.
        draw: makes the choices.
    """

    def other(found: re.Match[str]) -> str:
        number = found[0]
        whole, _, decimals = number.partition(".")
        if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
            return number
        value = float(number)
        changed = f"{value * draw.uniform(1 - _JITTER, 1 + _JITTER):.{len(decimals)}f}"
        # Rounded to its digits a small number may land further off: 6.6 is written 7. The last term is of floats alone.
        return changed if abs(float(changed) - value) <= value * (_JITTER + 1e-9) else number

    return _NUMBER.sub(other, text)


def swap_phrases(text: str, pairs: Sequence[tuple[str, str]], draw: random.Random) -> str:
    """Replace phrases by others that say the same, in either direction: each one found with a chance of one half.

    When chance would leave all as they are, one of them is replaced all the same. A phrase in capitals ("MI") is found
    in capitals only, any other one however it is written; both only as whole words.

    Args:
        text: to change.
        pairs: phrases that stand for each other; a tuple, which is prepared once. A phrase that is in several pairs is
            replaced by any of its partners.
        draw: makes the choices.

    Returns:
        The text; as it is when it has none of the phrases.
    """
    partners, pattern = _prepared(tuple(pairs))
    found = [match for match in pattern.finditer(text) if _key(match[0], partners) in partners]
    if not found:
        return text
    chosen = [match for match in found if draw.random() < 0.5] or [draw.choice(found)]
    for match in reversed(chosen):
        text = text[: match.start()] + draw.choice(partners[_key(match[0], partners)]) + text[match.end() :]
    return text


def _key(phrase: str, partners: dict[str, list[str]]) -> str:
    """Return what a phrase of a text is listed under: capitals as they are, all others folded."""
    return phrase if phrase in partners else phrase.casefold()


@lru_cache(maxsize=16)
def _prepared(pairs: tuple[tuple[str, str], ...]) -> tuple[dict[str, list[str]], re.Pattern[str]]:
    partners: dict[str, list[str]] = {}
    for first, second in pairs:
        for phrase, other in ((first, second), (second, first)):
            partners.setdefault(phrase if phrase.isupper() else phrase.casefold(), []).append(other)
    # The longest first: "acute kidney injury" before "kidney".
    longest = sorted(partners, key=lambda phrase: (-len(phrase), phrase))
    words = "|".join(re.escape(phrase) if phrase.isupper() else f"(?i:{re.escape(phrase)})" for phrase in longest)
    return partners, re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)")
