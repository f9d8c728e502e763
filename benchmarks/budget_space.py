"""The command `hub` with a search of at most 24 candidates, for `budget.py exhaustive`: `budget_space.py WORDS...`.

Measuring, training and scoring all of what a search considers takes a day; of these few it takes minutes.
"""

from __future__ import annotations

import sys

from hub.search import generate
from hub.search.candidate import Candidate
from hub.train.students import LAYERS

MOST = 24
DEPTHS, BRANCHED_DEPTHS = (1, 2, 3, 6), (1, 2)
FORMS = ("", "int8-per-channel", "int8-per-tensor")


def few(space: generate.Space) -> tuple[Candidate, ...]:
    """Return the candidates of a space with one vocabulary: eight students in fp32 and two forms of int8.

    Both students without attention, layers of four depths, and two of these with a lexical branch. The vocabulary is
    the largest trimmed one: it decides sizes, and no times.
    """
    vocabulary = max(space.vocabularies)  # `WHOLE` is the smallest number
    found = tuple(
        entry
        for entry in generate.generate(space)
        if entry.student.vocabulary == vocabulary and entry.form in FORMS and _kept(entry)
    )
    if len(found) > MOST:
        raise SystemExit(f"{len(found)} candidates are more than {MOST}")
    return found


def _kept(entry: Candidate) -> bool:
    student = entry.student
    if student.form != LAYERS:
        return not student.width
    return len(student.layers) in (BRANCHED_DEPTHS if student.branch else DEPTHS)


def main() -> int:
    """Run the command line with this search."""
    from hub.cli.main import main as hub
    from hub.pipeline.stages import search

    search.generate = few  # type: ignore[attr-defined]  # what the stage asks for its candidates
    return int(hub())


if __name__ == "__main__":
    sys.exit(main())
