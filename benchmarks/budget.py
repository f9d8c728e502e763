"""Small students and searches under a budget: `HUB_BENCH_DATA=DIR python benchmarks/budget.py PART...`.

Parts: `students` builds students of each kind on BANKING77 and reads their test scores; `search` searches under several
budgets; `exhaustive` compares searches on several tasks with measuring everything; `icd10` reads the student of
medical/icd10-chapter; `ways` compares ways to distil. The variable names a folder of benchmark sets, which is not part
of the project. Each part writes its own document; what an earlier call has built is not built again, and a build that
was cut short goes on.
"""

from __future__ import annotations

import argparse

import budget_exhaustive
import budget_icd10
import budget_search
import budget_students
import budget_ways
import common
from budget_parts import Setting

PARTS = {
    "students": budget_students.run,
    "search": budget_search.run,
    "icd10": budget_icd10.run,
    "ways": budget_ways.run,
}
EXHAUSTIVE = "exhaustive"


def main() -> None:
    """Run the named parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=(*PARTS, EXHAUSTIVE), metavar="PART", help="what to measure")
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        choices=budget_exhaustive.TASKS,
        help="of `exhaustive`: only this one, may be repeated; what the document says of the others stays",
    )
    parser.add_argument("--again", action="store_true", help="build anew what an earlier call has built")
    parser.add_argument("--trial", action="store_true", help="train as little as can be and write no document")
    chosen = parser.parse_args()
    home = common.bench_data()
    if home is None:
        return
    for part in chosen.parts:
        setting = Setting(part, home.resolve(), chosen.trial, chosen.again)
        if part == EXHAUSTIVE:
            budget_exhaustive.run(setting, chosen.task)
        else:
            PARTS[part](setting)


if __name__ == "__main__":
    main()
