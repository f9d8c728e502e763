"""The program's own redactors, and the one question that publishing asks."""

from __future__ import annotations

from collections.abc import Sequence

from hub.contract.domain import CONTRACT_VERSION
from hub.contract.redactor import Redactor
from hub.data.redaction.scanner import Scanner

_HERE = "hub.data.redaction"

_NATIONAL = (
    "us-ssn us-itin ca-sin br-cpf mx-curp uk-nino ie-pps de-tax-id fr-nir nl-bsn be-national-number ch-ahv at-svnr"
    " es-dni es-nie it-codice-fiscale pt-nif hr-oib tr-kimlik se-personnummer fi-hetu no-fodselsnummer dk-cpr pl-pesel"
    " cz-rodne-cislo ro-cnp bg-egn ee-isikukood in-aadhaar cn-resident-id kr-rrn au-tfn"
)

BASE = (
    Redactor(
        "contact",
        "E-mail addresses, telephone numbers, IP addresses",
        f"{_HERE}.contact:find",
        ("email", "phone", "ip-address"),
        CONTRACT_VERSION,
    ),
    Redactor(
        "payment",
        "Payment cards (Luhn) and bank accounts (IBAN)",
        f"{_HERE}.payment:find",
        ("payment-card", "iban"),
        CONTRACT_VERSION,
    ),
    Redactor(
        "national-ids",
        "Numbers that states give to people",
        f"{_HERE}.national:find",
        tuple(_NATIONAL.split()),
        CONTRACT_VERSION,
        f"{_HERE}.national:PATTERNS",
    ),
    Redactor(
        "dates",
        "Dates, and dates of birth where a word says so",
        f"{_HERE}.dates:find",
        ("date", "date-of-birth"),
        CONTRACT_VERSION,
    ),
)
"""Always used."""

PRESIDIO = Redactor(
    "presidio",
    "What Presidio's analyzer finds; needs the extra [presidio]",
    f"{_HERE}.presidio:find",
    ("presidio-name", "presidio-place", "presidio-pattern"),
    CONTRACT_VERSION,
)
"""Used when it is asked for."""


def certain_kinds(cells: Sequence[tuple[str, str]], redactors: Sequence[Redactor] = BASE) -> list[tuple[str, ...]]:
    """Return the kinds of personal data that texts certainly hold, for each text by name, each once.

    Dates and numbers that only look like something are not among them: model cards are full of both. Numbers that
    nothing names are counted over all the texts.

    Args:
        cells: texts of one data set, each with the name of its column (``""`` for none).
        redactors: to ask.

    Raises:
        MissingError: HUB-P034, a redactor failed; HUB-P010, it is not there.
    """
    scanner = Scanner(redactors).informed(cells)
    found = [scanner.find(text, column) for text, column in cells]
    return [tuple(sorted({each.kind for each in places if each.certain})) for places in found]
