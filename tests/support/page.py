"""Reads an HTML page back with the standard library: tables, headings, ids, tags and their attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "col", "hr", "link", "meta"}


@dataclass
class Table:
    """A table: its caption, the last row of headings and the rows of texts; ``values`` holds data-value."""

    caption: str = ""
    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    values: list[list[str | None]] = field(default_factory=list)

    def row(self, name: str) -> dict[str, str]:
        """The row with this heading, by column heading; repeated headings get their position."""
        cells = next(cells for cells in self.rows if cells[0] == name or cells[0].startswith(f"{name}\n"))
        keys = [
            heading if self.headings.count(heading) == 1 else f"{heading}#{index}"
            for index, heading in enumerate(self.headings)
        ]
        return dict(zip(keys, cells, strict=True))


class Page(HTMLParser):
    """A parsed page. Parsing fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[Table] = []
        self.titles: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._cell: list[str] | None = None
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.tags if "id" in attributes]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def table(self, caption: str) -> Table:
        return next(table for table in self.tables if table.caption.startswith(caption))

    def svgs(self) -> list[str]:
        return re.findall(r"<svg.*?</svg>", self.source, flags=re.DOTALL)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr" and "tbody" in self._open:
            self.tables[-1].rows.append([])
            self.tables[-1].values.append([])
        elif tag == "tr" and "thead" in self._open:
            self.tables[-1].headings = []
        elif tag in ("td", "th", "caption"):
            self._cell = []
            if "tbody" in self._open:
                self.tables[-1].values[-1].append(attributes.get("data-value"))
        elif tag == "small" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()
        if tag not in ("td", "th", "caption") or self._cell is None:
            return
        content, self._cell = "".join(self._cell), None
        if tag == "caption":
            self.tables[-1].caption = content
        elif "tbody" in self._open:
            self.tables[-1].rows[-1].append(content)
        elif "thead" in self._open:
            self.tables[-1].headings.append(content)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            return
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)
        if self._open and self._open[-1] == "title":
            self.titles.append(data)
