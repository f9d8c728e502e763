"""Inputs with their truth, as baselines read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Labelled:
    """Rows of one unit each; or, where the inputs are tuples of words, of their words."""

    inputs: list[Any]
    truth: npt.NDArray[Any]

    @property
    def units(self) -> npt.NDArray[np.int64]:
        """Units of each row."""
        words = len(self.truth) != len(self.inputs)
        return np.array([len(entry) if words else 1 for entry in self.inputs], dtype=np.int64)
