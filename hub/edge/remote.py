"""The seam to published bundles: an id in place of a folder is brought from the Hub by another package."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import cast

from hub.contract.errors import HubError
from hub.edge.folder import aside

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")


def is_id(path: str | os.PathLike[str]) -> bool:
    """Return whether something reads ``org/name`` or ``org/name@revision`` and is no folder here."""
    text = os.fspath(path)
    return _ID.fullmatch(text) is not None and not (Path(text).exists() or aside(Path(text)).exists())


def local_folder(path: str | os.PathLike[str], variant: str | None = None, profile: str = "portable") -> Path:
    """Return the folder of a bundle; that of a published one is brought from the Hub when it is not in the cache.

    Args:
        path: a folder, or the id of a repository.
        variant: as in `hub.edge.Bundle.open`.
        profile: as in `hub.edge.Bundle.open`.

    Raises:
        HubError: as `hub.publish.pull.cached_bundle`.
    """
    if not is_id(path):
        return Path(path)
    # Named and not imported: this package itself stays off the network.
    pull = importlib.import_module("hub.publish.pull")
    text = os.fspath(path)
    try:
        return cast("Path", pull.cached_bundle(text, variant, profile))
    except HubError as error:
        error.why = f"there is no folder {text} here; on the Hub: {error.why or error.what}"
        raise
