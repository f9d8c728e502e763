"""Encoder and branch together: weighed by score, and the sum of both in one model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hub.train.batches import EncodedRows
from hub.train.inference import scores
from hub.train.lexical import LexicalModel
from hub.train.mixed import ALONE, Mixture, choose_mixture, mixed_model
from tests.support.tiny_models import tiny_bert

ENCODER = np.array([[4.0, 0.0], [0.0, 4.0], [0.4, 0.0]])
BRANCH = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
TRUTH = np.array([0, 1, 1])
IDS = ((2, 7, 9, 3), (2, 3), (2, 8, 8, 8, 12, 30, 3), (5,))
ROWS = EncodedRows(IDS, 0, np.zeros(4, dtype=np.int64))


def accuracy(mixed: npt.NDArray[np.floating]) -> float:
    return float((mixed.argmax(axis=1) == TRUTH).mean())


def test_smallest_share_with_the_best_score_is_chosen() -> None:
    # The third row turns to the truth at share > 0.4 (1 - share), the first one away from it at share > 4 (1 - share).
    found = choose_mixture(ENCODER, BRANCH, (1.0, 1.0), accuracy)

    assert found.share == 0.3
    assert (found.encoder, found.lexical) == pytest.approx((0.7, 0.3))


def test_temperatures_bring_both_to_one_scale() -> None:
    plain = choose_mixture(ENCODER, BRANCH, (1.0, 1.0), accuracy)

    scaled = choose_mixture(ENCODER * 10, BRANCH * 0.1, (10.0, 0.1), accuracy)

    assert scaled.share == plain.share
    assert (scaled.encoder, scaled.lexical) == pytest.approx((plain.encoder / 10, plain.lexical / 0.1))


@pytest.mark.parametrize(("gain", "alone"), [(0.0, True), (0.0019, True), (0.0021, False), (-0.5, True)])
def test_branch_that_gains_too_little_counts_nothing(gain: float, alone: bool) -> None:
    scores = iter([0.8, 0.8 + gain, *[0.1] * 8])

    found = choose_mixture(ENCODER, BRANCH, (1.0, 1.0), lambda _: next(scores))

    assert (found == ALONE) is alone
    assert found.share == (0.0 if alone else 0.1)


def branch(labels: int = 3) -> LexicalModel:
    random = np.random.default_rng(0)
    table = random.normal(size=(40 + 11, labels)).astype(np.float32)
    seeds = random.integers(1, 2**31 - 1, 40)
    return LexicalModel(table, random.normal(size=labels).astype(np.float32), seeds, 11)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_mixed_model_gives_the_sum_of_both_whatever_the_padding(batch_size: int) -> None:
    encoder, lexical, mixture = tiny_bert(), branch(), Mixture(0.6, 1.7, 0.4)

    found = scores(mixed_model(encoder, lexical, mixture), ROWS, batch_size)

    expected = 0.6 * scores(encoder, ROWS) + 1.7 * lexical.margins(IDS)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("lexical", "share"), [(None, 0.4), (branch(), 0.0)])
def test_encoder_without_a_branch_stays_what_it_is(lexical: Any, share: float) -> None:
    encoder = tiny_bert()

    assert mixed_model(encoder, lexical, Mixture(1.0, 1.0, share)) is encoder


def test_mixed_model_looks_like_its_encoder() -> None:
    encoder = tiny_bert()

    mixed = mixed_model(encoder, branch(), Mixture(1.0, 1.0, 0.5))
    mixed.set_attn_implementation("sdpa")

    assert mixed.config is encoder.config
    assert not mixed.training
    assert encoder.config._attn_implementation == "sdpa"
    assert scores(mixed, EncodedRows((), 0, np.zeros(0, dtype=np.int64))).shape == (0, 3)
