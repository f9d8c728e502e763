from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hub.contract.domain import Feature
from hub.contract.errors import DataError
from hub.evaluate.boosting import MOST_CATEGORIES, NAME, train_table_baseline
from hub.evaluate.forms import LabelForm, NumberForm

FEATURES = (Feature("x", "number"), Feature("kind", "category"), Feature("empty", "number"))
FORM = LabelForm(("no", "yes"))


@dataclass(frozen=True)
class Table:
    inputs: tuple[dict[str, Any], ...]
    truth: npt.NDArray[Any]

    @property
    def units(self) -> npt.NDArray[np.int64]:
        return np.ones(len(self.inputs), dtype=np.int64)


def rows(count: int, seed: int) -> tuple[dict[str, Any], ...]:
    random = np.random.default_rng(seed)
    return tuple(
        {
            "x": None if random.random() < 0.2 else float(random.uniform(-1, 1)),
            "kind": None if random.random() < 0.2 else str(random.choice(["a", "b", "c"])),
            "empty": None,
        }
        for _ in range(count)
    )


def label(row: dict[str, Any]) -> bool:
    """Depends on the category and on what is missing."""
    return row["x"] is None or (abs(row["x"]) < 0.5) == (row["kind"] == "b")


def labelled(count: int, seed: int) -> Table:
    inputs = rows(count, seed)
    return Table(inputs, np.array([label(row) for row in inputs], dtype=np.int64))


@pytest.fixture(scope="module")
def baseline() -> Any:
    return train_table_baseline(FORM, FEATURES, labelled(1500, 1), labelled(300, 2), seed=1)


def test_it_learns_from_numbers_categories_and_missing_values(baseline: Any) -> None:
    test = labelled(500, 3)
    chances = baseline.probabilities(test.inputs)

    assert chances.sum(axis=1) == pytest.approx(np.ones(500))
    assert (chances.argmax(axis=1) == test.truth).mean() > 0.97
    assert baseline.name == NAME


def test_sizes_are_measured(baseline: Any) -> None:
    assert baseline.parameters > 1000
    assert baseline.bytes > 10 * baseline.parameters


def test_rows_with_unknown_categories_and_none_at_all_are_answered(baseline: Any) -> None:
    chances = baseline.probabilities([{"x": 0.1, "kind": "new", "empty": 4.0}, dict.fromkeys(("x", "kind", "empty"))])

    assert chances.shape == (2, 2)
    assert np.isfinite(chances).all()
    assert baseline.probabilities([]).shape == (0, 2)


def test_same_seed_same_answers(baseline: Any) -> None:
    again = train_table_baseline(FORM, FEATURES, labelled(1500, 1), labelled(300, 2), seed=1)
    test = rows(50, 4)

    assert np.array_equal(again.probabilities(test), baseline.probabilities(test))


def test_calibration_flattens_what_is_too_sure() -> None:
    random = np.random.default_rng(5)

    def noisy(count: int) -> Table:
        return Table(rows(count, int(random.integers(1e6))), random.integers(0, 2, count))

    found = train_table_baseline(FORM, FEATURES, noisy(400), noisy(400), seed=1)

    assert found.temperature > 1.5


def test_labels_that_training_lacks_are_improbable() -> None:
    form = LabelForm(("a", "b", "c"))
    rows_of_two = labelled(300, 1)
    table = Table(rows_of_two.inputs, 2 * rows_of_two.truth)
    found = train_table_baseline(form, FEATURES, table, table, seed=1)

    assert found.probabilities(table.inputs)[:, 1].max() < 0.01


def test_label_with_a_single_row_among_many() -> None:
    table = labelled(300, 1)
    truth = table.truth.copy()
    truth[0] = 2
    found = train_table_baseline(LabelForm(("a", "b", "c")), FEATURES, Table(table.inputs, truth), table, seed=1)

    assert found.probabilities(table.inputs).shape == (300, 3)


def test_numbers_are_predicted_in_their_unit() -> None:
    inputs = rows(1500, 1)
    truth = np.array([1000.0 + 50.0 * (row["x"] or 0.0) + 20.0 * (row["kind"] == "a") for row in inputs])
    found = train_table_baseline(NumberForm(), FEATURES, Table(inputs, truth), Table(inputs, truth), seed=1)

    predicted = found.probabilities(inputs)
    assert predicted.shape == (1500, 1)
    assert np.abs(predicted[:, 0] - truth).mean() < 3.0


def test_many_categories_are_taken() -> None:
    names = [str(number % (MOST_CATEGORIES + 60)) for number in range(20 * (MOST_CATEGORIES + 60))]
    inputs = tuple({"kind": name} for name in names)
    table = Table(inputs, np.array([int(name) % 2 for name in names], dtype=np.int64))
    found = train_table_baseline(FORM, [Feature("kind", "category")], table, table, seed=1)

    assert (found.probabilities(inputs).argmax(axis=1) == table.truth).mean() > 0.7


def test_one_label_only_is_refused() -> None:
    table = Table(rows(20, 1), np.zeros(20, dtype=np.int64))
    with pytest.raises(DataError) as caught:
        train_table_baseline(FORM, FEATURES, table, table, seed=1)
    assert caught.value.code == "HUB-V006"
