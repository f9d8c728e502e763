from __future__ import annotations

import pytest

from hub.contract import find_patterns, resolve
from hub_medical.redactor import MEDICAL, PATTERNS, find, is_dea_number, is_nhs_number, is_npi


def found(text: str) -> list[tuple[str, str, bool]]:
    return [(text[d.start : d.end], d.kind, d.certain) for d in find(text)]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        # Examples of NHS, CMS and DEA
        ("NHS number: 943 476 5919", "943 476 5919", "nhs-number"),
        ("NHS no. 4505577104", "4505577104", "nhs-number"),
        ("NPI 1234567893", "1234567893", "npi"),
        ("DEA BP5836727", "BP5836727", "dea-number"),
        ("MBI 1EG4-TE5-MK73", "1EG4-TE5-MK73", "medicare-beneficiary"),
        ("MRN: 00123456", "00123456", "medical-record-number"),
        ("medical record number is A-998877.", "A-998877", "medical-record-number"),
        ("Patient ID #12345-6", "12345-6", "medical-record-number"),
        ("admitted on 3/14", "3/14", "care-date"),
        ("Discharged March 20, 2021.", "March 20, 2021", "care-date"),
        ("DOS 2021-03-20", "2021-03-20", "care-date"),
        ("a 94-year-old man", "94", "age-over-89"),
        ("aged 101", "101", "age-over-89"),
    ],
)
def test_what_is_found(text: str, value: str, kind: str) -> None:
    assert found(text) == [(value, kind, True)]


@pytest.mark.parametrize(
    "text",
    [
        "NHS number 943 476 5918",
        "NPI 1234567890",
        "1234567893",  # nothing says that it is an NPI
        "DEA BP5836728",
        "MRN pending",
        "MRN: [MEDICAL_RECORD_NUMBER_1]",
        "an 89-year-old",
        "aged 94%",
        "BP 120/80, SpO2 94 %, 5/10 pain",
        "I21.4 Non-ST elevation myocardial infarction",
        "",
    ],
)
def test_what_is_none(text: str) -> None:
    assert found(text) == []


def test_a_grouped_nhs_number_alone_is_possible() -> None:
    assert found("see 943 476 5919 today") == [("943 476 5919", "nhs-number", False)]


def test_check_digits_catch_changed_digits() -> None:
    cases = (
        (is_nhs_number, "9434765919", range(10)),
        (is_npi, "1234567893", range(10)),
        (is_dea_number, "BP5836727", (2, 4, 6, 8)),  # the doubled ones between do not tell 0 from 5
    )
    for check, number, places in cases:
        assert check(number)
        for place in places:
            others = [digit for digit in "0123456789" if digit != number[place]]
            assert not any(check(number[:place] + digit + number[place + 1 :]) for digit in others)


def test_a_number_further_behind_its_word_is_possible() -> None:
    assert found("NPI 1234567893 or 1245319599") == [("1234567893", "npi", True), ("1245319599", "npi", False)]


def test_declaration() -> None:
    assert resolve(MEDICAL.patterns) is PATTERNS
    assert {pattern.kind for pattern in PATTERNS if pattern.weak} == {"nhs-number", "npi", "dea-number"}
    assert {pattern.kind for pattern in PATTERNS} == set(MEDICAL.kinds)
    assert list(find_patterns("", PATTERNS)) == []
