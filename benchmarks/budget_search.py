"""`budget.py search`: what searches under several budgets choose on BANKING77, on test rows and beside default int8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import int8_accuracy
from budget_parts import (
    BANKING,
    BANKING_SET,
    Done,
    Line,
    NothingFoundError,
    Setting,
    build,
    missed,
    model,
    record,
    share,
    table,
    times,
)
from common import Figure

from hub.contract.results import ModelResult
from hub.contract.search_results import CandidateFigures
from hub.edge.encode import Encoder
from hub.edge.timing import measure
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length

FIRST = "score=99%"
BUDGETS = (FIRST, "size=5MB,score=98%", "size=3MB,score=96.5%", "size=6MB,p50=2ms,score=98%")
TRIAL_BUDGETS = ("score=1%", "size=5MB,score=1%")
PROFILE = ("--profile", "this-machine")
_LIMITS = {"16": (20.0, 40.0), "64": (12.0, 20.0)}
_DEFAULT_LIMITS = {16: (3.5, 7.0), 64: (4.5, 7.0)}


def run(setting: Setting) -> None:
    """Search under each budget: the first trains the teacher, the others take it and its students over."""
    data = setting.data / BANKING_SET
    found: list[Figure] = []
    searches: dict[str, dict[str, Any]] = {}
    rows: list[tuple[str, ModelResult, ModelResult]] = []
    first: Done | None = None
    budgets = TRIAL_BUDGETS if setting.trial else BUDGETS
    for budget in budgets:
        if first is None:
            words = ["build", BANKING, "--recipe", "quick", "--data", str(data), "--budget", budget, *PROFILE]
        else:
            words = ["compress", first.run.name, "--budget", budget, *PROFILE]
        try:
            done = build(setting, budget, words)
        except NothingFoundError as error:
            if first is None:
                raise SystemExit(str(error)) from error
            found.append(Figure(f"{budget}: a candidate keeps it on validation rows", 0, "", 1, None, True))
            searches[budget] = {"nothing": str(error)}
            continue
        first = first or done
        found += of_search(budget, done)
        searches[budget] = {**record(done), **counts(done)}
        rows.append((f"{budget}: {chosen(done).name}", model(done.result, "default"), model(done.result, "teacher")))
    if first is None:
        raise SystemExit("there is no budget to search under")
    against, peer = default_int8(first, data)
    found += against
    lines: list[Line] = [(name, row, teacher, []) for name, row, teacher in rows]
    lines.append(("teacher in PyTorch", model(first.result, "teacher"), model(first.result, "teacher"), []))
    lines.append(("linear baseline", model(first.result, "baseline"), model(first.result, "teacher"), []))
    entries = first.result.search[0].candidates
    details = {
        "notes": ["Choices are made on validation rows; scores and shares here are those of the test rows."],
        "table": table(lines, first.result.headline_metric),
        "searches": searches,
        "default_int8_p50_ms": peer,
        "candidates_of_the_first_search": [_row(entry) for entry in entries],
    }
    setting.write(found, details)


def chosen(done: Done) -> CandidateFigures:
    """Return the candidate that a search chose."""
    entry = done.result.search[0].chosen
    if entry is None:
        raise SystemExit(f"the search of {done.run.name} chose nothing")
    return entry


def counts(done: Done) -> dict[str, object]:
    """Return how much a search did."""
    summary = done.result.search[0]
    return {
        "chosen": _row(chosen(done)),
        "counts": dict(summary.counts),
        "trainings": summary.trainings,
        "search_seconds": summary.seconds,
    }


def of_search(budget: str, done: Done) -> list[Figure]:
    """Return how the choice of a search compares with the teacher, on test rows and in one run."""
    row, teacher = model(done.result, "default"), model(done.result, "teacher")
    gates = missed(done.result)
    kept = f"{budget}: kept on test rows too" + (f" ({'; '.join(gates)})" if gates else "")
    found = [Figure(kept, int(not gates), "", 1, None, True)]
    for tokens in ("16", "64"):
        must, stretch = _LIMITS[tokens] if budget == FIRST else (None, None)
        what = f"{budget}: against the teacher in PyTorch, {tokens} tokens"
        found.append(Figure(what, times(row, teacher, tokens), "times", must, stretch, True))
    differ = round(row.disagreement.get("teacher", 0.0), 2)
    return [
        *found,
        Figure(f"{budget}: share of the teacher's accuracy on test", share(row, teacher), "%", None, None, True),
        Figure(f"{budget}: size", round(row.bytes / 1e6, 3), "MB"),
        Figure(f"{budget}: answers other than the teacher's", differ, "%"),
        Figure(f"{budget}: the search, its trainings included", done.result.search[0].seconds, "s"),
    ]


def default_int8(done: Done, data: Path) -> tuple[list[Figure], dict[str, dict[str, float]]]:
    """Time the choice against the teacher through transformers' default dynamic int8, alternating in one run."""
    bundle, teacher = done.bundle, done.run / "finetune" / "model"
    int8_accuracy.FOLDER = done.run.parent.parent / "default-int8"
    int8_accuracy.FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    entry = manifest["variants"][done.result.default_variant]
    off = entry["session"]["disabled_optimizers"]
    ours, theirs = Encoder(bundle / "tokenizer.json", max(TIMED_TOKENS)), Encoder(teacher / "tokenizer.json", 512)
    callers = {
        "chosen": int8_accuracy.caller(ours, bundle / entry["file"], {"disabled_optimizers": off} if off else {}),
        "default int8": int8_accuracy.caller(theirs, int8_accuracy.by_transformers(teacher), {}),
    }
    texts = [text for text, _ in int8_accuracy.read(data / "test.csv")]
    found, peer = [], {}
    for tokens in TIMED_TOKENS:
        measured = measure(callers, texts_of_length(ours, texts, tokens), tokens, 1)
        peer[str(tokens)] = {name: latency.p50_ms for name, latency in measured.items()}
        ratio = round(measured["default int8"].p50_ms / measured["chosen"].p50_ms, 2)
        what = f"{FIRST}: against transformers' default dynamic int8 of the teacher, {tokens} tokens"
        found.append(Figure(what, ratio, "times", *_DEFAULT_LIMITS[tokens], True))
    return found, peer


def _row(entry: CandidateFigures) -> dict[str, object]:
    return {
        "name": entry.name,
        "state": entry.state,
        "bytes": entry.size_bytes,
        "p50_ms": entry.p50_ms,
        "score_percent": entry.score_percent,
        "why": entry.reason,
    }
