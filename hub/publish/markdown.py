"""Markdown from plain values: text that came from data cannot become structure."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Entities and not backslashes: the Hub reads a doubled backslash before "(" and "$$" as the start of a formula.
_ENTITIES = str.maketrans({char: f"&#{ord(char)};" for char in "&<>|\\`$*[]~"})
_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SCHEME = re.compile(r"\]\(\s*<?(?!https?:|mailto:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_TAG = re.compile(r"<(?!https?://[^\s<>]+>)")


def text(value: str) -> str:
    """Return a value as one line of literal text; what cannot stand in a text file becomes U+FFFD."""
    # An underscore inside a word is no emphasis and stays readable in the source.
    literal = _UNDERSCORE.sub("&#95;", value.translate(_ENTITIES))
    return " ".join(_FORBIDDEN.sub("\ufffd", literal).split())


def prose(value: str) -> str:
    """Return an author's Markdown without raw HTML; links lead to the web, to mail or into the bundle only."""
    plain = _FORBIDDEN.sub("\ufffd", value.replace("\r\n", "\n"))
    return _SCHEME.sub("](#", _TAG.sub("&lt;", plain)).strip()


def code(value: str) -> str:
    """Return a value as inline code; one with a backtick or a line end is literal text instead."""
    return f"`{value}`" if re.fullmatch(r"[ -_a-~]+", value) else text(value)


def link(url: str, shown: str) -> str:
    """Return a link to a page on the web; an address of any other kind is left out."""
    if re.fullmatch(r"https?://[^\s<>()\"'\\|`]+", url):
        return f"[{text(shown)}]({url})"
    return text(shown)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric_from: int = 1) -> str:
    """Return a table.

    Args:
        columns: headings, Markdown.
        rows: cells, Markdown without line ends.
        numeric_from: columns from this one on are set to the right.
    """
    rule = ["---:" if index >= numeric_from else "---" for index in range(len(columns))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def items(lines: Sequence[str]) -> str:
    """Return a bulleted list of Markdown lines."""
    return "\n".join(f"- {line}" for line in lines)


def blocks(*parts: str) -> str:
    """Return blocks with an empty line between them; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)
