"""Base models that were tried for a task: what a linear probe of each scores, how large and how fast it is."""

from __future__ import annotations

from dataclasses import dataclass

TRIED, LEFT_OUT = "tried", "left out"


@dataclass(frozen=True)
class BaseFigures:
    """A base model and what is known of it; a figure that was not taken is 0.

    Args:
        name: what a recipe's ``base`` takes.
        state: ``tried`` or ``left out``.
        reason: why it was left out, or which limit it misses; ``""`` otherwise.
        score: headline metric of the probe on validation rows.
        parameters: of encoder and probe.
        fp32_bytes: of its weights, 4 a parameter.
        student_bytes: of the model file of the recipe's student of it, by arithmetic: its layers, its vocabulary, and
            one byte a weight where the format has int8.
        texts_per_second: read by the frozen encoder in PyTorch, in batches.
        p50_ms: median of one text of 16 tokens at one thread, of the untrained student's graph.
        p95_ms: 95th percentile of the same.
        seconds: of the probe.
        keeps: it keeps every limit that was stated.
        layers: that the student takes of it: the recipe's, or as many spread over a base model that lacks one of
            them; empty for students without layers.
    """

    name: str
    state: str
    reason: str = ""
    score: float = 0.0
    parameters: int = 0
    fp32_bytes: int = 0
    student_bytes: int = 0
    texts_per_second: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    seconds: float = 0.0
    keeps: bool = True
    layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class BaseChoice:
    """Base models in the order of their rank.

    Args:
        metric: that the probes are scored by.
        rule: one sentence on how they are ranked.
        speed: one sentence on what was timed.
        rows: training rows that each probe read.
        validation_rows: validation rows that scored it.
        candidates: best ones first, those that were left out at the end.
    """

    metric: str
    rule: str
    speed: str
    rows: int
    validation_rows: int
    candidates: tuple[BaseFigures, ...]

    @property
    def chosen(self) -> BaseFigures | None:
        """The first one that was tried and keeps the limits, if there is one."""
        return next((entry for entry in self.candidates if entry.state == TRIED and entry.keeps), None)
