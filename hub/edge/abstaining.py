"""The threshold for a precision that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from hub.edge.schema import Manifest


def threshold_for(manifest: Manifest, variant: str, target_precision: float) -> float:
    """Return the lowest accepted confidence of the nearest stored precision at or above the one asked for.

    Args:
        manifest: of the bundle.
        variant: that runs.
        target_precision: above 0 and below 1.

    Raises:
        UsageError: HUB-E013, it is no such share, or the bundle promises none as high.
    """
    if not 0.0 < target_precision < 1.0:
        raise UsageError("HUB-E013", f"the precision {target_precision:g} is none", "it must be above 0 and below 1")
    stored = manifest.target_precisions.get(variant, ())
    for entry in stored:
        if entry.target_precision >= target_precision:
            return entry.threshold
    names = ", ".join(f"{entry.target_precision:g}" for entry in stored)
    none = "it promises none: its calibration rows were too few, or it was made from a finished model"
    raise UsageError(
        "HUB-E013",
        f"bundle {manifest.name!r} promises no precision of {target_precision:g} with its variant {variant!r}",
        f"it promises {names}" if names else none,
        "ask for one of these" if names else "choose a confidence yourself: --min-confidence, in Python min_confidence",
    )
