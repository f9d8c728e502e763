"""Ways to reach a person or a machine: e-mail addresses, telephone numbers, IP addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hub.contract.redactor import Detection, Pattern, digits_of, find_patterns

PLACEHOLDERS = (".invalid", ".example", ".test", ".localhost", "example.com", "example.org", "example.net")
"""Ends of domains that belong to nobody (RFC 2606)."""

_CALLING = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82"
    " 84 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234"
    " 235 236 237 238 239 240 241 242 243 244 245 246 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263"
    " 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375"
    " 376 377 378 379 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591"
    " 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690"
    " 691 692 850 852 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 992"
    " 993 994 995 996 998"
)
"""Country calling codes. Source: ITU-T, list of assigned codes (complement to E.164)."""

_CODES = frozenset(_CALLING.split())

_WORDS = (
    r"phone|telephone|tele?fon\w*|tel|tel\.|mobile|mobil|handy|cell|fax|call|ring|whatsapp|t[e\u00e9]l[e\u00e9]phone"
    r"|t[e\u00e9]l\.?|m[o\u00f3]vil|cellulare|contact number|pager|sms"
)
_GAP = r"[ \u00a0\u202f./-]"
_B, _E = r"(?<![\w.+/-])", r"(?![\w/-])(?![.,][0-9])"
_FIRST = r"(?<![\w.+/-])(?<![0-9][ \u00a0])"
"""Nothing before the number that would make it the rest of a longer one with blanks."""


def is_address(value: str) -> bool:
    """Return whether an e-mail address can belong to somebody."""
    local, _, domain = value.rpartition("@")
    sound = ".." not in value and not local.startswith(".") and not local.endswith(".")
    return sound and not domain.lower().endswith(PLACEHOLDERS)


def is_international(value: str) -> bool:
    """Return whether a number with + or 00 has a known country code and 8 to 15 digits (E.164)."""
    digits = digits_of(value).removeprefix("00")
    if digits[0] == "1":  # North America: area and exchange begin with 2 to 9
        return len(digits) == 11 and digits[1] >= "2" and digits[4] >= "2"
    return 8 <= len(digits) <= 15 and any(digits[:n] in _CODES for n in (1, 2, 3))


def is_internet_address(value: str) -> bool:
    """Return whether an IP address is one that tells machines apart: not loopback, not "any"."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


PATTERNS = (
    Pattern(
        "email",
        # Possessive: a part that has been read is not read again in another way.
        r"(?<![\w.%+-])[\w%+-][\w.%+'-]{0,63}+@(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w@])",
        is_address,
        needs="@",
    ),
    Pattern("phone", rf"{_B}\+[1-9](?:{_GAP}?\(?{_GAP}?[0-9]\)?){{7,14}}{_E}", is_international, digits=8, needs="+"),
    Pattern("phone", rf"{_B}00[1-9](?:{_GAP}?[0-9]){{7,14}}{_E}", is_international, _WORDS, "no", 10),
    # North American Numbering Plan
    Pattern(
        "phone",
        rf"{_FIRST}(?:1[ .-])?(?:\([2-9][0-9]{{2}}\) ?|[2-9][0-9]{{2}}([-. ]))[2-9][0-9]{{2}}[-. ][0-9]{{4}}{_E}",
        None,
        _WORDS,
        "possible",
        10,
    ),
    Pattern("phone", rf"{_B}[2-9][0-9]{{2}}[2-9][0-9]{{6}}{_E}", None, _WORDS, "no", 10),
    # Most of Europe: a trunk 0
    Pattern("phone", rf"{_B}\(?0[1-9](?:[0-9)]?{_GAP}?[0-9]){{4,6}}[0-9]?{_E}", None, _WORDS, "no", 7),
    Pattern("phone", rf"{_FIRST}0[1-9](?:{_GAP}[0-9]{{2}}){{4}}{_E}", None, _WORDS, "possible", 10),
    Pattern(
        "phone",
        rf"{_FIRST}(?:\(0[1-9][0-9]{{1,4}}\) ?|0[1-9][0-9]{{1,4}} ?/ ?)[0-9]{{3,8}}(?:[ -][0-9]{{2,4}}){{0,2}}{_E}",
        None,
        _WORDS,
        "possible",
        8,
    ),
    Pattern(
        "ip-address",
        r"(?<![\w.-])(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}(?![\w-])(?!\.[0-9])",
        is_internet_address,
        r"ip|ips|ipv4|address|addr|host|client|server|from",
        "possible",
        4,
    ),
    Pattern(
        "ip-address",
        r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![\w:])",
        lambda value: ("::" in value or value.count(":") == 7) and len(value) > 6 and is_internet_address(value),
        needs=":",
    ),
)
KINDS = ("email", "phone", "ip-address")


def find(text: str) -> Iterator[Detection]:
    """Yield the addresses and telephone numbers of a text."""
    return find_patterns(text, PATTERNS)
