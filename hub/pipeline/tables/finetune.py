"""The teacher of tables: the preprocessor, and an ensemble of networks trained on the task's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.edge.files import write_json
from hub.edge.folder import PREPROCESSOR
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.training import MODEL
from hub.pipeline.tables.rows import read_rows
from hub.pipeline.tables.training import targets_of, train_network
from hub.train import table
from hub.train.table_columns import fit_columns

COLUMNS = "columns"


def run(context: Context, folder: Path) -> str:
    """Fit the preprocessor and train; leave ``preprocessor.json``, ``columns.json`` and the network in ``model/``."""
    from hub.train.table_network import fill_unseen, save_network, scale_outputs

    train, validation = rows_of(context, "train"), rows_of(context, "validation")
    options = context.recipe.table
    fitted = fit_columns(
        train.inputs,
        context.prepared().features,
        min_category_rows=options.min_category_rows,
        missing=context.recipe.data.missing,
    )
    preprocessor = fitted.preprocessor
    preprocessor.write(folder / PREPROCESSOR)
    write_json(folder / f"{COLUMNS}.json", {"left_out": dict(fitted.left_out)})
    arrays, held_out = read_rows(preprocessor, train), read_rows(preprocessor, validation)
    outputs, targets = train.form.outputs, targets_of(train)
    network = table.make_teacher(arrays, preprocessor.cardinalities, outputs, options, context.recipe.seed)
    objective = table.teacher_objective(arrays, targets.truth, outputs, options)
    train_network(context, folder, table.TEACHER, network, len(arrays), objective, (held_out, validation), targets)
    fill_unseen(network, arrays.categories)
    scale_outputs(network, targets.spread, targets.mean)
    files = save_network(network, folder / MODEL)
    return files_fingerprint((*files, folder / PREPROCESSOR), folder)


def load_teacher(context: Context) -> Any:
    """Load the trained ensemble, in evaluation mode."""
    from hub.train.table_network import load_network

    return load_network(context.run.stage("finetune") / MODEL)
