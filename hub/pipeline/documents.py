"""JSON documents of builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.contract.bases import TRIED, BaseChoice
from hub.contract.figures import headline_slice, model_of
from hub.contract.results import BuildResult, ModelResult
from hub.contract.search_results import CandidateFigures, SearchSummary
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

    def scores(row: ModelResult | None) -> dict[str, float]:
        return {part: evaluation.metrics[metric] for part, evaluation in row.evaluations.items()} if row else {}

    variants = {}
    for row in (row for row in result.models if row.role == "variant"):
        # The shortest text is the one that is compared; rows of tables have one time only.
        latency = row.latency.get("16") or next(iter(row.latency.values()), None)
        variants[row.variant] = _scored(scores(row)) | {
            "bytes": row.bytes,
            "p50_ms": latency.p50_ms if latency else None,
            "p95_ms": latency.p95_ms if latency else None,
        }
    baseline, teacher = model_of(result, "baseline"), model_of(result, "teacher")
    probe = model_of(result, "probe")
    named = {"name": baseline.name} if baseline else {}
    return {
        "task": result.task,
        "headline": {"metric": metric, "slice": next(iter(scores(teacher)), headline_slice(result))},
        "baseline": _scored(scores(baseline)) | named,
        **({"probe": _scored(scores(probe))} if probe else {}),
        "teacher": _scored(scores(teacher)) | {"params": teacher.parameters if teacher else None},
        "variants": variants,
        "default_variant": result.default_variant,
        "gates": [to_json(gate) for gate in result.gates],
        **({"search": search_json(result.search[0])} if result.search else {}),
        **({"bases": bases_json(result.bases[0])} if result.bases else {}),
    }


def bases_json(found: BaseChoice) -> dict[str, object]:
    """Return base models by rank, and the one that was chosen; figures that were not taken are null."""
    measured = ("score", "parameters", "fp32_bytes", "student_bytes", "texts_per_second", "p50_ms", "p95_ms", "seconds")
    document = to_json(found)
    for entry in document["candidates"]:
        for name in measured:
            taken = entry["state"] == TRIED and (name == "score" or entry[name])
            entry[name] = entry[name] if taken else None
    return {**document, "chosen": found.chosen.name if found.chosen else None}


def search_json(summary: SearchSummary) -> dict[str, object]:
    """Return what a search found: limits, counts, the choice, and every candidate with its reason."""
    chosen = summary.chosen
    return {
        **{key: value for key, value in to_json(summary).items() if key != "candidates"},
        "chosen": chosen.key if chosen else None,
        "candidates": [_candidate(entry) for entry in summary.candidates],
    }


def _candidate(entry: CandidateFigures) -> dict[str, object]:
    """Return a candidate; figures that were not taken are null."""
    values = to_json(entry)
    for name in ("size_bytes", "p50_ms", "p95_ms", "memory_bytes"):
        values[name] = values[name] or None
    values["score_percent"] = entry.score_percent if entry.score_percent >= 0 else None
    return values


def _scored(parts: dict[str, float]) -> dict[str, object]:
    """Return the headline score, that of the first slice, and those of all slices."""
    return {"score": next(iter(parts.values()), None), "scores": parts}
