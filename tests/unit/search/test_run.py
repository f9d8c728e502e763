"""The search with trainers and timers whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from hub.contract.budget import Budget
from hub.contract.search_results import SearchSummary
from hub.search import choose
from hub.search.candidate import Candidate, Student
from hub.search.generate import Space, generate
from hub.search.run import BudgetMissedError, Outcome, Scored, Timing, search

SPACE = Space(6, (100, 200), ("lexical", "layers"), forms=("", "int8"), depths=(1, 2, 3))
PIECES = {100: 120, 200: 200}
DEPTH_PERCENT = {0: 92.0, 1: 98.0, 2: 99.5, 3: 100.0}


@dataclass
class Lab:
    """Every depth costs a megabyte and a millisecond; int8 is a quarter of that and loses 0.2 percent."""

    trained: list[tuple[tuple[object, ...], int]] = field(default_factory=list)
    scored: list[str] = field(default_factory=list)
    timed: list[str] = field(default_factory=list)
    refused: tuple[str, ...] = ()
    useless_branch: bool = False
    rungs: int = 2

    def size_bytes(self, candidate: Candidate) -> int:
        size = 1_000_000 * (1 + len(candidate.student.layers)) + 1000 * candidate.student.vocabulary
        return size // (4 if candidate.form else 1)

    def times(self, candidates: Sequence[Candidate]) -> Mapping[Candidate, Timing]:
        self.timed += [candidate.key for candidate in candidates]
        return {one: Timing(self.p50(one), 2 * self.p50(one)) for one in candidates}

    def p50(self, candidate: Candidate) -> float:
        return (0.05 + len(candidate.student.layers)) * (0.3 if candidate.form else 1.0)

    def memory_bytes(self, candidate: Candidate) -> int:
        return 50_000_000 + 2 * self.size_bytes(candidate)

    def train(self, student: Student, rung: int) -> float:
        self.trained.append((student.training, rung))
        return DEPTH_PERCENT[len(student.layers)] - 3.0 * (rung < self.rungs - 1)

    def score(self, candidate: Candidate) -> Scored:
        self.scored.append(candidate.key)
        if candidate.student.branch and self.useless_branch:
            return Scored(-1.0, used=False)
        percent = DEPTH_PERCENT[len(candidate.student.layers)] - 0.2 * bool(candidate.form)
        passed = candidate.form not in self.refused
        return Scored(percent, passed, 0, "" if passed else "misses int8-drop")


def found(budget: Budget, lab: Lab, space: Space = SPACE, *, exhaustive: bool = False) -> Outcome:
    return search(generate(space), budget, lab, PIECES, exhaustive=exhaustive)


@pytest.mark.parametrize(
    ("budget", "layers", "form", "vocabulary"),
    [
        (Budget(score_percent=99.0), (0, 5), "int8", 100),
        (Budget(score_percent=90.0), (), "int8", 100),
        (Budget(score_percent=97.9), (0, 5), "int8", 100),  # int8 of one layer has 97.8, its fp32 is slower
        (Budget(size_bytes=600_000), (0,), "int8", 100),
        (Budget(p50_ms=1.2), (0, 2, 5), "int8", 100),
        (Budget(memory_bytes=51_200_000), (0,), "int8", 100),
    ],
)
def test_choice(budget: Budget, layers: tuple[int, ...], form: str, vocabulary: int) -> None:
    chosen = found(budget, Lab()).chosen

    assert chosen is not None
    assert (chosen.student.layers, chosen.form, chosen.student.vocabulary) == (layers, form, vocabulary)


@pytest.mark.parametrize(
    "budget",
    [
        Budget(score_percent=99.0),
        Budget(size_bytes=800_000),
        Budget(p50_ms=0.9, score_percent=98.0),
        Budget(p95_ms=2.0),
    ],
)
def test_the_choice_is_that_of_measuring_all(budget: Budget) -> None:
    quick, whole = found(budget, Lab()), found(budget, Lab(), exhaustive=True)

    assert quick.chosen == whole.chosen
    assert len(whole.figures) == len(generate(SPACE))
    assert all(entry.score_percent >= 0 for entry in whole.figures)


def test_what_is_too_large_is_not_timed_and_what_is_too_slow_is_not_trained() -> None:
    lab = Lab()

    outcome = found(Budget(size_bytes=2_200_000, p50_ms=0.5), lab)

    states = {entry.key: entry for entry in outcome.figures}
    for candidate in generate(SPACE):
        entry = states[candidate.key]
        if lab.size_bytes(candidate) > 2_200_000:
            assert candidate.key not in lab.timed
            assert entry.state == "considered"
            assert entry.reason.startswith("size ")
        elif lab.p50(candidate) > 0.5:
            assert entry.state == "measured"
            assert entry.reason.startswith("speed (p50)")
    assert {training[1] for training, _ in lab.trained} == {(), (0,)}


def test_it_stops_when_nothing_slower_can_win() -> None:
    lab = Lab()

    found(Budget(score_percent=97.5), lab)

    full = [training for training, rung in lab.trained if rung == 1]
    assert full[-1] == ("layers", (0,), 0, 0)
    assert len([training for training in full if training[0] == "layers"]) == 1


def test_one_training_serves_every_vocabulary_of_the_same_layers() -> None:
    lab = Lab()

    found(Budget(score_percent=99.0), lab, exhaustive=True)

    assert len(lab.trained) == len(set(lab.trained)) == 3 + 2  # three depths; the lexical student once a vocabulary


def test_what_is_hopeless_after_a_short_training_is_dropped() -> None:
    lab = Lab()

    outcome = found(Budget(score_percent=103.0), lab)

    assert outcome.chosen is None
    lexical = [entry for entry in outcome.figures if entry.student == "lexical"]
    assert all("after a short training" in entry.reason for entry in lexical)
    assert (("lexical", (), 100), 1) not in lab.trained


def test_without_a_limit_of_the_score_the_better_half_goes_on() -> None:
    lab = Lab()

    found(Budget(size_bytes=10**8), lab)

    assert [rung for _, rung in lab.trained].count(0) == 5
    assert sorted(training[1] for training, rung in lab.trained if rung == 1) == [(0,), (0, 2, 5), (0, 5)]


def test_a_form_that_loses_too_much_is_not_chosen() -> None:
    outcome = found(Budget(score_percent=99.0), Lab(refused=("int8",)))

    assert outcome.chosen is not None
    assert outcome.chosen.form == ""
    refused = [entry for entry in outcome.figures if entry.form == "int8" and entry.state == "scored"]
    assert refused
    assert all("misses int8-drop" in entry.reason for entry in refused if entry.score_percent >= 99.0)


def test_a_branch_that_does_not_help_is_the_student_without_it() -> None:
    space = Space(6, (100,), ("layers",), branches=(False, True), forms=("int8",), depths=(2,))

    outcome = found(Budget(score_percent=99.0), Lab(useless_branch=True), space)

    assert outcome.chosen is not None
    assert not outcome.chosen.student.branch


def test_a_branch_that_does_not_help_is_no_gate() -> None:
    space = Space(6, (100,), ("layers",), branches=(False, True), forms=("int8",), depths=(1,))
    budget = Budget(score_percent=99.0)
    outcome = found(budget, Lab(useless_branch=True), space)
    summary = SearchSummary(budget.limits(), "portable", False, "", "", tuple(outcome.figures), counts=outcome.counts())

    error = BudgetMissedError(summary, budget)

    assert outcome.chosen is None
    assert "gate" not in f"{error.what} {error.why} {error.fix}"
    assert "branch" not in error.why


def test_every_candidate_has_a_reason_and_one_is_chosen() -> None:
    outcome = found(Budget(score_percent=99.0), Lab())

    assert all(entry.reason for entry in outcome.figures)
    assert [entry.state for entry in outcome.figures].count("chosen") == 1
    counts = outcome.counts()
    assert counts["considered"] == len(outcome.figures)
    assert counts["considered"] >= counts["measured"] >= counts["trained"] >= counts["scored"] >= 1


def test_a_budget_that_nothing_keeps_names_the_nearest_on_each_side() -> None:
    budget = Budget(size_bytes=500_000, score_percent=99.0)
    outcome = found(budget, Lab())
    summary = SearchSummary(budget.limits(), "portable", False, "", "", tuple(outcome.figures), counts=outcome.counts())

    error = BudgetMissedError(summary, budget)

    assert outcome.chosen is None
    assert (error.code, error.exit_code) == ("HUB-G010", 1)
    assert "size 500 kB, score 99 %" in error.what
    assert "nearest in size" in error.why
    assert "nearest in score" in error.why


def test_a_single_rung_trains_each_student_once() -> None:
    lab = Lab(rungs=1)

    found(Budget(score_percent=99.0), lab)

    assert {rung for _, rung in lab.trained} == {0}


def test_an_empty_space_chooses_nothing() -> None:
    assert search((), Budget(score_percent=1.0), Lab(), PIECES).chosen is None


def test_names_and_keys_tell_candidates_apart() -> None:
    candidates = generate(SPACE)

    names = {one.named(PIECES[one.student.vocabulary]) for one in candidates}
    assert len({one.key for one in candidates}) == len(names) == len(candidates)
    assert "layers 0, 5; 120 pieces; int8" in names
    assert choose.figures(found(Budget(score_percent=99.0), Lab()).figures[0])


def test_of_a_student_clearly_below_the_limit_one_candidate_is_scored() -> None:
    outcome = found(Budget(score_percent=99.5), Lab())

    one_layer = [entry for entry in outcome.figures if entry.layers == (0,) and not entry.branch]
    assert [entry.score_percent for entry in one_layer if entry.score_percent >= 0] == [97.8]
    assert len(one_layer) > 2
    assert all(entry.reason for entry in one_layer)


def test_a_form_that_spoils_a_student_says_nothing_of_the_others() -> None:
    outcome = found(Budget(score_percent=99.5), Lab(refused=("int8",)))

    one_layer = [entry for entry in outcome.figures if entry.layers == (0,) and not entry.branch]
    assert {entry.form for entry in one_layer if entry.score_percent >= 0} == {"", "int8"}


def test_deeper_students_may_gain_more_than_shallow_ones_did() -> None:
    short, full = {1: 94.9, 2: 95.9, 3: 96.5}, {1: 95.0, 2: 97.5, 3: 99.0}

    class Saturating(Lab):
        def train(self, student: Student, rung: int) -> float:
            return (short if rung < self.rungs - 1 else full)[len(student.layers)]

        def score(self, candidate: Candidate) -> Scored:
            return Scored(full[len(candidate.student.layers)])

    outcome = found(Budget(score_percent=98.0), Saturating(), Space(6, (100,), ("layers",), depths=(1, 2, 3)))

    assert outcome.chosen is not None
    assert len(outcome.chosen.student.layers) == 3


def test_a_student_that_lacks_too_much_after_its_short_training_is_not_trained_to_its_end() -> None:
    class Hopeless(Lab):
        def train(self, student: Student, rung: int) -> float:
            self.trained.append((student.training, rung))
            return 86.0 if student.form == "lexical" else 100.0

    lab = Hopeless()

    outcome = found(Budget(score_percent=99.0), lab)

    assert not [training for training, rung in lab.trained if rung == 1 and training[0] == "lexical"]
    assert outcome.chosen is not None
    assert any(entry.reason == "86.0 % of the teacher after a short training" for entry in outcome.figures)


def test_an_unscored_form_of_the_chosen_student_is_not_called_untrained() -> None:
    outcome = found(Budget(score_percent=99.0), Lab())

    chosen = next(entry for entry in outcome.figures if entry.state == "chosen")
    reasons = [entry.reason for entry in outcome.figures if entry.layers == chosen.layers and entry.score_percent < 0]
    assert reasons
    assert all(reason.startswith("not scored: ") for reason in reasons)


def test_where_a_gate_is_why_nothing_is_left_the_message_names_it() -> None:
    low = "92.0 % of the teacher; the recipe's gates.min_teacher_share is 95"

    class Strict(Lab):
        def score(self, candidate: Candidate) -> Scored:
            return Scored(92.0, passed=False, detail=low)

    budget = Budget(size_bytes=600_000)
    outcome = found(budget, Strict())
    summary = SearchSummary(budget.limits(), "portable", False, "", "", tuple(outcome.figures), counts=outcome.counts())

    error = BudgetMissedError(summary, budget)

    assert outcome.chosen is None
    assert "and the recipe's gates" in error.what
    assert f"keeps it, but: {low}" in error.why
    assert "relax a limit or the gate that is named" in error.fix


@pytest.mark.parametrize("budget", [Budget(size_bytes=600_000), Budget(score_percent=95.0)])
def test_a_graph_that_is_wrong_is_named_and_has_no_score(budget: Budget) -> None:
    class Wrong(Lab):
        def score(self, candidate: Candidate) -> Scored:
            return Scored(-1.0, passed=False, detail="the graph differs from PyTorch")

    outcome = found(budget, Wrong())
    summary = SearchSummary(budget.limits(), "portable", False, "", "", tuple(outcome.figures), counts=outcome.counts())

    error = BudgetMissedError(summary, budget)

    assert outcome.chosen is None
    assert "keeps it, but: the graph differs from PyTorch" in error.why
    assert "not scored" in error.why
    assert "0.0 %" not in error.why


def test_a_missed_gate_is_named_before_a_missed_limit() -> None:
    class Low(Lab):
        def score(self, candidate: Candidate) -> Scored:
            return Scored(92.0, passed=False, detail="misses int8-drop")

    scored = [entry for entry in found(Budget(score_percent=95.0), Low()).figures if entry.state == "scored"]

    assert scored
    assert all(entry.reason.startswith("misses int8-drop; score 92.0 %") for entry in scored)
