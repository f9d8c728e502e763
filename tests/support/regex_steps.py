"""Counts the steps that a backtracking matcher takes for a regular expression, as Python's does."""

from __future__ import annotations

import functools
import itertools
import re
import re._constants as c  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator
from typing import Any


class _EnoughError(Exception):
    """The limit of steps is reached."""


class _Matcher:
    """Walks the parsed expression with generators: each way on is one place behind what was matched."""

    def __init__(self, text: str, flags: int, limit: int) -> None:
        self.text, self.limit, self.steps = text, limit, 0
        self.fold = bool(flags & re.IGNORECASE)
        self.groups: dict[int, tuple[int, int]] = {}

    def run(self, tree: Any, index: int, at: int, fold: bool) -> Iterator[int]:
        if index == len(tree):
            yield at
            return
        self.steps += 1
        if self.steps > self.limit:
            raise _EnoughError
        op, argument = tree[index]
        for end in self.item(op, argument, at, fold):
            yield from self.run(tree, index + 1, end, fold)

    def item(self, op: Any, argument: Any, at: int, fold: bool) -> Iterator[int]:
        if op in (c.LITERAL, c.NOT_LITERAL, c.IN, c.ANY, c.CATEGORY):
            if at < len(self.text) and self.fits(op, argument, self.text[at], fold):
                yield at + 1
        elif op is c.SUBPATTERN:
            group, add, remove, inner = argument
            inside = (fold or bool(add & re.IGNORECASE)) and not remove & re.IGNORECASE
            for end in self.run(inner, 0, at, inside):
                old = self.groups.get(group)
                if group is not None:
                    self.groups[group] = (at, end)
                yield end
                if group is not None and old is not None:
                    self.groups[group] = old
        elif op is c.BRANCH:
            for branch in argument[1]:
                yield from self.run(branch, 0, at, fold)
        elif op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            least, most, inner = argument
            ways = self.repeat(inner, least, most, at, fold, op is c.MIN_REPEAT)
            yield from itertools.islice(ways, 1) if op is c.POSSESSIVE_REPEAT else ways
        elif op in (c.ASSERT, c.ASSERT_NOT):
            yield from self.look(op, argument, at, fold)
        elif op is c.GROUPREF:
            start, stop = self.groups.get(argument, (0, -1))
            if stop >= 0 and self.text.startswith(self.text[start:stop], at):
                yield at + stop - start
        elif op is c.AT:
            yield from [at] if self.boundary(argument, at) else []
        else:
            raise NotImplementedError(str(op))

    def repeat(self, inner: Any, least: int, most: int, at: int, fold: bool, lazy: bool) -> Iterator[int]:
        if lazy and least <= 0:
            yield at
        if most > 0:
            for end in self.run(inner, 0, at, fold):
                if end > at:
                    yield from self.repeat(inner, least - 1, most - 1, end, fold, lazy)
        if not lazy and least <= 0:
            yield at

    def look(self, op: Any, argument: Any, at: int, fold: bool) -> Iterator[int]:
        direction, inner = argument
        begin = at - inner.getwidth()[0] if direction < 0 else at
        held = begin >= 0 and any(direction > 0 or end == at for end in self.run(inner, 0, begin, fold))
        if held is (op is c.ASSERT):
            yield at

    def boundary(self, where: Any, at: int) -> bool:
        before = at > 0 and _is_word(self.text[at - 1])
        after = at < len(self.text) and _is_word(self.text[at])
        if where is c.AT_BOUNDARY:
            return before is not after
        if where is c.AT_NON_BOUNDARY:
            return before is after
        raise NotImplementedError(str(where))

    def fits(self, op: Any, argument: Any, sign: str, fold: bool) -> bool:
        signs = {sign, sign.lower(), sign.upper()} if fold else {sign}
        if op is c.ANY:
            return sign != "\n"
        if op is c.LITERAL:
            return chr(argument) in signs
        if op is c.NOT_LITERAL:
            return chr(argument) not in signs
        if op is c.CATEGORY:
            return _CATEGORIES[argument](sign)
        members = [each for each in argument if each[0] is not c.NEGATE]
        held = any(self.member(kind, value, signs) for kind, value in members)
        return held is (len(members) == len(argument))

    def member(self, kind: Any, value: Any, signs: set[str]) -> bool:
        if kind is c.RANGE:
            return any(value[0] <= ord(each) <= value[1] for each in signs if len(each) == 1)
        return any(self.fits(kind, value, each, False) for each in signs if len(each) == 1)


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    c.CATEGORY_WORD: _is_word,
    c.CATEGORY_NOT_WORD: lambda sign: not _is_word(sign),
    c.CATEGORY_DIGIT: str.isdecimal,
    c.CATEGORY_NOT_DIGIT: lambda sign: not sign.isdecimal(),
    c.CATEGORY_SPACE: lambda sign: sign.isspace(),
    c.CATEGORY_NOT_SPACE: lambda sign: not sign.isspace(),
}


@functools.cache
def _parsed(form: str) -> Any:
    return parser.parse(form)


def steps(form: str, text: str, limit: int = 10_000_000, found: list[tuple[int, int]] | None = None) -> int:
    """Return the steps that finding every match of an expression takes.

    Args:
        form: regular expression.
        text: to search.
        limit: of steps; the count ends there.
        found: gets the places of the matches.
    """
    tree = _parsed(form)
    matcher = _Matcher(text, tree.state.flags, limit)
    at = 0
    try:
        while at <= len(text):
            matcher.groups.clear()
            end = next(matcher.run(tree, 0, at, matcher.fold), None)
            if end is not None and found is not None:
                found.append((at, end))
            at = end if end is not None and end > at else at + 1
    except _EnoughError:
        return limit
    return matcher.steps
