"""What the stages of tables share: the preprocessor, rows as arrays, decision thresholds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Metric
from hub.contract.errors import UsageError, nearest
from hub.contract.outcomes import Outcome
from hub.contract.reference import resolve
from hub.edge.folder import PREPROCESSOR
from hub.edge.table import Preprocessor
from hub.evaluate.thresholds import choose_threshold
from hub.pipeline.context import Context
from hub.pipeline.stages.rows import Rows
from hub.train.table_columns import TableArrays, arrays_of


def preprocessor_of(context: Context) -> Preprocessor:
    """Return what the stage of the teacher fitted."""
    return Preprocessor.read(context.run.stage("finetune") / PREPROCESSOR)


def read_rows(preprocessor: Preprocessor, rows: Rows) -> TableArrays:
    """Return rows as a network reads them."""
    return arrays_of(preprocessor, rows.inputs)


def threshold_metric(context: Context) -> Metric | None:
    """Return the metric that chooses the decision threshold, ``None`` when the recipe names none.

    Raises:
        UsageError: HUB-R008, the task has no such metric, or does not answer with a label.
    """
    name = context.recipe.table.threshold_metric
    if not name:
        return None
    known = {metric.name: metric for metric in context.request.task.metrics}
    if name not in known:
        what = f"table.threshold_metric cannot be {name!r}"
        raise UsageError("HUB-R008", what, nearest(name, known), "name a metric of the task, or none")
    if context.kind.answers != "label":
        what = "table.threshold_metric is for tasks that answer with a label"
        raise UsageError("HUB-R008", what, f"{context.request.task_id} answers with a {context.kind.answers}")
    return known[name]


def thresholds_of(
    context: Context, rows: Rows, probabilities: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """Choose a model's thresholds on validation rows, as the recipe asks for.

    Args:
        context: of the build.
        rows: validation rows.
        probabilities: of the model on them, float64 [rows, labels].

    Returns:
        float64 [labels]; ``None`` for the most probable label.

    Raises:
        UsageError: HUB-R008, as `threshold_metric`.
    """
    metric = threshold_metric(context)
    if metric is None:
        return None
    outcome = rows.form.outcome(rows.truth, probabilities, rows.units)
    if not isinstance(outcome, Outcome):
        raise TypeError(f"{type(outcome).__name__} has no threshold")
    found = choose_threshold(outcome, resolve(metric.function), higher_is_better=metric.higher_is_better)
    return found if len(found) else None
