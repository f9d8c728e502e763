"""Who a legal text is about, as far as a pattern can tell: numbers of cases, parties, names behind a title.

Names are never certain: a pattern cannot tell a person from a company or a street.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub.contract import Detection, Pattern, Redactor, find_patterns

_B, _E = r"(?<![\w./-])", r"(?![\w/-])"
_WORD = r"[A-Z\u00c0-\u00d6\u00d8-\u00de][\w'\u2019-]{0,30}"
_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|du|la|le|al|bin|ibn)"
_NAME = rf"{_WORD}(?: (?:{_PARTICLE} ){{0,2}}{_WORD}){{0,3}}"
_INITIALS = rf"(?:[A-Z]\. ?){{0,3}}{_WORD}(?: (?:{_PARTICLE} ){{0,2}}{_WORD}){{0,2}}"
_NO_NAME = r"(?!(?:In|The|See|Cf|But|And|Per|Under|Compare|Also|As|Both|From|Since)[ \u00a0])"
"""Words that begin a sentence and stand before a party."""

_COURTS = r"(?:cv|cr|mc|mj|md|bk|ap|civ|crim|cvs|po|dp|pr|cm)"
_GERMAN = r"(?:BvR|BvL|BvE|ZR|ZB|StR|AZR|AR|BR|KR|RB|Bs|Ss|Ws|Sa|Ta|Ca|O|U|C|K|S|F|VA|W|Js|Ls|Ds|Ks)"

PATTERNS = (
    # United States, federal: 1:21-cv-01234-ABC
    Pattern(
        "case-number",
        rf"(?i){_B}(?:[0-9]{{1,2}}:)?[0-9]{{2,4}}[- ]{_COURTS}[- ][0-9]{{2,6}}(?:-[a-z]{{2,4}}){{0,3}}{_E}",
        digits=4,
    ),
    # Behind a word that says so
    Pattern(
        "case-number",
        r"(?i)(?<!\w)(?:case|docket|cause|index|file|matter|action|claim|appeal|application)"
        r"(?: (?:number|no|nos|id))?\.?"
        r"[ \u00a0]{0,2}[:#]?[ \u00a0]{0,2}(?P<value>[a-z]{0,4}[-. ]?[0-9][0-9a-z./:-]{2,20}[0-9a-z])(?!\w)",
        digits=4,
    ),
    # European Union: C-131/12
    Pattern("case-number", rf"{_B}[CTF][-\u2011][0-9]{{1,4}}/[0-9]{{2}}(?: P| PPU| RX)?{_E}", digits=3),
    # Germany: 1 BvR 123/20, VI ZR 144/19
    Pattern("case-number", rf"{_B}(?:[0-9]{{1,3}}|[IVX]{{1,5}}) {_GERMAN} [0-9]{{1,5}}/[0-9]{{2,4}}{_E}", digits=3),
    # Neutral citations: [2020] EWHC 123
    Pattern("case-number", r"\[[12][0-9]{3}\] [A-Z]{3,6}(?: [A-Z][a-z]{2,4})? [0-9]{1,5}(?!\w)", digits=5),
    Pattern("name", rf"(?<![\w.]){_NO_NAME}{_INITIALS}(?= (?:v|vs|versus)\.? {_WORD})", None, "", "possible"),
    Pattern("name", rf"(?<=[ \u00a0][vV]\. ){_INITIALS}", None, "", "possible", needs=". "),
    Pattern("name", rf"(?<=[ \u00a0]vs\. ){_INITIALS}", None, "", "possible", needs="vs. "),
    Pattern("name", rf"(?<=[ \u00a0]v ){_INITIALS}", None, "", "possible", needs=" v "),
    Pattern(
        "name",
        r"(?<!\w)(?:Mrs?|Ms|Miss|Dr|Prof|Judge|Justice|Attorney|Sir|Herrn?|Frau|Madame|Monsieur|Mme|Se\u00f1ora?|Signora?)"
        rf"\.? (?P<value>{_INITIALS})",
        None,
        "",
        "possible",
    ),
    Pattern(
        "name",
        r"(?<!\w)(?:[Pp]laintiff|[Dd]efendant|[Aa]ppellant|[Aa]ppellee|[Pp]etitioner|[Rr]espondent)s?"
        rf" (?P<value>{_NAME})",
        None,
        "",
        "possible",
    ),
)

LEGAL = Redactor(
    name="legal",
    summary="Numbers of cases, parties beside v., names behind Mr, Judge or plaintiff",
    function="hub_legal.redactor:find",
    kinds=("case-number", "name"),
    contract="1.0",
    patterns="hub_legal.redactor:PATTERNS",
)


def find(text: str) -> Iterator[Detection]:
    """Yield the personal data of a legal text."""
    return find_patterns(text, PATTERNS)
