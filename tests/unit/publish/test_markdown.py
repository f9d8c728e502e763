from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.publish import markdown as md


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a | b", "a &#124; b"),
        ("<b>&amp;", "&#60;b&#62;&#38;amp;"),
        ("avx512_vnni", "avx512_vnni"),
        ("_x_ **y**", "&#95;x&#95; &#42;&#42;y&#42;&#42;"),
        ("line\r\n\u2028next\tx", "line next x"),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
        ("K00–K95", "K00–K95"),
    ],
)
def test_text_is_literal(value: str, expected: str) -> None:
    assert md.text(value) == expected


@given(st.text())
def test_any_text_is_one_line_without_structure(value: str) -> None:
    shown = md.text(value)
    assert len(shown.splitlines()) <= 1
    assert not re.search(r"[<>|`\\$*\[\]~]", shown)
    shown.encode("utf-8")


@given(st.text())
def test_any_code_is_one_span_or_text(value: str) -> None:
    shown = md.code(value)
    assert shown == f"`{value}`" or not re.search(r"[`<>\r\n]", shown)


def test_prose_keeps_markdown_and_drops_html() -> None:
    assert md.prose(" **x** <b>y</b> <https://example.org> 1 < 2\r\n\n- a ") == (
        "**x** &lt;b>y&lt;/b> <https://example.org> 1 &lt; 2\n\n- a"
    )


@pytest.mark.parametrize("url", ["javascript:a", "file:///x", "", "https://a b", "https://a)b", "https://a|b"])
def test_links_only_to_web_pages(url: str) -> None:
    assert md.link(url, "x") == "x"
    assert md.link("https://example.org/a", "[x]") == "[&#91;x&#93;](https://example.org/a)"


def test_prose_links_lead_nowhere_else() -> None:
    assert md.prose("[a](JavaScript:x) [b](data:x) [c](https://e.org) [d](LICENSE) [e](#top)") == (
        "[a](#x) [b](#x) [c](https://e.org) [d](LICENSE) [e](#top)"
    )


def test_table_and_blocks() -> None:
    assert md.table(["A", "B"], [["x", "1"]]) == "| A | B |\n| --- | ---: |\n| x | 1 |"
    assert md.blocks("a", "", "b") == "a\n\nb"
    assert md.items(["a", "b"]) == "- a\n- b"
