"""Losses for one label, against plain arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from hub.contract import Loss
from hub.contract.errors import RunError, UsageError
from hub.train.losses import classification_loss
from hub.train.losses_named import LossHelp, levels_of, one_label_loss, order_of
from hub.train.losses_one import balanced_weights, brier_loss, focal_loss, hierarchical_loss, ordinal_loss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.3, -0.7], [1.0, 1.0, 1.0]])
TARGETS = torch.tensor([0, 2, 1])
WEIGHTS = torch.tensor([3.0, 1.0, 0.5])
P = torch.softmax(LOGITS, dim=1).numpy().astype(float)
RIGHT = P[[0, 1, 2], [0, 2, 1]]


def sure(label: int, labels: int = 4, size: float = 200.0) -> torch.Tensor:
    return size * functional.one_hot(torch.tensor([label]), labels).float()


def test_focal_loss_is_cross_entropy_times_the_distance_from_one() -> None:
    expected = (-np.log(RIGHT) * (1 - RIGHT) ** 2).mean()

    assert float(focal_loss(LOGITS, TARGETS, 2.0, 0.0, None)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_focal_loss_without_focus_is_cross_entropy(weights: torch.Tensor | None, smoothing: float) -> None:
    found = focal_loss(LOGITS, TARGETS, 0.0, smoothing, weights)

    assert float(found) == pytest.approx(float(classification_loss(LOGITS, TARGETS, smoothing, weights)), rel=1e-6)


def test_weights_of_beta_zero_are_one_and_of_beta_one_the_inverse_frequency() -> None:
    counts = torch.tensor([16, 4, 0])

    even, inverse = balanced_weights(counts, 0.0), balanced_weights(counts, 1.0)

    assert even.tolist() == pytest.approx([1, 1, 1])
    assert float(inverse[1] / inverse[0]) == pytest.approx(4.0)
    assert float((inverse * counts).sum() / counts.sum()) == pytest.approx(1.0)


def test_weights_follow_the_effective_number_of_rows() -> None:
    weights = balanced_weights(torch.tensor([1, 2, 3]), 0.5)  # effective: 1, 1.5, 1.75

    assert (weights / weights[0]).tolist() == pytest.approx([1, 1 / 1.5, 1 / 1.75])


def test_class_balanced_of_beta_zero_is_cross_entropy() -> None:
    loss = one_label_loss(Loss("class-balanced", beta=0.0), TARGETS, 3, 0.1, "none", LossHelp())

    assert float(loss(LOGITS, TARGETS)) == pytest.approx(float(classification_loss(LOGITS, TARGETS, 0.1, None)))


def test_brier_loss_is_the_squared_error_of_the_probabilities() -> None:
    wanted = np.eye(3)[TARGETS.numpy()]
    each = ((P - wanted) ** 2).sum(axis=1)
    weights = WEIGHTS.numpy()[TARGETS.numpy()]

    assert float(brier_loss(LOGITS, TARGETS, 0.0, None)) == pytest.approx(each.mean(), rel=1e-5)
    assert float(brier_loss(LOGITS, TARGETS, 0.0, WEIGHTS)) == pytest.approx(
        (each * weights).sum() / weights.sum(), rel=1e-5
    )
    assert float(brier_loss(sure(1), torch.tensor([1]), 0.0, None)) == 0.0


def test_smoothing_moves_what_the_brier_loss_wants() -> None:
    even = torch.zeros(1, 4)

    assert float(brier_loss(even, torch.tensor([2]), 1.0, None)) == pytest.approx(0.0)


def test_ordinal_loss_of_a_right_answer_is_nothing_and_grows_with_the_distance() -> None:
    order = torch.arange(4)

    found = [float(ordinal_loss(sure(0), torch.tensor([truth]), order, 0.0, None)) for truth in range(4)]

    assert found == pytest.approx([0, 1, 2, 3])  # one for each border between the two


def test_ordinal_loss_against_cumulated_distributions() -> None:
    order = [2, 0, 1]
    cumulated = (P - np.eye(3)[TARGETS.numpy()])[:, order].cumsum(axis=1)

    found = ordinal_loss(LOGITS, TARGETS, torch.tensor(order), 0.0, None)

    assert float(found) == pytest.approx((cumulated**2).sum(axis=1).mean(), rel=1e-5)


def test_order_of_the_labels_decides_what_is_near() -> None:
    order = torch.tensor([1, 0, 3, 2])  # labels 1, 0, 3, 2 from the lowest level on

    near = ordinal_loss(sure(0), torch.tensor([1]), order, 0.0, None)
    far = ordinal_loss(sure(0), torch.tensor([2]), order, 0.0, None)

    assert (float(near), float(far)) == pytest.approx((1.0, 2.0))


GROUPS = [torch.tensor([0, 0, 1, 1])]


def test_a_wrong_label_under_the_right_parent_costs_less() -> None:
    logits = sure(0, size=5.0)

    same, other = (float(hierarchical_loss(logits, torch.tensor([truth]), GROUPS, 0.5, 0.0, None)) for truth in (1, 2))
    plain = float(classification_loss(logits, torch.tensor([1]), 0.0, None))

    assert same < plain == pytest.approx(other, rel=0.2)


def test_hierarchical_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(2), math.log(3), math.log(4)]])  # probabilities 0.1, 0.2, 0.3, 0.4

    found = hierarchical_loss(logits, torch.tensor([0]), GROUPS, 0.25, 0.0, None)

    assert float(found) == pytest.approx(-0.75 * math.log(0.1) - 0.25 * math.log(0.3), rel=1e-5)


def test_levels_of_parents_are_averaged() -> None:
    logits = torch.tensor([[0.0, math.log(2), math.log(3), math.log(4)]])
    groups = [*GROUPS, torch.tensor([0, 0, 0, 1])]

    found = hierarchical_loss(logits, torch.tensor([0]), groups, 1.0, 0.0, None)

    assert float(found) == pytest.approx(-(math.log(0.3) + math.log(0.6)) / 2, rel=1e-5)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_hierarchical_loss_without_a_share_is_cross_entropy(weights: torch.Tensor | None) -> None:
    found = hierarchical_loss(LOGITS, TARGETS, [torch.tensor([0, 0, 1])], 0.0, 0.1, weights)

    assert float(found) == float(classification_loss(LOGITS, TARGETS, 0.1, weights))


NAMES = ("auto", "cross-entropy", "focal", "class-balanced", "mse", "ordinal", "hierarchical")
HELP = LossHelp(order=(2, 0, 1), groups=((0, 0, 1),))


@pytest.mark.parametrize("name", NAMES)
@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=6, max_size=6),
    st.sampled_from([0.0, 0.3, 1.0, 2.0, 5.0]),
    st.sampled_from([0.0, 0.1, 1.0]),
)
def test_losses_and_gradients_are_finite(name: str, values: list[float], gamma: float, smoothing: float) -> None:
    logits = torch.tensor(values).reshape(2, 3).requires_grad_()
    targets = torch.tensor([0, 2])
    loss = one_label_loss(Loss(name, gamma=gamma), targets, 3, smoothing, "none", HELP)(logits, targets)
    loss.backward()

    assert math.isfinite(float(loss.detach()))
    assert float(loss.detach()) >= -1e-6
    assert logits.grad is not None and bool(torch.isfinite(logits.grad).all())


WEIGHED = [(name, mode) for name in NAMES for mode in ("none", "sqrt", "balanced") if name != "class-balanced"]


@pytest.mark.parametrize(("name", "weighting"), [*WEIGHED, ("class-balanced", "none")])
def test_every_loss_learns_the_right_label(name: str, weighting: str) -> None:
    logits = torch.zeros(3, 3, requires_grad=True)
    loss = one_label_loss(Loss(name), TARGETS, 3, 0.1, weighting, HELP)

    for _ in range(200):
        logits.grad = None
        loss(logits, TARGETS).backward()
        assert logits.grad is not None
        with torch.no_grad():
            logits -= logits.grad

    assert torch.equal(logits.argmax(dim=1), TARGETS)


# --- what the plugin says -----------------------------------------------------------------------------


def test_a_loss_of_the_plugin_is_called_with_logits_and_truth() -> None:
    def own(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits, truth) * 2

    loss = one_label_loss(Loss("mine"), TARGETS, 3, 0.1, "none", LossHelp(own=own))

    assert float(loss(LOGITS, TARGETS)) == pytest.approx(2 * float(functional.cross_entropy(LOGITS, TARGETS)))


@pytest.mark.parametrize(
    "own",
    [
        lambda logits, truth: 1.0,
        lambda logits, truth: logits.sum(dim=1),
        lambda logits, truth: torch.tensor(1.0),
        lambda logits, truth: logits[truth + 9].sum(),
    ],
    ids=["no tensor", "no scalar", "no gradient", "raises"],
)
def test_a_loss_that_cannot_be_trained_on_is_refused(own: object) -> None:
    loss = one_label_loss(Loss("mine"), TARGETS, 3, 0.1, "none", LossHelp(own=own))  # type: ignore[arg-type]

    with pytest.raises(RunError, match="'mine'") as caught:
        loss(LOGITS.clone().requires_grad_(), TARGETS)

    assert caught.value.code == "HUB-T050"
    assert "update the plugin" in caught.value.fix


def test_memory_that_ran_out_is_not_the_plugins_fault() -> None:
    def large(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return torch.empty(2**60, dtype=torch.uint8).sum() + logits.sum() + truth.sum()

    with pytest.raises(RunError, match="DefaultCPUAllocator") as caught:
        one_label_loss(Loss("mine"), TARGETS, 3, 0.1, "none", LossHelp(own=large))(LOGITS, TARGETS)
    assert caught.value.code == "HUB-T009"


TREE = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "c": "top", "a": "top", "b": "top", "top": None}


def test_levels_of_a_taxonomy() -> None:
    assert levels_of(("a1", "b1", "a2", "b2", "c"), TREE.get) == ((0, 1, 0, 1, 2),)
    deeper = {**TREE, "top": "all", "x1": "x", "x": "all", "all": None}
    # The nearest parents first; "x1" has one level less, and stands for itself in the lower one.
    assert levels_of(("a1", "a2", "b1", "x1"), deeper.get) == ((0, 0, 1, 2), (0, 0, 0, 1))


@pytest.mark.parametrize(
    "parent",
    [
        lambda label: None,
        lambda label: "all" if label != "all" else None,
        lambda label: f"of {label}",
        {"a": "x", "b": "x", "x": None}.__getitem__,
        lambda label: [label],
    ],
    ids=["no parents", "one for all", "endless", "label of own rows", "no name"],
)
def test_a_taxonomy_that_says_nothing_is_refused(parent: object) -> None:
    with pytest.raises(UsageError) as caught:
        levels_of(("a", "b", "c"), parent)  # type: ignore[arg-type]

    assert caught.value.code == "HUB-T051"
    assert "update the plugin" in caught.value.fix


def test_a_taxonomy_that_goes_round_is_refused() -> None:
    with pytest.raises(UsageError, match="taxonomy"):
        levels_of(("a1", "a2"), {"a1": "a", "a2": "a", "a": "b", "b": "a"}.get)


def test_order_is_the_label_at_each_level() -> None:
    assert order_of(("hard", "easy", "medium"), lambda labels: np.array([2, 0, 1])) == (1, 2, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("places", [[0, 0, 1], [1, 2, 3], [0, 1], None, ["low", "mid", "high"], [0, 1, math.nan]])
def test_places_that_are_no_order_are_refused(places: Any) -> None:
    with pytest.raises(UsageError) as caught:
        order_of(("a", "b", "c"), lambda labels: places)

    assert caught.value.code == "HUB-T052"
    assert "update the plugin" in caught.value.fix


def test_an_order_that_does_not_know_a_label_is_refused() -> None:
    with pytest.raises(UsageError, match="KeyError") as caught:
        order_of(("easy", "mine"), lambda labels: [{"easy": 0}[label] for label in labels])

    assert caught.value.code == "HUB-T052"
    assert isinstance(caught.value.__cause__, KeyError)
