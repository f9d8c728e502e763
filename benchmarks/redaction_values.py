"""Values of personal data with check digits that are worked out here, by other code than the one that is measured."""

from __future__ import annotations

import datetime
import random

NAMES = (
    "Anna",
    "Maria",
    "Jonas",
    "Peter",
    "Lucia",
    "Olga",
    "Sven",
    "Ahmed",
    "Chloe",
    "Ravi",
    "Ingrid",
    "Marco",
    "Elena",
    "Tomasz",
    "Grace",
    "Daniel",
)
FAMILIES = (
    "Keller",
    "Novak",
    "Rossi",
    "O'Neil",
    "Dubois",
    "Jansen",
    "Silva",
    "Kowalski",
    "Berg",
    "Okafor",
    "Haddad",
    "Larsen",
    "Moreau",
    "Vogel",
)
DOMAINS = (
    "acme.org",
    "mail.kanzlei-berg.de",
    "st-mary.nhs.uk",
    "web.fr",
    "post.ch",
    "firma.co.at",
    "uni-graz.at",
    "klinikum.eu",
)
IBANS = {"DE": "18n", "NL": "4a10n", "FR": "10n11c2n", "GB": "4a14n", "CH": "5n12c", "ES": "20n", "NO": "11n"}


def digits(rng: random.Random, count: int) -> str:
    """Return random digits."""
    return "".join(rng.choice("0123456789") for _ in range(count))


def grouped(rng: random.Random, text: str, *sizes: int, signs: str = " \u00a0-") -> str:
    """Return a number as people write it: with one separator between groups, or without any."""
    sign = rng.choice((*signs, ""))
    parts, place = [], 0
    for size in sizes:
        parts.append(text[place : place + size])
        place += size
    return sign.join([*parts, text[place:]] if place < len(text) else parts)


def day(rng: random.Random) -> datetime.date:
    """Return a day of birth."""
    return datetime.date(1930, 1, 1) + datetime.timedelta(days=rng.randrange(33000))


def with_luhn(body: str) -> str:
    """Return digits with their check digit of Luhn."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return f"{body}{-total % 10}"


def card(rng: random.Random) -> str:
    """Payment card."""
    issuer, length = rng.choice((("4", 16), ("51", 16), ("2300", 16), ("37", 15), ("6011", 16), ("3540", 16)))
    number = with_luhn(issuer + digits(rng, length - 1 - len(issuer)))
    return grouped(rng, number, 4, 6, 5) if length == 15 else grouped(rng, number, 4, 4, 4, 4)


def iban(rng: random.Random) -> str:
    """International bank account number."""
    country, form = rng.choice(sorted(IBANS.items()))
    body, count = "", ""
    for sign in form:
        if sign.isdigit():
            count += sign
            continue
        alphabet = {"n": "0123456789", "a": "ABCDEFGHJKLM", "c": "0123456789ABCDE"}[sign]
        body += "".join(rng.choice(alphabet) for _ in range(int(count)))
        count = ""
    rest = int("".join(str(int(sign, 36)) for sign in f"{body}{country}00")) % 97
    whole = f"{country}{98 - rest:02d}{body}"
    return grouped(rng, whole, *[4] * (len(whole) // 4), signs="  ")


def nhs(rng: random.Random) -> str:
    """NHS number."""
    while True:
        body = rng.choice("34679") + digits(rng, 8)
        check = -sum(int(digit) * (10 - place) for place, digit in enumerate(body)) % 11
        if check < 10:
            return grouped(rng, f"{body}{check}", 3, 3, 4, signs=" -")


def npi(rng: random.Random) -> str:
    """National provider identifier."""
    return with_luhn("80840" + rng.choice("12") + digits(rng, 8))[5:]


def tax_id(rng: random.Random) -> str:
    """German tax id."""
    while True:
        body = digits(rng, 10)
        counts = sorted((body.count(digit) for digit in set(body)), reverse=True)
        if body[0] == "0" or counts[0] not in (2, 3) or set(counts[1:]) != {1}:
            continue
        product = 10
        for digit in body:
            product = ((int(digit) + product) % 10 or 10) * 2 % 11
        return grouped(rng, f"{body}{(11 - product) % 10}", 2, 3, 3, 3, signs=" ")


def aadhaar(rng: random.Random) -> str:
    """Indian resident number: Verhoeff's check digit, from the dihedral group of ten elements."""
    body = rng.choice("23456789") + digits(rng, 10)
    total = 0
    for place, digit in enumerate(reversed(body), start=1):
        value = int(digit)
        for _ in range(place % 8):
            value = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[value]
        total = _dihedral(total, value)
    check = next(digit for digit in range(10) if _dihedral(total, digit) == 0)
    return grouped(rng, f"{body}{check}", 4, 4, 4)


def _dihedral(one: int, other: int) -> int:
    """Return the product in the group of turns and reflections of a pentagon; 5 to 9 are reflections."""
    sign = -1 if one > 4 else 1
    return (one + sign * other) % 5 + (5 if (one > 4) != (other > 4) else 0)


def nir(rng: random.Random) -> str:
    """French social security number."""
    body = f"{rng.choice('12')}{day(rng):%y%m}{rng.randrange(1, 95):02d}{rng.randrange(1, 990):03d}{digits(rng, 3)}"
    return grouped(rng, f"{body}{97 - int(body) % 97:02d}", 1, 2, 2, 2, 3, 3, 2, signs=" ")


