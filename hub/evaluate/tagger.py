"""The linear baseline of entities: a support vector machine on features of a word and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.evaluate.linear import Machines, train_classes

_COST = 0.5
_EDGE = "\0"
_RUNS = re.compile(r"(.)\1+")


@dataclass(frozen=True)
class WordTagger:
    """A trained tagger: each word by itself, nothing is carried over from its neighbours' answers.

    Args:
        names: feature to its column.
        machines: of the tag classes.
    """

    names: Mapping[str, int]
    machines: Machines

    @property
    def bytes(self) -> int:
        """Size of what must be kept to use it: float32 weights and the features' names."""
        return 4 * self.parameters + sum(len(name.encode()) for name in self.names)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.machines.parameters

    def scores(self, rows: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
        """Return the margins of every word of every row, float64 [words, classes]."""
        found = [
            [self.names[name] for name in word if name in self.names] for words in rows for word in features(words)
        ]
        return self.machines.margins(_matrix(found, len(self.names)))


def train_tagger(rows: Sequence[Sequence[str]], truth: npt.NDArray[np.int64], classes: int, *, seed: int) -> WordTagger:
    """Train on every row: seconds for some thousands.

    Args:
        rows: the words of each row.
        truth: class index of every word, int64 [words].
        classes: number of tag classes.
        seed: of the solver.

    Raises:
        DataError: HUB-V006, all words have the same class.
    """
    names: dict[str, int] = {}
    found = [[names.setdefault(name, len(names)) for name in word] for words in rows for word in features(words)]
    machines = train_classes(_matrix(found, len(names)), truth, classes, cost=_COST, seed=seed)
    return WordTagger(names, machines)


def features(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names of each word's features: its spelling, its shape, its place and two neighbours on each side.

    Source: the usual ones of linear taggers, as in Ratinov and Roth 2009, Design Challenges and Misconceptions in
    Named Entity Recognition (CoNLL), table 1, without gazetteers and without earlier answers.
    """
    padded = [_EDGE, _EDGE, *(word.lower() for word in words), _EDGE, _EDGE]
    shapes = ["", *(_shape(word) for word in words), ""]
    for place in range(len(words)):
        before2, before, own, after, after2 = padded[place : place + 5]
        shape = shapes[place + 1]
        yield [
            f"w={own}",
            f"s={shape}",
            "r=" + _RUNS.sub(r"\1", shape),
            *(f"{length}<{own[:length]}" for length in (2, 3, 4) if len(own) >= length),
            *(f"{length}>{own[-length:]}" for length in (2, 3, 4) if len(own) >= length),
            f"-1={before}",
            f"-2={before2}",
            f"+1={after}",
            f"+2={after2}",
            f"-1,0={before} {own}",
            f"0,+1={own} {after}",
            f"-1s={shapes[place]}",
            f"+1s={shapes[place + 2]}",
            f"-1>{before[-3:]}",
            f"+1>{after[-3:]}",
            *(["first"] if place == 0 else []),
            *(["last"] if place == len(words) - 1 else []),
        ]


def _shape(word: str) -> str:
    """Return a word's shape: ``Xx-00`` for ``Mg-25``."""
    return "".join(
        "X" if sign.isupper() else "x" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in word[:16]
    )


def _matrix(rows: Sequence[Sequence[int]], width: int) -> Any:
    """Return a sparse matrix of ones, one row for each list of columns."""
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.fromiter((column for row in rows for column in row), dtype=np.int32, count=int(ends[-1]))
    return csr_matrix((np.ones(len(indices), dtype=np.float32), indices, ends), shape=(len(rows), width))
