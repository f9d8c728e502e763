"""Gates: measured conditions that fail a command when missed (limits in `hub.contract.Gates`)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hub.contract.recipe import Gates
from hub.contract.results import Evaluation, GateResult

_SLACK = 1e-9


def parity_gate(
    reference: npt.NDArray[np.float64], exported: npt.NDArray[np.float64], limit: float
) -> tuple[GateResult, list[int]]:
    """Compare probabilities of two forms of one model.

    Args:
        reference: float64 [rows, labels], PyTorch.
        exported: float64 [rows, labels], the exported graph.
        limit: largest allowed difference in probability.

    Returns:
        The gate and the row indices in order of difference, worst first.
    """
    difference = np.abs(reference - exported).max(axis=1) if len(reference) else np.zeros(0)
    difference = np.where(np.isfinite(difference), difference, np.inf)
    worst = float(difference.max()) if len(difference) else 0.0
    order = [int(row) for row in np.argsort(-difference, kind="stable")]
    detail = f"largest difference in probability over {len(difference)} rows, PyTorch against fp32 export"
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
        For each slice a gate on the headline (points) and one on the label that lost most (points of F1).
    """
    gates = []
    for name, reference in before.items():
        lost = 100 * (reference.metrics[headline] - after[name].metrics[headline])
        gates.append(
            GateResult(
                f"{variant}-drop/{name}",
                limits.max_drop_points,
                round(lost, 4),
                lost <= limits.max_drop_points + _SLACK,
                f"points of {headline} lost from fp32 to {variant} on {reference.rows} rows",
            )
        )
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


def share_gates(
    teacher: Mapping[str, Evaluation], variant: Mapping[str, Evaluation], headline: str, limit: float
) -> list[GateResult]:
    """Check the share of the teacher's headline score that a variant keeps, in percent, on every slice."""
    gates = []
    for name, reference in teacher.items():
        score = reference.metrics[headline]
        # Nothing can be lost of a score of 0; a score that is no number passes no gate.
        share = 100.0 if score == 0 else 100 * variant[name].metrics[headline] / score
        share = share if math.isfinite(share) else 0.0
        gates.append(
            GateResult(
                f"teacher-share/{name}",
                limit,
                round(share, 4),
                share >= limit - _SLACK,
                f"percent of the teacher's {headline} kept by the default variant on {reference.rows} rows",
            )
        )
    return gates
