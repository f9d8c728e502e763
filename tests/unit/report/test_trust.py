"""Report and card say what is promised, what came of it on test rows, and what is foreign."""

from __future__ import annotations

import dataclasses

import pytest

from hub.contract import figures
from hub.contract.results import BuildResult
from hub.publish.card import card_text
from hub.report import page_text
from tests.support.kinds import kind_manifest, kind_result
from tests.support.page import Page
from tests.support.promised import promised
from tests.support.results import build_result, manifest


@pytest.fixture(scope="module")
def result() -> BuildResult:
    return promised(build_result())


def test_the_report_has_a_row_for_each_promise(result: BuildResult) -> None:
    page = Page(page_text(result))

    assert page.table("Abstention").rows == [
        ["int8", "90.0 %", "0.410", "90.0 %", "94.0 %", "88.5 %", "93.1 %", "no"],
        ["int8", "95.0 %", "0.620", "78.0 %", "97.2 %", "77.1 %", "96.8 %", "yes"],
    ]
    assert "with a probability of 90.0 %" in page.text


def test_the_card_has_the_same_figures(result: BuildResult) -> None:
    card = card_text(result, manifest(build_result()))

    assert "| int8 | 90.0 % | 0.410 | 90.0 % | 94.0 % | 88.5 % | 93.1 % |" in card
    assert "| int8 (unasked) | 95.0 % | 0.620 | 78.0 % | 97.2 % | 77.1 % | 96.8 % |" in card


def test_both_say_what_the_foreign_texts_were(result: BuildResult) -> None:
    page, card = Page(page_text(result)), card_text(result, manifest(build_result()))

    for text in (page.text, card):
        assert "94 texts): 91.5 % are out of domain" in text
        assert "5.0 % of the calibration rows" in text
        assert "5.7 % of the test rows are" in text
        assert "0.987" in text
    assert "<b>" not in card


def test_without_a_promise_both_say_so() -> None:
    result = dataclasses.replace(build_result(), abstention={})

    assert figures.NO_PROMISE in Page(page_text(result)).text
    assert figures.NO_PROMISE in card_text(result, manifest(result))
    assert figures.domain_sentences(result) == ()


@pytest.mark.parametrize(("kind", "said"), [("token-classification", "entities"), ("multi-label", "whole set")])
def test_other_decisions_are_called_what_they_are(kind: str, said: str) -> None:
    result = dataclasses.replace(promised(kind_result(kind)), abstention={})

    assert [promise.default for promise in figures.promises(result)] == [False, False]
    assert any(said in sentence for sentence in figures.abstention_sentences(result))
    assert Page(page_text(result)).table("Abstention").rows[0][-1] == "no"
    assert "| int8 | 90.0 % |" in card_text(result, kind_manifest(result))


def test_entities_and_numbers_promise_nothing_without_saying_it_is_a_lack() -> None:
    for kind in ("token-classification", "tabular-regression"):
        assert figures.abstention_sentences(kind_result(kind)) == ()
