"""The default task of every industry but medical (see icd10.py): `python benchmarks/industries.py [TASK...]`.

Each task is built from nothing with the recipe quick and written to results/ as soon as it is done; a task that has
its document is not built again unless it is named.
"""

from __future__ import annotations

import json
import sys

import common
from common import Figure

from hub.contract import figures
from hub.contract.results import BuildResult
from hub.edge.schema import read

TASKS = (
    "manufacturing/machine-failure",
    "finance/merchant-category",
    "legal/licence-category",
    "education/word-level",
)
MINUTES = 15
BOOSTING_SHARE = 90
"""Percent of gradient boosting's PR-AUC that machine-failure must reach."""


def main(names: list[str]) -> None:
    """Build the named tasks; without names those that have no document yet."""
    for task in names or [task for task in TASKS if not (common.RESULTS / f"{document_name(task)}.json").exists()]:
        measure(task)


def document_name(task: str) -> str:
    """Return the name of a task's document."""
    return f"industry-{task.replace('/', '-')}"


def measure(task: str) -> None:
    """Build one task from nothing; a build that was interrupted goes on and has no wall time."""
    name = document_name(task)
    runs, out = common.WORK / "runs" / name, common.WORK / name
    fresh = not runs.exists()
    command = (*common.HUB, "build", task, "--recipe", "quick", "--runs", str(runs), "--out", str(out), "--json")
    seconds, peak_mb, text = common.timed(command)
    run = json.loads(text)["run"]
    result: BuildResult = read(BuildResult, json.loads((runs / run / "report" / "build.json").read_text("utf-8")))
    found = quality(task, result)
    if fresh:
        found.append(Figure("whole build, wall time", round(seconds / 60, 1), "min", MINUTES))
        found.append(Figure("whole build, peak memory", round(peak_mb), "MB", 4000))
    details = {
        "result": common.result_rows(result),
        "stages_seconds": dict(result.seconds),
        "headline": result.headline_metric,
        "notes": list(figures.leading_sentences(result)),
    }
    common.write(name, f"python benchmarks/industries.py {task}", found, details)


def quality(task: str, result: BuildResult) -> list[Figure]:
    """The headline metric of teacher and default variant against the baseline, on every slice."""
    found = []
    baseline, teacher = (figures.model_of(result, role) for role in ("baseline", "teacher"))
    default, metric = figures.default_model(result), result.headline_metric
    for part in figures.slices(result):
        scores = [figures.score(row, part.name, metric) for row in (baseline, teacher, default)]
        if None in scores or baseline is None:
            raise SystemExit(f"{task} has no {metric} of every model on {part.name}")
        first, second, third = (float(score) for score in scores if score is not None)
        found += [
            Figure(f"teacher minus {baseline.name}, {part.name}", round(second - first, 4), metric, None, 0.0, True),
            Figure(f"share of the teacher, {part.name}", round(100 * third / second, 2), "%", None, 99, True),
        ]
        if task == "manufacturing/machine-failure":
            share = round(100 * third / first, 2)
            found.append(Figure("default variant against gradient boosting", share, "%", BOOSTING_SHARE, 100, True))
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
