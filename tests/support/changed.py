"""JSON documents with one value changed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any


def changed(document: dict[str, Any], path: Sequence[Any], value: Any) -> dict[str, Any]:
    """Return a copy of a document with another value at a path of keys and places."""
    broken = copy.deepcopy(document)
    place: Any = broken
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return broken
