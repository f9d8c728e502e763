"""Open a bundle and ask it: texts or rows in, calibrated answers out, on a CPU, without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, UsageError
from hub.contract.kinds import KINDS
from hub.edge.answers import entity_types, sigmoid, tag_classes
from hub.edge.answers import softmax as softmax  # other modules take it from here
from hub.edge.folder import locate, read_manifest
from hub.edge.model import Model
from hub.edge.opening import PROFILES as PROFILES
from hub.edge.opening import check_files, choose_variant, default_variant, open_runtime, require_machine
from hub.edge.predictions import (
    AnswerPrediction,
    AnyPrediction,
    FillPrediction,
    LabelsPrediction,
    NumberPrediction,
    Prediction,
    SpansPrediction,
    TaggedText,
    TextSpan,
    VectorPrediction,
    label_prediction,
    labels_prediction,
    spans_prediction,
)
from hub.edge.reading import Row, TableReader, TextReader, reader_of
from hub.edge.schema import Manifest

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime
    from hub.edge.encode import Encoder, Text
    from hub.edge.table import Preprocessor

    Inputs = Sequence[Text] | Sequence[Row]

__all__ = [
    "AnswerPrediction",
    "AnyPrediction",
    "Bundle",
    "FillPrediction",
    "LabelsPrediction",
    "NumberPrediction",
    "Prediction",
    "SpansPrediction",
    "TaggedText",
    "TextSpan",
    "VectorPrediction",
]

FAILED = "this bundle was kept although it missed gates: hub verify says which"


class Bundle:
    """An opened bundle; make one with `Bundle.open`.

    Attributes:
        folder: where its files are.
        manifest: its bundle.json.
        kind: what it reads and how it answers.
        variant: name of the variant that runs.
        reader: turns inputs into the arrays of the graph.
        labels: names of the model's outputs in their order: label ids, or tag classes.
        classes: of a model of entities the tags whose probabilities it answers, ``O`` first; otherwise as ``labels``.
        thresholds: float64 [labels] of the running variant, ``None`` when it has none.
        warnings: sentences about what is unusual but harmless, such as a changed README.md.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        variant: str,
        threads: int | None = None,
        wrap: Callable[[Runtime], Runtime] | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.kind = KINDS[manifest.kind]
        self.variant = variant
        self.labels = tuple(label.id for label in manifest.labels)
        self.classes = tag_classes(entity_types(self.labels)) if self.kind.answers == "spans" else self.labels
        thresholds = manifest.thresholds.get(variant)
        self.thresholds = np.array([thresholds[label] for label in self.labels]) if thresholds else None
        self.warnings: tuple[str, ...] = ()
        self._names = tuple(label.name or label.id for label in manifest.labels)
        self.reader = reader_of(folder, manifest, self.kind.reads)
        runtime = open_runtime(folder, manifest, manifest.variants[variant], threads, self.reader.names)
        self._model = Model(manifest, variant, self.reader, wrap(runtime) if wrap else runtime)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        variant: str | None = None,
        profile: str = "portable",
        verify: bool = True,
        threads: int | None = None,
    ) -> Bundle:
        """Open a bundle folder.

        Args:
            path: the folder. When a build was stopped while it replaced this folder, the old bundle is opened.
            variant: which one to run; by default that of ``profile``, or, where only others were pulled,
                the first of those that this machine can run.
            profile: one of `PROFILES`; where the bundle has no variant of its own for it, ``portable`` is used.
            verify: compare the files with the hashes in bundle.json.
            threads: intra-op threads in place of those the bundle was measured with.

        Raises:
            BundleError: HUB-E001 no bundle, HUB-E002 wrong bundle.json, HUB-E003 a file leaves the folder,
                HUB-E004 a file was changed, HUB-E005 a file is missing, HUB-E006 kind, HUB-E009 this machine
                cannot run the variant, HUB-E010 model, HUB-E011 tokenizer or preprocessor.
            MissingError: HUB-E007, nothing is installed that runs the variant's format.
            UsageError: HUB-E008, unknown variant or profile.
        """
        folder = locate(Path(path))
        manifest = read_manifest(folder)
        if manifest.kind not in KINDS:
            raise BundleError(
                "HUB-E006",
                f"bundle {manifest.name!r} is of the kind {manifest.kind!r}",
                f"this version runs {', '.join(KINDS)}",
                "update domainhub",
            )
        chosen = choose_variant(folder, manifest, variant, profile)
        require_machine(manifest, chosen)
        warnings = [FAILED] if manifest.failed else []
        warnings += check_files(folder, manifest, manifest.variants[chosen]) if verify else []
        if variant is None and chosen != default_variant(manifest, profile):
            warnings.append(f"the variant {default_variant(manifest, profile)!r} is not here; {chosen!r} is used")
        bundle = cls(folder, manifest, chosen, threads)
        bundle.warnings = tuple(warnings)
        return bundle

    def predict(self, inputs: Inputs, top: int = 3, min_confidence: float | None = None, workers: int = 1) -> list[Any]:
        """Answer texts or rows of a table.

        Args:
            inputs: texts or pairs of texts, at most 1,000,000 characters each; what lies beyond the model's length
                in tokens (or beyond `hub.edge.encode.MAX_WINDOWS` windows) is not seen. Questions are pairs with
                their context; gaps are written as the tokenizer's mask token. For tables mappings of column to
                value, or whatever else `hub.edge.table.Preprocessor.encode` takes.
            top: labels listed in ``top`` of an answer, or tokens for each gap, at least 1.
            min_confidence: abstain below this probability (0..1); by default below the bundle's own threshold.
                Entities below it are left out. Numbers, vectors and gaps have none.
            workers: as in `probabilities`.

        Returns:
            One answer an input, in order, as the bundle's kind answers: see `hub.edge.predictions.AnyPrediction`.

        Raises:
            UsageError: HUB-E013, ``top``, ``min_confidence`` or ``inputs`` cannot be used.
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read, and those of the preprocessor.
        """
        if top < 1:
            raise UsageError("HUB-E013", f"top is {top}", "at least one label is listed")
        least = self.threshold if min_confidence is None else min_confidence
        if not 0.0 <= least <= 1.0:
            raise UsageError("HUB-E013", f"the confidence {least} is no probability", "it must be between 0 and 1")
        if min_confidence and self.kind.answers in ("number", "vector", "fill"):
            why = f"this bundle answers {self.kind.answers} without one"
            raise UsageError("HUB-E013", "a confidence was asked for", why)
        return self._answers(inputs, top, least, workers)

    def _answers(self, inputs: Inputs, top: int, least: float, workers: int) -> list[Any]:
        if self.kind.answers == "number":
            return [NumberPrediction(float(value)) for value in self.values(inputs, workers)]
        if self.kind.answers == "vector":
            vectors, windows = self._vectors(inputs, workers)
            return [VectorPrediction(tuple(row.tolist()), n) for row, n in zip(vectors, windows, strict=True)]
        if self.kind.answers == "spans":
            texts = cast("Sequence[str]", inputs)
            pairs = zip(self.tags(texts, workers), texts, strict=True)
            return [spans_prediction(found, self.classes, text, least) for found, text in pairs]
        if self.kind.answers == "answer":
            from hub.edge.extract import best_answer

            runs = self._model.runs(inputs, workers)
            return [best_answer(cast("Any", pair), found, least) for pair, found in zip(inputs, runs, strict=True)]
        if self.kind.answers == "fill":
            from hub.edge.gaps import fill_prediction

            return [fill_prediction(found, self.encoder, top) for found in self.gaps(inputs, workers)]
        rows, windows = self._probabilities(inputs, workers)
        if self.kind.answers == "labels":
            return [
                labels_prediction(row, self.labels, self.thresholds, top, least, count)
                for row, count in zip(rows, windows, strict=True)
            ]
        return [
            label_prediction(row, self.labels, self._names, self.thresholds, top, least, count)
            for row, count in zip(rows, windows, strict=True)
        ]

    def probabilities(self, inputs: Inputs, workers: int = 1) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of every label; thresholds are not applied.

        A variant whose answers depend on the neighbours in a batch is run one input at a time, others in
        batches of texts of similar length. The scores of a long text's windows are averaged before they become
        probabilities.

        Args:
            inputs: as in `predict`.
            workers: inputs (or batches) computed at the same time, each with the variant's own threads.

        Returns:
            float64 of shape [inputs, labels]; each row sums to 1, unless an input may have any number of labels.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
            UsageError: HUB-E013, the bundle does not answer with labels.
        """
        self._require("label", "labels")
        return self._probabilities(inputs, workers)[0]

    def values(self, inputs: Inputs, workers: int = 1) -> npt.NDArray[np.float64]:
        """Return the numbers of rows, float64 [rows], in the bundle's unit.

        Args:
            inputs: as in `predict`.
            workers: as in `probabilities`.

        Raises:
            BundleError: HUB-E010 the model failed, and those of the preprocessor.
            UsageError: HUB-E013, the bundle does not answer with a number.
        """
        self._require("number")
        return self._means(inputs, workers)[0][:, 0]

    def vectors(self, inputs: Inputs, workers: int = 1) -> npt.NDArray[np.float32]:
        """Return the embeddings of texts, float32 [texts, hidden] of unit length.

        Args:
            inputs: as in `predict`. Of a long text's windows the mean is taken.
            workers: as in `probabilities`.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
            UsageError: HUB-E013, the bundle does not answer with vectors.
        """
        self._require("vector")
        return self._vectors(inputs, workers)[0]

    def gaps(self, inputs: Inputs, workers: int = 1) -> list[npt.NDArray[np.float64]]:
        """Return the probability of every token of the vocabulary for each gap of texts, float64 [gaps, vocabulary].

        Args:
            inputs: texts or pairs with the tokenizer's mask token where something is missing.
            workers: as in `probabilities`.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read, or a gap lies too far behind.
            UsageError: HUB-E013, a text has no gap, or the bundle does not fill gaps.
        """
        self._require("fill")
        return [softmax(windows[0][1]) for windows in self._model.runs(inputs, workers)]

    def tags(self, texts: Sequence[str], workers: int = 1) -> list[TaggedText]:
        """Return the words of texts, as the tokenizer splits them, with the probability of every tag class.

        Args:
            texts: as in `predict`, no pairs.
            workers: as in `probabilities`.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
            UsageError: HUB-E013, the bundle does not answer with spans, or a pair was given.
        """
        self._require("spans")
        if any(isinstance(text, tuple) for text in texts):
            raise UsageError("HUB-E013", "a pair of texts was given", "entities are found in one text")
        from hub.edge.words import tag_text

        runs = self._model.runs(texts, workers)
        return [tag_text(text, windows, self.labels) for text, windows in zip(texts, runs, strict=True)]

    def word_probabilities(self, rows: Sequence[Sequence[str]], workers: int = 1) -> list[npt.NDArray[np.float64]]:
        """Return the probability of every tag class for given words.

        Args:
            rows: the words of each text; none of them empty.
            workers: as in `probabilities`.

        Returns:
            For each text float64 [words, classes], in the order of ``classes``. A word beyond the model's length is
            outside any entity.

        Raises:
            BundleError, UsageError: as `tags`; HUB-E013 too when a text stands where words are needed.
        """
        self._require("spans")
        if any(isinstance(words, str) or not all(words) for words in rows):
            raise UsageError("HUB-E013", "no words were given", "each text is a sequence of words, none of them empty")
        from hub.edge.words import tag_words

        texts = [" ".join(words) for words in rows]
        runs = self._model.runs(texts, workers)
        return [tag_words(words, found, self.labels) for words, found in zip(rows, runs, strict=True)]

    def word_tags(self, rows: Sequence[Sequence[str]], workers: int = 1) -> list[tuple[str, ...]]:
        """Return the most probable tag of each given word; see `word_probabilities`."""
        found = self.word_probabilities(rows, workers)
        return [tuple(self.classes[i] for i in words.argmax(axis=1)) for words in found]

    @property
    def threshold(self) -> float:
        """Probability below which the running variant abstains; 0 when the bundle sets none."""
        abstention = self.manifest.abstention.get(self.variant)
        return abstention.threshold if abstention else 0.0

    @property
    def encoder(self) -> Encoder:
        """The tokenizer of a bundle of texts.

        Raises:
            UsageError: HUB-E013, the bundle reads tables.
        """
        if not isinstance(self.reader, TextReader):
            raise UsageError("HUB-E013", "this bundle has no tokenizer", "it reads rows of a table")
        return self.reader.encoder

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a bundle of tables, in order; none for texts."""
        return tuple(c.name for c in self.preprocessor.columns) if isinstance(self.reader, TableReader) else ()

    @property
    def preprocessor(self) -> Preprocessor:
        """What reads the rows of a bundle of tables.

        Raises:
            UsageError: HUB-E013, the bundle reads texts.
        """
        if not isinstance(self.reader, TableReader):
            raise UsageError("HUB-E013", "this bundle has no columns", "it reads texts")
        return self.reader.preprocessor

    def _require(self, *answers: str) -> None:
        if self.kind.answers not in answers:
            wanted = "labels" if "label" in answers else answers[0]
            raise UsageError(
                "HUB-E013",
                f"bundle {self.manifest.name!r} was asked for {wanted}",
                f"it is of the kind {self.kind.name} and answers {self.kind.answers}",
            )

    def _probabilities(self, inputs: Inputs, workers: int) -> tuple[npt.NDArray[np.float64], list[int]]:
        means, windows = self._means(inputs, workers)
        return (sigmoid if self.kind.answers == "labels" else softmax)(means), windows

    def _means(self, inputs: Inputs, workers: int) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the scores of each input, averaged over its windows, and how many those are."""
        runs = self._model.runs(inputs, workers)
        found = np.zeros((len(runs), len(self.labels)))
        for row, windows in enumerate(runs):
            if len(windows) == 1:
                found[row] = windows[0][1]
            else:
                found[row] = np.mean([scores for _, scores in windows], axis=0, dtype=np.float64)
        return found, [len(windows) for windows in runs]

    def _vectors(self, inputs: Inputs, workers: int) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Return the vector of each input, and how many windows it is the mean of."""
        found: list[npt.NDArray[np.float64]] = []
        runs = self._model.runs(inputs, workers)
        for windows in runs:
            mean = np.asarray(np.mean([vector for _, vector in windows], axis=0, dtype=np.float64))
            length = float(np.linalg.norm(mean))
            found.append(mean / length if len(windows) > 1 and length else mean)
        if len({len(vector) for vector in found}) > 1:
            raise BundleError("HUB-E010", f"the model of {self.manifest.name!r} gave vectors of several lengths")
        return np.array(found, dtype=np.float32).reshape(len(found), -1 if found else 0), [len(w) for w in runs]
