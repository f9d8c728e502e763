"""Payment cards (issuer, length and Luhn) and international bank account numbers (length by country and mod 97)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.contract.redactor import Detection, Pattern, compact, digits_of, find_patterns, passes_luhn
from hub.data.redaction.checksums import mod_97

_LENGTHS = (
    "NO15 BE16 DK18 FI18 FK18 FO18 GL18 NL18 SD18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 MN20 XK20 CH21 HR21 LI21 LV21"
    " BG22 BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 IQ23 OM23 SO23 TL23 AD24 CZ24 ES24 MD24 PK24"
    " RO24 SA24 SE24 SK24 TN24 VG24 LY25 PT25 ST25 IS26 TR26 BI27 DJ27 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28"
    " CY28 DO28 GT28 HN28 HU28 LB28 NI28 PL28 SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33"
)
"""Country and characters of an IBAN. Source: SWIFT, IBAN Registry (ISO 13616-1)."""

IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}

_ISSUERS = (
    ("4", (13, 16, 19)),  # Visa
    *((str(n), (16,)) for n in range(51, 56)),  # Mastercard
    *((str(n), (16,)) for n in range(2221, 2721)),
    ("34", (15,)),  # American Express
    ("37", (15,)),
    *((str(n), (14, 16, 19)) for n in (300, 301, 302, 303, 304, 305, 36, 38, 39)),  # Diners Club
    *((n, (16, 19)) for n in ("6011", "644", "645", "646", "647", "648", "649", "65")),  # Discover
    *((str(n), (16, 17, 18, 19)) for n in range(3528, 3590)),  # JCB
    ("62", (16, 17, 18, 19)),  # UnionPay
    *((str(n), tuple(range(12, 20))) for n in (5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763)),  # Maestro
    *((str(n), (16, 17, 18, 19)) for n in range(2200, 2205)),  # Mir
)
CARD_LENGTHS: dict[str, tuple[int, ...]] = dict(_ISSUERS)
"""First digits of a card to the lengths that its issuer uses. Source: ISO/IEC 7812-1 and the issuers' pages."""

_SEPARATOR = r"[ \u00a0\u202f\u2011.-]"
_B, _E = r"(?<![\w])(?<![0-9][.,/-])(?<![A-Za-z]{2}[0-9]{2} )", r"(?!\w)(?![.,/-][0-9])"


def is_card(value: str) -> bool:
    """Return whether a number has a known issuer, one of its lengths, and the check digit of Luhn."""
    digits = digits_of(value)
    lengths = next((CARD_LENGTHS[digits[:n]] for n in (4, 3, 2, 1) if digits[:n] in CARD_LENGTHS), ())
    return len(digits) in lengths and len(set(digits)) > 1 and passes_luhn(digits)


def is_iban(value: str) -> bool:
    """Return whether an account number has the length of its country, two check digits and the rest 1 by 97."""
    text = compact(value)
    sound = IBAN_LENGTHS.get(text[:2]) == len(text) and text.isascii() and text[2:4].isdigit()
    return sound and "02" <= text[2:4] <= "98" and mod_97(text)


def _iban_form() -> str:
    """Return a form with the exact length of every country, so that a word behind the number is not read as its end."""
    by_length: dict[int, list[str]] = {}
    for country, length in IBAN_LENGTHS.items():
        by_length.setdefault(length, []).append(country)
    parts = (
        rf"(?:{'|'.join(countries)}) ?[0-9]{{2}}(?:{_SEPARATOR}?[0-9A-Z]){{{length - 4}}}"
        for length, countries in sorted(by_length.items())
    )
    return rf"(?i)(?<![\w-])(?:{'|'.join(parts)})(?!\w)"


PATTERNS = (
    Pattern("iban", _iban_form(), is_iban, digits=2),  # some countries allow letters everywhere
    Pattern("payment-card", rf"{_B}[0-9]{{12,19}}{_E}", is_card, digits=12),
    Pattern("payment-card", rf"{_B}[0-9]{{4}}({_SEPARATOR})(?:[0-9]{{4}}\1){{2}}[0-9]{{4}}{_E}", is_card, digits=16),
    Pattern("payment-card", rf"{_B}[0-9]{{4}}({_SEPARATOR})(?:[0-9]{{4}}\1){{3}}[0-9]{{3}}{_E}", is_card, digits=19),
    Pattern("payment-card", rf"{_B}[0-9]{{4}}({_SEPARATOR})[0-9]{{6}}\1[0-9]{{4,5}}{_E}", is_card, digits=14),
)
KINDS = ("payment-card", "iban")


def find(text: str) -> Iterator[Detection]:
    """Yield the cards and accounts of a text."""
    return find_patterns(text, PATTERNS)
