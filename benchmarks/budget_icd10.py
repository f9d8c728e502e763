"""`budget.py icd10`: the int8 student of medical/icd10-chapter against its teacher and the linear baseline."""

from __future__ import annotations

from dataclasses import replace

import common
from budget_parts import Done, Setting, build, missed, model, record, variant
from common import Figure
from icd10 import KNOWN, UNSEEN

RECIPE = "standard"
_PARTS = {UNSEEN: "unseen categories", KNOWN: "known codes"}
# Above the baseline on unseen categories; within 0.01 of it on known codes.
_MARGINS = {UNSEEN: (0.0001, 0.0001), KNOWN: (-0.01, 0.0001)}


def run(setting: Setting) -> None:
    """Build, or take the build that `icd10.py` left, and write the figures."""
    home = setting.home if setting.trial else RECIPE
    recipe = "quick" if setting.trial else RECIPE
    done = build(replace(setting, home=home), recipe, ["build", "medical/icd10-chapter", "--recipe", recipe])
    details = {"result": common.result_rows(done.result), "headline": done.result.headline_metric, **record(done)}
    details["notes"] = ["Macro-F1 on test rows. The lexical branch stands beside the student where it helps."]
    setting.write(figures(done), details)


def figures(done: Done) -> list[Figure]:
    """Return share of the teacher and margin over the baseline of the int8 student, on each slice."""
    result, metric = done.result, done.result.headline_metric
    row, teacher, baseline = variant(result, "int8"), model(result, "teacher"), model(result, "baseline")
    if row is None:
        return [Figure("the build has an int8 variant", 0, "", 1, None, True)]
    found = [Figure("gates missed", len(missed(result)), "", 0)]
    for part, said in _PARTS.items():
        mine, theirs, linear = (one.evaluations[part].metrics[metric] for one in (row, teacher, baseline))
        must, stretch = _MARGINS[part]
        found += [
            Figure(
                f"int8 student, share of the teacher, {said}", round(100 * mine / theirs, 2), "%", 98.0, 100.0, True
            ),
            Figure(f"int8 minus linear baseline, {said}", round(mine - linear, 4), "macro F1", must, stretch, True),
        ]
    return [*found, Figure("size of the int8 student", round(row.bytes / 1e6, 2), "MB")]
