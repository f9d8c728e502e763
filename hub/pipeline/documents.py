"""JSON documents of builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.contract.results import BuildResult
from hub.edge.schema import to_json

if TYPE_CHECKING:
    from hub.pipeline.build import Built


def build_json(built: Built) -> dict[str, object]:
    """Return the ``--json`` document of a build."""
    document: dict[str, object] = {
        "run": built.run.name,
        "bundle": str(built.bundle) if built.bundle else None,
        "report": str(built.report) if built.report else None,
        "reused": list(built.reused),
        "seconds": round(built.seconds, 1),
    }
    if built.result is None:
        return document
    return document | result_json(built.result)


def result_json(result: BuildResult) -> dict[str, object]:
    """Return headline, baseline, teacher, variants and gates of a result, scores by slice."""
    metric = result.headline_metric

    def scores(name: str) -> dict[str, float]:
        row = next(row for row in result.models if row.name == name)
        return {part: evaluation.metrics[metric] for part, evaluation in row.evaluations.items()}

    variants = {}
    for row in (row for row in result.models if row.role == "variant"):
        latency = row.latency.get("16")
        parts = scores(row.name)
        variants[row.variant] = {
            "score": next(iter(parts.values())),
            "scores": parts,
            "bytes": row.bytes,
            "p50_ms": latency.p50_ms if latency else None,
            "p95_ms": latency.p95_ms if latency else None,
        }
    baseline, teacher = scores("linear baseline"), scores("teacher")
    return {
        "task": result.task,
        "headline": {"metric": metric, "slice": next(iter(teacher))},
        "baseline": {"score": next(iter(baseline.values())), "scores": baseline},
        "teacher": {
            "score": next(iter(teacher.values())),
            "scores": teacher,
            "params": next(row.parameters for row in result.models if row.role == "teacher"),
        },
        "variants": variants,
        "default_variant": result.default_variant,
        "gates": [to_json(gate) for gate in result.gates],
    }
