"""Folders of labelled rows, built with `--data` and no code: `HUB_BENCH_DATA=DIR python benchmarks/own_data.py [SET]`.

The variable names a folder of benchmark sets, which is not part of the project. Each set becomes a bundle of a task of
its kind, with columns named by settings only, and its figures are written to results/ as soon as they are there; a
set that has its document is not built again unless it is named.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import common
from common import Figure

from hub.contract import figures
from hub.contract.results import BuildResult
from hub.edge.schema import read


@dataclass(frozen=True)
class Set:
    """A benchmark set: the task whose recipe is used, and settings that name its columns."""

    task: str
    settings: tuple[str, ...] = ()


SETS = {
    "manufacturing/excavator_mwo": Set("manufacturing/work-order-system"),
    "manufacturing/mwo2kg_ner": Set("manufacturing/work-order-entities"),
    "finance/financial_phrasebank": Set("finance/headline-sentiment"),
    "medical/pubmedqa_labeled": Set(
        "medical/note-topic", ("data.text=question", "data.text_pair=context", "max_length=256")
    ),
    "education/onestop_english": Set("education/reading-level"),
    "legal/policyie_intent": Set("legal/privacy-practice"),
    "finance/banking77": Set("finance/banking-intent"),
    "medical/medical_abstracts": Set("medical/note-topic"),
    "medical/pubmed_sections": Set("medical/note-topic"),
    "medical/ncbi_disease": Set("medical/disease-mentions"),
    "legal/unfair_tos": Set(
        "legal/unfair-terms",
        ("data.labels=clause_tags", "data.separator= ", "data.ignore_labels=a1,ch3,countrym"),
    ),
}


def main(names: list[str]) -> None:
    """Build the named sets; without names those that have no document yet."""
    home = common.bench_data()
    if home is None:
        return
    for name in names or [name for name in SETS if not (common.RESULTS / f"{document_name(name)}.json").exists()]:
        measure(name, home / name)


def document_name(name: str) -> str:
    """Return the name of a set's document."""
    return f"own-{name.replace('/', '-').replace('_', '-')}"


def measure(name: str, folder: Path) -> None:
    """Build one set; missed gates are figures here, not the end."""
    entry, document = SETS[name], document_name(name)
    runs, out = common.WORK / "runs" / document, common.WORK / document
    fresh = not runs.exists()
    command = [*common.HUB, "build", entry.task, "--recipe", "quick", "--data", str(folder)]
    command += [part for setting in entry.settings for part in ("--set", setting)]
    command += ["--runs", str(runs), "--out", str(out), "--json"]
    seconds, _, code = common.timed_code(command)
    reports = sorted(runs.glob("*/report/build.json"))
    if code not in (0, 1) or not reports:
        common.write(document, command_line(name), [Figure("builds without code", 0, "", 1, None, True)])
        return
    result: BuildResult = read(BuildResult, json.loads(reports[-1].read_text("utf-8")))
    found = [Figure("builds without code", 1, "", 1, None, True), *quality(result)]
    if fresh:
        found.append(Figure("whole build, wall time", round(seconds / 60, 1), "min"))
    details = {
        "result": common.result_rows(result),
        "headline": result.headline_metric,
        "task": entry.task,
        "settings": list(entry.settings),
        "notes": list(figures.leading_sentences(result)),
    }
    common.write(document, command_line(name), found, details)


def command_line(name: str) -> str:
    """Return how a set is measured again."""
    return f"HUB_BENCH_DATA=DIR python benchmarks/own_data.py {name}"


def quality(result: BuildResult) -> list[Figure]:
    """Share of the teacher, and what the gates say."""
    part, metric = figures.headline_slice(result), result.headline_metric
    teacher = figures.score(figures.model_of(result, "teacher"), part, metric)
    default = figures.score(figures.default_model(result), part, metric)
    missed = len(figures.missed(result))
    found = [Figure("gates missed", missed, "", 0)]
    if teacher and default is not None:
        found.append(Figure("share of the teacher", round(100 * default / teacher, 2), "%", None, 99, True))
    return found


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from error
