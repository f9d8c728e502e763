"""Smaller copies of an fp32 ONNX file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError, UsageError
from hub.contract.exporter import QuantizeRequest
from hub_onnx.files import load_model, save_model
from hub_onnx.parts import PRODUCT, TABLE, Graph, Writer, check_kept

if TYPE_CHECKING:
    import onnx

_SEVEN, _EIGHT = 7, 8
_METHODS = ("dynamic", "static", "tables", "half", "blocks")
_RANGES = ("minmax", "percentile", "entropy")
_BLOCK_ROWS = 32


@dataclass(frozen=True)
class Options:
    """What a form may say.

    Args:
        method: ``dynamic``, 8-bit products whose ranges are measured in each call; ``static``, measured before;
            ``tables``, only tables that are looked up; ``half``, weights in 16-bit floats; ``blocks``, weights in
            blocks, which only ONNX Runtime reads.
        per_channel: weights have a scale for each output channel.
        reduce_range: 7-bit weights, which give the same answers on x86 CPUs without VNNI.
        embeddings: tables that are looked up become int8 too.
        ranges: of ``static``: ``minmax``, ``percentile`` or ``entropy``.
        bits: of ``blocks``: 4 or 8.
        block_rows: of ``blocks``: numbers that share a scale, a power of 2 from 16.
    """

    method: str = "dynamic"
    per_channel: bool = False
    reduce_range: bool = False
    embeddings: bool = True
    ranges: str = "minmax"
    bits: int = 4
    block_rows: int = _BLOCK_ROWS

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> Options:
        """Read the options of a form.

        Raises:
            UsageError: HUB-X021, one is unknown, or cannot be what it is.
        """
        known = {name: type(field.default) for name, field in cls.__dataclass_fields__.items()}
        unknown = sorted(set(stated) - set(known))
        if unknown:
            raise UsageError(
                "HUB-X021", f"unknown option {unknown[0]!r} of a form", f"known: {', '.join(sorted(known))}"
            )
        options = cls(**stated)
        choices: dict[str, tuple[object, ...]] = {
            "method": _METHODS,
            "ranges": _RANGES,
            "bits": (4, 8),
            "block_rows": (16, 32, 64, 128, 256),
            **dict.fromkeys(("per_channel", "reduce_range", "embeddings"), (True, False)),
        }
        for name, allowed in choices.items():
            value = getattr(options, name)
            if value not in allowed or type(value) is not known[name]:
                why = f"it takes {', '.join(map(str, allowed))}"
                raise UsageError("HUB-X021", f"the option {name!r} of a form cannot be {value!r}", why)
        return options


def quantize(request: QuantizeRequest) -> None:
    """Write a smaller copy of an fp32 ONNX model: its matrix products, its tables, or both.

    Args:
        request: options of its form are those of `Options`; parts to keep are named as `hub_onnx.parts.parts` does.

    Raises:
        UsageError: HUB-X021, the form has an option that nobody knows, or the model no such part to keep.
        HubError: HUB-X010, the model could not be quantized, or there are no rows to measure.
    """
    options = Options.of(request.form.options)
    try:
        model = _smaller(request, options)
    except HubError:
        raise
    except Exception as error:  # onnx, protobuf and ONNX Runtime have errors with no common base
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise HubError("HUB-X010", f"cannot quantize {request.source.name}", reason, "use the fp32 variant") from error
    save_model(model, request.target)


def _smaller(request: QuantizeRequest, options: Options) -> onnx.ModelProto:
    from hub_onnx import writers

    model = load_model(request.source)
    graph = Graph(model)
    check_kept(graph, request.keep)
    bits = _SEVEN if options.reduce_range else _EIGHT
    makers: dict[str, Callable[[], dict[str, Writer]]] = {
        "dynamic": lambda: {PRODUCT: writers.dynamic_product(options.per_channel, bits)},
        "static": lambda: {PRODUCT: _static(request, graph, options, bits)},
        "tables": dict,
        "half": lambda: {PRODUCT: writers.half_product},
        "blocks": lambda: {PRODUCT: writers.block_product(options.bits, options.block_rows)},
    }
    chosen = makers[options.method]()
    if options.embeddings:
        chosen[TABLE] = writers.half_table if options.method == "half" else writers.byte_table
    graph.replace(chosen, request.keep)
    del model.graph.value_info[:]  # tract refuses symbolic shapes
    return model


def _static(request: QuantizeRequest, graph: Graph, options: Options, bits: int) -> Writer:
    from hub_onnx import writers
    from hub_onnx.calibration import measure

    products = (part for part in graph.parts if part.kind == PRODUCT and part.name not in request.keep)
    names = list(dict.fromkeys(part.source for part in products))
    ranges = measure(graph.model, names, request.feeds, options.ranges) if names else {}
    return writers.static_product(ranges, options.per_channel, bits)
