"""The log of this exporter, and the libraries whose words go there."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import Any

from hub.contract import libraries

logger = logging.getLogger("hub_onnx.export")

_LIBRARIES = ("onnx_ir", "onnxscript", "optimum", "torch", "transformers")


def translated(model: Any) -> AbstractContextManager[None]:
    """Return `hub.contract.libraries.translated` for this exporter."""
    return libraries.translated(logger, _LIBRARIES, model, "ONNX")


def into_log() -> AbstractContextManager[None]:
    """Return `hub.contract.libraries.into_log` for this exporter."""
    return libraries.into_log(logger, _LIBRARIES)
