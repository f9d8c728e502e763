"""The section of base models in a build's report."""

from __future__ import annotations

import dataclasses

from hub.contract.bases import LEFT_OUT, TRIED, BaseChoice, BaseFigures
from hub.report import page_text
from tests.support.page import Page
from tests.support.results import build_result

CHOICE = BaseChoice(
    "macro_f1",
    "A rule.",
    "A speed.",
    4000,
    1200,
    (
        BaseFigures("packaged", TRIED, "", 0.81, 22_700_000, 90_800_000, 7_000_000, 350.0),
        BaseFigures(
            "/home/someone/mine", TRIED, "over the limit of size", 0.84, 33_000_000, 132_000_000, 9_000_000, 200.0
        ),
        BaseFigures("org/<far>", LEFT_OUT, "not on this machine"),
    ),
)


def test_every_base_model_is_listed_with_the_reason() -> None:
    page = Page(page_text(dataclasses.replace(build_result(), bases=(CHOICE,))))

    found = page.table("Base models by rank")
    assert [row[0] for row in found.rows] == ["packaged", "mine", "org/<far>"]
    assert [row[-1] for row in found.rows] == ["chosen", "over the limit of size", "not on this machine"]
    assert found.row("packaged")["Texts a second"] == "350"
    assert "/home/someone" not in page.source
    assert "4,000 training rows" in page.text


def test_times_take_the_place_of_texts_a_second() -> None:
    timed = tuple(
        dataclasses.replace(entry, p50_ms=1.5 if entry.state == TRIED else 0.0) for entry in CHOICE.candidates
    )

    page = Page(page_text(dataclasses.replace(build_result(), bases=(dataclasses.replace(CHOICE, candidates=timed),))))

    assert page.table("Base models by rank").row("packaged")["p50 16 tokens"] == "1.50 ms"


def test_one_base_model_needs_no_section() -> None:
    assert "Base models by rank" not in page_text(build_result())
