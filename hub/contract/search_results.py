"""What a search under a budget found: every candidate with its figures, and why it was or was not chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CONSIDERED, MEASURED, TRAINED, SCORED, CHOSEN = "considered", "measured", "trained", "scored", "chosen"
"""How far a candidate came, in this order."""


@dataclass(frozen=True)
class CandidateFigures:
    """A candidate and what is known of it; a figure that was not taken is 0, a score that was not taken -1.

    Args:
        key: short and unique in the search.
        name: for people.
        student: form of the student: ``layers``, ``static``, ``lexical``.
        layers: of the teacher that the student starts from.
        vocabulary: pieces of the student's vocabulary.
        branch: a lexical branch stands beside the student.
        form: of the exporter, ``""`` for fp32.
        state: how far it came: ``considered``, ``measured``, ``trained``, ``scored``, ``chosen``.
        size_bytes: that fetching it transfers: by arithmetic, from the file itself once it was scored.
        p50_ms: median of one text of 16 tokens, one thread.
        p95_ms: 95th percentile of the same.
        memory_bytes: peak of a process that answered one text.
        score_percent: of the teacher's headline score on validation rows.
        score_error_percent: standard error of ``score_percent``: how far the draw of the rows may have moved it.
        keep: parts of the graph that stay fp32.
        reason: why it was not chosen; of the chosen one why it was.
    """

    key: str
    name: str
    student: str
    layers: tuple[int, ...]
    vocabulary: int
    branch: bool
    form: str
    state: str = CONSIDERED
    size_bytes: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    memory_bytes: int = 0
    score_percent: float = -1.0
    score_error_percent: float = 0.0
    keep: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class SearchSummary:
    """A finished search.

    Args:
        limits: of the budget by the words of the command line, in bytes, milliseconds and percent.
        profile: target.
        estimated: latency is scaled from, or taken on, another machine than the target.
        timing: one sentence on where latency comes from.
        rule: one sentence on how the choice was made.
        candidates: all of them, best ones first.
        teacher_score: the teacher's headline score on validation rows, before ``strategy.refit`` if the recipe has it.
        baseline_percent: of the teacher's score that the linear baseline has on the same rows; -1 when unknown.
        baseline: name of the baseline.
        trainings: students that were trained, for fewer epochs or all.
        evaluations: files that were scored on validation rows.
        seconds: of the whole search.
    """

    limits: Mapping[str, float]
    profile: str
    estimated: bool
    timing: str
    rule: str
    candidates: tuple[CandidateFigures, ...]
    teacher_score: float = 0.0
    baseline_percent: float = -1.0
    baseline: str = ""
    trainings: int = 0
    evaluations: int = 0
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def chosen(self) -> CandidateFigures | None:
        """The candidate that was chosen, if one was."""
        return next((entry for entry in self.candidates if entry.state == CHOSEN), None)
