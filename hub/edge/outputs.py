"""The outputs of a model file that a runtime gives: which were asked for, and several as one array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError

Scores = npt.NDArray[np.float32]


def chosen_outputs(file: Path, options: Mapping[str, Any], outputs: Sequence[str]) -> list[str]:
    """Return the names of the outputs to give.

    Args:
        file: the model, for messages.
        options: of the runtime; ``output`` is a name or a tuple of names, by default the first output.
        outputs: that the file has.

    Raises:
        BundleError: HUB-E010, it lacks one.
    """
    named = options.get("output") or outputs[:1]
    chosen = [named] if isinstance(named, str) else list(named)
    for name in chosen:
        if name not in outputs:
            raise BundleError("HUB-E010", f"{file.name} has no output {name!r}", f"it has {', '.join(outputs)}")
    return chosen


def stacked(file: Path, names: Sequence[str], found: Sequence[Scores]) -> Scores:
    """Return the one output as it is, several stacked on a new last axis.

    Args:
        file: the model, for messages.
        names: of the outputs.
        found: arrays in the order of ``names``.

    Raises:
        BundleError: HUB-E010, they have several shapes.
    """
    if len(found) == 1:
        return found[0]
    if len({scores.shape for scores in found}) > 1:
        shapes = ", ".join(f"{name} {list(scores.shape)}" for name, scores in zip(names, found, strict=True))
        raise BundleError("HUB-E010", f"the outputs of {file.name} have several shapes", shapes)
    return np.stack(found, axis=-1)
