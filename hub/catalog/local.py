"""Which base models of the catalogue are on this machine; nothing is fetched."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from hub.catalog.schema import BaseEntry

_CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def why_not_here(entry: BaseEntry) -> str:
    """Return why a base model cannot be loaded without a network; ``""`` when it can.

    Args:
        entry: of the catalogue.
    """
    if entry.distribution:
        try:
            importlib.metadata.version(entry.distribution)
        except importlib.metadata.PackageNotFoundError:
            return f"not installed: pip install {entry.distribution}"
        return ""
    from huggingface_hub import try_to_load_from_cache

    def cached(name: str) -> bool:
        # A path when the file is there; None, or a mark that the repository lacks it, otherwise.
        return isinstance(try_to_load_from_cache(entry.model, name, revision=entry.revision or None), str)

    if cached(_CONFIG) and any(map(cached, _WEIGHTS)):
        return ""
    wanted = f"{entry.model} --revision {entry.revision}" if entry.revision else entry.model
    return f"not on this machine: hf download {wanted}"


def split(entries: Iterable[BaseEntry]) -> tuple[list[str], dict[str, str]]:
    """Return what a recipe's ``base`` takes: of the models that are here, and of the others with the reason."""
    here: list[str] = []
    missing: dict[str, str] = {}
    for entry in entries:
        why = why_not_here(entry)
        if why:
            missing[entry.base] = why
        else:
            here.append(entry.base)
    return here, missing
