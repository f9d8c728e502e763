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
from hub.edge.answers import sigmoid
from hub.edge.answers import softmax as softmax  # other modules take it from here
from hub.edge.folder import locate, read_manifest
from hub.edge.opening import PROFILES as PROFILES
from hub.edge.opening import check_files, choose_variant, default_variant, open_runtime, require_machine
from hub.edge.predictions import (
    AnyPrediction,
    LabelsPrediction,
    NumberPrediction,
    Prediction,
    SpansPrediction,
    TaggedText,
    TextSpan,
    label_prediction,
    labels_prediction,
    spans_prediction,
)
from hub.edge.reading import Row, TableReader, TextReader, reader_of
from hub.edge.schema import Manifest

if TYPE_CHECKING:
    from hub.edge.encode import Encoder, Text
    from hub.edge.table import Preprocessor

    Inputs = Sequence[Text] | Sequence[Row]

__all__ = [
    "AnyPrediction",
    "Bundle",
    "LabelsPrediction",
    "NumberPrediction",
    "Prediction",
    "SpansPrediction",
    "TaggedText",
    "TextSpan",
]

Scores = npt.NDArray[np.float32]


class Bundle:
    """An opened bundle; make one with `Bundle.open`.

    Attributes:
        folder: where its files are.
        manifest: its bundle.json.
        kind: what it reads and how it answers.
        variant: name of the variant that runs.
        reader: turns inputs into the arrays of the graph.
        labels: names of the model's outputs in their order: label ids, or tag classes.
        thresholds: float64 [labels] of the running variant, ``None`` when it has none.
        warnings: sentences about what is unusual but harmless, such as a changed README.md.
    """

    def __init__(self, folder: Path, manifest: Manifest, variant: str, threads: int | None = None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.kind = KINDS[manifest.kind]
        self.variant = variant
        self.labels = tuple(label.id for label in manifest.labels)
        thresholds = manifest.thresholds.get(variant)
        self.thresholds = np.array([thresholds[label] for label in self.labels]) if thresholds else None
        self.warnings: tuple[str, ...] = ()
        self._names = tuple(label.name or label.id for label in manifest.labels)
        self.reader = reader_of(folder, manifest, self.kind.reads)
        self._runtime = open_runtime(folder, manifest, manifest.variants[variant], threads, self.reader.names)

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
        warnings = check_files(folder, manifest, manifest.variants[chosen]) if verify else []
        if variant is None and chosen != default_variant(manifest, profile):
            warnings.append(f"the variant {default_variant(manifest, profile)!r} is not here; {chosen!r} is used")
        bundle = cls(folder, manifest, chosen, threads)
        bundle.warnings = tuple(warnings)
        return bundle

    def predict(self, inputs: Inputs, top: int = 3, min_confidence: float | None = None, workers: int = 1) -> list[Any]:
        """Answer texts or rows of a table.

        Args:
            inputs: texts or pairs of texts, at most 1,000,000 characters each; what lies beyond the model's length
                in tokens (or beyond `hub.edge.encode.MAX_WINDOWS` windows) is not seen. For tables mappings of
                column to value, or whatever else `hub.edge.table.Preprocessor.encode` takes.
            top: labels listed in ``top`` of an answer, at least 1.
            min_confidence: abstain below this probability (0..1); by default below the bundle's own threshold.
                Entities below it are left out. A number has none.
            workers: as in `probabilities`.

        Returns:
            One answer an input, in order: `Prediction`, `LabelsPrediction`, `SpansPrediction` or `NumberPrediction`,
            as the bundle's kind answers.

        Raises:
            UsageError: HUB-E013, ``top``, ``min_confidence`` or ``inputs`` cannot be used.
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read, and those of the preprocessor.
        """
        if top < 1:
            raise UsageError("HUB-E013", f"top is {top}", "at least one label is listed")
        least = self.threshold if min_confidence is None else min_confidence
        if not 0.0 <= least <= 1.0:
            raise UsageError("HUB-E013", f"the confidence {least} is no probability", "it must be between 0 and 1")
        if min_confidence and self.kind.answers == "number":
            raise UsageError("HUB-E013", "a confidence was asked for", "this bundle answers a number without one")
        return self._answers(inputs, top, least, workers)

    def _answers(self, inputs: Inputs, top: int, least: float, workers: int) -> list[Any]:
        if self.kind.answers == "number":
            return [NumberPrediction(float(value)) for value in self.values(inputs, workers)]
        if self.kind.answers == "spans":
            texts = cast("Sequence[str]", inputs)
            pairs = zip(self.tags(texts, workers), texts, strict=True)
            return [spans_prediction(found, self.labels, text, least) for found, text in pairs]
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

        return [tag_text(text, windows) for text, windows in zip(texts, self._runs(texts, workers), strict=True)]

    def word_probabilities(self, rows: Sequence[Sequence[str]], workers: int = 1) -> list[npt.NDArray[np.float64]]:
        """Return the probability of every tag class for given words.

        Args:
            rows: the words of each text; none of them empty.
            workers: as in `probabilities`.

        Returns:
            For each text float64 [words, classes]. A word beyond the model's length is outside any entity.

        Raises:
            BundleError, UsageError: as `tags`; HUB-E013 too when a text stands where words are needed.
        """
        self._require("spans")
        if any(isinstance(words, str) or not all(words) for words in rows):
            raise UsageError("HUB-E013", "no words were given", "each text is a sequence of words, none of them empty")
        from hub.edge.words import tag_words

        texts = [" ".join(words) for words in rows]
        return [tag_words(words, found) for words, found in zip(rows, self._runs(texts, workers), strict=True)]

    def word_tags(self, rows: Sequence[Sequence[str]], workers: int = 1) -> list[tuple[str, ...]]:
        """Return the most probable tag of each given word; see `word_probabilities`."""
        return [tuple(self.labels[i] for i in words.argmax(axis=1)) for words in self.word_probabilities(rows, workers)]

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
        runs = self._runs(inputs, workers)
        found = np.zeros((len(runs), len(self.labels)))
        for row, windows in enumerate(runs):
            if len(windows) == 1:
                found[row] = windows[0][1]
            else:
                found[row] = np.mean([scores for _, scores in windows], axis=0, dtype=np.float64)
        return found, [len(windows) for windows in runs]

    def _runs(self, inputs: Inputs, workers: int) -> list[list[tuple[Any, Scores]]]:
        """Run the model; return for each input its pieces, each with its scores: [labels], or [tokens, classes]."""
        pieces, owners = self.reader.pieces(inputs)
        size = self.reader.max_batch if self.manifest.variants[self.variant].batch_invariant else 1
        order = sorted(range(len(pieces)), key=lambda i: self.reader.size(pieces[i]))
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        found: list[Scores] = [np.zeros(0, dtype=np.float32)] * len(pieces)

        def run(batch: list[int]) -> None:
            chosen = [pieces[i] for i in batch]
            for i, piece, scores in zip(batch, chosen, self._scores(chosen), strict=True):
                found[i] = scores[: self.reader.size(piece)] if self.kind.answers == "spans" else scores

        _each(run, batches, workers)
        runs: list[list[tuple[Any, Scores]]] = [[] for _ in range(owners[-1] + 1 if owners else 0)]
        for owner, piece, scores in zip(owners, pieces, found, strict=True):
            runs[owner].append((piece, scores))
        return runs

    def _scores(self, pieces: Sequence[Any]) -> Scores:
        """Return what the model says about a batch: [batch, labels], or [batch, longest, classes]."""
        scores = self._runtime.run(self.reader.feeds(pieces, self._runtime.inputs))
        wanted = [len(pieces), len(self.labels)]
        if self.kind.answers == "spans":
            wanted.insert(1, max(map(self.reader.size, pieces)))
        if list(scores.shape) != wanted:
            raise BundleError(
                "HUB-E010",
                f"the model of {self.manifest.name!r} gave scores of shape {list(scores.shape)}",
                f"{len(pieces)} inputs and {len(self.labels)} labels need {wanted}",
            )
        if not np.isfinite(scores).all():
            raise BundleError("HUB-E010", f"the model of {self.manifest.name!r} gave a score that is not a number")
        return scores


def _each(run: Callable[[list[int]], None], batches: Sequence[list[int]], workers: int) -> None:
    """Run every batch, several at a time when asked to."""
    if workers > 1 and len(batches) > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, batches))
    else:
        for batch in batches:
            run(batch)
