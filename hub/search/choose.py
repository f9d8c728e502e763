"""The rule: which of the measured candidates is chosen, and why each other one was not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.contract import numbers
from hub.contract.budget import Budget
from hub.contract.search_results import SCORED, CandidateFigures

SPEED_TIE = 1.03
"""Medians within 3 % are equal: that is how far two timings of one model lie apart."""

SCORE_TIE_PERCENT = 0.25
"""Scores within a quarter of a percent of the teacher's are equal."""

SURE = 1.64
"""Standard errors that a score must be above its limit to keep it on other rows too, in 95 of 100 cases."""

SPARE = (SURE, 1.0, 0.5, 0.0)
"""Standard errors to spare that are asked for, one after the other, until some candidate has as many."""

_BEST_PERCENT = 1e6
_WORDS = {"size": "size_bytes", "p50": "p50_ms", "p95": "p95_ms", "memory": "memory_bytes", "score": "score_percent"}


def rule(budget: Budget) -> str:
    """Say in one sentence how the choice is made."""
    if budget.score_percent is None:
        return (
            "Of the candidates that keep the budget the best score on validation rows; within "
            f"{SCORE_TIE_PERCENT:g} percent of it the fastest, then the smallest."
        )
    return (
        f"Of the candidates that keep the budget with {SURE:g} standard errors of their score to spare, or else of "
        f"those that keep it with {', '.join(f'{errors:g}' for errors in SPARE[1:])}, the fastest by p50; within "
        f"{100 * (SPEED_TIE - 1):.0f} percent of it the smallest, then the best score on validation rows."
    )


def missed(budget: Budget, found: CandidateFigures, errors: float = 0.0) -> dict[str, float]:
    """Return the limits that a candidate is known to miss, each with the excess as a share of the limit.

    Figures that were not taken miss nothing.

    Args:
        budget: limits.
        found: the candidate.
        errors: standard errors that its score must have to spare.
    """
    excess = {}
    for word, limit in budget.limits().items():
        value = float(getattr(found, _WORDS[word]))
        if word == "score":
            sure = value - errors * found.score_error_percent
            if value >= 0 and sure < limit - 1e-9:
                excess[word] = (limit - sure) / limit
        elif value > limit:
            excess[word] = (value - limit) / limit
    return excess


def choose(budget: Budget, found: Iterable[CandidateFigures]) -> CandidateFigures | None:
    """Return the best scored candidate that keeps the budget, by `rule`; ``None`` when there is none.

    Of many candidates the fastest that just keeps a score on validation rows was lucky there, and test rows would not
    confirm it: such a one is taken only when none is surer. The surest of all may be several times slower and ahead by
    what the draw of the rows decides, so that sureness counts in steps.
    """
    keeping = [entry for entry in found if entry.score_percent >= 0 and not missed(budget, entry)]
    if not keeping:
        return None
    pools = ([entry for entry in keeping if not missed(budget, entry, errors)] for errors in SPARE)
    pool = next(pool for pool in pools if pool)
    if budget.score_percent is None:
        best = max(entry.score_percent for entry in pool)
        pool = [entry for entry in pool if entry.score_percent >= best - SCORE_TIE_PERCENT]
    fastest = min(entry.p50_ms for entry in pool)
    pool = [entry for entry in pool if entry.p50_ms <= fastest * SPEED_TIE]
    return min(pool, key=lambda entry: (entry.size_bytes, -entry.score_percent, entry.key))


def can_win(budget: Budget, found: Sequence[CandidateFigures], entry: CandidateFigures) -> bool:
    """Whether a candidate without a score would be chosen if it had the best score there can be."""
    import dataclasses

    if missed(budget, entry):
        return False
    dream = dataclasses.replace(entry, score_percent=_BEST_PERCENT)
    winner = choose(budget, [*(other for other in found if other.key != entry.key), dream])
    return winner is not None and winner.key == entry.key


def order(found: Iterable[CandidateFigures]) -> list[CandidateFigures]:
    """Return candidates from the fastest to the slowest; among equally fast ones the smaller first."""
    return sorted(found, key=lambda entry: (entry.p50_ms, entry.size_bytes, entry.key))


def over_limit(budget: Budget, entry: CandidateFigures) -> str:
    """Say which limits a candidate misses; ``""`` when it keeps what is known."""
    limits = budget.limits()
    error = f" with a standard error of {entry.score_error_percent:.1f}" if entry.score_error_percent else ""
    parts = [
        f"{_called(word)} {_shown(word, float(getattr(entry, _WORDS[word])))}{error if word == 'score' else ''}, "
        f"limit {_shown(word, limits[word])}"
        for word in missed(budget, entry)
    ]
    return "; ".join(parts)


