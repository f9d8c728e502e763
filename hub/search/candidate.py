"""A candidate: a student, and the form in which its graph is shipped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hub.train.students import LAYERS

WHOLE = 0
"""Stands for the whole vocabulary of the teacher."""


@dataclass(frozen=True)
class Student:
    """A model before it is quantized.

    Args:
        form: as `hub.train.students` names them.
        layers: of the teacher that it starts from; none where the form has no layers.
        vocabulary: pieces wanted, `WHOLE` for all; more are kept when the training text needs them.
        branch: a lexical branch may stand beside it.
        width: length of the vectors of a form without layers; 0 for that of the recipe.
    """

    form: str
    layers: tuple[int, ...]
    vocabulary: int
    branch: bool = False
    width: int = 0

    @property
    def training(self) -> tuple[str, tuple[int, ...], int, int]:
        """What has to be trained: students that agree in this share one training.

        A piece that no training text has gets no gradient: the same encoder with more of the teacher's pieces is the
        same training. Hashes of the other forms depend on the vocabulary.
        """
        return self.form, self.layers, self.width, 0 if self.form == LAYERS else self.vocabulary

    @property
    def shape(self) -> str:
        """What decides latency, fit for the name of a file: the vocabulary's size does not."""
        branch = ("branch",) if self.branch else ()
        width = (f"w{self.width}",) if self.width else ()
        return "-".join(map(str, (self.form, *self.layers, *branch, *width)))

    @property
    def name(self) -> str:
        """For people: what is trained."""
        if self.form != LAYERS:
            return f"{self.form} student" + (f", vectors of {self.width}" if self.width else "")
        return f"{'layer' if len(self.layers) == 1 else 'layers'} {', '.join(map(str, self.layers))}"


@dataclass(frozen=True)
class Candidate:
    """A student in a form of the exporter.

    Args:
        student: what is trained.
        form: name of the exporter's form, ``""`` for fp32.
    """

    student: Student
    form: str = ""

    def named(self, pieces: int) -> str:
        """Return a name for people.

        Args:
            pieces: that the student's vocabulary keeps.
        """
        branch = "; lexical branch" if self.student.branch else ""
        return f"{self.student.name}; {pieces:,} pieces{branch}; {self.form or 'fp32'}"

    @property
    def key(self) -> str:
        """Short, and other for every candidate."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:10]
