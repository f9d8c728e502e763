"""`budget.py exhaustive`: what a search chooses against measuring, training and scoring everything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import common
from budget_parts import BANKING, BANKING_SET, Done, NothingFoundError, Setting, build, model, record
from common import Figure

from hub.contract.budget import parse_budget
from hub.contract.search_results import CandidateFigures
from hub.search import choose
from hub.search.run import NO_USE

MOST_PERCENT = 10.0
PROFILE = ("--profile", "this-machine")


@dataclass(frozen=True)
class Task:
    """A task on which the search is checked.

    Args:
        id: ``domain/task``.
        folder: of its rows among the benchmark sets; ``""`` for those of the plugin.
        budget: of both searches.
    """

    id: str
    folder: str
    budget: str = "score=98%"


TASKS = {
    "banking77": Task(BANKING, BANKING_SET),
    "merchant-category": Task("finance/merchant-category", ""),
    "phrasebank": Task("finance/headline-sentiment", "finance/financial_phrasebank"),
    "policyie": Task("legal/privacy-practice", "legal/policyie_intent"),
    "word-level": Task("education/word-level", ""),
    "work-order-entities": Task("manufacturing/work-order-entities", "manufacturing/mwo2kg_ner"),
    "work-order-system": Task("manufacturing/work-order-system", "manufacturing/excavator_mwo"),
}


def run(setting: Setting, names: Sequence[str]) -> None:
    """Search twice on each task, then compare. Of tasks that are not named, unless none is, the document stays."""
    launcher = str(Path(__file__).resolve().with_name("budget_space.py"))
    setting = replace(setting, program=(sys.executable, launcher), home="budget-exhaustive")
    found: list[Figure] = []
    tasks: dict[str, dict[str, Any]] = {}
    lines: list[list[str]] = []
    before = common.read(setting.name)
    for name, task in TASKS.items():
        if names and name not in names:
            if name in before["details"].get("tasks", {}):
                found += [figure for figure in before["figures"] if figure.what.startswith(f"{name}: ")]
                lines += [line for line in before["details"]["table"]["rows"] if line[0] == name]
                tasks[name] = before["details"]["tasks"][name]
            continue
        budget = "score=1%" if setting.trial else task.budget
        words = ["build", task.id, "--recipe", "quick", "--budget", budget, *PROFILE]
        words += ["--data", str(setting.data / task.folder)] if task.folder else []
        try:
            short = build(setting, f"{name}, search", words)
            # The same command with --exhaustive is a run beside it, which takes rows, teacher and students over.
            long = build(setting, f"{name}, everything", [*words, "--exhaustive"])
        except NothingFoundError as error:
            found.append(Figure(f"{name}: a candidate keeps {budget}", 0, "", None, None, True))
            tasks[name] = {"nothing": str(error)}
            continue
        figures, line = compare(name, budget, short, long)
        found += figures
        lines.append(line)
        tasks[name] = {"budget": budget, "search": _record(short), "everything": _record(long)}
    columns = ["task", "chosen", "p50", "fastest that keeps the budget", "p50", "trainings", "seconds"]
    notes = [
        "At most 24 candidates a task: students without attention and of 1, 2, 3 and 6 layers, some with a lexical "
        "branch, in fp32 and two forms of int8. p50 of 16 tokens, one thread, of both from the same measuring. A "
        "candidate keeps the budget where its score on validation rows reaches the limit; the search wants some of "
        "that to spare, so that a faster one may be left that merely reaches it. What the same rule chooses of all "
        "candidates says what the search's shortcuts cost. Seconds are those of the search, some of whose students "
        "were there from before.",
    ]
    setting.write(found, {"notes": notes, "table": {"columns": columns, "rows": lines}, "tasks": tasks})


def compare(name: str, budget: str, short: Done, long: Done) -> tuple[list[Figure], list[str]]:
    """Return how much slower the choice is than the best of all that keep the budget, and a line of the table."""
    everything = {entry.key: entry for entry in long.result.search[0].candidates}
    chosen, whole = short.result.search[0].chosen, long.result.search[0].chosen
    if chosen is None or whole is None:
        raise SystemExit(f"a search on {name} chose nothing")
    mine = everything[chosen.key]
    best = fastest(budget, list(everything.values()), whole)
    count = len(everything)
    same = sum(entry.reason == NO_USE for entry in everything.values())
    scored = sum(entry.score_percent >= 0 for entry in everything.values())
    found = [
        Figure(f"{name}: p50 of the choice above the fastest that keeps {budget}", _above(mine, best), "%", 10.0, 10.0),
        Figure(f"{name}: p50 of the choice above what the same rule chooses of all", _above(mine, whole), "%"),
        Figure(f"{name}: candidates, all of them scored", count, "", 24),
        Figure(f"{name}: of them with a branch that adds nothing, the same as without it", same, ""),
    ]
    if scored + same < count:
        found.append(Figure(f"{name}: candidates without a score", count - scored - same, "", 0))
    trainings = [done.result.search[0].trainings for done in (short, long)]
    seconds = [done.result.search[0].seconds for done in (short, long)]
    line = [name, mine.name, f"{mine.p50_ms:.3f} ms", best.name, f"{best.p50_ms:.3f} ms"]
    line += [f"{trainings[0]} / {trainings[1]}", f"{seconds[0]:.0f} / {seconds[1]:.0f}"]
    return found, line


def fastest(budget: str, entries: Sequence[CandidateFigures], chosen: CandidateFigures) -> CandidateFigures:
    """Return the fastest candidate that passes: its score keeps the budget, and its int8 the score of its own fp32.

    Args:
        budget: as it was typed.
        entries: all of an exhaustive search.
        chosen: what that search chose; why another one that passes was not chosen is said against it alone.
    """
    limits = parse_budget(budget)
    keeping = [entry for entry in entries if entry.score_percent >= 0 and not choose.missed(limits, entry)]
    passing = [e for e in keeping if e.key == chosen.key or e.reason == choose.why_not(limits, e, chosen)]
    return choose.order(passing)[0]


def _above(mine: CandidateFigures, other: CandidateFigures) -> float:
    return round(100 * (mine.p50_ms / other.p50_ms - 1), 2)


def _record(done: Done) -> dict[str, object]:
    summary = done.result.search[0]
    entries = [
        {"name": e.name, "bytes": e.size_bytes, "p50_ms": e.p50_ms, "score_percent": e.score_percent, "why": e.reason}
        for e in summary.candidates
    ]
    test = {row.name: row.evaluations for row in (model(done.result, "teacher"), model(done.result, "default"))}
    scores = {
        name: {part: found.metrics[done.result.headline_metric] for part, found in parts.items()}
        for name, parts in test.items()
    }
    return {**record(done), "trainings": summary.trainings, "candidates": entries, "test": scores}
