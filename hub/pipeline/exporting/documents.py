"""JSON documents of exports."""

from __future__ import annotations

from typing import Any

from hub.contract.export_results import ExportedVariant, ExportResult
from hub.edge.schema import to_json
from hub.pipeline.exporting.request import ExportDone


def export_json(done: ExportDone) -> dict[str, Any]:
    """Return the ``--json`` document of an export."""
    result = done.result
    return {
        "checkpoint": to_json(result.checkpoint),
        "kind": result.kind,
        "format": result.format,
        "profile": result.profile,
        "bundle": str(done.bundle) if done.bundle else None,
        "failed": result.failed,
        "log": str(done.log),
        "seconds": round(done.seconds, 1),
        "steps_seconds": dict(result.seconds),
        "measured_on": result.rows_from,
        "labelled_rows": result.labelled,
        "headline_metric": result.headline_metric or None,
        "variants": {one.name: _variant(one, result) for one in result.variants if one.shipped},
        "tried": {one.name: _variant(one, result) | {"cause": one.cause} for one in result.variants if not one.shipped},
        "default_variant": result.default_variant or None,
        "gates": [to_json(gate) for gate in result.gates],
        "notes": [*result.leading_sentences(), *result.not_measured],
    }


def _variant(variant: ExportedVariant, result: ExportResult) -> dict[str, Any]:
    # The shortest text is the one that is compared.
    latency = next(iter(variant.latency.values()), None)
    evaluation = next(iter(variant.evaluations.values()), None)
    return {
        "precision": variant.precision,
        "form": variant.form or None,
        "bytes": variant.bytes,
        "file_bytes": variant.file_bytes,
        "rows": variant.rows,
        "agreement": variant.agreement,
        "max_difference": variant.max_difference,
        "score": evaluation.metrics.get(result.headline_metric) if evaluation else None,
        "scores": {part: dict(found.metrics) for part, found in variant.evaluations.items()},
        "p50_ms": latency.p50_ms if latency else None,
        "p95_ms": latency.p95_ms if latency else None,
        "latency": {tokens: to_json(found) for tokens, found in variant.latency.items()},
        "session": dict(variant.session),
        "worst": [to_json(row) for row in variant.worst],
    }
