"""Plain PyTorch modules: their sample inputs, and the network of a table as an ONNX program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.contract import Kind, UsageError
from hub_onnx.log import translated

if TYPE_CHECKING:
    import onnx_ir
    import torch


def module_inputs(model: Any, kind: Kind) -> dict[str, torch.Tensor]:
    """Return a module's own sample inputs.

    Raises:
        UsageError: HUB-X020, the module does not say its inputs, or they would fix an axis.
    """
    import torch

    samples = getattr(model, "sample_inputs", None)
    name = type(model).__name__
    text = kind.reads == "text"
    if not isinstance(model, torch.nn.Module) or not callable(samples):
        why = "it must be a torch.nn.Module with sample_inputs()"
        what = "texts" if text else "tables"
        raise UsageError("HUB-X020", f"{name} is no model of {what}", why, "see hub.contract.ExportRequest")
    inputs: dict[str, torch.Tensor] = samples()
    for axis, unit in enumerate(("rows", "tokens") if text else ("rows",)):
        sizes = {value.shape[axis] if value.dim() > axis else 0 for value in inputs.values()}
        if len(sizes) != 1 or min(sizes) < 2:  # one row would silently fix that axis to 1
            why = f"its sample inputs have {', '.join(map(str, sorted(sizes))) or 'no'} {unit}"
            raise UsageError("HUB-X020", f"{name} cannot be traced", why, f"give each input the same 2 or more {unit}")
    return inputs


def trace_table(model: Any, sample: Mapping[str, torch.Tensor], opset: int, output: str) -> onnx_ir.Model:
    """Trace the network of a table with torch's own exporter; the first axis of every input is dynamic.

    Args:
        model: a ``torch.nn.Module`` in evaluation mode.
        sample: tensors by input name, from `module_inputs`.
        opset: to write.
        output: name of what it returns.

    Raises:
        HubError: HUB-X022, it cannot be traced.
    """
    import torch

    batch = torch.export.Dim("batch")
    with translated(model):
        program = torch.onnx.export(
            model.eval(),
            kwargs=dict(sample),
            dynamo=True,
            opset_version=opset,
            output_names=[output],
            dynamic_shapes={name: {0: batch} for name in sample},
            external_data=False,
            verbose=False,
        )
        if program is None:
            raise RuntimeError("torch.onnx.export returned no program")
    traced: onnx_ir.Model = program.model
    return traced
