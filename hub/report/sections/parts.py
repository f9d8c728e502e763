"""Pieces that several sections use."""

from __future__ import annotations

from hub.report.markup import Child, Html, element, slug


def section(title: str, *content: Child) -> Html:
    """Return a section with its heading; the heading's id is what the page's contents link to."""
    name = slug(title)
    return element("section", element("h2", title, id=name), *content, aria_labelledby=name)


def paragraph(*content: Child, class_: str = "") -> Html:
    """Return a paragraph."""
    return element("p", *content, class_=class_ or None)


def figure(caption: Child, *content: Child) -> Html:
    """Return a figure with its caption below; wide drawings scroll inside it."""
    frame = element("div", *content, class_="drawing")
    return element("figure", frame, element("figcaption", caption))


def grid(*content: Child, charts: bool = False) -> Html:
    """Return content side by side where there is room; charts two at most."""
    return element("div", *content, class_="grid charts" if charts else "grid")
