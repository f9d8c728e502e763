"""`budget.py students`: students of each kind built on BANKING77, fp32 and int8, scored on test rows."""

from __future__ import annotations

from dataclasses import dataclass

from budget_parts import (
    BANKING,
    BANKING_SET,
    SCORE,
    Done,
    Line,
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

TEACHER_LEAST, SHARE_LEAST, LIGHT_LARGEST_BYTES = 92.5, 98.0, 3e6


@dataclass(frozen=True)
class Student:
    """A student that is built.

    Args:
        name: of its row.
        settings: as ``--set`` takes them.
        must: share of the teacher that its int8 form must keep, in percent.
        stretch: share that one would like.
        light: without attention.
    """

    name: str
    settings: tuple[str, ...]
    must: float | None = None
    stretch: float | None = None
    light: bool = False


STUDENTS = (
    Student("2 layers (0, 5)", ("student.layers=0,5",), 99.5, 100.5),
    Student("1 layer (0)", ("student.layers=0",), 98.0, 99.5),
    Student(
        "1 layer (0), smallest vocabulary, 12 epochs",
        ("student.layers=0", "compress.vocabulary=1", "student.epochs=12"),
    ),
    Student(
        "1 layer (0), smallest vocabulary, 12 epochs, branch of 8,192 pairs",
        ("student.layers=0", "compress.vocabulary=1", "student.epochs=12", "lexical.buckets=8192"),
    ),
    Student("static", ("student.form=static", "compress.vocabulary=1"), light=True),
    Student("lexical", ("student.form=lexical", "compress.vocabulary=1"), light=True),
    Student(
        "lexical, vectors of 112", ("student.form=lexical", "compress.vocabulary=1", "student.width=112"), light=True
    ),
)


def run(setting: Setting) -> None:
    """Build what is missing, then write the figures; the teacher is that of the first build for all of them."""
    built = []
    # A trial shows that a student of each kind runs through.
    for student in (STUDENTS[0], STUDENTS[-1]) if setting.trial else STUDENTS:
        words = ["build", BANKING, "--recipe", "quick", "--data", str(setting.data / BANKING_SET)]
        words += [word for entry in student.settings for word in ("--set", entry)]
        built.append((student, build(setting, student.name, words)))
    first = built[0][1]
    teacher, baseline = model(first.result, "teacher"), model(first.result, "baseline")
    accuracy = 100 * next(iter(teacher.evaluations.values())).metrics[SCORE]
    found = [
        Figure("teacher, accuracy on test", round(accuracy, 2), "%", TEACHER_LEAST, None, True),
        Figure("linear baseline, share of the teacher on test", share(baseline, teacher), "%"),
    ]
    for student, done in built:
        found += of_student(student, done, teacher)
    found += smallest(built, teacher) + lightest(built, teacher)
    rows: list[Line] = [("linear baseline", baseline, teacher, []), ("teacher in PyTorch", teacher, teacher, [])]
    rows += [
        (f"{student.name}: {row.variant}", row, teacher, missed(done.result) if row.variant == "int8" else [])
        for student, done in built
        for row in variants(done)
    ]
    notes = [
        "Every student is a build of its own on the same rows with the same teacher; shares are of the teacher's "
        "accuracy on the test rows, one text at a time as it ships. Times of a row and of its teacher were taken in "
        "one run.",
    ]
    details = {
        "notes": notes,
        "table": table(rows, first.result.headline_metric),
        "builds": {student.name: {"settings": student.settings, **record(done)} for student, done in built},
    }
    setting.write(found, details)


def variants(done: Done) -> list[ModelResult]:
    """Return the rows of a build's variants."""
    return [row for row in done.result.models if row.role == "variant"]


def of_student(student: Student, done: Done, teacher: ModelResult) -> list[Figure]:
    """Return share and speed of a student's int8 form."""
    found = []
    by_name = {row.variant: row for row in variants(done)}
    for name, row in by_name.items():
        must, stretch = (student.must, student.stretch) if name == "int8" else (None, None)
        what = f"{student.name}, {name}: share of the teacher on test"
        found.append(Figure(what, share(row, teacher), "%", must, stretch, True))
    if "int8" not in by_name:
        return found
    int8, own = by_name["int8"], model(done.result, "teacher")
    faster = times(int8, by_name["fp32"], "64")
    # The forms without attention have no large product: nothing that int8 could make faster.
    must, stretch = (None, None) if student.light else (3.3, 4.0)
    what = f"{student.name}, int8 against its own fp32, 64 tokens"
    found.append(Figure(what, faster, "times", must, stretch, True))
    for tokens in ("16", "64"):
        what = f"{student.name}, int8 against the teacher in PyTorch, {tokens} tokens"
        found.append(Figure(what, times(int8, own, tokens), "times", None, None, True))
    return found


def smallest(built: list[tuple[Student, Done]], teacher: ModelResult) -> list[Figure]:
    """Return the size of the smallest variant that keeps 98 % of the teacher on test rows."""
    kept = [
        (row.bytes, f"{student.name}, {row.variant}")
        for student, done in built
        for row in variants(done)
        if share(row, teacher) >= SHARE_LEAST
    ]
    if not kept:
        return [Figure("variants at 98 % of the teacher", 0, "", 1, None, True)]
    size, name = min(kept)
    return [Figure(f"smallest variant at 98 % of the teacher ({name})", round(size / 1e6, 3), "MB", 5.0, 3.0)]


def lightest(built: list[tuple[Student, Done]], teacher: ModelResult) -> list[Figure]:
    """Return share, size and speed of the best student without attention, which validation rows chose.

    Of those of at most 3 MB; where there is none, of all.
    """
    all_of_them = [
        (_validation(done), share(row, teacher), row, student.name, model(done.result, "teacher"))
        for student, done in built
        if student.light
        for row in variants(done)
        if row.variant == "int8"
    ]
    small = [entry for entry in all_of_them if entry[2].bytes <= LIGHT_LARGEST_BYTES]
    if not all_of_them:
        return [Figure("int8 students without attention", 0, "", 1, None, True)]
    _, kept, row, name, own = max(small or all_of_them, key=lambda entry: entry[0])
    what = f"best student without attention ({name}, int8)"
    return [
        Figure(f"{what}: share of the teacher on test", kept, "%", 96.5, 98.5, True),
        Figure(f"{what}: size", round(row.bytes / 1e6, 3), "MB", 3.0, 2.0),
        Figure(f"{what}: against the teacher in PyTorch, 16 tokens", times(row, own, "16"), "times", 80, 150, True),
    ]


def _validation(done: Done) -> float:
    return next(entry.best_score for entry in done.result.trainings if entry.name == "student")
