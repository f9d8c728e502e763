"""What a build records of abstention and of foreign texts, from rows and probabilities made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from hub.edge.encode import Encoder
from hub.edge.folder import TOKENIZER
from hub.edge.out_of_domain import unpacked
from hub.edge.schema import Abstention, OutOfDomain
from hub.evaluate.forms import Form, LabelForm, LabelsForm, NumberForm, SpansForm
from hub.pipeline.stages.decisions import decided, default_entry, on_test
from hub.pipeline.stages.domain import area_under_curve, domain_on_test, fit_domain, foreign_texts
from hub.pipeline.stages.rows import Rows, Words
from tests.support.tiny_bundle import TEXTS, make_tiny_bundle

Floats = npt.NDArray[np.float64]


def rows(form: Form, truth: npt.NDArray[np.generic], inputs: Sequence[object] = (), units: int = 1) -> Rows:
    count = len(truth) // units
    ones = np.full(count, units, dtype=np.int64)
    texts = tuple(inputs) or ("",) * count
    return Rows(form, texts, truth, ones, np.zeros(count, dtype=np.int64), ("",) * count, ("",) * count)


def two_labels(count: int, sure: float, wrong: int = 0) -> tuple[Rows, Floats]:
    """Rows of the label "a" that a model is equally sure of; it gives the first ``wrong`` of them "b"."""
    chances = np.tile([sure, 1 - sure], (count, 1))
    chances[:wrong] = chances[:wrong, ::-1]
    return rows(LabelForm(("a", "b")), np.zeros(count, dtype=np.int64)), chances


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(make_tiny_bundle(tmp_path_factory.mktemp("domain") / "tiny") / TOKENIZER, 64)


def test_a_model_that_is_right_is_promised_what_its_rows_allow() -> None:
    calibration, validation = two_labels(60, 0.9), two_labels(40, 0.8)

    found = decided(*calibration, *validation, None)

    assert [entry["target_precision"] for entry in found["target_precisions"]] == [0.8, 0.9, 0.95]
    assert found["abstention"] == found["target_precisions"][-1]
    assert Abstention(**found["abstention"]) == Abstention(0.95, 0.0, 1.0, 1.0, 0.9)
    assert found["thresholds"] is None


def test_the_test_rows_change_figures_and_no_threshold() -> None:
    choice = decided(*two_labels(60, 0.9), *two_labels(60, 0.9), None)

    entries = on_test(choice, *two_labels(10, 0.6, wrong=5))

    assert [entry["threshold"] for entry in entries] == [entry["threshold"] for entry in choice["target_precisions"]]
    assert {(entry["test_coverage"], entry["test_precision"], entry["test_kept"]) for entry in entries} == {
        (1, 0.5, 10)
    }
    assert {entry["precision"] for entry in entries} == {1.0}
    assert default_entry(choice, entries) == entries[-1]


def test_a_model_that_is_wrong_is_promised_nothing() -> None:
    choice = decided(*two_labels(300, 0.9, wrong=120), *two_labels(300, 0.9, wrong=120), None)

    assert choice == {"abstention": None, "target_precisions": [], "thresholds": None}
    assert on_test(choice, *two_labels(10, 0.9)) == []
    assert default_entry(choice, []) is None


def test_thresholds_of_labels_decide_what_is_right() -> None:
    # "b" wins with a threshold of its own, so every row is wrong though "a" is more probable.
    found = decided(*two_labels(100, 0.6), *two_labels(100, 0.6), np.array([0.8, 0.2]))

    assert found["target_precisions"] == []
    assert found["thresholds"] == [0.8, 0.2]


def test_several_labels_abstain_by_row() -> None:
    form = LabelsForm(("a", "b"))
    truth, chances = np.tile([True, False], (50, 1)), np.tile([0.9, 0.2], (50, 1))

    found = decided(rows(form, truth), chances, rows(form, truth), chances, np.array([0.5, 0.5]))

    assert found["abstention"]["target_precision"] == 0.95


def test_entities_are_promised_precisions_and_left_out_only_when_asked() -> None:
    form = SpansForm(("x",))
    truth, chances = np.full(60, 1), np.tile([0.1, 0.8, 0.1], (60, 1))

    found = decided(rows(form, truth), chances, rows(form, truth), chances, None)

    assert found["abstention"] is None
    assert [entry["target_precision"] for entry in found["target_precisions"]] == [0.8, 0.9, 0.95]


def test_numbers_have_no_confidence() -> None:
    held = rows(NumberForm(), np.zeros(50))

    assert decided(held, np.zeros((50, 1)), held, np.zeros((50, 1)), None)["target_precisions"] == []
    assert on_test({"target_precisions": [], "thresholds": None}, held, np.zeros((50, 1))) == []


def texts(*inputs: object) -> Rows:
    return rows(LabelForm(("a", "b")), np.zeros(len(inputs), dtype=np.int64), inputs)


def test_nineteen_of_twenty_calibration_rows_are_in_the_domain(encoder: Encoder) -> None:
    found = fit_domain(encoder, texts(*TEXTS), texts(*TEXTS, "zyx", "cat dog"))

    assert found is not None
    domain = OutOfDomain(**found)
    assert domain.coverage >= 0.95
    assert len(unpacked(domain.pieces).steps) == encoder.vocabulary


def test_foreign_texts_are_told_from_test_rows(encoder: Encoder) -> None:
    chosen = fit_domain(encoder, texts(*TEXTS), texts(*TEXTS, *TEXTS))

    found = domain_on_test(chosen, encoder, texts(*TEXTS))

    assert found["auroc"] > 0.95
    assert found["test_coverage"] >= 0.94
    assert found["foreign_rows"] == len(foreign_texts(False))
    assert found["foreign_found"] > 0.9
    assert "pieces" not in found


def test_few_calibration_rows_or_no_test_rows_give_no_score(encoder: Encoder) -> None:
    chosen = fit_domain(encoder, texts(*TEXTS), texts(*TEXTS, *TEXTS))

    assert fit_domain(encoder, texts(*TEXTS), texts(*TEXTS[:10])) is None
    assert domain_on_test(None, encoder, texts(*TEXTS)) == {}
    assert domain_on_test(chosen, encoder, texts()) == {}


def test_pairs_and_words_have_a_score_too(encoder: Encoder) -> None:
    paired = texts(*zip(TEXTS, reversed(TEXTS), strict=True))
    worded = rows(SpansForm(("x",)), np.zeros(4 * 30, dtype=np.int64), [Words(("the", "old", "cat", "dog"))] * 30, 4)

    chosen = fit_domain(encoder, paired, texts(*[("cat", "oak")] * 20))
    assert domain_on_test(chosen, encoder, paired)["foreign_rows"] == len(foreign_texts(True))
    chosen = fit_domain(encoder, worded, worded)
    assert domain_on_test(chosen, encoder, worded)["auroc"] == 1.0


@pytest.mark.parametrize(
    ("own", "foreign", "area"),
    [([2.0, 3.0], [0.0, 1.0], 1.0), ([0.0], [1.0], 0.0), ([1.0], [1.0], 0.5), ([0.0, 2.0], [1.0, 1.0], 0.5)],
)
def test_the_area_counts_pairs(own: list[float], foreign: list[float], area: float) -> None:
    assert area_under_curve(np.array(own), np.array(foreign)) == area


def test_the_area_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(5)
    own, foreign = random.integers(0, 9, 40) / 1.0, random.integers(0, 9, 25) / 1.0
    truth = np.repeat([1, 0], (40, 25))

    assert area_under_curve(own, foreign) == pytest.approx(roc_auc_score(truth, np.concatenate([own, foreign])))
