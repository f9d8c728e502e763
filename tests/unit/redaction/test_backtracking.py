"""No text takes more than time in proportion to its length: every form has an upper limit, and steps are counted."""

from __future__ import annotations

import re
import re._constants as constants  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from hub.contract import Pattern
from hub.data.redaction import BASE
from tests.support.regex_steps import steps

LONGEST = 700
MODULES = (*(redactor.function.partition(":")[0] for redactor in BASE), "hub_medical.redactor", "hub_legal.redactor")
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)


def patterns() -> list[Pattern]:
    return [pattern for name in MODULES for pattern in import_module(name).PATTERNS]


def forms() -> list[str]:
    return list(dict.fromkeys(pattern.form for pattern in patterns()))


def test_there_are_forms() -> None:
    assert len(forms()) > 60


@pytest.mark.parametrize("form", patterns(), ids=lambda pattern: pattern.kind)
def test_forms_have_an_upper_limit(form: Pattern) -> None:
    assert parser.parse(form.form).getwidth()[1] <= LONGEST
    assert all(most < parser.MAXREPEAT for most in repeats(parser.parse(form.form)))


def repeats(tree: Any) -> Iterator[int]:
    """Yield the upper limits of all repetitions."""
    for op, argument in tree:
        if op in REPEATS:
            yield int(argument[1])
        for each in argument if isinstance(argument, tuple) else (argument,):
            for part in each if isinstance(each, list) else (each,):
                if isinstance(part, parser.SubPattern):
                    yield from repeats(part)


UNITS = ["a", "1", "1 ", "a.", "a@a.", ":", "1:", "+1", "0", "Aa v. ", "AB12", "1.", "a'", "MRN ", "4111 ", "DE89 "]


@pytest.mark.parametrize("unit", UNITS)
def test_steps_grow_with_the_length_only(unit: str) -> None:
    short, long = unit * (160 // len(unit)), unit * (320 // len(unit))

    for form in forms():
        few, many = steps(form, short), steps(form, long)
        assert many <= 2.3 * few + 200, (form, few, many)
        assert many <= 3000 * len(long), (form, many)


def test_the_counter_sees_a_catastrophe() -> None:
    assert steps(r"(?:a{1,30}){1,30}b", "a" * 24, limit=200_000) > 100_000
    assert steps(r"a{1,30}b", "a" * 24) < 2_000


@pytest.mark.parametrize(
    "form", [r"(a|b)\1c", r"(?<!x)[0-9]{2,3}(?=y)", r"(?i)AB+?", r"a{1,3}+a", r"\bfoo\B", r"(?<=q)z"]
)
def test_the_counter_matches_as_re_does(form: str) -> None:
    for text in ("aac", "bbc x12y 123y", "AbaB", "aaaa", "foobar foo", "qz z", ""):
        found: list[tuple[int, int]] = []
        steps(form, text, found=found)
        assert found == [match.span() for match in re.finditer(form, text)]