def dni(rng: random.Random) -> str:
    """Spanish identity card."""
    number = digits(rng, 8)
    return f"{number}{rng.choice(('', '-'))}{'TRWAGMYFPDXBNJZSQVHLCKE'[int(number) % 23]}"


def bsn(rng: random.Random) -> str:
    """Dutch citizen number."""
    while True:
        body = rng.choice("123456789") + digits(rng, 7)
        check = sum(int(digit) * (9 - place) for place, digit in enumerate(body)) % 11
        if check < 10:
            return f"{body}{check}"


def belgian(rng: random.Random) -> str:
    """Belgian national number."""
    born = day(rng)
    body = f"{born:%y%m%d}{rng.randrange(1, 998):03d}"
    check = 97 - int(("2" if born.year >= 2000 else "") + body) % 97
    whole = f"{body}{check:02d}"
    return rng.choice((whole, f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:]}.{check:02d}"))


def pesel(rng: random.Random) -> str:
    """Polish citizen number."""
    born = day(rng)
    body = f"{born:%y}{born.month + (20 if born.year >= 2000 else 0):02d}{born:%d}{digits(rng, 4)}"
    return f"{body}{-sum(int(digit) * (1, 3, 7, 9)[place % 4] for place, digit in enumerate(body)) % 10}"


def personnummer(rng: random.Random) -> str:
    """Swedish personal number."""
    number = with_luhn(f"{day(rng):%y%m%d}{digits(rng, 3)}")
    return rng.choice((number, f"{number[:6]}-{number[6:]}"))


def ahv(rng: random.Random) -> str:
    """Swiss insurance number."""
    body = "756" + digits(rng, 9)
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10
    number = f"{body}{check}"
    return f"{number[:3]}.{number[3:7]}.{number[7:11]}.{number[11:]}"


def cpf(rng: random.Random) -> str:
    """Brazilian taxpayer."""
    body = digits(rng, 9)
    for _ in range(2):
        rest = sum(int(digit) * (len(body) + 1 - place) for place, digit in enumerate(body)) % 11
        body += str(0 if rest < 2 else 11 - rest)
    return rng.choice((body, f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"))


def ssn(rng: random.Random) -> str:
    """US social security number."""
    area = rng.choice((rng.randrange(1, 666), rng.randrange(667, 900)))
    return f"{area:03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 9999):04d}"


def nino(rng: random.Random) -> str:
    """UK national insurance number."""
    number = grouped(rng, digits(rng, 6), 2, 2, 2, signs=" ")
    return f"{rng.choice(('AB', 'CE', 'JK', 'PX', 'WA'))}{number}{rng.choice('ABCD')}"


def email(rng: random.Random) -> str:
    """E-mail address."""
    first, family = rng.choice(NAMES).lower(), rng.choice(FAMILIES).lower()
    local = rng.choice((f"{first}.{family}", f"{first[0]}{family}{rng.randrange(99)}", f"{first}+{rng.randrange(9)}"))
    return f"{local}@{rng.choice(DOMAINS)}"


def phone(rng: random.Random) -> str:
    """Telephone number."""
    return rng.choice(
        (
            f"+49 {rng.choice(('30', '89', '171'))} {rng.randrange(10**6, 10**8)}",
            f"+44 20 {rng.randrange(1000, 9999)} {rng.randrange(1000, 9999)}",
            f"+1-{rng.randrange(201, 989)}-{rng.randrange(201, 989)}-{rng.randrange(1000, 9999)}",
            f"({rng.randrange(201, 989)}) {rng.randrange(201, 989)}-{rng.randrange(1000, 9999)}",
            f"{rng.randrange(201, 989)} {rng.randrange(201, 989)} {rng.randrange(1000, 9999)}",
            f"0{rng.randrange(1, 8)} {digits(rng, 2)} {digits(rng, 2)} {digits(rng, 2)} {digits(rng, 2)}",
            f"0{rng.randrange(30, 90)}/{rng.randrange(10**5, 10**7)}",
        )
    )


def date(rng: random.Random) -> str:
    """Date."""
    form = rng.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y", "%d/%m/%y"))
    return day(rng).strftime(form)


def address(rng: random.Random) -> str:
    """IPv4 address."""
    return ".".join(map(str, (rng.randrange(11, 127), *(rng.randrange(1, 255) for _ in range(3)))))


def record(rng: random.Random) -> str:
    """Medical record number."""
    return rng.choice(("", "A-", "HN")) + digits(rng, rng.randrange(6, 9))


def docket(rng: random.Random) -> str:
    """Case number."""
    year = rng.randrange(10, 25)
    return rng.choice(
        (
            f"{rng.randrange(1, 9)}:{year}-cv-{rng.randrange(100, 9999):05d}",
            f"{rng.choice(('I', 'VI', 'XII'))} ZR {rng.randrange(1, 400)}/{year}",
            f"C-{rng.randrange(1, 800)}/{year}",
        )
    )


def name(rng: random.Random) -> str:
    """Name."""
    return rng.choice((f"{rng.choice(NAMES)} {rng.choice(FAMILIES)}", rng.choice(FAMILIES)))
