"""The report of an export."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hub.contract.results import Evaluation, GateResult, MetricName
from hub.report.exported import export_page, write_export_report
from tests.support.export_results import export_result


class Page(HTMLParser):
    """Text, headings and addresses of a page; raises where tags are not closed in order."""

    VOID = frozenset({"br", "col", "hr", "link", "meta", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.open, self.addresses = "", list[str](), list[str]()
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


def test_the_page_shows_every_figure_and_loads_nothing() -> None:
    page = Page(export_page(export_result()))

    for word in ("8.0e-7", "99.5 %", "23.8 MB", "1.90 ms", "int8-agreement is 4, the limit is 1", "shipped sentence 7"):
        assert word in page.text
    assert "billing 0.512 → delivery 0.519" in page.text
    assert "No labelled rows were given" in page.text
    assert all(address.startswith(("#", "data:")) for address in page.addresses)


def test_scores_stand_there_only_with_labelled_rows() -> None:
    plain = export_result()
    metric = MetricName("macro_f1", "Mean F1 over the labels")
    scored = tuple(
        dataclasses.replace(one, evaluations={"all": Evaluation(50, {"macro_f1": 0.912})}) for one in plain.variants
    )
    result = dataclasses.replace(plain, headline_metric="macro_f1", metrics=(metric,), variants=scored, labelled=50)

    assert "0.912" in Page(export_page(result)).text
    assert "Scores on the labelled rows" not in Page(export_page(plain)).text


def test_a_missed_gate_is_seen_first() -> None:
    gates = (GateResult("parity", 1e-4, 0.5, False, "far off"), GateResult("tokens", 0, 0, True))
    text = Page(export_page(dataclasses.replace(export_result(), gates=gates, failed=True))).text

    assert text.index("1 of 2 gates missed: parity.") < text.index("Comparison")
    assert "1 missed" in text


@pytest.mark.parametrize("kind", ["embeddings", "fill-mask", "question-answering", "token-classification"])
def test_other_kinds(kind: str) -> None:
    text = Page(export_page(export_result(kind=kind))).text

    assert ("cosine 0.99500" in text) is (kind == "embeddings")


def test_equal_results_give_equal_text_and_names_stay_text(tmp_path: Path) -> None:
    result = export_result(id="<script>alert(1)</script>")

    write_export_report(result, tmp_path / "report.html")

    page = (tmp_path / "report.html").read_text("utf-8")
    assert page == export_page(result)
    assert "<script>alert" not in page
