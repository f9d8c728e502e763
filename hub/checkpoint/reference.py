"""PyTorch's answer to a batch, in the shape in which a runtime gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.checkpoint.describe import Loaded
from hub.contract.errors import UsageError
from hub.contract.kinds import KINDS


def reference_scores(loaded: Loaded, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
    """Run a loaded checkpoint over one batch.

    Args:
        loaded: in evaluation mode.
        feeds: int64 [batch, length] by input name; inputs that the model does not take are left out.

    Returns:
        float32, the scores of the kind: of its one output as they are, [batch, labels] for example; of several
        outputs stacked on a new last axis.

    Raises:
        UsageError: HUB-X110, the model has no such output.
    """
    import torch

    from hub.checkpoint.modules import input_names

    encoder = getattr(loaded.model, "encoder", loaded.model) if loaded.outputs else loaded.model
    takes = input_names(encoder)
    tensors = {name: torch.from_numpy(np.ascontiguousarray(feeds[name])) for name in takes if name in feeds}
    with torch.inference_mode():
        found = loaded.model(**tensors)
    if loaded.outputs:
        several = found if isinstance(found, tuple) else (found,)
        named = dict(zip(loaded.outputs, several, strict=True))
    else:
        named = dict(found.items())
    wanted = KINDS[loaded.checkpoint.kind].outputs
    missing = next((name for name in wanted if name not in named), None)
    if missing is not None:
        raise UsageError("HUB-X110", f"the model gives no {missing!r}", f"it gives {', '.join(named)}")
    arrays = [named[name].to(torch.float32).numpy() for name in wanted]
    return np.asarray(arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=-1), dtype=np.float32)
