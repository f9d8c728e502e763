"""The out-of-domain score: known answers, packing, and texts that nobody wrote for it."""

from __future__ import annotations

import base64
import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.edge import out_of_domain
from hub.edge.out_of_domain import STEP, PieceScores, count_pieces, unpacked


def test_the_score_is_the_mean_log_probability() -> None:
    # 0.5, 1.5, 2.5, 0.5 of 5 occurrences.
    pieces = count_pieces([[1, 2], [2]], 4)

    assert pieces.score([[2, 2], [1]]) == pytest.approx((2 * math.log(0.5) + math.log(0.3)) / 3, abs=STEP / 2)
    assert pieces.score([[0]]) == pytest.approx(math.log(0.1), abs=STEP / 2)
    assert pieces.score([[2]]) > pieces.score([[1]]) > pieces.score([[3]])


def test_nothing_has_no_score_against_it() -> None:
    assert count_pieces([[1]], 3).score([]) == 0.0
    assert count_pieces([[1]], 3).score([[], []]) == 0.0


def test_a_piece_that_came_later_is_as_rare_as_can_be() -> None:
    assert count_pieces([[1]], 3).score([[3]]) == -255 * STEP


def test_without_training_texts_every_piece_is_alike() -> None:
    pieces = count_pieces([], 8)

    assert len({pieces.score([[piece]]) for piece in range(8)}) == 1


@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=8), st.lists(st.integers(0, 40), max_size=8))
def test_scores_survive_packing_and_ignore_order(train: list[list[int]], text: list[int]) -> None:
    pieces = count_pieces(train, 31)

    assert unpacked(pieces.packed()) == pieces
    assert pieces.score([text]) == pieces.score([text[::-1]]) <= 0.0
    assert pieces.score([text, text]) == pytest.approx(pieces.score([text]))


@given(st.one_of(st.text(), st.binary().map(lambda found: base64.b64encode(found).decode())))
def test_other_texts_are_refused(text: str) -> None:
    try:
        found = unpacked(text)
    except ValueError:
        return
    assert 1 <= len(found.steps) <= out_of_domain.MAX_PIECES


def test_what_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out_of_domain, "MAX_PIECES", 1000)
    bomb = base64.b64encode(zlib.compress(bytes(1001))).decode()

    with pytest.raises(ValueError, match="between 1 and"):
        unpacked(bomb)
    with pytest.raises(ValueError, match="between 1 and"):
        unpacked(base64.b64encode(zlib.compress(b"")).decode())
    assert unpacked(PieceScores(bytes(1000)).packed()).steps == bytes(1000)
