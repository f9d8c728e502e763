"""Numbers that states give to people, by pattern and, where there is one, by check digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hub.contract.redactor import Detection, Pattern, compact, digits_of, find_patterns, passes_luhn
from hub.data.redaction import checksums

_B = r"(?<![\w.,/-])"
"""Nothing before the number that would make it the rest of a longer one."""
_E = r"(?![\w/-])(?![.,][0-9])"
_S = r"[ \u00a0\u202f-]"
"""Separates groups of digits."""
_FIRST, _LAST = r"(?<![0-9][ \u00a0\u202f])", r"(?![ \u00a0\u202f][0-9])"
"""No further group of digits before or behind, as a payment card has."""


def _digits(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: check(digits_of(value))


def _compact(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda value: check(compact(value))


def _personnummer(value: str) -> bool:
    """Skatteverket: birthday (60 more on the day for coordination numbers) and Luhn over the last ten digits."""
    digits = digits_of(value)[-10:]
    day = int(digits[4:6])
    born = checksums.is_short_day(int(digits[:2]), int(digits[2:4]), day - 60 if day > 60 else day)
    return born and passes_luhn(digits)


def _sin(value: str) -> bool:
    """Employment and Social Development Canada: Luhn; no number begins with 0 or 8."""
    digits = digits_of(value)
    return digits[0] not in "08" and passes_luhn(digits)


_CHECKED: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("ca-sin", "de-tax-id", "nl-bsn", "pt-nif", "hr-oib", "se-personnummer", "pl-pesel"), (-1,)),
    **dict.fromkeys(("cz-rodne-cislo", "bg-egn", "ee-isikukood", "in-aadhaar", "au-tfn"), (-1,)),
    **dict.fromkeys(("es-dni", "es-nie", "fi-hetu"), (-1,)),
    **dict.fromkeys(("br-cpf", "be-national-number", "tr-kimlik"), (-2, -1)),
    "at-svnr": (3,),
    "ie-pps": (7,),
}
"""Places of check digits and letters; for kinds whose every form needs no word they are not asked for."""


def _number(
    kind: str, form: str, digits: int, check: Callable[[str], bool] | None, words: str, alone: str = "no"
) -> Pattern:
    return Pattern(kind, f"{_B}(?:{form}){_E}", check, words, alone, digits, checked=_CHECKED.get(kind, ()))


_SSN = r"ssn|social security|soc\.? ?sec\.?|ss ?#|social"
_BSN = r"bsn|burgerservicenummer|sofi-?nummer|citizen service number"
_STEUER = r"steuer[- ]?id\w*|steuerliche identifikationsnummer|identifikationsnummer|idnr\.?|tax id\w*|tin"
_CPR = r"cpr|cpr-?nummer|cpr-?nr\.?"
_SVNR = r"svnr\.?|sv-?nr\.?|sozialversicherungsnummer|versicherungsnummer"
_RODNE = r"rodn[e\u00e9] [c\u010d][i\u00ed]slo|r\. ?[c\u010d]\.|birth number"

_AMERICA = (
    _number("us-ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", 9, _digits(checksums.us_ssn), _SSN, "possible"),
    _number("us-ssn", r"[0-9]{3}[ \u00a0]?[0-9]{2}[ \u00a0]?[0-9]{4}", 9, _digits(checksums.us_ssn), _SSN),
    _number("us-itin", r"9[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{4}", 9, _digits(checksums.us_itin), r"itin|taxpayer id\w*"),
    _number(
        "ca-sin",
        rf"{_FIRST}[0-9]{{3}}({_S})[0-9]{{3}}\1[0-9]{{3}}{_LAST}",
        9,
        _sin,
        r"sin|nas|social insurance",
        "possible",
    ),
    _number("ca-sin", r"[0-9]{9}", 9, _sin, r"sin|social insurance( number| no\.?)?"),
    _number("br-cpf", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", 11, _digits(checksums.brazilian_cpf), "cpf", "certain"),
    _number("br-cpf", r"[0-9]{11}", 11, _digits(checksums.brazilian_cpf), r"cpf|cadastro de pessoas f[i\u00ed]sicas"),
    _number(
        "mx-curp",
        r"[A-Z][AEIOUX][A-Z]{2}[0-9]{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z][0-9]",
        7,
        checksums.mexican_curp,
        "curp",
        "certain",
    ),
)
_BRITAIN_AND_IRELAND = (
    _number(
        "uk-nino",
        r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        6,
        None,
        r"nino|ni|national insurance|n\.i\.",
        "possible",
    ),
    _number("ie-pps", r"[0-9]{7}[A-W][A-IW]?", 7, checksums.irish_pps, r"pps|ppsn|personal public service", "possible"),
)
_WEST = (
    _number(
        "de-tax-id",
        rf"[1-9][0-9]{_S}[0-9]{{3}}{_S}[0-9]{{3}}{_S}[0-9]{{3}}",
        11,
        _digits(checksums.german_tax_id),
        _STEUER,
        "possible",
    ),
    _number("de-tax-id", r"[1-9][0-9]{10}", 11, _digits(checksums.german_tax_id), _STEUER),
    _number(
        "fr-nir",
        r"[1-478] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
        14,
        _compact(checksums.french_nir),
        r"nir|insee|s[e\u00e9]curit[e\u00e9] sociale",
        "certain",
    ),
    _number("nl-bsn", r"[0-9]{9}|[0-9]{3}[. ][0-9]{3}[. ][0-9]{3}", 9, _digits(checksums.dutch_bsn), _BSN),
    _number("nl-bsn", r"[0-9]{4}\.[0-9]{2}\.[0-9]{3}", 9, _digits(checksums.dutch_bsn), _BSN, "possible"),
    _number(
        "be-national-number",
        r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}[.-][0-9]{2}",
        11,
        _digits(checksums.belgian_number),
        "nn",
        "certain",
    ),
    _number(
        "be-national-number",
        r"[0-9]{11}",
        11,
        _digits(checksums.belgian_number),
        r"rijksregister\w*|registre national|nrn|insz|niss|national number",
    ),
    _number(
        "ch-ahv",
        r"756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}",
        13,
        _digits(checksums.swiss_ahv),
        r"ahv|avs",
        "certain",
    ),
    _number("at-svnr", r"[0-9]{4} [0-9]{6}", 10, _digits(checksums.austrian_number), _SVNR, "possible"),
    _number("at-svnr", r"[0-9]{10}", 10, _digits(checksums.austrian_number), _SVNR),
)
_SOUTH = (
    _number("es-dni", r"[0-9]{8}[ -]?[A-Z]", 8, _compact(checksums.spanish_id), r"dni|nif", "possible"),
    _number("es-nie", r"[XYZ]-?[0-9]{7}-?[A-Z]", 7, _compact(checksums.spanish_id), r"nie", "possible"),
    _number(
        "it-codice-fiscale",
        r"(?i:[A-Z]{6}[0-9L-NP-V]{2}[A-EHLMPRST][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z])",
        4,
        _compact(checksums.codice_fiscale),
        r"codice fiscale|c\.?f\.?",
        "certain",
    ),
    _number(
        "pt-nif",
        r"[123][0-9]{2} ?[0-9]{3} ?[0-9]{3}",
        9,
        _digits(checksums.portuguese_nif),
        r"nif|contribuinte|n[u\u00fa]mero fiscal",
    ),
    _number("hr-oib", r"[0-9]{11}", 11, checksums.mod_11_10, r"oib|osobni identifikacijski broj"),
    _number(
        "tr-kimlik",
        r"[1-9][0-9]{10}",
        11,
        checksums.turkish_number,
        r"t\.?c\.?|kimlik( no)?|tckn",
        "possible",
    ),
)
_NORTH_AND_EAST = (
    _number("se-personnummer", r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", 10, _personnummer, "personnummer", "possible"),
    _number("se-personnummer", r"(?:19|20)?[0-9]{10}", 10, _personnummer, r"personnummer|personnr\.?|pnr\.?"),
    _number(
        "fi-hetu",
        r"[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
        9,
        checksums.finnish_hetu,
        r"hetu|henkil[o\u00f6]tunnus",
        "possible",
    ),
    _number(
        "no-fodselsnummer",
        r"[0-7][0-9]{5} ?[0-9]{5}",
        11,
        _digits(checksums.norwegian_number),
        r"f[o\u00f8]dselsnummer|personnummer|fnr\.?",
        "certain",
    ),
    _number("dk-cpr", r"[0-3][0-9]{5}-[0-9]{4}", 10, _digits(checksums.danish_cpr), _CPR, "possible"),
    _number("dk-cpr", r"[0-3][0-9]{9}", 10, checksums.danish_cpr, _CPR),
    _number("pl-pesel", r"[0-9]{11}", 11, checksums.polish_pesel, r"pesel", "possible"),
    _number("cz-rodne-cislo", r"[0-9]{6}/[0-9]{4}", 10, _digits(checksums.czech_number), _RODNE, "certain"),
    _number("cz-rodne-cislo", r"[0-9]{10}", 10, checksums.czech_number, _RODNE),
    _number("ro-cnp", r"[1-9][0-9]{12}", 13, checksums.romanian_cnp, "cnp|cod numeric personal", "certain"),
    _number("bg-egn", r"[0-9]{10}", 10, checksums.bulgarian_egn, r"egn|\u0435\u0433\u043d"),
    _number("ee-isikukood", r"[1-6][0-9]{10}", 11, checksums.estonian_number, r"isikukood|asmens kodas"),
)
_ASIA_AND_AUSTRALIA = (
    _number(
        "in-aadhaar",
        rf"{_FIRST}[2-9][0-9]{{3}}({_S})[0-9]{{4}}\1[0-9]{{4}}{_LAST}",
        12,
        _digits(checksums.verhoeff),
        r"aadhaar|aadhar|uid",
        "possible",
    ),
    _number("in-aadhaar", r"[2-9][0-9]{11}", 12, checksums.verhoeff, r"aadhaar|aadhar|uidai"),
    _number("cn-resident-id", r"[1-9][0-9]{16}[0-9Xx]", 17, _compact(checksums.chinese_id), "id", "certain"),
    _number("kr-rrn", r"[0-9]{6}-[1-8][0-9]{6}", 13, _digits(checksums.korean_number), r"rrn|resident\w*", "possible"),
    _number(
        "au-tfn",
        r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
        9,
        _digits(checksums.australian_tfn),
        r"tfn|tax file( number| no\.?)?",
    ),
)
PATTERNS = (*_AMERICA, *_BRITAIN_AND_IRELAND, *_WEST, *_SOUTH, *_NORTH_AND_EAST, *_ASIA_AND_AUSTRALIA)
KINDS = tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS))


def find(text: str) -> Iterator[Detection]:
    """Yield the national numbers of a text."""
    return find_patterns(text, PATTERNS)
