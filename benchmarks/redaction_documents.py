"""Generated documents and data sets whose personal data is known, with look-alikes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from redaction_values import (
    aadhaar,
    address,
    ahv,
    belgian,
    bsn,
    card,
    cpf,
    date,
    day,
    digits,
    dni,
    docket,
    email,
    iban,
    name,
    nhs,
    nino,
    nir,
    npi,
    personnummer,
    pesel,
    phone,
    record,
    ssn,
    tax_id,
)

Make = Callable[[random.Random], str]


@dataclass
class Document:
    """A text and where its personal data stands: start, end, kind, and whether a word before it names it."""

    text: str = ""
    truth: list[tuple[int, int, str, bool]] = field(default_factory=list)


@dataclass(frozen=True)
class Kind:
    """A kind of personal data: how it is made, the words that name it, and whether it has a checksum."""

    name: str
    make: Make
    words: tuple[str, ...]
    checksum: bool = True
    bare: bool = True  # documents also have it without a word
    column: str = ""  # name of a column of it


KINDS = (
    Kind("payment-card", card, ("card", "Visa ending as given:", "charged to"), column="card_number"),
    Kind("iban", iban, ("IBAN", "account", "Konto"), column="iban"),
    Kind("nhs-number", nhs, ("NHS number", "NHS no.", "NHS"), column="nhs_number"),
    Kind("npi", npi, ("NPI", "NPI:"), column="npi"),
    Kind("de-tax-id", tax_id, ("Steuer-ID", "Steuer-ID:", "IdNr."), column="steuerId"),
    Kind("in-aadhaar", aadhaar, ("Aadhaar", "Aadhaar no."), column="aadhaar"),
    Kind("fr-nir", nir, ("NIR", "sécurité sociale"), column="nir"),
    Kind("es-dni", dni, ("DNI", "NIF:"), column="dni"),
    Kind("nl-bsn", bsn, ("BSN", "burgerservicenummer"), column="bsn"),
    Kind("be-national-number", belgian, ("rijksregisternummer", "NN"), column="rijksregisternummer"),
    Kind("pl-pesel", pesel, ("PESEL", "PESEL:"), column="pesel"),
    Kind("se-personnummer", personnummer, ("personnummer",), column="personnummer"),
    Kind("ch-ahv", ahv, ("AHV", "AVS"), column="ahv_nr"),
    Kind("br-cpf", cpf, ("CPF", "CPF:"), column="cpf"),
    Kind("us-ssn", ssn, ("SSN", "Social Security number"), False),
    Kind("uk-nino", nino, ("NI number", "National Insurance"), False),
    Kind("email", email, ("write to", "e-mail:"), False),
    Kind("phone", phone, ("phone", "Tel.", "call"), False),
    Kind("ip-address", address, ("IP", "from host"), False),
    Kind("date-of-birth", date, ("born", "DOB:", "geboren am"), False, False),
    Kind("date", date, ("signed", "of"), False, False),
    Kind("medical-record-number", record, ("MRN", "MRN:", "patient ID"), False, False),
    Kind("case-number", docket, ("Case No.", "docket"), False),
    Kind("name", name, ("Mr", "Mrs.", "Judge", "defendant"), False, False),
)

CHECKED = tuple(kind for kind in KINDS if kind.checksum)

SENTENCES = (
    "The request came in with {} on file and was closed.",
    "Please note {} before you answer.",
    "{} was given by the caller;",
    "Details ({}) are in the annex.",
    "We have noted: {}.",
)


def lookalike(rng: random.Random) -> str:
    """Return something with digits or signs that is no personal data."""
    return rng.choice(
        (
            f"order {digits(rng, rng.randrange(6, 19))}",
            f"parcel {digits(rng, 20)}",
            f"EUR {rng.randrange(10**6):,}.{digits(rng, 2)}",
            f"version {rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(30)}",
            f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}",
            f"commit {rng.randbytes(20).hex()}",
            f"item {digits(rng, 3)}-{digits(rng, 4)}-{digits(rng, 2)}",
            f"{rng.random() * 90:.{rng.randrange(2, 14)}f} degrees",
            f"part {rng.choice('ABCDEFGH')}{digits(rng, 7)}",
            f"ISBN 978-{digits(rng, 1)}-{digits(rng, 4)}-{digits(rng, 4)}-{digits(rng, 1)}",
            f"section {rng.randrange(1, 99)}({rng.randrange(1, 9)})",
            f"serial {digits(rng, 4)} {digits(rng, 4)} {digits(rng, 4)}",
            f"{rng.randrange(10**9)} bytes, {rng.randrange(100)} %",
            f"{rng.randrange(201, 989)}{rng.randrange(201, 989)}{rng.randrange(1000, 9999)}",
            f"{day(rng):%y%m%d}{rng.randrange(24):02d}{rng.randrange(60):02d}",
            f"{day(rng):%Y%m%d}",
            f"{rng.randrange(10**8, 10**9)}",
            f"{rng.randrange(10**9, 10**10)}",
            f"{rng.randrange(10**10, 10**11)}",
            "user@host, @mention and #12345",
        )
    )


NEUTRAL = ("order", "ticket no.", "invoice", "tracking", "phone", "our reference", "item")
COLUMNS = ("ref", "key", "field_7", "reference", "code", "value")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def decoy(rng: random.Random, kind: Kind) -> str:
    """Return what looks like a value of a kind: all its digits, and a letter behind them, drawn again."""
    value = kind.make(rng)
    last = len(value) - 1
    return "".join(
        rng.choice("0123456789")
        if sign.isdigit()
        else rng.choice(LETTERS)
        if place == last and sign.isalpha()
        else sign
        for place, sign in enumerate(value)
    )


def document(rng: random.Random, kinds: tuple[Kind, ...] = KINDS, decoys: tuple[Kind, ...] = CHECKED) -> Document:
    """Return a document of three to six sentences with values of some kinds, and at least as many decoys.

    Args:
        rng: where chance comes from.
        kinds: of the values.
        decoys: kinds with a checksum whose look-alikes stand in it.
    """
    made = Document()
    for _ in range(rng.randrange(3, 7)):
        before, after = rng.choice(SENTENCES).split("{}")
        drawn = rng.random()
        if drawn < 0.2:
            made.text += f"{before}{lookalike(rng)}{after} "
            continue
        if drawn < 0.6:
            word = f"{rng.choice(NEUTRAL)} " if rng.random() < 0.5 else ""
            made.text += f"{before}{word}{decoy(rng, rng.choice(decoys))}{after} "
            continue
        kind = rng.choice(kinds)
        named = not kind.bare or rng.random() < 0.5
        head = f"{rng.choice(kind.words)} " if named else ""
        value = kind.make(rng)
        start = len(made.text) + len(before) + len(head)
        made.truth.append((start, start + len(value), kind.name, named))
        made.text += f"{before}{head}{value}{after} "
    return made


def dataset(rng: random.Random, rows: int) -> list[tuple[str, Document]]:
    """Return the cells of a data set, each with the name of its column.

    It holds one to four kinds with a checksum. They stand in its texts, with and without a word, among as many decoys
    of the same form; and in columns: one that names its kind, one that does not, one that mixes values with decoys, one
    of decoys only.

    Args:
        rng: where chance comes from.
        rows: of it.
    """
    held = tuple(rng.sample(CHECKED, rng.randrange(1, 5)))
    others = tuple(kind for kind in KINDS if not kind.checksum)
    cells = [("text", document(rng, (*held, *held, *rng.sample(others, 3)), held)) for _ in range(rows)]
    named, plain, mixed = (rng.choice(held) for _ in range(3))
    first, second, third = rng.sample(COLUMNS, 3)
    for _ in range(rows):
        cells.append((named.column, _cell(named, named.make(rng), True)))
        cells.append((first, _cell(plain, plain.make(rng), False)))
        value = rng.random() < 0.5
        cells.append((second, _cell(mixed, mixed.make(rng), False) if value else Document(decoy(rng, mixed))))
        cells.append((third, Document(decoy(rng, rng.choice((named, plain))))))
        cells.append((third, Document(decoy(rng, rng.choice(held)))))
    return cells


def _cell(kind: Kind, value: str, named: bool) -> Document:
    return Document(value, [(0, len(value), kind.name, named)])
