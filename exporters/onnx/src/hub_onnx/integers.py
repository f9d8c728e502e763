"""Numbers as small integers with a scale: what is lost is half a step at most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_TINY = np.finfo(np.float32).tiny


def signed_bytes(values: Floats, per_column: bool, bits: int = 8) -> tuple[npt.NDArray[np.int8], Floats]:
    """Round a matrix to signed integers, zero to zero.

    Args:
        values: finite, [rows, columns].
        per_column: a scale for each column, else one for all.
        bits: 8, or 7 of the 8: sums of two products then fit into 16 bits.

    Returns:
        Integers [rows, columns], and the scale, [columns] or [].
    """
    largest = 2 ** (bits - 1) - 1 if bits == 8 else 2 ** (bits - 1)
    reach = np.abs(values).max(axis=0 if per_column else None, initial=0).astype(np.float64)
    scale = np.where(reach / largest < _TINY, 1.0, reach / largest).astype(np.float32)
    return np.clip((values / scale).round(), -largest, largest).astype(np.int8), scale


def unsigned_scale(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """Return scale and zero point of unsigned bytes that cover a range, and zero.

    Args:
        low: smallest number; numbers outside of the range are cut off.
        high: largest number.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255)
    if not scale >= _TINY:
        return np.float32(1.0), np.uint8(0)
    return scale, np.uint8(np.clip(round(-low / float(scale)), 0, 255))
