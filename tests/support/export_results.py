"""A made-up result of an export."""

from __future__ import annotations

from typing import Any

from hub.contract.export_results import CheckpointNote, ExportedVariant, ExportResult, RowDifference
from hub.contract.results import GateResult, LabelName, Latency
from hub.edge.answers import tag_classes
from hub.edge.schema import LabelEntry, Manifest, Variant

_LABELS = {
    "text-classification": ("billing", "delivery"),
    "multi-label": ("late", "rude"),
    "token-classification": tag_classes(("PLACE",)),
}
_OUTPUTS = {"embeddings": ("sentence_embedding",), "question-answering": ("start_logits", "end_logits")}


def export_result(kind: str = "text-classification", **checkpoint: Any) -> ExportResult:
    """Return the result of an export of fp32 and int8, with one form that was left out.

    Args:
        kind: of the model.
        checkpoint: fields of its note.
    """
    note: dict[str, Any] = {
        "id": "org/model",
        "revision": "0" * 40,
        "source": "transformers",
        "architecture": "BertForSequenceClassification",
        "parameters": 22_700_000,
        "weight_bytes": 90_900_000,
        "weights": {"model.safetensors": "ab" * 32},
        "licence": "apache-2.0",
        "language": "en",
    }
    worst = (RowDifference("shipped sentence 7", 0.031, 0.0, "billing 0.512 → delivery 0.519"),)
    return ExportResult(
        checkpoint=CheckpointNote(**(note | checkpoint)),
        name="model",
        kind=kind,
        format="onnx",
        profile="portable",
        labels=tuple(LabelName(label, label) for label in _LABELS.get(kind, ())),
        max_length=128,
        rows_from="200 shipped sentences in many languages, from one token to 128",
        labelled=0,
        headline_metric="",
        metrics=(),
        variants=(
            _variant("fp32", "", 1.0, 8e-7, 9.3),
            _variant("spoilt", "spoilt", 0.96, 0.2, 0, shipped=False, cause="int8-agreement is 4, the limit is 1"),
            _variant("int8", "int8-per-channel", 0.995, 0.031, 1.9, worst=worst),
        ),
        default_variant="int8",
        gates=(GateResult("parity", 1e-4, 8e-7, True, "largest difference in probability over 200 rows"),),
        not_measured=("No labelled rows were given: there is no score.",),
        machine={"processor": "EPYC", "packages": {"torch": "2.13.0"}, "cores": 2},
        seconds={"export": 12.3},
        created="2026-11-22T12:00:00+00:00",
    )


def _variant(
    name: str, form: str, agreement: float, difference: float, p50_ms: float, shipped: bool = True, **more: Any
) -> ExportedVariant:
    latency = {"16": Latency(16, p50_ms, round(p50_ms + 0.5, 1), p50_ms * 2, 1, 200)} if p50_ms else {}
    precision = "fp32" if name == "fp32" else "int8"
    size = 91_000_000 if name == "fp32" else 23_000_000
    whole = size + 800_000 if shipped else 0
    return ExportedVariant(
        name, precision, form, shipped, size, whole, agreement, difference, 200, latency=latency, **more
    )


def export_manifest(result: ExportResult) -> Manifest:
    """Return the manifest of the bundle that a result is of."""
    files = {"fp32": "onnx/model.onnx", "int8": "onnx/model_quantized.onnx"}
    outputs = _OUTPUTS.get(result.kind, ("logits",))
    return Manifest(
        schema=1,
        name=result.name,
        task=result.kind,
        kind=result.kind,
        labels=tuple(LabelEntry(label.id, label.name) for label in result.labels),
        max_length=result.max_length,
        inputs=("input_ids", "attention_mask"),
        output=outputs[0],
        outputs=outputs if len(outputs) > 1 else (),
        variants={
            one.name: Variant(files[one.name], "onnx", one.precision, one.bytes, one.name == "fp32")
            for one in result.variants
            if one.shipped
        },
        default_variant={"portable": result.default_variant},
        files={},
        failed=result.failed,
    )
