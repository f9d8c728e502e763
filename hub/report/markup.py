"""HTML and SVG from small functions: everything that is not already markup is escaped."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

_VOID = frozenset({"br", "col", "hr", "link", "meta"})
# What XML 1.0 does not allow in a document, so that every chart is also well-formed XML, and halves of
# UTF-16 pairs, which have no UTF-8 form.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class Html(str):
    """Text that is markup already and is not escaped again."""

    __slots__ = ()


Child = Html | str | int | None


def escape(text: str) -> Html:
    """Return text as markup: special characters as entities, forbidden ones as U+FFFD."""
    return Html(html.escape(_FORBIDDEN.sub("\ufffd", text), quote=True))


def join(*children: Child) -> Html:
    """Return children one after the other; plain text is escaped, ``None`` is nothing."""
    return Html(
        "".join(child if isinstance(child, Html) else escape(str(child)) for child in children if child is not None)
    )


def element(tag: str, *children: Child, **attributes: str | int | float | None) -> Html:
    """Return one element.

    Args:
        tag: name of the element; trusted.
        children: markup or text.
        attributes: by name, with ``_`` for ``-`` and a closing ``_`` dropped (``class_``); ``None`` leaves
            one out. Values are escaped; floats are written with two decimals at most.
    """
    parts = [tag]
    for key, value in attributes.items():
        if value is not None:
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"')
    opening = f"<{' '.join(parts)}>"
    return Html(opening if tag in _VOID else f"{opening}{join(*children)}</{tag}>")


def link(url: str, text: str) -> Html:
    """Return a link to a page on the web; an address of any other kind stays text."""
    if urlsplit_scheme(url) in ("http", "https"):
        return element("a", text or url, href=url, rel="noreferrer")
    return join(text or url)


def urlsplit_scheme(url: str) -> str:
    """Return the scheme of an address in lower case, ``""`` when it has none or cannot be read."""
    try:
        return urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return ""


def slug(*names: str) -> str:
    """Return an id for an element: lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(names).lower()).strip("-") or "part"


def _text(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
