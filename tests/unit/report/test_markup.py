from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.report.markup import Html, element, escape, join, link, slug
from hub.report.tables import Cell, Column, facts, table
from tests.support.page import Page


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[object] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


def test_element_with_text_markup_and_attributes() -> None:
    made = element("p", "1 < 2 & ", element("b", "x"), class_="a", data_column=3, title='say "hi"', hidden=None)
    assert made == '<p class="a" data-column="3" title="say &quot;hi&quot;">1 &lt; 2 &amp; <b>x</b></p>'
    assert element("br") == "<br>"
    assert element("rect", x=1.0, width=2.345) == '<rect x="1" width="2.35"></rect>'


def test_only_markup_is_not_escaped() -> None:
    assert join(Html("<b></b>"), "<b>", None, 3) == "<b></b>&lt;b&gt;3"


def test_forbidden_characters_are_replaced() -> None:
    assert escape("a\x00b\ud800c\uffffd\n\te") == "a\ufffdb\ufffdc\ufffdd\n\te"


@given(st.text(), st.text())
def test_any_text_is_read_back(content: str, title: str) -> None:
    seen = Reader(element("p", content, title=title)).seen
    assert seen[0][0] == "p"  # type: ignore[index]
    assert all(not isinstance(part, tuple) for part in seen[1:])
    expected = str(escape(content)).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    expected = expected.replace("&quot;", '"').replace("&#x27;", "'")
    if "&" not in content and "\r" not in content:
        assert "".join(part for part in seen[1:] if isinstance(part, str)) == expected


@pytest.mark.parametrize("url", ["https://example.org/a?b=1&c", "http://example.org", "HTTPS://EXAMPLE.ORG"])
def test_web_addresses_become_links(url: str) -> None:
    assert Reader(link(url, "x")).seen == [("a", {"href": url, "rel": "noreferrer"}), "x"]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "file:///etc", "/a", "", "http://["]
)
def test_other_addresses_stay_text(url: str) -> None:
    assert not any(isinstance(part, tuple) for part in Reader(link(url, "x")).seen)


def test_slug() -> None:
    assert slug("Size and time", "K00–K95") == "size-and-time-k00-k95"
    assert slug("…") == "part"


def test_table_groups_values_and_second_lines() -> None:
    columns = [Column("Model"), Column("p50", True, "16 tokens"), Column("p95", True, "16 tokens"), Column("Note")]
    rows = [[Cell("a", below="default"), Cell("1 ms", 1.0), Cell("–"), Cell("x")]]
    made = table("Times", columns, rows, sortable=True)
    found = Page(made).tables[0]
    assert found.caption == "Times"
    assert found.headings == ["Model", "p50", "p95", "Note"]
    assert found.rows == [["a\ndefault", "1 ms", "–", "x"]]
    assert found.values == [[None, "1.0", None, None]]
    assert '<th scope="colgroup" colspan="2" class="group">16 tokens</th>' in made
    assert "sortable" in made


def test_table_refuses_rows_of_another_length() -> None:
    with pytest.raises(ValueError, match="zip"):
        table("t", [Column("a"), Column("b")], [[Cell("x")]])


def test_facts_leave_out_what_is_empty() -> None:
    assert facts([("a", "1"), ("b", ""), ("c", None)]) == '<dl class="facts"><div><dt>a</dt><dd>1</dd></div></dl>'
