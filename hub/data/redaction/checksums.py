"""Check digits of the numbers that states give to people. Each function takes the compact form of a number.

Sources are named at each function; where a register has published no paper, the rule is the one that its own pages
give.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SPAIN = "TRWAGMYFPDXBNJZSQVHLCKE"
_FINLAND = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_IRELAND = "WABCDEFGHIJKLMNOPQRSTUV"
_ITALY_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
"""Values of A to Z, and of 0 to 9, at odd places of a codice fiscale."""

_MEXICO = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
_CHINA = "10X98765432"
_VERHOEFF_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def is_day(year: int, month: int, day: int) -> bool:
    """Return whether the calendar has the day."""
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def is_short_day(year: int, month: int, day: int) -> bool:
    """Return whether the day of a year of two digits exists in the twentieth or the twenty-first century."""
    return is_day(1900 + year, month, day) or is_day(2000 + year, month, day)


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Return the sum of the digits times their weights; digits without a weight do not count."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def mod_97(text: str) -> bool:
    """ISO 7064 mod 97-10 over digits and letters (A is 10), first four characters last; as in an IBAN (ISO 13616)."""
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def mod_11_10(digits: str) -> bool:
    """ISO 7064 mod 11,10: the German tax id, the Croatian OIB."""
    rest = 10
    for digit in digits[:-1]:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return (11 - rest) % 10 == int(digits[-1])


def verhoeff(digits: str) -> bool:
    """Verhoeff, Error detecting decimal codes (1969): Aadhaar."""
    rest = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF_STEP[value]
        rest = _VERHOEFF_PRODUCT[rest][value]
    return rest == 0


def us_ssn(digits: str) -> bool:
    """Social Security Administration: areas, groups and serials that are never given; numbers of advertisements."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    never = area in ("000", "666") or area >= "900" or group == "00" or serial == "0000"
    return not never and digits not in ("078051120", "219099999", "457555462") and len(set(digits)) > 1


