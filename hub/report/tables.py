"""Tables with captions, row and column headings, numbers to the right and raw values for sorting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from hub.report.markup import Child, Html, element, join

_SHORT = 24


@dataclass(frozen=True)
class Column:
    """A column.

    Args:
        title: its heading.
        numeric: its cells are numbers.
        group: heading above neighbouring columns, ``""`` for none.
        title_text: what a pointer over the heading shows, ``""`` for nothing.
        wide: its cells hold sentences, which must not be squeezed on narrow screens.
    """

    title: str
    numeric: bool = False
    group: str = ""
    title_text: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell.

    Args:
        content: what is shown.
        value: raw number it is sorted by; ``None`` sorts last.
        below: a second, smaller line.
        mark: CSS class.
    """

    content: Child
    value: float | None = None
    below: Child = None
    mark: str = ""


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    sortable: bool = False,
    tall: bool = False,
) -> Html:
    """Return a table in a frame that scrolls sideways on narrow screens.

    Args:
        caption: says what the table shows.
        columns: the first one holds the row headings.
        rows: cells in the order of the columns.
        sortable: the page's script adds buttons to its headings.
        tall: limited in height on a screen; printed in full.
    """
    head = join(*_head_rows(columns))
    body = join(*(element("tr", *_cells(columns, row)) for row in rows))
    frame = "frame tall" if tall else "frame"
    inner = element(
        "table",
        # The span stays in sight while the table scrolls sideways.
        element("caption", element("span", caption)),
        element("thead", head),
        element("tbody", body),
        class_="sortable" if sortable else None,
    )
    # A frame that scrolls must be reachable by keyboard, and needs a name then.
    return element("div", inner, class_=frame, tabindex=0, role="group", aria_label=caption)


def _head_rows(columns: Sequence[Column]) -> list[Html]:
    headings = [
        element(
            "th",
            column.title,
            scope="col",
            class_="number" if column.numeric else None,
            title=column.title_text or None,
            data_column=index,
        )
        for index, column in enumerate(columns)
    ]
    if not any(column.group for column in columns):
        return [element("tr", *headings)]
    groups = []
    for name, members in groupby(columns, key=lambda column: column.group):
        width = len(list(members))
        if name:
            groups.append(element("th", name, scope="colgroup", colspan=width, class_="group"))
        else:
            groups.append(element("td", colspan=width))
    return [element("tr", *groups, class_="groups"), element("tr", *headings)]


def _cells(columns: Sequence[Column], row: Sequence[Cell]) -> list[Html]:
    shown = []
    for index, (column, cell) in enumerate(zip(columns, row, strict=True)):
        below = element("small", cell.below) if cell.below else None
        classes = " ".join(filter(None, ("number" if column.numeric else "", "wide" if column.wide else "", cell.mark)))
        value = None if cell.value is None else repr(cell.value)
        content = join(cell.content, below)
        if index == 0:
            # Short names are not broken at their hyphens.
            short = "short" if isinstance(cell.content, str) and len(cell.content) <= _SHORT else ""
            classes = " ".join(filter(None, (classes, short)))
            shown.append(element("th", content, scope="row", class_=classes or None, data_value=value))
        else:
            shown.append(element("td", content, class_=classes or None, data_value=value))
    return shown


def facts(pairs: Sequence[tuple[str, Child]]) -> Html:
    """Return names and values as a definition list; pairs without a value are left out."""
    kept = [(name, value) for name, value in pairs if value not in (None, "")]
    return element("dl", *(element("div", element("dt", n), element("dd", v)) for n, v in kept), class_="facts")
