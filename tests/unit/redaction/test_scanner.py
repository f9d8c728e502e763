"""What redactors may do wrong, what a declaration may say, and that the base declares what it finds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from hub.contract import Detection, MissingError, Pattern, Redactor, find_patterns, resolve
from hub.data.redaction import BASE, PRESIDIO, Scanner
from hub.host.reserved import REDACTORS

SECRET = "secret-7731"


@pytest.fixture
def module() -> Iterator[ModuleType]:
    made = ModuleType("made_up_redactor")
    sys.modules["made_up_redactor"] = made
    yield made
    del sys.modules["made_up_redactor"]


def scanner() -> Scanner:
    return Scanner((Redactor("made-up", "s", "made_up_redactor:find", ("thing",), "1.0"),))


def boom(text: str) -> list[Detection]:
    raise RuntimeError(text)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (boom, "it raised RuntimeError"),
        (lambda text: [Detection(0, len(text) + 1, "thing", True)], "ends at 12 of 11 characters"),
        (lambda text: [Detection(0, 1, "other", True)], "kind 'other', which it does not declare"),
        (lambda text: [(0, 1)], "it gave a tuple, not a Detection"),
        (lambda text: None, "it raised TypeError"),
    ],
)
def test_a_redactor_that_fails_is_named_and_the_text_is_not(module: ModuleType, function: object, why: str) -> None:
    module.find = function  # type: ignore[attr-defined]

    with pytest.raises(MissingError) as caught:
        scanner().find(SECRET)

    assert caught.value.code == "HUB-P034"
    assert why in caught.value.why
    assert SECRET not in str(caught.value)


def test_a_missing_function_is_named() -> None:
    with pytest.raises(MissingError, match="HUB-P010"):
        Scanner((Redactor("x", "s", "hub.data.redaction:no_such", ("thing",), "1.0"),)).find("text")


def test_missing_patterns_are_named() -> None:
    made = Redactor("x", "s", "hub.data.redaction:certain_kinds", ("thing",), "1.0", "hub.data.redaction:no_such")
    with pytest.raises(MissingError, match="HUB-P010"):
        Scanner((made,)).informed([])


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Two Words"},
        {"function": "no reference"},
        {"kinds": ()},
        {"kinds": ("a", "a")},
        {"kinds": ("A b",)},
        {"patterns": "no reference"},
    ],
)
def test_bad_declarations(values: dict[str, object]) -> None:
    good = {"name": "x", "summary": "s", "function": "a:b", "kinds": ("thing",), "contract": "1.0"}

    Redactor(**good)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        Redactor(**{**good, **values})  # type: ignore[arg-type]


def test_bad_detections_and_patterns() -> None:
    for start, end in ((-1, 2), (2, 2), (3, 2)):
        with pytest.raises(ValueError):
            Detection(start, end, "thing", True)
    with pytest.raises(ValueError, match="perhaps"):
        Pattern("thing", "x", alone="perhaps")
    with pytest.raises(ValueError, match="never match"):
        Pattern("thing", "x", alone="no")


def test_patterns_of_a_plugin() -> None:
    number = Pattern("badge", r"badge (?P<value>[0-9]{3})", lambda value: value != "000", digits=3)
    named = Pattern("code", r"\b[A-Z]{4}\b", words="code", alone="possible")
    text = "badge 000, badge 123; code ABCD " + "x" * 60 + " EFGH"

    found = [(text[d.start : d.end], d.kind, d.certain) for d in find_patterns(text, (number, named))]

    assert found == [("123", "badge", True), ("ABCD", "code", True), ("EFGH", "code", False)]


def test_the_base_declares_what_its_patterns_find() -> None:
    for redactor in BASE:
        module = sys.modules[resolve(redactor.function).__module__]
        assert set(module.KINDS) == set(redactor.kinds) == {pattern.kind for pattern in module.PATTERNS}
        if any(pattern.weak for pattern in module.PATTERNS):
            assert resolve(redactor.patterns) is module.PATTERNS


def test_names_of_the_base_are_reserved() -> None:
    assert {redactor.name for redactor in (*BASE, PRESIDIO)} == REDACTORS
