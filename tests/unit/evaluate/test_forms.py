"""Forms of answers: truth, units, probabilities and outcomes of each kind, by hand and by properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import metrics, metrics_labels, metrics_spans
from hub.contract.data import Example
from hub.contract.domain import KINDS
from hub.contract.errors import DataError, UsageError
from hub.contract.outcomes import LabelsOutcome, NumbersOutcome, Outcome, SpansOutcome
from hub.evaluate.forms import Form, LabelForm, LabelsForm, NumberForm, SpansForm, form_of, form_of_outcome
from tests.support.kinds import TRAINED

ROWS = {
    "label": [Example("a", "x"), Example("b", "y"), Example("c", "x")],
    "labels": [Example("a", labels=("y", "x")), Example("b"), Example("c", labels=("y",))],
    "spans": [
        Example("Mr A", words=("Mr", "A"), tags=("O", "B-x")),
        Example("B C D", words=("B", "C", "D"), tags=("B-y", "I-y", "O")),
    ],
    "number": [Example("", number=1.5), Example("", number=-2.0)],
}
FORMS: dict[str, Form] = {
    "label": LabelForm(("x", "y")),
    "labels": LabelsForm(("x", "y")),
    "spans": SpansForm(("x", "y")),
    "number": NumberForm("price"),
}


@pytest.mark.parametrize("kind", TRAINED)
def test_every_trained_kind_has_its_form(kind: str) -> None:
    answers = KINDS[kind].answers

    assert form_of(kind, ("price",) if answers == "number" else ("x", "y")) == FORMS[answers]
    assert FORMS[answers].answers == answers


def test_a_number_without_a_name_has_one() -> None:
    assert form_of("tabular-regression", ()).classes == ("value",)


def test_an_unknown_kind_is_named_with_its_neighbour() -> None:
    with pytest.raises(UsageError, match=r"HUB-V002: unknown kind 'multilabel'[\s\S]*multi-label"):
        form_of("multilabel", ("a",))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(TRAINED)))
def test_kinds_that_are_exported_only_are_not_scored(kind: str) -> None:
    with pytest.raises(UsageError, match="HUB-V002: answers of the kind"):
        form_of(kind, ())


def test_outputs_are_the_classes() -> None:
    assert {name: form.classes for name, form in FORMS.items()} == {
        "label": ("x", "y"),
        "labels": ("x", "y"),
        "spans": ("O", "B-x", "I-x", "B-y", "I-y"),
        "number": ("price",),
    }
    assert {name: form.outputs for name, form in FORMS.items()} == {"label": 2, "labels": 2, "spans": 5, "number": 1}


def test_truth_units_and_strata() -> None:
    truth = {name: form.truth(ROWS[name]) for name, form in FORMS.items()}

    assert truth["label"].tolist() == [0, 1, 0]
    assert truth["labels"].tolist() == [[True, True], [False, False], [False, True]]
    assert truth["spans"].tolist() == [0, 1, 3, 4, 0]
    assert truth["number"].tolist() == [1.5, -2.0]
    assert [truth[name].dtype for name in FORMS] == [np.int64, np.bool_, np.int64, np.float64]
    assert {name: form.units(ROWS[name]).tolist() for name, form in FORMS.items()} == {
        "label": [1, 1, 1],
        "labels": [1, 1, 1],
        "spans": [2, 3],
        "number": [1, 1],
    }
    assert {name: form.strata(ROWS[name]).tolist() for name, form in FORMS.items()} == {
        "label": [0, 1, 0],
        "labels": [0, 0, 0],
        "spans": [0, 0],
        "number": [0, 0],
    }


@pytest.mark.parametrize("name", FORMS)
def test_no_rows_give_empty_arrays_that_can_be_scored(name: str) -> None:
    form = FORMS[name]
    truth, units = form.truth([]), form.units([])

    probabilities = form.probabilities(np.zeros((0, form.outputs)))
    outcome = form.outcome(truth, probabilities, units)

    assert (len(truth), len(units), outcome.rows) == (0, 0, 0)
    assert form.fit_temperature(np.zeros((0, form.outputs)), truth) == 1.0
    assert form.reliability(outcome) == ()
    assert form.scale(truth) == 1.0


@pytest.mark.parametrize(
    ("form", "row"),
    [
        (FORMS["label"], Example("a", "z", origin="train.csv:12")),
        (FORMS["labels"], Example("a", labels=("x", "z"), origin="train.csv:12")),
        (FORMS["spans"], Example("a", words=("a",), tags=("B-z",), origin="train.csv:12")),
        (FORMS["spans"], Example("a b", words=("a", "b"), tags=("O",), origin="train.csv:12")),
    ],
)
def test_a_truth_that_is_no_class_is_named_with_its_row(form: Form, row: Example) -> None:
    with pytest.raises(DataError, match=r"train\.csv:12") as caught:
        form.truth([row])

    assert caught.value.code == "HUB-V001"


def test_probabilities_of_known_odds() -> None:
    odds = np.array([[0.0, math.log(3)]])

    assert FORMS["label"].probabilities(odds) == pytest.approx(np.array([[0.25, 0.75]]))
    assert FORMS["labels"].probabilities(odds) == pytest.approx(np.array([[0.5, 0.75]]))
    assert FORMS["labels"].probabilities(2 * odds, 2.0) == pytest.approx(np.array([[0.5, 0.75]]))
    spread = FORMS["spans"].probabilities(np.array([[math.log(6), 0, 0, 0, 0]]))
    assert spread == pytest.approx(np.array([[0.6, 0.1, 0.1, 0.1, 0.1]]))
    assert FORMS["number"].probabilities(np.array([[-7.5]]), 3.0).tolist() == [[-7.5]]


def test_the_best_temperature_of_several_labels_is_recovered() -> None:
    # Four decisions of odds 3 to 1, three of them right: exactly calibrated at this temperature.
    gap = 2.5 * math.log(3)
    scores = np.full((2, 2), gap)

    assert FORMS["labels"].fit_temperature(scores, np.array([[True, True], [True, False]])) == pytest.approx(2.5, 1e-3)
    assert FORMS["number"].fit_temperature(np.array([[2.0]]), np.array([4.0])) == 1.0


def test_words_are_calibrated_like_rows() -> None:
    random = np.random.default_rng(0)
    scores, truth = random.normal(size=(40, 5)), random.integers(0, 5, 40)

    assert FORMS["spans"].fit_temperature(scores, truth) == LabelForm(tuple("abcde")).fit_temperature(scores, truth)


def test_outcomes_have_the_forms_of_their_kinds() -> None:
    thresholds = np.array([0.2, 0.9])
    chances = np.array([[0.3, 0.7], [0.6, 0.4], [0.1, 0.9]])
    units = np.ones(3, dtype=np.int64)

    one = FORMS["label"].outcome(np.array([0, 1, 0]), chances, units, thresholds)
    several = FORMS["labels"].outcome(FORMS["labels"].truth(ROWS["labels"]), chances, units, thresholds)
    numbers = FORMS["number"].outcome(np.array([1.0]), np.array([[4.0]]), units[:1])

    assert isinstance(one, Outcome) and one.predicted.tolist() == [0, 0, 1]  # 0.3 / 0.2 is more than 0.7 / 0.9
    assert isinstance(several, LabelsOutcome)
    assert several.predicted.tolist() == [[True, False], [True, False], [False, True]]
    assert isinstance(numbers, NumbersOutcome) and numbers.predicted.tolist() == [4.0]
    for outcome, name in ((one, "label"), (several, "labels"), (numbers, "number")):
        assert form_of_outcome(outcome).answers == name


def test_words_become_entities_of_their_own_rows() -> None:
    form = FORMS["spans"]
    predicted = np.array([2, 2, 2, 4, 4])  # I-x I-x | I-x I-y I-y: an I- tag begins an entity, and no row runs on

    outcome = form.outcome(form.truth(ROWS["spans"]), np.eye(5)[predicted], form.units(ROWS["spans"]))

    assert isinstance(outcome, SpansOutcome)
    assert outcome.truth == (frozenset({(1, 2, "x")}), frozenset({(0, 2, "y")}))
    assert outcome.predicted == (frozenset({(0, 2, "x")}), frozenset({(0, 1, "x"), (1, 3, "y")}))
    assert outcome.words.tolist() == [2, 3]
    assert form_of_outcome(outcome) == form


def test_a_row_without_words_has_no_entities() -> None:
    rows = [Example(""), *ROWS["spans"]]
    form = FORMS["spans"]

    outcome = form.outcome(form.truth(rows), np.eye(5)[form.truth(rows)], form.units(rows))

    assert isinstance(outcome, SpansOutcome)
    assert outcome.predicted == outcome.truth
    assert outcome.truth[0] == frozenset()


@given(st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=6))
def test_perfect_tags_give_perfect_entities(tags: list[list[int]]) -> None:
    form = SpansForm(("x", "y"))
    flat = np.array([tag for row in tags for tag in row], dtype=np.int64)
    units = np.array([len(row) for row in tags], dtype=np.int64)

    outcome = form.outcome(flat, np.eye(5)[flat], units)

    assert outcome.predicted == outcome.truth
    assert metrics_spans.entity_f1(outcome) == (1.0 if any(outcome.truth) else 0.0)
    assert all(end <= words for row, words in zip(outcome.truth, units, strict=True) for _, end, _ in row)


def test_scores_by_label_come_from_the_metrics_of_the_form() -> None:
    truth = FORMS["labels"].truth(ROWS["labels"])
    several = LabelsOutcome(("x", "y"), truth, np.full((3, 2), 0.6))
    one = Outcome(("x", "y"), np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    spans = SpansOutcome(("x",), (frozenset({(0, 1, "x")}),), (frozenset(),), np.array([1]))

    assert FORMS["label"].per_label(one) == metrics.per_label(one)
    assert FORMS["labels"].per_label(several) == metrics_labels.per_label(several)
    assert FORMS["spans"].per_label(spans) == metrics_spans.per_label(spans)
    assert FORMS["number"].per_label(NumbersOutcome(np.zeros(1), np.zeros(1))) == {}
    assert FORMS["label"].confusion(one) == ((1, 0), (1, 0))
    assert FORMS["labels"].confusion(several) == FORMS["spans"].confusion(spans) == ()


def test_bins_of_several_labels_count_every_decision() -> None:
    truth = np.array([[True, False], [True, False], [False, False]])
    several = LabelsOutcome(("x", "y"), truth, np.array([[0.95, 0.05], [0.91, 0.02], [0.93, 1.0]]))

    low, high = FORMS["labels"].reliability(several)

    assert (low.rows, low.accuracy) == (2, 0.0)
    assert low.confidence == pytest.approx(0.035)
    assert (high.rows, high.accuracy) == (4, 0.5)  # a probability of 1 is in the last bin


def decided(
    answers: str, chances: object, truth: object, units: object, limits: object = None
) -> list[tuple[float, bool]]:
    form = FORMS[answers]
    thresholds = None if limits is None else np.array(limits)
    found = form.decisions(np.array(chances), np.array(truth), np.array(units, dtype=np.int64), thresholds)
    assert found is not None
    return list(zip(found.confidence.tolist(), found.right.tolist(), strict=True))


def test_one_label_is_as_sure_as_its_probability() -> None:
    chances = [[0.9, 0.1], [0.4, 0.6], [0.6, 0.4]]

    assert decided("label", chances, [0, 0, 0], [1, 1, 1]) == [(0.9, True), (0.6, False), (0.6, True)]
    # With a low threshold of its own the second label wins the last row, at its own probability.
    assert decided("label", chances, [0, 0, 0], [1, 1, 1], [0.8, 0.2])[2] == (0.4, False)


def test_several_labels_are_as_sure_as_the_least_certain_one() -> None:
    found = decided("labels", [[0.9, 0.2], [0.9, 0.4]], [[True, False], [True, True]], [1, 1])

    assert found == [(0.8, True), (0.6, False)]
    assert decided("labels", [[0.9, 0.4]], [[True, True]], [1], [0.5, 0.3]) == [(0.4, True)]


def test_each_entity_that_is_found_is_a_decision() -> None:
    # Two rows: "x" on the first word, found; "y" on two words, found one word short, so wrong.
    chances = [[0.1, 0.7, 0.2, 0, 0], [1, 0, 0, 0, 0], [0.2, 0, 0, 0.8, 0], [0.6, 0, 0, 0, 0.4]]

    found = decided("spans", chances, [1, 0, 3, 4], [2, 2])

    assert found == [(pytest.approx(0.9), True), (pytest.approx(0.8), False)]
    assert decided("spans", np.eye(5)[:1], [1], [1]) == []  # what is missed is no decision


def test_numbers_are_no_decisions() -> None:
    assert FORMS["number"].decisions(np.zeros((2, 1)), np.zeros(2), np.ones(2, dtype=np.int64), None) is None


def test_differences_of_numbers_are_measured_in_their_spread() -> None:
    assert FORMS["number"].scale(np.array([10.0, 30.0])) == 10.0
    assert FORMS["number"].scale(np.array([10.0, 10.0])) == 1.0
    assert FORMS["label"].scale(np.array([0, 1])) == 1.0


def test_an_outcome_of_another_form_is_refused() -> None:
    with pytest.raises(TypeError, match="NumbersOutcome is not SpansOutcome"):
        FORMS["spans"].per_label(NumbersOutcome(np.zeros(1), np.zeros(1)))
