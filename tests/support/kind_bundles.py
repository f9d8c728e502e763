"""Bundles of several kinds, opened and changed by tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from hub.edge import Bundle, writer
from hub.edge.folder import read_manifest


def opened(made: dict[str, Path], name: str, variant: str = "fp32") -> Bundle:
    """Open one of the bundles that the fixture `made` has made."""
    return Bundle.open(made[name], variant=variant)


def resealed(folder: Path, **changes: Any) -> Path:
    """Write the manifest anew, with changed entries and the hashes of the files as they are now."""
    writer.seal(folder, dataclasses.replace(read_manifest(folder), **changes))
    return folder
