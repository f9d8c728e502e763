"""The choice of the base model, where the recipe names several: each one is probed, the best one goes on."""

from __future__ import annotations

from pathlib import Path

from hub.contract.errors import UsageError
from hub.edge.files import sha256, write_json
from hub.edge.schema import to_json
from hub.pipeline.bases import rank
from hub.pipeline.context import Context
from hub.pipeline.stages.rows import rows_of
from hub.train.base import base_names

RESULT = "bases"


def run(context: Context, folder: Path) -> str:
    """Rank the base models on validation rows and leave ``bases.json``; its first one is the choice.

    Raises:
        UsageError: HUB-T006, none of them can be loaded.
    """
    train, validation = rows_of(context, "train"), rows_of(context, "validation")
    found = rank(base_names(context.recipe.base), train, validation, context.request, tell=context.reporter.tick)
    if found.chosen is None:
        why = "; ".join(f"{entry.name}: {entry.reason}" for entry in found.candidates)
        raise UsageError("HUB-T006", "none of the base models can be used", why, "name others: --set base=...")
    context.reporter.tick(len(found.candidates), len(found.candidates), f"{found.chosen.name} is the best")
    file = folder / f"{RESULT}.json"
    write_json(file, to_json(found))
    return sha256(file)
