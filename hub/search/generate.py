"""What is tried: depths, vocabularies, forms of student and of graph."""

from __future__ import annotations

from dataclasses import dataclass

from hub.search.candidate import Candidate, Student
from hub.train.student import spread_layers
from hub.train.students import LAYERS

DEPTHS = (1, 2, 3, 4, 6)
"""Layers of a student, where its teacher has as many."""


@dataclass(frozen=True)
class Space:
    """What a search may combine.

    Args:
        teacher_layers: depth of the teacher, at least 1.
        vocabularies: sizes in pieces, `hub.search.candidate.WHOLE` for all.
        student_forms: forms of a student that suit the task.
        branches: with a lexical branch or not.
        forms: names of the exporter's forms; ``""`` for fp32.
        depths: layers of a student.
        widths: of the vectors of students without attention, 0 for that of the recipe.
    """

    teacher_layers: int
    vocabularies: tuple[int, ...]
    student_forms: tuple[str, ...] = (LAYERS,)
    branches: tuple[bool, ...] = (False,)
    forms: tuple[str, ...] = ("",)
    depths: tuple[int, ...] = DEPTHS
    widths: tuple[int, ...] = (0,)


def generate(space: Space) -> tuple[Candidate, ...]:
    """Return every combination once, students without attention first, then shallow before deep."""
    return tuple(Candidate(student, form) for student in students(space) for form in space.forms)


def students(space: Space) -> tuple[Student, ...]:
    """Return every student of a space."""
    depths = [depth for depth in sorted(set(space.depths)) if depth <= space.teacher_layers]
    stacks = [spread_layers(space.teacher_layers, depth) for depth in depths]
    found = [
        Student(form, (), vocabulary, width=width)
        for form in space.student_forms
        if form != LAYERS
        for width in space.widths
        for vocabulary in space.vocabularies
    ]
    if LAYERS in space.student_forms:
        found += [
            Student(LAYERS, layers, vocabulary, branch)
            for layers in stacks
            for vocabulary in space.vocabularies
            for branch in space.branches
        ]
    return tuple(dict.fromkeys(found))
