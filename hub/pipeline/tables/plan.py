"""The stages of a table build, under the names that every build has, and everything that decides the result of each.

Networks of tables train in seconds, so a change of code anywhere they reach builds them anew: finer lists would save
little and could be wrong.
"""

from __future__ import annotations

import dataclasses

from hub.contract.recipe import Recipe
from hub.pipeline.plan import STAGES as TEXT_STAGES
from hub.pipeline.plan import Stage

_CODE = ("compress", "contract", "edge", "evaluate", "train", "pipeline.stages", "pipeline.tables")

STAGES = (
    TEXT_STAGES[0],
    Stage(
        name="baseline",
        title="gradient boosting",
        module="tables.baseline",
        needs=("data",),
        recipe=("seed", "table.threshold_metric"),
        code=_CODE,
        reads=("metrics",),
    ),
    Stage(
        name="finetune",
        title="teacher",
        module="tables.finetune",
        needs=("data",),
        recipe=("seed", "table", "data.missing"),
        code=_CODE,
        reads=("metrics",),
    ),
    Stage(
        name="distill",
        title="student",
        module="tables.distill",
        needs=("data", "finetune"),
        recipe=("seed", "table"),
        code=_CODE,
        reads=("metrics",),
    ),
    Stage(
        name="export",
        title="export",
        module="tables.export",
        needs=("data", "finetune", "distill"),
        recipe=("gates.parity", "gates.parity_rows"),
        code=_CODE,
        reads=("exporter",),
    ),
    Stage(
        name="compress",
        title="thresholds",
        module="tables.compress",
        needs=("data", "finetune", "export"),
        recipe=("table.threshold_metric",),
        code=_CODE,
        reads=("exporter", "metrics"),
    ),
    Stage(
        name="verify",
        title="test rows, latency, gates",
        module="tables.verify",
        needs=("data", "baseline", "finetune", "distill", "export", "compress"),
        recipe=(
            *("table.threshold_metric", "gates.min_teacher_share"),
            *("gates.label_drop_rows", "gates.label_min_rows"),
        ),
        code=_CODE,
        reads=("exporter", "metrics"),
    ),
    Stage(
        name="report",
        title="bundle, card, report",
        module="stages.report",
        needs=("data", "baseline", "finetune", "distill", "export", "compress", "verify"),
        recipe=tuple(field.name for field in dataclasses.fields(Recipe)),
        code=(*_CODE, "publish", "report", "search.measured", "search.probe"),
        reads=("exporter", "task", "selftest"),
    ),
)
"""The same names as those of `hub.pipeline.plan.STAGES`."""
