"""From a plain PyTorch module, such as the network of a table, to an ONNX program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.contract import UsageError

if TYPE_CHECKING:
    import onnx_ir


def trace_module(model: Any, opset: int, output: str) -> onnx_ir.Model:
    """Trace a module with torch's own exporter; the first axis of every input is dynamic.

    Args:
        model: a ``torch.nn.Module`` in evaluation mode with ``sample_inputs()``, which gives tensors by input name
            with at least 2 rows: one row would silently fix that axis to 1.
        opset: to write.
        output: name of the graph's only output.

    Raises:
        UsageError: HUB-X020, the module does not say its inputs, or gives one row.
    """
    import torch

    samples = getattr(model, "sample_inputs", None)
    name = type(model).__name__
    if not isinstance(model, torch.nn.Module) or not callable(samples):
        why = "it must be a torch.nn.Module with sample_inputs()"
        raise UsageError("HUB-X020", f"{name} is no model of tables", why, "see hub.contract.ExportRequest")
    inputs: dict[str, torch.Tensor] = samples()
    rows = {len(value) for value in inputs.values()}
    if len(rows) != 1 or min(rows) < 2:
        why = f"its sample inputs have {', '.join(map(str, sorted(rows))) or 'no'} rows"
        raise UsageError("HUB-X020", f"{name} cannot be traced", why, "give each input the same 2 or more rows")
    batch = torch.export.Dim("batch")
    program = torch.onnx.export(
        model.eval(),
        kwargs=dict(inputs),
        dynamo=True,
        opset_version=opset,
        output_names=[output],
        dynamic_shapes={key: {0: batch} for key in inputs},
        external_data=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    traced: onnx_ir.Model = program.model
    return traced
