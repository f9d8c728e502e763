"""Rows: loaded, checked, cleaned, split."""

from __future__ import annotations

from pathlib import Path

from hub.contract.data import LoadRequest
from hub.data import prepare, save
from hub.pipeline.context import Context


def run(context: Context, folder: Path) -> str:
    """Prepare the rows and return their fingerprint."""
    request = context.request
    options = context.recipe.data
    prepared = prepare(
        request.task,
        options,
        source=request.source or None,
        folder=request.data_folder,
        request=LoadRequest(seed=options.seed),
    )
    save(prepared, folder)
    return prepared.fingerprint
