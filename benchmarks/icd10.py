"""medical/icd10-chapter, end to end: `python benchmarks/icd10.py quick|standard`."""

from __future__ import annotations

import json
import shutil
import sys

import common
from common import Figure

from hub.contract import figures
from hub.contract.results import BuildResult
from hub.edge.schema import read

UNSEEN, KNOWN = "unseen-categories", "known-codes"
LIMITS = {"quick": (600.0, 20.0), "standard": (None, None)}


def main(recipe: str) -> None:
    """Build from nothing (or go on with an interrupted build), then once more with nothing changed."""
    runs, out = common.WORK / "runs" / recipe, common.WORK / f"icd10-{recipe}"
    mark = common.WORK / f"{recipe}.json"
    command = (*common.HUB, "build", "medical/icd10-chapter", "--recipe", recipe, "--runs", str(runs))
    command += ("--out", str(out), "--json")
    fresh = not runs.exists()
    seconds, peak_mb, text = common.timed(command)
    if fresh:
        mark.write_text(json.dumps([seconds, peak_mb]))
    again, _, _ = common.timed(command)
    document = json.loads(text)
    result: BuildResult = read(BuildResult, json.loads((runs / document["run"] / "report/build.json").read_text()))
    found = quality(result, recipe) + speed(result)
    if mark.exists():  # an interrupted build has no honest wall time
        first, peak = json.loads(mark.read_text())
        limit, limit_again = LIMITS[recipe]
        found.append(Figure("whole build, wall time", round(first, 1), "s", limit))
        found.append(Figure("whole build, peak memory", round(peak), "MB", 4000))
        found.append(Figure("second build, nothing changed", round(again, 1), "s", limit_again))
    name = f"icd10-{recipe}"
    details = {"result": common.result_rows(result), "stages_seconds": dict(result.seconds)}
    common.write(name, f"python benchmarks/icd10.py {recipe}", found, details)
    shutil.copyfile(out / "report.html", common.WORK / f"{name}.html")


def score(result: BuildResult, role: str, part: str) -> float:
    """Headline score of baseline, teacher or default variant on a slice."""
    row = figures.default_model(result) if role == "default" else figures.model_of(result, role)
    found = figures.score(row, part, result.headline_metric)
    if found is None:
        raise SystemExit(f"the build has no score of {role} on {part}")
    return found


def quality(result: BuildResult, recipe: str) -> list[Figure]:
    """Scores against the linear baseline, shares of the teacher."""
    margin_unseen = score(result, "teacher", UNSEEN) - score(result, "baseline", UNSEEN)
    margin_known = score(result, "teacher", KNOWN) - score(result, "baseline", KNOWN)
    found = [
        Figure(
            "teacher minus linear baseline, unseen categories",
            round(margin_unseen, 4),
            "macro F1",
            0.0001 if recipe == "quick" else None,
            0.05,
            higher_is_better=True,
        ),
        Figure(
            "teacher minus linear baseline, known codes",
            round(margin_known, 4),
            "macro F1",
            -0.01 if recipe == "standard" else None,
            0.0,
            higher_is_better=True,
        ),
    ]
    for part in (UNSEEN, KNOWN):
        share = 100 * score(result, "default", part) / score(result, "teacher", part)
        what = f"default variant, share of the teacher, {part}"
        found.append(Figure(what, round(share, 2), "%", 97, 99, higher_is_better=True))
    return found


def speed(result: BuildResult) -> list[Figure]:
    """Size and latency of the default variant against the teacher in PyTorch, one thread."""
    default = figures.default_model(result)
    if default is None:
        raise SystemExit("the build has no default variant")
    found = [Figure("size of the default variant", round(default.bytes / 1e6, 2), "MB", 12, 8)]
    for tokens, must, stretch in (("16", 15, 25), ("64", None, None)):
        ratio = figures.speed_up(result, default, tokens)
        if ratio is not None:
            what = f"one {tokens}-token text against the teacher in PyTorch"
            found.append(Figure(what, round(ratio, 1), "times faster", must, stretch, higher_is_better=True))
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LIMITS:
        raise SystemExit(f"usage: python benchmarks/icd10.py {'|'.join(LIMITS)}")
    common.WORK.mkdir(parents=True, exist_ok=True)
    main(sys.argv[1])
