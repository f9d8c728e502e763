"""Gates: measured conditions that fail a command when missed (limits in `hub.contract.Gates`)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hub.contract import numbers
from hub.contract.domain import WHOLE
from hub.contract.recipe import Gates
from hub.contract.results import Evaluation, GateResult

_SLACK = 1e-9


def parity_gate(
    reference: npt.NDArray[np.float64],
    exported: npt.NDArray[np.float64],
    limit: float,
    units: npt.NDArray[np.int64] | None = None,
    *,
    scale: float = 1.0,
    of: str = "PyTorch against fp32 export",
) -> tuple[GateResult, list[int]]:
    """Compare the answers of two forms of one model.

    Args:
        reference: float64 [units, outputs], PyTorch: probabilities, or numbers.
        exported: float64 [units, outputs], the exported graph.
        limit: largest allowed difference, divided by ``scale``.
        units: int64 [rows], how many units each row has; ``None`` when each has one.
        scale: what differences are measured in: 1 for probabilities, the spread of the truth for numbers.
        of: what is compared, for the detail.

    Returns:
        The gate and the row indices in order of difference, worst first.
    """
    counts = np.ones(len(reference), dtype=np.int64) if units is None else units
    apart = np.abs(reference - exported).max(axis=1) / scale if len(reference) else np.zeros(0)
    difference = np.zeros(len(counts))
    np.maximum.at(difference, np.repeat(np.arange(len(counts)), counts), np.where(np.isfinite(apart), apart, np.inf))
    worst = float(difference.max()) if len(difference) else 0.0
    order = [int(row) for row in np.argsort(-difference, kind="stable")]
    what = "probability" if scale == 1 else f"answers, in units of {numbers.number(scale)}"
    detail = f"largest difference in {what} over {len(difference)} rows, {of}"
    shown = worst if np.isfinite(worst) else 1e9
    return GateResult("parity", limit, shown, worst <= limit, detail), order


def drop_gates(
    before: Mapping[str, Evaluation], after: Mapping[str, Evaluation], headline: str, limits: Gates, variant: str
) -> list[GateResult]:
    """Check what a variant lost against its fp32 form, on every slice.

    Args:
        before: evaluations of fp32 by slice.
        after: of the variant, same rows.
        headline: name of the headline metric (0..1, higher is better).
        limits: of the recipe.
        variant: name, for messages.

    Returns:
        For each slice a gate on the headline (points) and, where answers are labels or entities, one on the label
        or type that lost most (points of F1). The user's own slices may lose a few rows, and have none when they are
        small (`Gates`).
    """
    gates = []
    for name, reference in before.items():
        if not _is_gated(name, before, limits):
            continue
        lost = 100 * (reference.metrics[headline] - after[name].metrics[headline])
        lost = lost if math.isfinite(lost) else 100.0  # a score that is no number passes no gate
        limit = limits.max_drop_points
        few = lost > limit and _few_rows(name, before, after, limits)
        gates.append(
            GateResult(
                f"{variant}-drop/{name}",
                round(lost, 4) if few else limit,
                round(lost, 4),
                few or lost <= limit + _SLACK,
                f"points of {headline} lost from fp32 to {variant} on {reference.rows} rows",
            )
        )
        if reference.per_label:
            gates.append(_label_gate(name, reference, after[name], limits, variant))
    return gates


def _label_gate(slice_name: str, before: Evaluation, after: Evaluation, limits: Gates, variant: str) -> GateResult:
    """Gate on the label whose loss is furthest beyond what it may lose."""
    worst, worst_lost, worst_limit, worst_excess = "", 0.0, limits.label_drop_points, -np.inf
    for label, score in before.per_label.items():
        if score.rows < max(1, limits.label_min_rows):
            continue
        allowed = max(limits.label_drop_points, 100 * limits.label_drop_rows / score.rows)
        lost = 100 * (score.f1 - after.per_label[label].f1)
        if lost - allowed > worst_excess:
            worst, worst_lost, worst_limit, worst_excess = label, lost, allowed, lost - allowed
    if not worst:
        detail = f"no label has {limits.label_min_rows} rows"
    else:
        detail = f"points of F1 lost by {worst}, {before.per_label[worst].rows} rows, the label nearest to its limit"
    return GateResult(
        f"{variant}-label-drop/{slice_name}",
        round(worst_limit, 4),
        round(worst_lost, 4),
        worst_lost <= worst_limit + _SLACK,
        detail,
    )


def _is_own(name: str, slices: Collection[str]) -> bool:
    """Return whether a slice is one of the user's own: those overlap with the slice of all rows."""
    return name != WHOLE and WHOLE in slices


def _is_gated(name: str, before: Mapping[str, Evaluation], limits: Gates) -> bool:
    """Return whether a slice has gates: the user's own ones of few rows, and of numbers, are only reported."""
    found = before[name]
    return not _is_own(name, before) or (found.rows >= limits.label_min_rows and found.right >= 0)


def _few_rows(name: str, before: Mapping[str, Evaluation], after: Mapping[str, Evaluation], limits: Gates) -> bool:
    """Return whether one of the user's own slices loses no more rows than it may, whatever its score says."""
    return _is_own(name, before) and before[name].right - after[name].right <= limits.label_drop_rows


def share_gates(
    teacher: Mapping[str, Evaluation],
    variant: Mapping[str, Evaluation],
    headline: str,
    least: float,
    limits: Gates,
) -> list[GateResult]:
    """Check the share of the teacher's headline score that a variant keeps, in percent, on every slice.

    Args:
        teacher: its evaluations by slice.
        variant: those of the default variant.
        headline: name of the headline metric.
        least: percent that must be kept.
        limits: of the recipe.
    """
    gates = []
    for name, reference in teacher.items():
        if not _is_gated(name, teacher, limits):
            continue
        share = 100 * _share(reference.metrics[headline], variant[name].metrics[headline])
        few = share < least and _few_rows(name, teacher, variant, limits)
        gates.append(
            GateResult(
                f"teacher-share/{name}",
                round(share, 4) if few else least,
                round(share, 4),
                few or share >= least - _SLACK,
                f"percent of the teacher's {headline} kept by the default variant on {reference.rows} rows",
            )
        )
    return gates


def _share(score: float, own: float) -> float:
    """Return how much of ``score`` is kept by ``own``, 1 is all; what is no number keeps nothing."""
    if not (math.isfinite(score) and math.isfinite(own)):
        return 0.0
    if score > 0:
        return own / score
    # Nothing can be lost of 0. Below it (a cost with a minus, an R2 of a useless model) the smaller size is better.
    return abs(score / own) if own < 0 else 1.0


def excess(gates: Sequence[GateResult]) -> float:
    """Return how far beyond its limit the worst gate is; infinite without gates."""
    return max((gate.value - gate.limit for gate in gates), default=math.inf)
