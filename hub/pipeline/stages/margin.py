"""How far a share of the teacher's score may be off by the draw of the validation rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Metric
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import headline_score

DRAWS = 100
_SEED = 13


def score_draws(rows: Rows, metric: Metric, probabilities: npt.NDArray[np.float64]) -> list[float]:
    """Return the headline score on rows drawn with replacement (the bootstrap, Efron 1979).

    Every call with as many rows draws the same ones, so that the scores of two models belong together in pairs.

    Args:
        rows: that were predicted.
        metric: the headline.
        probabilities: float64 [units, outputs].
    """
    random = np.random.default_rng(_SEED)
    starts = np.concatenate([[0], np.cumsum(rows.units)])
    found = []
    for _ in range(DRAWS):
        drawn = random.integers(0, len(rows), len(rows))
        units = np.concatenate([np.arange(starts[row], starts[row + 1]) for row in drawn])
        found.append(headline_score(rows.take([int(row) for row in drawn]), metric)(probabilities[units]))
    return found


def share_error_percent(teacher: Sequence[float], found: Sequence[float]) -> float:
    """Return the standard error of a model's percent of the teacher's score.

    Args:
        teacher: `score_draws` of the teacher.
        found: `score_draws` of the model, on the same rows.

    Returns:
        0 where nothing can be said: the teacher has no score in some draw.
    """
    whole, part = np.asarray(teacher), np.asarray(found)
    if len(whole) < 2 or len(whole) != len(part) or not (whole > 0).all():
        return 0.0
    return round(float(np.std(100 * part / whole, ddof=1)), 4)
