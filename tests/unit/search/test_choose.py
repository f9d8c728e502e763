"""The rule of the choice, and what is said of the others."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.budget import Budget
from hub.contract.search_results import CandidateFigures
from hub.search import choose


def entry(key: str, size: int, p50: float, score: float = -1.0, **more: object) -> CandidateFigures:
    plain = CandidateFigures(key, f"candidate {key}", "layers", (0,), 100, False, "")
    state = "scored" if score >= 0 else "measured"
    return dataclasses.replace(
        plain, size_bytes=size, p50_ms=p50, p95_ms=2 * p50, score_percent=score, state=state, **more
    )


POOL = [
    entry("slow-best", 8_000_000, 2.0, 100.4),
    entry("middle", 6_000_000, 0.8, 99.2),
    entry("middle-small", 4_000_000, 0.81, 99.0),
    entry("fast-bad", 1_000_000, 0.1, 93.0),
]


def test_a_score_counts_less_its_standard_error() -> None:
    lucky = entry("lucky", 1, 0.1, 99.6, score_error_percent=0.7)
    sure = entry("sure", 2, 0.2, 99.8, score_error_percent=0.4)
    slow = entry("slow", 3, 0.9, 99.9, score_error_percent=0.4)
    budget = Budget(score_percent=99.0)

    assert choose.choose(budget, [lucky, sure, slow]) == sure
    assert "less sure" in choose.why_not(budget, lucky, sure)
    assert "faster" in choose.why_not(budget, slow, sure)
    assert choose.choose(Budget(score_percent=98.4), [lucky, sure, slow]) == lucky
    assert choose.choose(Budget(size_bytes=5), [lucky, sure, slow]) == sure


def test_where_none_is_sure_the_fastest_of_those_that_are_about_as_sure_is_taken() -> None:
    figures = {"deep": (1.7, 99.1, 1.3), "branched": (0.4, 99.0, 1.5), "lucky": (0.3, 98.3, 1.9)}
    pool = [entry(key, 5, p50, score, score_error_percent=error) for key, (p50, score, error) in figures.items()]
    budget = Budget(score_percent=98.0)

    found = choose.choose(budget, pool)

    assert found is not None and found.key == "branched"
    said = {one.key: choose.why_not(budget, one, found) for one in pool if one is not found}
    assert "faster" in said["deep"] and "less sure" in said["lucky"]
    assert choose.choose(budget, pool[2:]) == pool[2]
    assert "0.5" in choose.rule(budget)


def test_where_none_is_sure_a_surer_one_is_taken_and_a_slower_one_may_still_win() -> None:
    lucky = entry("lucky", 1, 0.1, 99.6, score_error_percent=0.7)
    surer = entry("surer", 2, 0.3, 99.5, score_error_percent=0.5)
    budget, waiting = Budget(score_percent=99.0), entry("waiting", 9, 5.0)

    assert choose.choose(budget, [lucky, surer]) == surer
    assert choose.can_win(budget, [lucky, surer], waiting)
    assert choose.choose(Budget(score_percent=99.7), [lucky, surer]) is None


@pytest.mark.parametrize(
    ("budget", "key"),
    [
        (Budget(score_percent=99.0), "middle-small"),  # 0.81 is as fast as 0.80, and smaller
        (Budget(score_percent=99.1), "middle"),
        (Budget(score_percent=90.0), "fast-bad"),
        (Budget(score_percent=100.0), "slow-best"),
        (Budget(size_bytes=7_000_000), "middle-small"),  # 99.0 is as good as 99.2
        (Budget(size_bytes=1_000_000), "fast-bad"),
        (Budget(p50_ms=2.0), "slow-best"),
        (Budget(p95_ms=1.6), "middle"),
        (Budget(size_bytes=5_000_000, p50_ms=1.0, score_percent=98.0), "middle-small"),
    ],
)
def test_choice(budget: Budget, key: str) -> None:
    found = choose.choose(budget, POOL)

    assert found is not None
    assert found.key == key
    assert not choose.missed(budget, found)


@pytest.mark.parametrize(
    "budget", [Budget(score_percent=101.0), Budget(size_bytes=999_999), Budget(p50_ms=0.2, score_percent=95.0)]
)
def test_nothing_is_chosen_that_misses_a_limit(budget: Budget) -> None:
    assert choose.choose(budget, POOL) is None


def test_a_candidate_without_a_score_is_not_chosen() -> None:
    assert choose.choose(Budget(size_bytes=10**9), [entry("a", 1, 0.1)]) is None


def test_figures_that_were_not_taken_miss_nothing() -> None:
    assert choose.missed(Budget(1, 1.0, 1.0, 1, 99.0), entry("a", 0, 0.0)) == {}


def test_excess_is_a_share_of_the_limit() -> None:
    found = choose.missed(Budget(size_bytes=4, p50_ms=1.0, score_percent=80.0), entry("a", 6, 1.0, 60.0))

    assert found == {"size": 0.5, "score": 0.25}


def test_what_is_slower_cannot_win_where_the_score_is_limited() -> None:
    budget, scored = Budget(score_percent=98.0), [POOL[1]]

    assert not choose.can_win(budget, scored, entry("slower", 1, 0.9))
    assert choose.can_win(budget, scored, entry("faster", 9_000_000, 0.7))
    assert choose.can_win(budget, scored, entry("as-fast-smaller", 5_000_000, 0.82))
    assert not choose.can_win(budget, scored, entry("as-fast-larger", 7_000_000, 0.8))


def test_without_a_limit_of_the_score_anything_that_keeps_the_budget_can_win() -> None:
    budget = Budget(size_bytes=9_000_000)

    assert choose.can_win(budget, POOL, entry("slower", 9_000_000, 50.0))
    assert not choose.can_win(budget, POOL, entry("larger", 9_000_001, 0.1))


def test_nearest_on_each_side() -> None:
    budget = Budget(size_bytes=3_000_000, p50_ms=0.5, score_percent=98.0)

    near = choose.nearest(budget, POOL)

    assert near["score"].key == "fast-bad"  # misses nothing but the score
    assert near["size"].key == "middle-small"
    assert near["p50"].key in ("middle", "middle-small")
    sentences = choose.nearest_sentences(budget, POOL)
    assert len(sentences) == 3
    assert "nearest in score: candidate fast-bad (1.00 MB, p50 0.10 ms, 93.0 % of the teacher)" in sentences[2]
    assert "misses score 93.0 %, limit 98.0 %" in sentences[2]


def test_reasons_name_the_difference() -> None:
    budget, chosen = Budget(score_percent=98.0), POOL[2]

    assert "faster: 0.81 ms against 2.00 ms" in choose.why_not(budget, POOL[0], chosen)
    assert "larger: 6.00 MB against 4.00 MB" in choose.why_not(budget, POOL[1], chosen)
    assert "not trained to its end" in choose.why_not(budget, entry("x", 1, 3.0), chosen)
    assert choose.over_limit(budget, POOL[3]) == "score 93.0 %, limit 98.0 %"
    by_score = Budget(size_bytes=10**8)
    assert "scores 100.4 %" in choose.why_not(by_score, POOL[3], POOL[0])


def test_the_rule_says_what_comes_first() -> None:
    assert "fastest" in choose.rule(Budget(score_percent=98.0)).split(";")[0]
    assert "best score" in choose.rule(Budget(size_bytes=1)).split(";")[0]


FIGURES = st.builds(
    entry,
    st.uuids().map(str),
    st.integers(1, 10**8),
    st.floats(0.01, 100),
    st.floats(0, 110),
)
BUDGETS = st.builds(
    Budget,
    st.none() | st.integers(1, 10**8),
    st.none() | st.floats(0.01, 100),
    st.none() | st.floats(0.01, 200),
    st.none(),
    st.none() | st.floats(1, 110),
)


@given(BUDGETS, st.lists(FIGURES, max_size=12))
def test_the_choice_keeps_the_budget_and_no_other_dominates_it(budget: Budget, pool: list[CandidateFigures]) -> None:
    chosen = choose.choose(budget, pool)
    keeping = [one for one in pool if not choose.missed(budget, one)]

    assert (chosen is None) == (not keeping)
    if chosen is not None:
        assert chosen in keeping
        for other in keeping:
            better = other.p50_ms < chosen.p50_ms / choose.SPEED_TIE and other.size_bytes < chosen.size_bytes
            assert not (better and other.score_percent > chosen.score_percent + choose.SCORE_TIE_PERCENT)


@given(BUDGETS, st.lists(FIGURES, max_size=8), FIGURES)
def test_what_cannot_win_is_never_chosen(budget: Budget, pool: list[CandidateFigures], one: CandidateFigures) -> None:
    unscored = dataclasses.replace(one, score_percent=-1.0)
    if not choose.can_win(budget, pool, unscored) and one.score_percent >= 0:
        winner = choose.choose(budget, [*pool, one])
        assert winner is None or winner.key != one.key
