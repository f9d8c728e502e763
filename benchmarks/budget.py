"""Searches under a budget on BANKING77: `HUB_BENCH_DATA=DIR python benchmarks/budget.py`.

The variable names a folder of benchmark sets, which is not part of the project. One run trains the teacher; searches
with other budgets take it over, and every student that one of them trained. A search that was cut short goes on. One
search measures, trains and scores every candidate: the others are compared with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import common
from common import Figure

from hub.contract.budget import parse_budget
from hub.contract.results import BuildResult, ModelResult
from hub.contract.search_results import CandidateFigures
from hub.edge.schema import read
from hub.search import choose

TASK, SET = "finance/banking-intent", "finance/banking77"
RUNS = common.WORK / "runs" / "budget"
EVERYTHING = "score=1%"
"""A budget that every candidate keeps, for the search that measures all."""

BUDGETS = ("score=99%", "size=5MB,score=98%", "size=3MB,score=96.5%", "size=6MB,p50=2ms,score=98%")


def main() -> None:
    """Run what has not been run, and write the document."""
    home = os.environ.get("HUB_BENCH_DATA", "")
    if not home:
        print("skipped: the variable HUB_BENCH_DATA names no folder of benchmark sets")
        return
    folder = Path(home) / SET
    teacher = _run([*common.HUB, "build", TASK, "--recipe", "quick", "--data", str(folder)])
    run = str(teacher["run"])
    whole = _search(run, EVERYTHING, "--exhaustive")
    if whole is None:
        raise SystemExit("the search that measures everything found nothing")
    found: list[Figure] = [*_students(whole), *_agreement(whole)]
    details: dict[str, Any] = {"every candidate": _rows(whole.search[0].candidates), "searches": {}}
    for budget in BUDGETS:
        result = _search(run, budget)
        found += _chosen(budget, result)
        if result is not None:
            details["searches"][budget] = {
                "models": common.result_rows(result),
                "counts": dict(result.search[0].counts),
                "trainings": result.search[0].trainings,
                "seconds": result.search[0].seconds,
            }
    common.write("budget", "HUB_BENCH_DATA=DIR python benchmarks/budget.py", found, details)


def _run(command: list[str]) -> dict[str, Any]:
    """Run a build and return its document; one whose gates were missed has none."""
    _, stdout, code = common.timed_code([*command, "--runs", str(RUNS), "--json"])
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    document: dict[str, Any] = json.loads(stdout) if code == 0 else {}
    return document


def _search(run: str, budget: str, *more: str) -> BuildResult | None:
    """Search with the run's teacher; ``None`` when nothing keeps the budget."""
    command = [*common.HUB, "compress", run, "--budget", budget, "--profile", "this-machine", *more]
    document = _run(command)
    if "report" not in document:
        return None
    file = Path(str(document["report"])).with_name("build.json")
    result: BuildResult = read(BuildResult, json.loads(file.read_text("utf-8")))
    return result


def _students(result: BuildResult) -> list[Figure]:
    """Return what students of each kind keep of the teacher, from the search that scored all of them."""
    scored = [entry for entry in result.search[0].candidates if entry.score_percent >= 0]
    baseline = result.search[0].baseline_percent
    found = [Figure("linear baseline, share of the teacher on validation", baseline, "%")]
    for depth, must, stretch in ((2, 99.5, 100.5), (1, 98.0, 99.5)):
        best = _best(entry for entry in scored if len(entry.layers) == depth and entry.form.startswith("int8"))
        if best:
            what = f"int8 student of depth {depth}, share of the teacher on validation"
            found.append(Figure(what, best.score_percent, "%", must, stretch, True))
    small = [entry for entry in scored if entry.score_percent >= 98.0]
    if small:
        smallest = min(small, key=lambda entry: entry.size_bytes)
        found.append(Figure("smallest variant at 98 % of the teacher", smallest.size_bytes / 1e6, "MB", 5.0, 3.0))
    light = _best(entry for entry in scored if entry.student != "layers" and entry.size_bytes <= 3e6)
    if light:
        speed = _teacher_ms(result, "16") / light.p50_ms
        found += [
            Figure("best student without attention, share of the teacher", light.score_percent, "%", 96.5, 98.5, True),
            Figure("its size", light.size_bytes / 1e6, "MB", 3.0, 2.0),
            Figure("its speed against the teacher in PyTorch, 16 tokens", speed, "times", 80.0, 150.0, True),
        ]
    return found


def _agreement(result: BuildResult) -> list[Figure]:
    """Compare what each budget would choose among all with the best that passes."""
    figures = []
    for text in BUDGETS:
        budget = parse_budget(text)
        passing = [
            entry
            for entry in result.search[0].candidates
            if entry.score_percent >= 0 and not choose.missed(budget, entry)
        ]
        if passing:
            best = min(entry.p50_ms for entry in passing)
            figures.append(Figure(f"fastest of all that keep {text}", best, "ms"))
    return figures


def _chosen(budget: str, result: BuildResult | None) -> list[Figure]:
    """Return how the choice of a search compares with the teacher, on test rows and in the same run."""
    if result is None:
        return [Figure(f"{budget}: found", 0, "", 1, None, True)]
    variant = next(row for row in result.models if row.variant == result.default_variant)
    found = [Figure(f"{budget}: found", 1, "", 1, None, True)]
    limits = {"16": (20.0, 40.0), "64": (12.0, 20.0)} if budget == "score=99%" else {}
    for tokens in ("16", "64"):
        if tokens in variant.latency:
            times = _teacher_ms(result, tokens) / variant.latency[tokens].p50_ms
            must, stretch = limits.get(tokens, (None, None))
            what = f"{budget}: against the teacher in PyTorch, {tokens} tokens"
            found.append(Figure(what, round(times, 2), "times", must, stretch, True))
    percent = 100 * _score(variant, result) / _score(_teacher(result), result)
    found += [
        Figure(f"{budget}: share of the teacher on test", round(percent, 2), "%"),
        Figure(f"{budget}: size", variant.bytes / 1e6, "MB"),
        Figure(f"{budget}: answers other than the teacher's", variant.disagreement.get("teacher", 0.0), "%"),
    ]
    return found


def _best(entries: Iterable[CandidateFigures]) -> CandidateFigures | None:
    return max(entries, key=lambda entry: entry.score_percent, default=None)


def _teacher(result: BuildResult) -> ModelResult:
    return next(row for row in result.models if row.role == "teacher")


def _teacher_ms(result: BuildResult, tokens: str) -> float:
    return _teacher(result).latency[tokens].p50_ms


def _score(row: ModelResult, result: BuildResult) -> float:
    return next(iter(row.evaluations.values())).metrics[result.headline_metric]


def _rows(entries: Iterable[CandidateFigures]) -> list[dict[str, object]]:
    return [
        {
            "name": entry.name,
            "bytes": entry.size_bytes,
            "p50_ms": entry.p50_ms,
            "score_percent": entry.score_percent,
            "why": entry.reason,
        }
        for entry in entries
    ]


if __name__ == "__main__":
    sys.exit(main())
