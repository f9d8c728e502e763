"""The search itself: sizes, then times, then short trainings, then full ones, as few as decide the choice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.contract.budget import Budget
from hub.contract.errors import GateError
from hub.contract.search_results import CHOSEN, CONSIDERED, MEASURED, SCORED, TRAINED, CandidateFigures, SearchSummary
from hub.search import choose
from hub.search.candidate import Candidate, Student
from hub.search.choose import SURE

HOPE_PERCENT = 12.0
"""A student that lacks more than this after its short training is not trained to the end."""

SAME_STUDENT_PERCENT = 1.0
"""What other vocabularies and forms of one student may have more than the one that is scored."""

NO_USE = "its lexical branch does not raise the score: the same as without one"
"""Reason of a candidate whose branch would count nothing."""

Training = tuple[str, tuple[int, ...], int, int]
"""What `Student.training` gives."""


@dataclass(frozen=True)
class Timing:
    """Latency of a candidate of one shape and form, in milliseconds; untrained, its size in bytes."""

    p50_ms: float
    p95_ms: float
    size_bytes: int = 0


@dataclass(frozen=True)
class Scored:
    """A trained candidate on validation rows.

    Args:
        percent: of the teacher's headline score; -1 where nothing could be scored.
        passed: it loses little enough against its own fp32.
        size_bytes: of the real file and what goes with it.
        detail: what it missed, for people.
        keep: parts that stay fp32.
        used: the branch it was to have counts; a candidate whose branch does not is the one without.
        error_percent: standard error of ``percent``.
    """

    percent: float
    passed: bool = True
    size_bytes: int = 0
    detail: str = ""
    keep: tuple[str, ...] = ()
    used: bool = True
    error_percent: float = 0.0


class Lab(Protocol):
    """What measures and trains; everything it finds it keeps, so that asking again costs nothing."""

    def size_bytes(self, candidate: Candidate) -> int:
        """Return by arithmetic what fetching the candidate transfers."""

    def times(self, candidates: Sequence[Candidate]) -> Mapping[Candidate, Timing]:
        """Time untrained graphs."""

    def memory_bytes(self, candidate: Candidate) -> int:
        """Return the peak memory of a process that answers one text."""

    def train(self, student: Student, rung: int) -> float:
        """Train a student, `rungs` of them being the end, and return the percent of the teacher's score in fp32."""

    def score(self, candidate: Candidate) -> Scored:
        """Score a candidate whose student is trained to the end."""

    @property
    def rungs(self) -> int:
        """Trainings of one student, each longer than the one before; at least 1."""


@dataclass
class Outcome:
    """What a search found.

    Args:
        found: figures by candidate, in the order in which they were generated.
        chosen: the choice; ``None`` when nothing keeps the budget.
        trainings: that were run, short ones included.
        evaluations: candidates that were scored.
        short: percent of the teacher's score after the short training.
        finished: students that were trained to their end.
    """

    found: dict[Candidate, CandidateFigures]
    chosen: Candidate | None = None
    trainings: int = 0
    evaluations: int = 0
    short: dict[Training, float] = field(default_factory=dict)
    finished: set[Training] = field(default_factory=set)

    @property
    def figures(self) -> list[CandidateFigures]:
        """Every candidate's figures."""
        return list(self.found.values())

    def counts(self) -> dict[str, int]:
        """Return how many candidates came at least so far."""
        states = (CONSIDERED, MEASURED, TRAINED, SCORED, CHOSEN)
        reached = [states.index(entry.state) for entry in self.figures]
        return {state: sum(place <= other for other in reached) for place, state in enumerate(states[:-1])}


class BudgetMissedError(GateError):
    """A search that found nothing that keeps the budget.

    Attributes:
        summary: what it found.
    """

    def __init__(self, summary: SearchSummary, budget: Budget) -> None:
        counts = summary.counts
        stopped = choose.stopped_by_gates(budget, summary.candidates)
        why = [f"{stopped.name} ({choose.figures(stopped)}) keeps it, but: {stopped.reason}"] if stopped else []
        why += choose.nearest_sentences(budget, summary.candidates)
        super().__init__(
            "HUB-G010",
            f"no candidate keeps the budget {choose.budget_text(budget)}"
            + (" and the recipe's gates" if stopped else ""),
            "; ".join(why) or "every candidate was dropped for other reasons",
            f"{counts.get('considered', 0)} candidates were considered; relax a limit"
            + (" or the gate that is named" if stopped else "")
            + ": what was trained is kept and found again",
        )
        self.summary = summary


