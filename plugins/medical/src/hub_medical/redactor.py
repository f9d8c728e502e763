"""Personal data of patients and those who treat them: record numbers, NHS number, NPI, DEA, MBI, days of care, ages.

The list follows the identifiers of 45 CFR 164.514(b)(2) (HIPAA Safe Harbor) as far as a pattern can tell them.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.contract import Detection, Pattern, Redactor, compact, digits_of, find_patterns, passes_luhn

_B, _E = r"(?<![\w.,/-])", r"(?![\w/-])(?![.,][0-9])"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DAY = (
    r"(?:[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:[0-9]{4}|[0-9]{2})"
    rf"|[0-9]{{1,2}}[-./][0-9]{{1,2}}|[0-9]{{1,2}}(?:st|nd|rd|th)? {_MONTH}\.?(?:,? [0-9]{{4}})?"
    rf"|{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?(?:,? [0-9]{{4}})?)"
)
_CARE = (
    r"admitted|admission|discharged?|date of (?:service|admission|discharge|death|surgery)|dos|doa|dod|deceased|died"
    r"|seen|visit|operated|surgery|procedure|collected|appointment|follow-?up|transferred|expired"
)
_RECORD = (
    r"(?:mrn|medical record|med\.? rec\.?|health record|hospital (?:number|no|id)|patient (?:id|no|number|identifier)"
    r"|chart|case file|encounter|accession|account|pat\.?-?(?:id|nr))"
)


def is_nhs_number(value: str) -> bool:
    """Return whether the tenth digit is the check digit modulo 11.

    Source: NHS Data Model and Dictionary, NHS NUMBER.
    """
    digits = digits_of(value)
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    check = (11 - total % 11) % 11
    return digits[0] not in "01258" and check != 10 and check == int(digits[9])


def is_npi(value: str) -> bool:
    """Return whether the number with 80840 in front passes Luhn.

    Source: Centers for Medicare and Medicaid Services, NPI check digit calculation.
    """
    digits = digits_of(value)
    return len(digits) == 10 and digits[0] in "12" and passes_luhn("80840" + digits)


def is_dea_number(value: str) -> bool:
    """Return whether the seventh digit is the last one of the first, third and fifth plus twice the others.

    Source: 21 CFR 1301 and the Drug Enforcement Administration's registration numbers.
    """
    digits = [int(digit) for digit in compact(value)[2:]]
    return (digits[0] + digits[2] + digits[4] + 2 * (digits[1] + digits[3] + digits[5])) % 10 == digits[6]


PATTERNS = (
    Pattern(
        "medical-record-number",
        rf"(?i)(?<!\w){_RECORD}(?: (?:number|no\.?|nr\.?|id))?(?: is)?[ \u00a0]{{0,2}}[:#=]?[ \u00a0]{{0,2}}"
        r"(?P<value>(?:[a-z]{1,3}-?)?[0-9][0-9-]{3,12}[0-9])(?![\w/])",
        digits=5,
    ),
    Pattern(
        "nhs-number",
        rf"{_B}[0-9]{{3}}([ -])[0-9]{{3}}\1[0-9]{{4}}{_E}",
        is_nhs_number,
        r"nhs( number| no\.?)?",
        "possible",
        10,
        checked=(-1,),
    ),
    Pattern("nhs-number", rf"{_B}[0-9]{{10}}{_E}", is_nhs_number, r"nhs|nhs number|nhs no\.?", "no", 10, checked=(-1,)),
    Pattern("npi", rf"{_B}[12][0-9]{{9}}{_E}", is_npi, r"npi|national provider identifier", "no", 10, checked=(-1,)),
    Pattern(
        "dea-number",
        rf"{_B}[ABCDEFGHJKLMPRSTUX][A-Z9][0-9]{{7}}{_E}",
        is_dea_number,
        r"dea( number| no\.?| #)?",
        "possible",
        7,
        checked=(-1,),
    ),
    Pattern(
        "medicare-beneficiary",
        rf"{_B}[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?"
        rf"[AC-HJKMNP-RT-Y]{{2}}[0-9]{{2}}{_E}",
        None,
        r"mbi|medicare|beneficiary",
        "possible",
        4,
    ),
    Pattern("care-date", rf"(?i){_B}{_DAY}{_E}", None, _CARE, "no", 1),
    Pattern(
        "age-over-89",
        r"(?i)(?<![\w.,/-])(?P<value>9[0-9]|1[01][0-9])[ -]?(?:years?|yrs?)?[ -]?(?:old|y/?o|of age)(?!\w)",
        digits=2,
    ),
    Pattern("age-over-89", r"(?i)(?<!\w)aged? (?P<value>9[0-9]|1[01][0-9])(?![\w%])(?![.,/-][0-9])", digits=2),
)

MEDICAL = Redactor(
    name="medical",
    summary="Record numbers, NHS number, NPI, DEA, MBI, days of care, ages over 89",
    function="hub_medical.redactor:find",
    kinds=tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS)),
    contract="1.0",
    patterns="hub_medical.redactor:PATTERNS",
)


def find(text: str) -> Iterator[Detection]:
    """Yield the personal data of a clinical text."""
    return find_patterns(text, PATTERNS)