def why_not(budget: Budget, entry: CandidateFigures, chosen: CandidateFigures, *, trained: bool = False) -> str:
    """Say why a candidate that keeps the budget is not the chosen one.

    Args:
        budget: limits.
        entry: the candidate.
        chosen: the choice.
        trained: its student was trained to the end, for another form or vocabulary.
    """
    if entry.state != SCORED:
        missing = "not scored" if trained else "not trained to its end"
        return f"{missing}: whatever it scored, {_ahead(budget, entry, chosen)}"
    return _ahead(budget, entry, chosen)


def _spare(budget: Budget, entry: CandidateFigures) -> float:
    """Return the most of `SPARE` that a candidate which keeps the budget has."""
    return next((errors for errors in SPARE if not missed(budget, entry, errors)), 0.0)


def _ahead(budget: Budget, entry: CandidateFigures, chosen: CandidateFigures) -> str:
    if entry.score_percent >= 0 and missed(budget, entry, _spare(budget, chosen)):
        error = f"score {entry.score_percent:.1f} % with a standard error of {entry.score_error_percent:.1f}"
        return f"{error}: less sure to keep the limit on other rows than the chosen one"
    by_score = budget.score_percent is None and entry.score_percent >= 0
    if by_score and entry.score_percent < chosen.score_percent - SCORE_TIE_PERCENT:
        return (
            f"the chosen one scores {chosen.score_percent:.1f} % of the teacher, this one {entry.score_percent:.1f} %"
        )
    if entry.p50_ms > chosen.p50_ms * SPEED_TIE:
        return (
            f"the chosen one is faster: {numbers.milliseconds(chosen.p50_ms)} against "
            f"{numbers.milliseconds(entry.p50_ms)}"
        )
    if entry.size_bytes > chosen.size_bytes:
        return (
            f"as fast as the chosen one, but larger: {numbers.size(entry.size_bytes)} against "
            f"{numbers.size(chosen.size_bytes)}"
        )
    return "as good as the chosen one in every limit within the noise of measuring"


def nearest(budget: Budget, found: Sequence[CandidateFigures]) -> dict[str, CandidateFigures]:
    """Return for each limit the candidate that comes nearest to it while it misses as few others as can be.

    Args:
        budget: that no candidate keeps.
        found: every candidate with what is known of it.
    """
    near: dict[str, CandidateFigures] = {}
    for word in budget.limits():
        rated = [
            (len(others), excess.get(word, 0.0), sum(excess.values()), entry.key, entry)
            for entry in found
            if (excess := missed(budget, entry))
            for others in [[other for other in excess if other != word]]
            if word in excess
        ]
        if rated:
            near[word] = min(rated, key=lambda item: item[:4])[4]
    return near


def stopped_by_gates(budget: Budget, found: Sequence[CandidateFigures]) -> CandidateFigures | None:
    """Return the best of those that keep every limit of the budget and miss a gate of the recipe, if there is one."""
    scored = [entry for entry in found if entry.state == SCORED and entry.reason]
    kept = [entry for entry in scored if not missed(budget, entry)]
    return max(kept, key=lambda entry: entry.score_percent, default=None)


def nearest_sentences(budget: Budget, found: Sequence[CandidateFigures]) -> list[str]:
    """Word `nearest` for people, one line a limit."""
    return [
        f"nearest in {_called(word)}: {entry.name} ({figures(entry)}); misses {over_limit(budget, entry)}"
        for word, entry in nearest(budget, found).items()
    ]


def figures(entry: CandidateFigures) -> str:
    """Return what is known of a candidate in one line."""
    parts = [numbers.size(entry.size_bytes)] if entry.size_bytes else []
    parts += [f"p50 {numbers.milliseconds(entry.p50_ms)}"] if entry.p50_ms else []
    unknown = "not scored" if entry.state == SCORED else "not trained"
    parts += [f"{entry.score_percent:.1f} % of the teacher"] if entry.score_percent >= 0 else [unknown]
    return ", ".join(parts)


def _called(word: str) -> str:
    return {"p50": "speed (p50)", "p95": "speed (p95)"}.get(word, word)


def _shown(word: str, value: float) -> str:
    if word == "score":
        return f"{value:.1f} %"
    return numbers.milliseconds(value) if word in ("p50", "p95") else numbers.size(round(value))


def budget_text(budget: Budget) -> str:
    """Return a budget as it is typed, in the units that people read."""
    parts = []
    for word, limit in budget.limits().items():
        if word == "score":
            shown = f"{limit:g} %"
        else:
            shown = numbers.milliseconds(limit) if word in ("p50", "p95") else numbers.size(round(limit))
        parts.append(f"{word} {shown}")
    return ", ".join(parts)