def us_itin(digits: str) -> bool:
    """Internal Revenue Service, publication 4757: begins with 9, group in the ranges for taxpayers without an SSN."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99)


def german_tax_id(digits: str) -> bool:
    """Bundeszentralamt fuer Steuern: one of the first ten digits occurs two or three times, no other one twice."""
    counts = sorted((digits[:10].count(digit) for digit in set(digits[:10])), reverse=True)
    return digits[0] != "0" and counts[0] in (2, 3) and set(counts[1:]) == {1} and mod_11_10(digits)


def french_nir(text: str) -> bool:
    """INSEE: sex, year, month, department (2A and 2B are Corsica), commune, order, and 97 minus the rest by 97."""
    number = text[:13].replace("2A", "19").replace("2B", "18") if text[5:7] in ("2A", "2B") else text[:13]
    if not number.isdigit() or not text[13:].isdigit() or text[0] not in "123478":
        return False
    month = int(text[3:5])
    known = 1 <= month <= 12 or 20 <= month <= 42 or 50 <= month <= 99
    return known and 97 - int(number) % 97 == int(text[13:])


def spanish_id(text: str) -> bool:
    """Ministerio del Interior: DNI and NIE, the letter is the number modulo 23; X, Y, Z stand for 0, 1, 2."""
    number = str("XYZ".find(text[0])) + text[1:8] if text[0] in "XYZ" else text[:8]
    return text[-1] == _SPAIN[int(number) % 23]


def codice_fiscale(text: str) -> bool:
    """Decreto ministeriale of 23 December 1976: the last letter, from values by odd and even places."""
    total = 0
    for place, character in enumerate(text[:15]):
        value = int(character) if character.isdigit() else _LETTERS.index(character)
        total += _ITALY_ODD[value] if place % 2 == 0 else value
    return _LETTERS[total % 26] == text[15]


def dutch_bsn(digits: str) -> bool:
    """Rijksdienst voor Identiteitsgegevens: the eleven test, the last digit counts minus one."""
    return digits[:4] != "0000" and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def belgian_number(digits: str) -> bool:
    """Rijksregister: birthday, serial, 97 minus the rest by 97; with a 2 in front for people born since 2000.

    A month or day that is not known is 0; months of bis numbers are 20 or 40 higher.
    """
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    rests = [97 - int(lead + digits[:9]) % 97 for lead in ("", "2")]
    return month <= 12 and day <= 31 and int(digits[9:]) in rests


def polish_pesel(digits: str) -> bool:
    """Ministerstwo Cyfryzacji: birthday with the century in the month, weights 1, 3, 7, 9."""
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[int(digits[2]) // 2]
    born = is_day(century + int(digits[:2]), int(digits[2:4]) % 20, int(digits[4:6]))
    return born and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def finnish_hetu(text: str) -> bool:
    """Digi- ja vaestotietovirasto: birthday and serial modulo 31, of the text without its century sign."""
    born = is_short_day(int(text[4:6]), int(text[2:4]), int(text[:2]))
    return born and text[-1] == _FINLAND[int(text[:6] + text[-4:-1]) % 31]


def norwegian_number(digits: str) -> bool:
    """Skatteetaten: birthday (40 more on the day for D numbers) and two check digits."""
    day = int(digits[:2]) - 40 if digits[0] >= "4" else int(digits[:2])
    first = weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
    second = weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    return is_short_day(int(digits[4:6]), int(digits[2:4]), day) and first and second


def danish_cpr(digits: str) -> bool:
    """CPR-kontoret: a birthday; numbers without a check digit have been given since 2007."""
    return is_short_day(int(digits[4:6]), int(digits[2:4]), int(digits[:2]))


def portuguese_nif(digits: str) -> bool:
    """Autoridade Tributaria: first digit of a person, weights 9 to 2."""
    rest = weighted(digits[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return digits[0] in "123" and int(digits[8]) == (0 if rest < 2 else 11 - rest)


def swiss_ahv(digits: str) -> bool:
    """Zentrale Ausgleichsstelle: 756 and the check digit of EAN-13."""
    return digits[:3] == "756" and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def austrian_number(digits: str) -> bool:
    """Dachverband der Sozialversicherungstraeger: serial, check digit at the fourth place, birthday."""
    rest = weighted(digits[:3] + digits[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11
    born = is_short_day(int(digits[8:]), int(digits[6:8]), int(digits[4:6]))
    return digits[0] != "0" and born and rest == int(digits[3])


def brazilian_cpf(digits: str) -> bool:
    """Receita Federal: two check digits; numbers of one digit repeated are never given."""
    first = weighted(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def chinese_id(text: str) -> bool:
    """GB 11643-1999: region, birthday, serial, check character of ISO 7064 mod 11-2."""
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(text[:17]))
    return is_day(int(text[6:10]), int(text[10:12]), int(text[12:14])) and _CHINA[total % 11] == text[17]


def australian_tfn(digits: str) -> bool:
    """Australian Taxation Office: weights 1, 4, 3, 7, 5, 8, 6, 9, 10 modulo 11."""
    return len(set(digits)) > 1 and weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def irish_pps(text: str) -> bool:
    """Department of Social Protection: letter modulo 23; a second letter (A to I, W) counts nine times."""
    second = _IRELAND.index(text[8]) * 9 if len(text) == 9 else 0
    return text[7] == _IRELAND[(weighted(text[:7], range(8, 1, -1)) + second) % 23]


def romanian_cnp(digits: str) -> bool:
    """Directia pentru Evidenta Persoanelor: sex and century, birthday, county, weights 279146358279."""
    rest = weighted(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    born = is_short_day(int(digits[1:3]), int(digits[3:5]), int(digits[5:7]))
    return digits[0] != "0" and born and int(digits[12]) == (1 if rest == 10 else rest)


def bulgarian_egn(digits: str) -> bool:
    """GRAO: birthday (months 20 or 40 higher by century), weights 2, 4, 8, 5, 10, 9, 7, 3, 6."""
    month = int(digits[2:4]) % 20
    rest = weighted(digits[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return int(digits[2]) < 6 and is_short_day(int(digits[:2]), month, int(digits[4:6])) and rest == int(digits[9])


def czech_number(digits: str) -> bool:
    """Ministerstvo vnitra, also of Slovakia: birthday (months 20, 50 or 70 higher), the whole divides by 11.

    For some numbers given before 1986 the rest of the first nine digits is 10, and the last digit is 0.
    """
    month = int(digits[2:4]) % 50
    month -= 20 if month > 20 else 0
    rest = int(digits[:9]) % 11 % 10
    return is_short_day(int(digits[:2]), month, int(digits[4:6])) and rest == int(digits[9])


def turkish_number(digits: str) -> bool:
    """Nufus ve Vatandaslik Isleri: two check digits, from odd and even places and from all."""
    odd, even = sum(map(int, digits[:9:2])), sum(map(int, digits[1:8:2]))
    tenth = (odd * 7 - even) % 10
    return digits[0] != "0" and int(digits[9]) == tenth and int(digits[10]) == (odd + even + tenth) % 10


def mexican_curp(text: str) -> bool:
    """Registro Nacional de Poblacion: birthday at places 5 to 10, check digit over a base of 37."""
    total = sum(_MEXICO.index(character) * (18 - place) for place, character in enumerate(text[:17]))
    return is_short_day(int(text[4:6]), int(text[6:8]), int(text[8:10])) and (10 - total % 10) % 10 == int(text[17])


def korean_number(digits: str) -> bool:
    """Ministry of the Interior: a birthday; numbers given since October 2020 have no check digit."""
    return is_short_day(int(digits[:2]), int(digits[2:4]), int(digits[4:6]))


def estonian_number(digits: str) -> bool:
    """Estonia (EVS 585:2007) and Lithuania: sex and century, birthday, weights in two rounds."""
    rest = weighted(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    born = is_short_day(int(digits[1:3]), int(digits[3:5]), int(digits[5:7]))
    return digits[0] in "123456" and born and rest == int(digits[10])
