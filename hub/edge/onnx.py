"""ONNX Runtime on the CPU: the runtime of the format ``onnx``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as native

from hub.contract.errors import BundleError
from hub.contract.exporter import GraphDescription, GraphValue
from hub.edge.limits import limit_memory
from hub.edge.outputs import chosen_outputs, stacked

_NATIVE = [value for value in vars(native).values() if isinstance(value, type) and issubclass(value, Exception)]
_ERRORS: tuple[type[Exception], ...] = (*_NATIVE, RuntimeError, ValueError, TypeError)
"""What ONNX Runtime raises: a dozen classes of its own with no common base, and a few of Python's."""

_SILENT = 4
_DTYPES = {"tensor(int64)": "int64", "tensor(int32)": "int32", "tensor(float)": "float32", "tensor(float16)": "float16"}


class OnnxRuntime:
    """One ONNX file, ready to run.

    The file is read by its path, so ONNX Runtime itself refuses external data that is absolute, leaves the
    file's folder or is a link out of it.

    Args:
        file: the model.
        options: ``threads`` (intra-op, default 1), ``disabled_optimizers`` (names of graph optimizers to
            switch off; a misspelt name is ignored by ONNX Runtime), ``output`` (name of the graph's output,
            default its first one; or a tuple of names).

    Raises:
        BundleError: HUB-E010, the file cannot be loaded, or it has no such output.
    """

    def __init__(self, file: Path, options: Mapping[str, Any]) -> None:
        self._file = file
        try:
            # Its fallback would print a message and try the same provider once more.
            self._session = onnxruntime.InferenceSession(
                str(file), _session_options(options), providers=["CPUExecutionProvider"], enable_fallback=0
            )
            self._inputs = tuple(entry.name for entry in self._session.get_inputs())
            outputs = [entry.name for entry in self._session.get_outputs()]
        except _ERRORS as error:
            raise self._broken("load", error) from error
        self._outputs = chosen_outputs(file, options, outputs)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs the graph takes."""
        return self._inputs

    def describe(self) -> GraphDescription:
        """Return what the graph takes and gives."""
        taken, given = self._session.get_inputs(), self._session.get_outputs()
        return GraphDescription(tuple(map(_value, taken)), tuple(map(_value, given)))

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Run one batch. May be called from several threads at once.

        Args:
            feeds: input name to array; for texts int64 of shape [batch, length].

        Returns:
            Raw scores (logits), float32 of shape [batch, labels]. Of several outputs, which have one shape, they
            are stacked on a new last axis.

        Raises:
            BundleError: HUB-E010, the graph cannot take these inputs, or its outputs have several shapes.
        """
        try:
            found = [np.asarray(s, dtype=np.float32) for s in self._session.run(self._outputs, dict(feeds))]
        except _ERRORS as error:
            raise self._broken("run", error) from error
        return stacked(self._file, self._outputs, found)

    def _broken(self, verb: str, error: Exception) -> BundleError:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return BundleError(
            "HUB-E010", f"ONNX Runtime cannot {verb} {self._file.name}", first, "get the bundle again or build it again"
        )


def _value(entry: Any) -> GraphValue:
    axes = tuple(axis if isinstance(axis, int) else str(axis or "?") for axis in entry.shape)
    return GraphValue(entry.name, _DTYPES.get(entry.type, entry.type), axes)


def _session_options(options: Mapping[str, Any]) -> onnxruntime.SessionOptions:
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = int(options.get("threads", 1))
    chosen.inter_op_num_threads = 1
    chosen.log_severity_level = _SILENT
    disabled = ";".join(options.get("disabled_optimizers", ()))
    if disabled:
        chosen.add_session_config_entry("optimization.disable_specified_optimizers", disabled)
    # Waiting threads sleep instead of burning the core: on a shared device that was also the faster choice.
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    limit_memory(chosen)
    return chosen
