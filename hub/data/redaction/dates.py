"""Days: every date is possible personal data, one behind a word of birth is certain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.contract.redactor import Detection, Pattern, compiled, find_patterns
from hub.data.redaction.checksums import is_day, is_short_day

_MONTHS = (
    "jan|janv|ene|gen|januar|january|janvier|enero|gennaio|januari|jänner",
    "feb|févr|fév|fev|februar|february|février|febrero|febbraio|februari",
    "mar|mär|mars|march|märz|marzo|maart|mrz",
    "apr|avr|abr|april|avril|abril|aprile",
    "may|mai|mayo|maggio|mei|mag",
    "jun|juin|june|juni|junio|giugno|giu",
    "jul|juil|july|juli|juillet|julio|luglio|lug",
    "aug|août|aout|ago|august|agosto|augustus",
    "sep|sept|set|september|septembre|septiembre|settembre",
    "oct|okt|ott|october|oktober|octobre|octubre|ottobre",
    "nov|november|novembre|noviembre",
    "dec|dez|déc|dic|december|dezember|décembre|diciembre|dicembre",
)
"""Months in English, German, French, Spanish, Italian and Dutch."""

_BIRTH = (
    r"born(?: on| in)?|birth|birthday|birthdate|b-?day|dob|d\.o\.b\.?|date of birth"
    r"|geb\.?|geboren(?: am| op)?|geburtsdatum|geburtstag|n[eé]e?(?: le)?|date de naissance|naissance"
    r"|nacid[oa](?: el)?|fecha de nacimiento|nat[oa](?: il)?|data di nascita|geboortedatum"
)
_B, _E = r"(?<![\w.,/-])", r"(?![\w/-])(?![.,][0-9])"


def _names() -> str:
    return "|".join(sorted((name for month in _MONTHS for name in month.split("|")), key=len, reverse=True))


def is_date(value: str) -> bool:
    """Return whether a date of numbers stands in the calendar: day or month first, or the year; 1900 to 2099."""
    parts = re.findall(r"[0-9]{1,4}", value)
    first, second, third = map(int, parts)
    if len(parts[0]) == 4:
        return 1900 <= first <= 2099 and is_day(first, second, third)
    if len(parts[2]) == 2:
        return is_short_day(third, second, first) or is_short_day(third, first, second)
    return 1900 <= third <= 2099 and (is_day(third, second, first) or is_day(third, first, second))


def is_written_date(value: str) -> bool:
    """Return whether a date with the name of a month stands in the calendar."""
    name = compiled(rf"(?i){_names()}").search(value)
    numbers = [int(number) for number in re.findall(r"[0-9]{1,4}", value)]
    if name is None or len(numbers) != 2:
        return False
    month = next(i for i, names in enumerate(_MONTHS, 1) if name[0].lower() in names.split("|"))
    day, year = (numbers[1], numbers[0]) if numbers[0] > 31 else (numbers[0], numbers[1])
    return 1900 <= year <= 2099 and is_day(year, month, day)


_FORMS = (
    (rf"{_B}[0-9]{{4}}([-./])[0-9]{{1,2}}\1[0-9]{{1,2}}(?:(?=T[0-9])|{_E})", is_date, 6),
    (rf"{_B}[0-9]{{1,2}}([-./])[0-9]{{1,2}}\1[0-9]{{4}}{_E}", is_date, 6),
    (rf"{_B}[0-9]{{1,2}}([-/])[0-9]{{1,2}}\1[0-9]{{2}}{_E}", is_date, 4),
    (rf"{_B}[0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{2}}{_E}", is_date, 6),  # with single digits it would be a version
    (
        rf"(?i){_B}[0-9]{{1,2}}(?:st|nd|rd|th|er|\.)?[ \u00a0-](?:de |of )?(?:{_names()})\.?,?"
        rf"(?: de)?[ \u00a0-][0-9]{{4}}{_E}",
        is_written_date,
        5,
    ),
    (rf"(?i){_B}(?:{_names()})\.?[ \u00a0][0-9]{{1,2}}(?:st|nd|rd|th)?,?[ \u00a0][0-9]{{4}}{_E}", is_written_date, 5),
)
PATTERNS = (
    *(Pattern("date-of-birth", form, check, _BIRTH, "no", digits) for form, check, digits in _FORMS),
    *(Pattern("date", form, check, "", "possible", digits) for form, check, digits in _FORMS),
)
KINDS = ("date", "date-of-birth")


def find(text: str) -> Iterator[Detection]:
    """Yield the dates of a text."""
    return find_patterns(text, PATTERNS)