def search(
    candidates: Iterable[Candidate], budget: Budget, lab: Lab, pieces: Mapping[int, int], *, exhaustive: bool = False
) -> Outcome:
    """Find the best candidate under a budget.

    Sizes cost arithmetic and times an untrained graph; both are known of every candidate before anything is trained.
    Students that are left are trained in rungs (successive halving: Jamieson and Talwalkar 2016, arXiv 1502.07943).
    A candidate that could not win even with the best score there can be is not trained or scored.

    Args:
        candidates: what is tried.
        budget: that the choice must keep.
        lab: measures and trains.
        pieces: that are kept for a wanted vocabulary, by `Student.vocabulary`.
        exhaustive: measure and score everything, also what cannot win; for checks of the search itself.

    Returns:
        Figures and choice; ``chosen`` is ``None`` when no candidate keeps the budget.
    """
    outcome = Outcome({entry: _first(entry, lab, pieces) for entry in candidates})
    limits = Budget() if exhaustive else budget
    alive = [entry for entry, found in outcome.found.items() if not choose.missed(limits, found)]
    for entry, timing in lab.times(alive).items():
        size = timing.size_bytes or outcome.found[entry].size_bytes
        _update(outcome, entry, state=MEASURED, p50_ms=timing.p50_ms, p95_ms=timing.p95_ms, size_bytes=size)
    alive = _keeping(outcome, limits, alive)
    if budget.memory_bytes is not None:
        for entry in alive:
            _update(outcome, entry, memory_bytes=lab.memory_bytes(entry))
        alive = _keeping(outcome, limits, alive)
    groups: dict[Training, list[Candidate]] = {}
    for entry in sorted(alive, key=lambda one: choose.order(outcome.figures).index(outcome.found[one])):
        groups.setdefault(entry.student.training, []).append(entry)
    for training in _halved(outcome, budget, lab, groups, exhaustive=exhaustive):
        _finish(outcome, budget, lab, groups[training], exhaustive=exhaustive)
    chosen = choose.choose(budget, [entry for entry in outcome.figures if not entry.reason])
    _explain(outcome, budget, chosen)
    return outcome


def _first(entry: Candidate, lab: Lab, pieces: Mapping[int, int]) -> CandidateFigures:
    student = entry.student
    return CandidateFigures(
        key=entry.key,
        name=entry.named(pieces[student.vocabulary]),
        student=student.form,
        layers=student.layers,
        vocabulary=pieces[student.vocabulary],
        branch=student.branch,
        form=entry.form,
        size_bytes=lab.size_bytes(entry),
    )


def _update(outcome: Outcome, entry: Candidate, **changes: object) -> None:
    outcome.found[entry] = dataclasses.replace(outcome.found[entry], **changes)  # type: ignore[arg-type]


def _keeping(outcome: Outcome, budget: Budget, alive: Iterable[Candidate]) -> list[Candidate]:
    return [entry for entry in alive if not choose.missed(budget, outcome.found[entry])]


