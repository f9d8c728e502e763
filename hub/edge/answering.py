"""From what a model says about a part of the inputs to answers of the bundle's kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, UsageError
from hub.contract.kinds import KINDS
from hub.edge.answers import sigmoid, softmax
from hub.edge.out_of_domain import known_pieces, unpacked
from hub.edge.predictions import (
    NumberPrediction,
    TaggedText,
    VectorPrediction,
    label_predictions,
    labels_prediction,
    spans_prediction,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.edge.bundle import Bundle
    from hub.edge.model import Model
    from hub.edge.parts import Part
    from hub.edge.reading import Scores, TextReader
    from hub.edge.schema import Manifest

    Runs = Sequence[Sequence[tuple[Any, Scores]]]


class Answering:
    """Asks a model and says what its scores mean.

    Args:
        manifest: of the bundle.
        model: of one of its variants.
        classes: as in `hub.edge.bundle.Bundle`.
        thresholds: as in `hub.edge.bundle.Bundle`.
    """

    def __init__(
        self,
        manifest: Manifest,
        model: Model,
        classes: Sequence[str],
        thresholds: npt.NDArray[np.float64] | None,
    ) -> None:
        self._kind = KINDS[manifest.kind]
        self._name = manifest.name
        self._model = model
        self._labels = tuple(label.id for label in manifest.labels)
        self._names = tuple(label.name or label.id for label in manifest.labels)
        self._classes = classes
        self._thresholds = thresholds
        domain = manifest.out_of_domain
        self._domain = None if domain is None else unpacked(domain.pieces)
        self._lowest = 0.0 if domain is None else domain.threshold

    def answers(self, part: Part, top: int, least: float) -> list[Any]:
        """Return one prediction an input.

        Args:
            part: inputs of the bundle's kind.
            top: labels listed, or tokens for each gap.
            least: confidence below which an answer abstains.
        """
        answers = self._kind.answers
        if answers == "number":
            return [NumberPrediction(float(value)) for value in self.means(part)[0][:, 0]]
        if answers == "vector":
            vectors, windows = self.vectors(part)
            return [VectorPrediction(tuple(row.tolist()), n) for row, n in zip(vectors, windows, strict=True)]
        if answers == "spans":
            read = self._model.runs(part)
            pairs = zip(self.tags(part, read), part.inputs, strict=True)
            return self._placed([spans_prediction(found, self._classes, text, least) for found, text in pairs], read)
        if answers == "answer":
            from hub.edge.extract import best_answer

            runs = zip(part.inputs, self._model.runs(part), strict=True)
            return [best_answer(pair, found, least) for pair, found in runs]
        if answers == "fill":
            from hub.edge.gaps import fill_prediction

            encoder = cast("TextReader", self._model.reader).encoder
            return [fill_prediction(found, encoder, top) for found in self.gaps(part)]
        read = self._model.runs(part)
        rows, windows = self.probabilities(part, read)
        if answers == "labels":
            several = [
                labels_prediction(row, self._labels, self._thresholds, top, least, count)
                for row, count in zip(rows, windows, strict=True)
            ]
            return self._placed(several, read)
        single = label_predictions(rows, self._labels, self._names, self._thresholds, top, least, windows)
        return self._placed(single, read)

    def _placed(self, found: list[Any], read: Runs) -> list[Any]:
        """Return answers that say whether their text is in the domain, where the bundle can tell."""
        if self._domain is None:
            return found
        scores = [self._domain.score(known_pieces(piece for piece, _ in windows)) for windows in read]
        return [
            replace(answer, out_of_domain=score < self._lowest, domain_score=score)
            for answer, score in zip(found, scores, strict=True)
        ]

    def gaps(self, part: Part) -> list[npt.NDArray[np.float64]]:
        """See `hub.edge.bundle.Bundle.gaps`."""
        return [softmax(windows[0][1]) for windows in self._model.runs(part)]

    def tags(self, part: Part, read: Runs | None = None) -> list[TaggedText]:
        """See `hub.edge.bundle.Bundle.tags`."""
        from hub.edge.words import tag_text

        if any(isinstance(text, tuple) for text in part.inputs):
            raise UsageError("HUB-E013", "a pair of texts was given", "entities are found in one text")
        runs = zip(part.inputs, self._model.runs(part) if read is None else read, strict=True)
        return [tag_text(text, windows, self._labels) for text, windows in runs]

    def probabilities(self, part: Part, read: Runs | None = None) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the probabilities of each input, and how many windows it has."""
        means, windows = self.means(part, read)
        return (sigmoid if self._kind.answers == "labels" else softmax)(means), windows

    def means(self, part: Part, read: Runs | None = None) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the scores of each input, averaged over its windows, and how many those are.

        Args:
            part: of the inputs.
            read: what the model said about it, where that is known.
        """
        runs = self._model.runs(part) if read is None else read
        found = np.zeros((len(runs), len(self._labels)))
        for row, windows in enumerate(runs):
            if len(windows) == 1:
                found[row] = windows[0][1]
            else:
                found[row] = np.mean([scores for _, scores in windows], axis=0, dtype=np.float64)
        return found, [len(windows) for windows in runs]

    def vectors(self, part: Part) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Return the vector of each input, and how many windows it is the mean of."""
        found: list[npt.NDArray[np.float64]] = []
        runs = self._model.runs(part)
        for windows in runs:
            mean = np.asarray(np.mean([vector for _, vector in windows], axis=0, dtype=np.float64))
            length = float(np.linalg.norm(mean))
            found.append(mean / length if len(windows) > 1 and length else mean)
        self.one_width({len(vector) for vector in found})
        return np.array(found, dtype=np.float32).reshape(len(found), -1 if found else 0), [len(w) for w in runs]

    def one_width(self, widths: set[int]) -> None:
        """Refuse vectors of several lengths."""
        if len(widths) > 1:
            raise BundleError("HUB-E010", f"the model of {self._name!r} gave vectors of several lengths")


def least_confidence(bundle: Bundle, top: int, min_confidence: float | None) -> float:
    """Check what was asked for; return the confidence below which an answer abstains.

    Args:
        bundle: that is asked.
        top: labels listed.
        min_confidence: as in `hub.edge.bundle.Bundle.predict`.

    Raises:
        UsageError: HUB-E013.
    """
    if top < 1:
        raise UsageError("HUB-E013", f"top is {top}", "at least one label is listed")
    least = bundle.threshold if min_confidence is None else min_confidence
    if not 0.0 <= least <= 1.0:
        raise UsageError("HUB-E013", f"the confidence {least} is no probability", "it must be between 0 and 1")
    if min_confidence and bundle.kind.answers in ("number", "vector", "fill"):
        why = f"this bundle answers {bundle.kind.answers} without one"
        raise UsageError("HUB-E013", "a confidence was asked for", why)
    return least
