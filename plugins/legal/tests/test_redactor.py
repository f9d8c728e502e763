from __future__ import annotations

import pytest

from hub_legal.redactor import LEGAL, PATTERNS, find


def found(text: str) -> set[tuple[str, str]]:
    return {(text[d.start : d.end], d.kind) for d in find(text)}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Case 1:21-cv-01234-ABC was closed", {"1:21-cv-01234-ABC"}),
        ("Docket No. 20-1234", {"20-1234"}),
        ("in C-131/12 the court", {"C-131/12"}),
        ("BGH, VI ZR 144/19", {"VI ZR 144/19"}),
        ("1 BvR 16/13", {"1 BvR 16/13"}),
        ("[2020] EWHC 123 (Ch)", {"[2020] EWHC 123"}),
    ],
)
def test_numbers_of_cases(text: str, values: set[str]) -> None:
    assert {value for value, kind in found(text) if kind == "case-number"} == values


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("In Smith v. Jones the court", {"Smith", "Jones"}),
        ("Maria de la Cruz vs. O'Connor", {"Maria de la Cruz", "O'Connor"}),
        ("R v Smith", {"R", "Smith"}),
        ("before Judge A. B. Ortiz and Mrs Jane Doe", {"A. B. Ortiz", "Jane Doe"}),
        ("the plaintiff Émile Zola said", {"Émile Zola"}),
        ("Frau Müller-Lüdenscheidt", {"Müller-Lüdenscheidt"}),
    ],
)
def test_names(text: str, names: set[str]) -> None:
    assert names <= {value for value, kind in found(text) if kind == "name"}
    assert not any(each.certain for each in find(text) if each.kind == "name")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the defendant shall pay within 30 days",
        "section 12(3) of the Act",
        "this case is closed",
        "version 2 v. version 3",
        "[NAME_1] v. [NAME_2]",
        "Case No. [CASE_NUMBER_1]",
        "dr. of the",
    ],
)
def test_what_is_none(text: str) -> None:
    assert found(text) == set()


def test_declaration() -> None:
    assert {pattern.kind for pattern in PATTERNS} == set(LEGAL.kinds)