def _halved(
    outcome: Outcome, budget: Budget, lab: Lab, groups: Mapping[Training, list[Candidate]], *, exhaustive: bool
) -> list[Training]:
    """Train every student a little and return those worth more: the fastest first, or the best first.

    With a limit for the score the slow ones need not win: only what is hopeless goes. Without one the better half
    of each rung goes on, two at least.
    """
    left = list(groups)
    if exhaustive or len(left) < 2:
        return left
    for rung in range(lab.rungs - 1):
        found = {training: lab.train(groups[training][0].student, rung) for training in left}
        outcome.trainings += len(left)
        outcome.short.update(found)
        for training in found:
            for entry in groups[training]:
                _update(outcome, entry, state=TRAINED)
            _drop_hopeless(outcome, budget, training, groups[training])
        if budget.score_percent is not None:
            return [training for training in left if not outcome.found[groups[training][0]].reason]
        keep = max(2, (len(left) + 1) // 2)
        ranked = sorted(left, key=lambda training: -found[training])
        for training in ranked[keep:]:
            text = f"{found[training]:.1f} % of the teacher after a short training, among the lower half"
            _drop(outcome, groups[training], text)
        left = ranked[:keep]
    return left


def _drop_hopeless(outcome: Outcome, budget: Budget, training: Training, group: Sequence[Candidate]) -> None:
    """Drop a student whose short training lies too far below the limit.

    What others gained from there on says little of it: deeper students learn longer.
    """
    percent = outcome.short.get(training)
    if budget.score_percent is None or percent is None:
        return
    if percent < budget.score_percent - HOPE_PERCENT:
        _drop(outcome, group, f"{percent:.1f} % of the teacher after a short training")


def _finish(outcome: Outcome, budget: Budget, lab: Lab, group: Sequence[Candidate], *, exhaustive: bool) -> None:
    """Train a student to its end and score its candidates, while one of them can still win."""

    def open_ones() -> list[Candidate]:
        scored = [entry for entry in outcome.figures if entry.state == SCORED and not entry.reason]
        waiting = [entry for entry in group if outcome.found[entry].state != SCORED and not outcome.found[entry].reason]
        return [e for e in waiting if exhaustive or choose.can_win(budget, scored, outcome.found[e])]

    if not open_ones():
        return
    lab.train(group[0].student, lab.rungs - 1)
    outcome.trainings += 1
    outcome.finished.add(group[0].student.training)
    for entry in group:
        _update(outcome, entry, state=TRAINED)
    while left := open_ones():
        entry = left[0]
        found = lab.score(entry)
        outcome.evaluations += 1
        size = found.size_bytes or outcome.found[entry].size_bytes
        known = {"score_percent": found.percent, "score_error_percent": found.error_percent}
        state = SCORED if found.used else TRAINED
        _update(outcome, entry, state=state, size_bytes=size, keep=found.keep, **known)
        if not found.used:
            _update(outcome, entry, reason=NO_USE)
        elif not found.passed:
            _update(outcome, entry, reason=found.detail or "it loses too much against its own fp32")
        if not exhaustive:
            _drop_like(outcome, budget, entry, found, open_ones())


def _drop_like(outcome: Outcome, budget: Budget, entry: Candidate, found: Scored, others: Iterable[Candidate]) -> None:
    """Drop other vocabularies and forms of a student that lies clearly below the limit.

    Nothing is learnt of them from one that its form has spoilt, which `Scored.passed` says.
    """
    most = found.percent + SURE * found.error_percent + SAME_STUDENT_PERCENT
    if budget.score_percent is None or not (found.used and found.passed) or most >= budget.score_percent:
        return
    text = f"this student has {found.percent:.1f} % of the teacher with {outcome.found[entry].name}"
    _drop(outcome, [one for one in others if one.student.branch == entry.student.branch], text)


def _drop(outcome: Outcome, group: Iterable[Candidate], reason: str) -> None:
    for entry in group:
        _update(outcome, entry, reason=reason)


def _explain(outcome: Outcome, budget: Budget, chosen: CandidateFigures | None) -> None:
    """Give every candidate its reason."""
    for entry, found in outcome.found.items():
        if chosen is not None and found.key == chosen.key:
            outcome.chosen = entry
            _update(outcome, entry, state=CHOSEN, reason="chosen: " + choose.rule(budget))
        elif over := choose.over_limit(budget, found):
            gate = found.reason if found.state == SCORED else ""
            _update(outcome, entry, reason=f"{gate}; {over}" if gate else over)
        elif not found.reason and chosen is not None:
            trained = entry.student.training in outcome.finished
            _update(outcome, entry, reason=choose.why_not(budget, found, chosen, trained=trained))
        elif not found.reason:
            _update(outcome, entry, reason="not trained: no candidate keeps the budget")
