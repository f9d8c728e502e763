"""Metrics for entities: the published example of conlleval, the documented ones of seqeval, and properties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.metrics_spans import (
    SpansOutcome,
    entity_f1,
    entity_precision,
    entity_recall,
    macro_entity_f1,
    per_label,
    span_counts,
)
from hub.contract.outcomes import Span
from hub.edge.answers import decode_tags

CONLLEVAL = {  # type: right, found, true; percentages as published
    "ADJP": ((0, 1, 6), "0.00 0.00 0.00"),
    "ADVP": ((5, 11, 8), "45.45 62.50 52.63"),
    "NP": ((206, 317, 262), "64.98 78.63 71.16"),
    "PP": ((89, 107, 90), "83.18 98.89 90.36"),
    "SBAR": ((2, 3, 6), "66.67 33.33 44.44"),
    "VP": ((69, 100, 87), "69.00 79.31 73.80"),
}
"""The output example of conlleval (CoNLL-2000 shared task): 459 phrases, 539 found, 371 correct."""


def outcome(truth: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], types: Sequence[str]) -> SpansOutcome:
    rows = tuple(frozenset(row) for row in truth), tuple(frozenset(row) for row in predicted)
    return SpansOutcome(tuple(types), *rows, np.full(len(truth), 10_000))


def tagged(truth: Sequence[str], predicted: Sequence[str], types: Sequence[str]) -> SpansOutcome:
    """One row a text of tags that are parted by blanks."""
    return outcome([decode_tags(row.split()) for row in truth], [decode_tags(row.split()) for row in predicted], types)


def percent(*values: float) -> str:
    return " ".join(f"{100 * value:.2f}" for value in values)


def test_the_published_example_of_conlleval() -> None:
    truth: list[Span] = []
    predicted: list[Span] = []
    for kind, ((hits, found, true), _) in CONLLEVAL.items():
        truth += [(place, place + 1, kind) for place in range(true)]
        # What is not right is the right place with one word too many.
        predicted += [(place, place + (1 if place < hits else 2), kind) for place in range(found)]
    example = outcome([truth], [predicted], tuple(CONLLEVAL))

    assert percent(entity_precision(example), entity_recall(example), entity_f1(example)) == "68.83 80.83 74.35"
    for kind, score in per_label(example).items():
        counts, published = CONLLEVAL[kind]
        assert percent(score.precision, score.recall, score.f1) == published
        assert score.rows == counts[2]


def test_the_documented_example_of_seqeval() -> None:
    example = tagged(
        ["O O O B-MISC I-MISC I-MISC O", "B-PER I-PER O"],
        ["O O B-MISC I-MISC I-MISC I-MISC O", "B-PER I-PER O"],
        ("MISC", "PER"),
    )

    assert entity_f1(example) == 0.5
    assert macro_entity_f1(example) == 0.5
    scores = per_label(example)
    assert [(name, score.f1, score.rows) for name, score in scores.items()] == [("MISC", 0.0, 1), ("PER", 1.0, 1)]


def test_an_inside_tag_begins_an_entity_as_in_the_default_mode_of_seqeval() -> None:
    example = tagged(["B-NP I-NP O"], ["I-NP I-NP O"], ("NP",))

    assert (entity_f1(example), entity_precision(example), entity_recall(example)) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("predicted", "right"),
    [
        ("B-A I-A O O", True),
        ("B-A O O O", False),  # cut short
        ("B-A I-A I-A O", False),  # too long
        ("B-B I-B O O", False),  # another type
        ("B-A B-A O O", False),  # in two pieces
        ("O O B-A I-A", False),  # elsewhere
    ],
)
def test_only_the_same_words_and_type_count(predicted: str, right: bool) -> None:
    assert entity_recall(tagged(["B-A I-A O O"], [predicted], ("A", "B"))) == right


def test_equal_places_in_other_rows_do_not_count() -> None:
    assert entity_f1(outcome([[(0, 1, "A")], []], [[], [(0, 1, "A")]], "A")) == 0.0


def test_nothing_to_find_and_nothing_found_is_zero() -> None:
    nothing = outcome([[], []], [[], []], "AB")

    assert entity_f1(nothing) == entity_precision(nothing) == entity_recall(nothing) == macro_entity_f1(nothing) == 0.0
    assert all(score.rows == score.f1 == 0 for score in per_label(nothing).values())


def test_a_type_that_is_neither_true_nor_found_is_no_part_of_the_mean() -> None:
    assert macro_entity_f1(outcome([[(0, 1, "A")]], [[(0, 1, "A")]], "AB")) == 1.0
    assert macro_entity_f1(outcome([[(0, 1, "A")]], [[(0, 1, "A"), (2, 3, "B")]], "AB")) == 0.5


def test_a_type_that_was_not_declared_is_counted_and_comes_last() -> None:
    counts = span_counts(outcome([[(0, 1, "x")]], [[(0, 1, "x"), (1, 2, "a")]], "B"))

    assert list(counts) == ["B", "a", "x"]
    assert (counts["x"].hits, counts["a"].found, counts["B"].true) == (1, 1, 0)


spans = st.lists(st.tuples(st.integers(0, 4), st.integers(5, 7), st.sampled_from("ABC")), max_size=5)


@given(st.lists(st.tuples(spans, spans), max_size=6))
def test_scores_follow_from_each_other(rows: list[tuple[list[Span], list[Span]]]) -> None:
    one = outcome([truth for truth, _ in rows], [found for _, found in rows], "ABC")
    turned = SpansOutcome(one.labels, one.predicted, one.truth, one.words)

    precision, recall, f1 = entity_precision(one), entity_recall(one), entity_f1(one)
    assert (entity_precision(turned), entity_recall(turned), entity_f1(turned)) == (recall, precision, f1)
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    assert min(precision, recall) - 1e-12 <= f1 <= max(precision, recall) + 1e-12
    assert sum(score.rows for score in per_label(one).values()) == sum(len(row) for row in one.truth)
