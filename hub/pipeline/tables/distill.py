"""The student of tables: one small network that learns what the ensemble answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.training import MODEL
from hub.pipeline.tables.finetune import load_teacher
from hub.pipeline.tables.rows import preprocessor_of, read_rows
from hub.pipeline.tables.training import targets_of, train_network
from hub.train import table


def run(context: Context, folder: Path) -> str:
    """Distil, and leave the student in ``model/``."""
    from hub.train.table_network import fill_unseen, save_network, scale_outputs

    train, validation = rows_of(context, "train"), rows_of(context, "validation")
    options, preprocessor = context.recipe.table, preprocessor_of(context)
    arrays, held_out = read_rows(preprocessor, train), read_rows(preprocessor, validation)
    targets = targets_of(train)
    context.reporter.tick(0, 1, "the teacher reads the training rows")
    # Numbers are learnt with mean 0 and spread 1, by the student as by its teacher.
    taught = (table.scores(load_teacher(context), arrays) - np.float32(targets.mean)) / np.float32(targets.spread)
    student = table.make_student(arrays, preprocessor.cardinalities, train.form.outputs, options, context.recipe.seed)
    objective = table.student_objective(arrays, taught, targets.truth, options)
    train_network(context, folder, table.STUDENT, student, len(arrays), objective, (held_out, validation), targets)
    fill_unseen(student, arrays.categories)
    scale_outputs(student, targets.spread, targets.mean)
    return files_fingerprint(save_network(student, folder / MODEL), folder)


def load_student(context: Context) -> Any:
    """Load the distilled student in evaluation mode, before its temperature is folded in."""
    from hub.train.table_network import load_network

    return load_network(context.run.stage("distill") / MODEL)
