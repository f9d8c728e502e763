"""Graphs that are wrong in one way each: alone, in a batch, with padding, with token types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hub.checkpoint import Loaded
from hub.contract.kinds import KINDS
from hub.edge.encode import Encoder
from hub.pipeline.exporting import parity
from hub.pipeline.exporting.answers import Answers
from hub.pipeline.exporting.rows import Measured
from tests.support.tiny_models import fast_tokenizer, wordpiece

Feeds = Mapping[str, npt.NDArray[Any]]
TEXTS = (*(f"{'the cat runs ' * (number % 7)}dog {number}" for number in range(24)), ("a cat", "a dog"))


def right(feeds: Feeds) -> npt.NDArray[np.float32]:
    """A model of three labels: sums over the tokens that are no padding, of ids and of types."""
    mask = feeds["attention_mask"]
    ids = (feeds["input_ids"] * mask).sum(axis=1) / mask.sum(axis=1)
    types = (feeds["token_type_ids"] * mask).sum(axis=1)
    return np.stack([np.sin(ids), np.cos(ids), 0.3 * types], axis=1).astype(np.float32)


def reads_padding(feeds: Feeds) -> npt.NDArray[np.float32]:
    """Takes padding for text."""
    return right({**feeds, "attention_mask": np.ones_like(feeds["attention_mask"])})


def mixes_rows(feeds: Feeds) -> npt.NDArray[np.float32]:
    """Gives each row of a batch the answer of the first one."""
    found = right(feeds)
    return np.repeat(found[:1], len(found), axis=0)


def forgets_types(feeds: Feeds) -> npt.NDArray[np.float32]:
    """Reads both texts of a pair as one."""
    return right({**feeds, "token_type_ids": np.zeros_like(feeds["token_type_ids"])})


def a_little_off(feeds: Feeds) -> npt.NDArray[np.float32]:
    """Has slightly other weights."""
    return right(feeds) * np.float32(1.001)


def no_numbers(feeds: Feeds) -> npt.NDArray[np.float32]:
    """Gives NaN for long texts."""
    return np.where(feeds["attention_mask"].sum(axis=1, keepdims=True) > 12, np.nan, right(feeds)).astype(np.float32)


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    fast_tokenizer(wordpiece()).save_pretrained(tmp_path)
    return Answers(KINDS["text-classification"], ("a", "b", "c"), Encoder(tmp_path / "tokenizer.json", 64))


def checked(graph: Callable[[Feeds], Any], answers: Answers, tokenizer: Any = None) -> parity.Parity:
    runtime = SimpleNamespace(inputs=("input_ids", "attention_mask", "token_type_ids"), run=graph)
    loaded = Loaded(None, None, tokenizer or fast_tokenizer(wordpiece()))  # type: ignore[arg-type]
    rows = Measured(TEXTS, tuple(str(number) for number in range(len(TEXTS))), "texts")
    wanted = parity.asked(rows, answers)
    expected = [right(feeds) for feeds in (*wanted.feeds, *wanted.shaped)]
    return parity.check_parity(loaded, runtime, rows, answers, lambda done, total: None, wanted, lambda: expected, 2)


def test_the_model_itself_passes(answers: Answers) -> None:
    found = checked(right, answers)

    assert [(gate.name, gate.value, gate.passed) for gate in found.gates] == [("parity", 0, True), ("tokens", 0, True)]
    assert found.comparison.agreement == 1 and found.comparison.rows == len(TEXTS) == len(found.answers)


@pytest.mark.parametrize("graph", [reads_padding, mixes_rows, forgets_types, a_little_off, no_numbers])
def test_every_wrong_graph_is_found(graph: Callable[[Feeds], Any], answers: Answers) -> None:
    gate = checked(graph, answers).gates[0]

    assert not gate.passed
    assert gate.value > gate.limit == 1e-4


@pytest.mark.parametrize("graph", [reads_padding, mixes_rows])
def test_some_are_right_about_rows_alone(graph: Callable[[Feeds], Any], answers: Answers) -> None:
    """So batches and padding have to be tried."""
    assert checked(graph, answers).comparison.max_difference == 0


def test_a_tokenizer_that_gives_other_ids_is_found(answers: Answers) -> None:
    own = fast_tokenizer(wordpiece())

    gate = checked(right, answers, lambda *texts: {"input_ids": [*own(*texts)["input_ids"], 0]}).gates[1]

    assert (gate.name, gate.passed) == ("tokens", False)
    assert gate.value == len(TEXTS)


def test_pytorch_is_asked_every_row_once_without_padding(answers: Answers) -> None:
    rows = Measured(TEXTS, tuple(str(number) for number in range(len(TEXTS))), "texts")

    wanted = parity.asked(rows, answers)

    assert sorted(place for batch in wanted.places for place in batch) == [(row, 0) for row in range(len(TEXTS))]
    assert all(feeds["attention_mask"].all() for feeds in wanted.feeds)
    assert [len(feeds["input_ids"]) for feeds in wanted.feeds] == [len(batch) for batch in wanted.places]
    assert len(wanted.feeds) < len(TEXTS)
    assert max(len(batch) for batch in wanted.places) <= parity.BATCH
    assert any(not feeds["attention_mask"].all() for feeds in wanted.shaped)
    assert any(len(feeds["input_ids"]) > 1 and feeds["attention_mask"].all() for feeds in wanted.shaped)
