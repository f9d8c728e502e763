"""Searches under a budget on BANKING77: `HUB_BENCH_DATA=DIR python benchmarks/budget.py [--everything] [BUDGET...]`.

The variable names a folder of benchmark sets, which is not part of the project. The first search trains the teacher;
those with other budgets take it over, and every student that one of them trained. A search that was cut short goes on.
With `--everything` one more search measures, trains and scores every candidate, to compare the choices with.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import common
import int8_accuracy
from common import Figure

from hub.contract.budget import parse_budget
from hub.contract.results import BuildResult, ModelResult
from hub.contract.search_results import CandidateFigures
from hub.edge.encode import Encoder
from hub.edge.schema import read
from hub.edge.timing import measure
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length
from hub.search import choose

TASK, SET = "finance/banking-intent", "finance/banking77"
COMMAND = "HUB_BENCH_DATA=DIR python benchmarks/budget.py"
RUNS = common.WORK / "runs" / "budget"
EVERYTHING = "score=1%"
"""A budget that every candidate keeps, for the search that measures all."""

BUDGETS = ("score=99%", "size=5MB,score=98%", "size=3MB,score=96.5%", "size=6MB,p50=2ms,score=98%")
"""The first one is compared with other makers' int8 of the teacher."""


def main() -> None:
    """Run what has not been run, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--everything", action="store_true", help="also score every candidate; takes hours")
    parser.add_argument("budgets", nargs="*", default=BUDGETS, help="those to search under, the first one with peers")
    chosen = parser.parse_args()
    home = os.environ.get("HUB_BENCH_DATA", "")
    if not home:
        print("skipped: the variable HUB_BENCH_DATA names no folder of benchmark sets")
        return
    data = Path(home) / SET
    first_one, profile = chosen.budgets[0], ["--profile", "this-machine"]
    first = [*common.HUB, "build", TASK, "--recipe", "quick", "--data", str(data), "--budget", first_one, *profile]
    results = {first_one: _build(first)}
    run = results[first_one].run
    for budget in chosen.budgets[1:]:
        results[budget] = _build([*common.HUB, "compress", run, "--budget", budget, *profile])
    found: list[Figure] = []
    for budget, result in results.items():
        found += _chosen(budget, result)
    found += _peers(first_one, results[first_one], data)
    searches = list(results.values())
    if chosen.everything:
        whole = _build([*common.HUB, "compress", run, "--budget", EVERYTHING, "--exhaustive", *profile])
        found += _agreement(whole)
        searches.append(whole)
    found += _students(searches)
    common.write("budget", COMMAND, found, _details(results))


def _build(command: list[str]) -> BuildResult:
    """Run a build and read everything it measured, also when a gate was missed on test rows."""
    _, stdout, code = common.timed_code([*command, "--runs", str(RUNS), "--json"])
    if code not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {code}: {stdout}")
    run = max(RUNS.glob("*/run.json"), key=lambda file: file.stat().st_mtime).parent
    file = run / "report" / "build.json"
    if not file.is_file():
        raise SystemExit(f"{' '.join(command)} found nothing: {stdout}")
    result: BuildResult = read(BuildResult, json.loads(file.read_text("utf-8")))
    return result


def _students(results: list[BuildResult]) -> list[Figure]:
    """Return what students of each kind keep of the teacher, of all that some search has scored."""
    result = results[0]
    scored = [entry for one in results for entry in one.search[0].candidates if entry.score_percent >= 0]
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


def _peers(budget: str, result: BuildResult, data: Path) -> list[Figure]:
    """Time the choice against the teacher through transformers' default dynamic int8, alternating in one run."""
    run = RUNS / result.run
    bundle, teacher = run / "report" / "bundle", run / "finetune" / "model"
    int8_accuracy.FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    variant = manifest["variants"][result.default_variant]
    session = {key: value for key, value in variant["session"].items() if key == "disabled_optimizers" and value}
    ours, theirs = Encoder(bundle / "tokenizer.json", max(TIMED_TOKENS)), Encoder(teacher / "tokenizer.json", 512)
    callers = {
        "chosen": int8_accuracy.caller(ours, bundle / variant["file"], session),
        "default int8": int8_accuracy.caller(theirs, int8_accuracy.by_transformers(teacher), {}),
    }
    found = []
    for tokens, must in ((16, 3.5), (64, 4.5)):
        texts = texts_of_length(ours, [text for text, _ in int8_accuracy.read(data / "test.csv")], tokens)
        times = measure(callers, texts, tokens, 1)
        ratio = round(times["default int8"].p50_ms / times["chosen"].p50_ms, 2)
        what = f"{budget}: against transformers' default dynamic int8 of the teacher, {tokens} tokens"
        found.append(Figure(what, ratio, "times", must, 7.0, True))
    return found


def _details(results: dict[str, BuildResult]) -> dict[str, Any]:
    first = next(iter(results.values())).search[0]
    searches = {}
    for budget, result in results.items():
        summary = result.search[0]
        searches[budget] = {
            "models": common.result_rows(result),
            "counts": dict(summary.counts),
            "trainings": summary.trainings,
            "seconds": summary.seconds,
        }
    return {"candidates of the first search": _rows(first.candidates), "searches": searches}


def _chosen(budget: str, result: BuildResult) -> list[Figure]:
    """Return how the choice of a search compares with the teacher, on test rows and in the same run."""
    variant = next(row for row in result.models if row.variant == result.default_variant)
    kept = all(gate.passed for gate in result.gates)
    found = [Figure(f"{budget}: kept on test rows too", int(kept), "", 1, None, True)]
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
    main()
