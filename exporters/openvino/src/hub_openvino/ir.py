"""OpenVINO's IR on the disk: a graph in XML and its weights beside it, read, described, cleaned and written whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.contract import GraphDescription, GraphValue, HubError
from hub.edge.files import written_whole
from hub_openvino.libraries import openvino

PRECISION = ("runtime_options", "INFERENCE_PRECISION_HINT")
"""Where a graph says in which precision it is to be computed; `openvino.Core.compile_model` reads it."""


def weights_of(file: Path) -> Path:
    """Return the file with the weights of a graph: ``model.xml_data``, or ``model.bin`` as other tools name it."""
    own = file.with_name(f"{file.name}_data")
    other = file.with_suffix(".bin")
    return other if other.is_file() and not own.is_file() else own


def read_model(file: Path) -> Any:
    """Return the ``openvino.Model`` of a file.

    Raises:
        HubError: HUB-X014, it is no IR, or its weights are missing or too short.
    """
    weights = weights_of(file)
    core = openvino().Core()
    try:
        if not weights.is_file():
            raise RuntimeError(f"there is no {weights.name} beside it")
        return core.read_model(file, weights)
    except RuntimeError as error:  # the only class that OpenVINO raises
        fix = "export the model again"
        raise HubError("HUB-X014", f"{file.name} is no OpenVINO model", first_line(error), fix) from error


def describe(file: Path) -> GraphDescription:
    """Return names, types and shapes of a graph's inputs and outputs.

    IR keeps no names of axes, so those that move are ``?``.

    Args:
        file: the graph; its weights stand beside it.

    Raises:
        HubError: HUB-X014, it cannot be read.
    """
    model = read_model(file)
    return GraphDescription(tuple(map(_value, model.inputs)), tuple(map(_value, model.outputs)))


def _value(port: Any) -> GraphValue:
    shape = tuple("?" if axis.is_dynamic else axis.get_length() for axis in port.get_partial_shape())
    return GraphValue(port.get_any_name(), port.get_element_type().to_dtype().name, shape)


def cleaned(model: Any) -> Any:
    """Return the model without what its makers left in it: names of Python code, conversion notes, counters.

    Only the names of inputs and outputs stay, and the precision in which it is to be computed, f32. Equal models then
    give equal bytes.

    Args:
        model: an ``openvino.Model``; it is changed and must not be used afterwards.
    """
    inputs, outputs = model.get_parameters(), model.get_results()
    names = [port.get_any_name() for port in (*model.inputs, *model.outputs)]
    made = openvino().Model(outputs, inputs, "model")
    for number, node in enumerate(made.get_ordered_ops()):
        node.set_friendly_name(f"{node.get_type_name()}_{number}")
        _clear(node.get_rt_info())
        for port in node.outputs():
            port.get_tensor().set_names(set())
    for port, name in zip((*made.inputs, *made.outputs), names, strict=True):
        port.get_tensor().set_names({name})
    for node, name in zip(inputs, names, strict=False):
        node.set_friendly_name(name)
    made.set_rt_info("f32", list(PRECISION))
    return made


def _clear(notes: Any) -> None:
    for key in list(notes.keys()):
        del notes[key]


def write_model(model: Any, target: Path) -> None:
    """Write a graph and its weights, whole or not at all.

    Args:
        model: an ``openvino.Model``.
        target: the ``.xml`` to write; the weights become ``{target.name}_data``.

    Raises:
        HubError: HUB-X014, what was written cannot be read again, as on a full disk.
    """
    ov = openvino()
    weights = target.with_name(f"{target.name}_data")
    # The weights get their place first: a graph without them is worse than weights without a graph.
    with written_whole(target) as graph, written_whole(weights) as data:
        try:
            ov.serialize(model, graph, data)
            ov.Core().read_model(graph, data)
        except RuntimeError as error:
            why = first_line(error)
            raise HubError("HUB-X014", f"cannot write {target.name}", why, "is the disk full?") from error


def first_line(error: Exception) -> str:
    """Return the line of an error of OpenVINO that says what is wrong; the others name its source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (telling or lines or [type(error).__name__])[0]
