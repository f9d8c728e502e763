"""OpenVINO on the CPU: the runtime of the format ``openvino``. It needs no PyTorch."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract import BundleError, HubError
from hub.edge.outputs import chosen_outputs, stacked
from hub_openvino.ir import first_line, read_model
from hub_openvino.libraries import openvino

_ERRORS = (RuntimeError, ValueError, TypeError, KeyError)
_PRECISIONS = ("f32", "bf16", "f16")


class OpenVinoRuntime:
    """One IR file, ready to run.

    A CPU with matrix instructions (AMX) computes in bf16 unless told otherwise, which moved logits by 0.04, and
    quantizes the activations of a model with 8-bit weights. Neither happens here unless ``precision`` asks for it, so
    that a model answers alike on every machine.

    Args:
        file: the graph, ``model.xml``; its weights are ``model.xml_data`` or ``model.bin`` beside it.
        options: ``threads`` (default 1), ``output`` (name of the graph's output, default its first one; or a tuple of
            names), ``precision`` (``f32``, ``bf16`` or ``f16``, default ``f32``).

    Raises:
        BundleError: HUB-E010, the file cannot be loaded, has no such output or cannot be run like this.
    """

    def __init__(self, file: Path, options: Mapping[str, Any]) -> None:
        self._file = file
        settings = _settings(file, options)
        try:
            model = read_model(file)
            self._compiled = openvino().Core().compile_model(model, "CPU", settings)
        except (*_ERRORS, HubError) as error:
            raise self._broken("load", error) from error
        self._inputs = tuple(port.get_any_name() for port in self._compiled.inputs)
        outputs = [port.get_any_name() for port in self._compiled.outputs]
        self._outputs = chosen_outputs(file, options, outputs)
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs the graph takes."""
        return self._inputs

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Run one batch. May be called from several threads at once; they take turns.

        Args:
            feeds: input name to array; for texts int64 of shape [batch, length].

        Returns:
            Raw scores (logits), float32 of shape [batch, labels]. Of several outputs, which have one shape, they
            are stacked on a new last axis.

        Raises:
            BundleError: HUB-E010, the graph cannot take these inputs, or its outputs have several shapes.
        """
        if set(feeds) != set(self._inputs):
            given, wanted = ", ".join(sorted(feeds)), ", ".join(self._inputs)
            raise BundleError("HUB-E010", f"{self._file.name} was given {given or 'nothing'}", f"it takes {wanted}")
        self._check_shapes(feeds)
        try:
            found = self._infer(feeds)
        except _ERRORS as error:
            raise self._broken("run", error) from error
        return stacked(self._file, self._outputs, found)

    def _check_shapes(self, feeds: Mapping[str, npt.NDArray[Any]]) -> None:
        """Refuse what OpenVINO itself takes where axes move, and answers nonsense: other axes, inputs of two sizes.

        Raises:
            BundleError: HUB-E010.
        """
        what = f"{self._file.name} cannot take these inputs"
        sizes: dict[int, int] = {}
        for port in self._compiled.inputs:
            name, wanted = port.get_any_name(), port.get_partial_shape()
            shape = list(feeds[name].shape)
            if not wanted.compatible(openvino().PartialShape(shape)):
                raise BundleError("HUB-E010", what, f"{name} has the shape {shape}, not {wanted}")
            for axis, size in enumerate(shape):
                if wanted[axis].is_dynamic and sizes.setdefault(axis, size) != size:
                    why = f"axis {axis} of {name} has the size {size}, that of others {sizes[axis]}"
                    raise BundleError("HUB-E010", what, why)

    def _infer(self, feeds: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
        """Run with a request of its own for each caller: a request holds the arrays of one call."""
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        try:
            request.infer(dict(feeds))
            # Copies: the next call writes into the request's own memory.
            return [np.array(request.get_tensor(name).data, dtype=np.float32) for name in self._outputs]
        finally:
            self._idle.put(request)

    def _broken(self, verb: str, error: Exception) -> BundleError:
        why = error.why if isinstance(error, HubError) else first_line(error)
        what = f"OpenVINO cannot {verb} {self._file.name}"
        return BundleError("HUB-E010", what, why, "get the bundle again or build it again")


def _settings(file: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return OpenVINO's properties: latency of one call, the same answers on every CPU."""
    precision = options.get("precision", "f32")
    if precision not in _PRECISIONS:
        why = f"precision is {precision!r}"
        raise BundleError("HUB-E010", f"{file.name} cannot be run like this", why, f"one of {', '.join(_PRECISIONS)}")
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": int(options.get("threads", 1)),
        "ENABLE_CPU_PINNING": False,  # several models share a device
        "INFERENCE_PRECISION_HINT": precision,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
    }
