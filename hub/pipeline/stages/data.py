"""Rows: loaded, checked, cleaned, split."""

from __future__ import annotations

from pathlib import Path

from hub.contract.data import LoadRequest
from hub.data import Prepared, prepare, save
from hub.pipeline.context import BuildRequest, Context


def run(context: Context, folder: Path) -> str:
    """Prepare the rows and return their fingerprint."""
    prepared = prepared_rows(context.request)
    save(prepared, folder)
    return prepared.fingerprint


def prepared_rows(request: BuildRequest) -> Prepared:
    """Load, check, clean and split the rows that a build is asked to learn from.

    Raises:
        DataError: there are none, or they cannot be learnt from.
    """
    options = request.recipe.data
    return prepare(
        request.task,
        options,
        source=request.source or None,
        folder=request.data_folder,
        request=LoadRequest(seed=options.seed),
    )
