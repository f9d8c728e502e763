"""Smaller IR files by NNCF: weights alone in 8 bits, or weights and activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hub.contract import Feeds, HubError, QuantizeRequest, UsageError
from hub_openvino.ir import cleaned, read_model, write_model
from hub_openvino.libraries import into_log, nncf

_METHODS = ("quantize", "compress_weights")


def quantize(request: QuantizeRequest) -> None:
    """Write an int8 copy of an fp32 IR file.

    ``quantize`` measures the ranges of activations on real rows (post-training quantization with NNCF's rules for
    transformers: smooth quantization, bias correction). Weights keep 7 of their 8 bits, so that CPUs without 8-bit
    dot products, which add pairs of products into 16 bits, give the same answers. ``compress_weights`` reads no rows
    and computes in f32.

    Args:
        request: the option ``method`` of its form names one of the two.

    Raises:
        UsageError: HUB-X021, the form has an option that nobody knows.
        HubError: HUB-X010, NNCF failed, or there are no rows to measure; HUB-X014, the source cannot be read.
        MissingError: HUB-P080, NNCF is not installed.
    """
    options = dict(request.form.options)
    method = options.pop("method", None)
    if options or method not in _METHODS:
        what = f"the form {request.form.name!r} cannot be made"
        raise UsageError("HUB-X021", what, f"its options are {dict(request.form.options)}", "known: method")
    model = read_model(request.source)
    names = [port.get_any_name() for port in model.inputs]
    library = nncf()
    if method == "quantize" and not any(True for _ in request.feeds()):
        why = "the ranges of its numbers are measured on rows"
        raise HubError("HUB-X010", f"cannot quantize {request.source.name} without rows", why, "give --data")
    try:
        with into_log():
            if method == "quantize":
                made = _calibrated(library, model, _Rows(request, names))
            else:
                made = library.compress_weights(model, mode=library.CompressWeightsMode.INT8_SYM)
    except Exception as error:  # NNCF's classes have no common base
        why = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise HubError("HUB-X010", f"cannot quantize {request.source.name}", why, "use the fp32 variant") from error
    write_model(cleaned(made), request.target)


def _calibrated(library: Any, model: Any, rows: _Rows) -> Any:
    advanced = library.AdvancedQuantizationParameters(overflow_fix=library.OverflowFix.ENABLE)
    return library.quantize(
        model,
        library.Dataset(rows),
        model_type=library.ModelType.TRANSFORMER,
        target_device=library.TargetDevice.CPU,
        advanced_parameters=advanced,
    )


class _Rows:
    """The rows one by one, each without its padding, from the start for every reader.

    Args:
        request: whose feeds are read.
        names: of the graph's inputs.
    """

    def __init__(self, request: QuantizeRequest, names: list[str]) -> None:
        self._request = request
        self._names = names

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield arrays of one row by input name."""
        for feeds in self._request.feeds():
            for row in range(len(next(iter(feeds.values())))):
                yield _row(feeds, row, self._names)


def _row(feeds: Feeds, row: int, names: list[str]) -> dict[str, Any]:
    """Return one row; of texts, what the attention mask leaves: padding would widen the measured ranges."""
    mask = feeds.get("attention_mask")
    if mask is None:
        return {name: feeds[name][row : row + 1] for name in names}
    kept = np.flatnonzero(mask[row])
    return {name: feeds[name][row : row + 1, kept] for name in names}
