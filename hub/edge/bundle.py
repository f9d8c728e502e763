"""Open a bundle and ask it: texts or rows in, calibrated answers out, on a CPU, without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, UsageError
from hub.contract.kinds import KINDS
from hub.edge.abstaining import threshold_for
from hub.edge.answering import Answering, least_confidence
from hub.edge.answers import entity_types, tag_classes
from hub.edge.answers import softmax as softmax  # other modules take it from here
from hub.edge.folder import locate, read_manifest
from hub.edge.machine import cores
from hub.edge.model import Model
from hub.edge.opening import PROFILES as PROFILES
from hub.edge.opening import check_files, choose_variant, notice, open_runtime, require_machine
from hub.edge.parts import Part, in_order, inputs_of, is_table, parts_of, parts_of_stream, with_errors
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
)
from hub.edge.reading import Row, TableReader, TextReader, reader_of
from hub.edge.remote import local_folder
from hub.edge.schema import Manifest
from hub.edge.sessions import Sessions

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime
    from hub.edge.encode import Encoder, Text
    from hub.edge.table import Preprocessor

    Inputs = Sequence[Text] | Sequence[Row]

Result = TypeVar("Result")

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

    It may be shared between threads, and a process that has one may fork: the child opens the model again when it
    first asks, with the same answers.

    Attributes:
        folder: where its files are.
        manifest: its bundle.json.
        kind: what it reads and how it answers.
        variant: name of the variant that runs.
        threads: that one input, or many of them together, are computed with.
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
        self.reader = reader_of(folder, manifest, self.kind.reads)
        entry, names = manifest.variants[variant], self.reader.names
        self.threads = min(entry.session.threads, cores()) if threads is None else threads

        def make(threads: int) -> Runtime:
            runtime = open_runtime(folder, manifest, entry, threads, names)
            return wrap(runtime) if wrap else runtime

        self._model = Model(manifest, variant, self.reader, Sessions(folder / entry.file, make, self.threads))
        self._asked = Answering(manifest, self._model, self.classes, self.thresholds)

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
            path: the folder, a .zip file of it, or ``org/name`` of a published bundle (`hub.edge.remote`). When a build
                was stopped while it replaced this folder, the old bundle is opened.
            variant: which one to run; by default that of ``profile``, or, where that was not pulled or needs
                instructions that this machine lacks, the portable one or the first that can run, with a warning.
            profile: one of `PROFILES`; where the bundle has no variant of its own for it, ``portable`` is used.
            verify: compare the files with the hashes in bundle.json.
            threads: in place of those the bundle was measured with. One input is computed by all of them together,
                many at once by each of them alone.

        Raises:
            BundleError: HUB-E001 no bundle, HUB-E002 wrong bundle.json, HUB-E003 a file leaves the folder,
                HUB-E004 a file was changed, HUB-E005 a file is missing, HUB-E006 kind, HUB-E009 this machine
                cannot run the variant, HUB-E010 model, HUB-E011 tokenizer or preprocessor, HUB-E019 .zip.
            MissingError: HUB-E007, nothing is installed that runs the variant's format.
            UsageError: HUB-E008, unknown variant or profile.
        """
        folder = locate(local_folder(path, variant, profile))
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
        if variant is None:
            warnings += notice(manifest, profile, chosen)
        bundle = cls(folder, manifest, chosen, threads)
        bundle.warnings = tuple(warnings)
        return bundle

    def predict(
        self, inputs: Inputs, top: int = 3, min_confidence: float | None = None, workers: int | None = None
    ) -> list[Any]:
        """Answer texts or rows of a table.

        The answer to an input does not depend on its neighbours, their order or the number of threads: to 1e-5 where
        the variant is batch-invariant, and exactly otherwise.

        Args:
            inputs: texts or pairs of texts, at most 1,000,000 characters each; what lies beyond the model's length
                in tokens (or beyond `hub.edge.encode.MAX_WINDOWS` windows) is not seen. Questions are pairs with
                their context; gaps are written as the tokenizer's mask token. For tables mappings of column to
                value, a table (`hub.edge.table.rows_of`), or numbers of numpy [rows, columns] in the order of
                ``columns``. `hub.edge.parts.inputs_of` has the rest.
            top: labels listed in ``top`` of an answer, or tokens for each gap, at least 1.
            min_confidence: abstain below this probability (0..1); by default below the bundle's own threshold.
                Entities below it are left out. Numbers, vectors and gaps have none.
            workers: inputs (or batches of them) computed at the same time, each with one thread; by default
                ``threads``.

        Returns:
            One answer an input, in order, as the bundle's kind answers: see `hub.edge.predictions.AnyPrediction`.

        Raises:
            UsageError: HUB-E013, ``top``, ``min_confidence``, ``workers`` or ``inputs`` cannot be used.
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read, and those of the preprocessor.
        """
        least = least_confidence(self, top, min_confidence)
        return [*chain.from_iterable(self._over(lambda part: self._asked.answers(part, top, least), inputs, workers))]

    def predict_iter(
        self,
        stream: Iterable[Any],
        batch: int | None = None,
        top: int = 3,
        min_confidence: float | None = None,
        workers: int | None = None,
        errors: bool = False,
    ) -> Iterator[Any]:
        """Answer a stream in flat memory.

        Args:
            stream: texts or rows as in `predict`, read in the caller's thread; or a table.
            batch: inputs read before the first of them is answered, at least 1; by default up to 512. With several
                workers up to three times as many for each are read ahead.
            top: as in `predict`.
            min_confidence: as in `predict`.
            workers: as in `predict`.
            errors: an input that cannot be answered does not end the iterator: the `HubError` stands for its answer.

        Returns:
            An iterator of the answers, in order.

        Raises:
            UsageError, BundleError: as `predict`; those of an input when its batch is reached.
        """
        least, workers = least_confidence(self, top, min_confidence), self._workers(workers)
        size = self._model.most if batch is None else batch
        if size < 1:
            raise UsageError("HUB-E013", f"batch is {size}", "at least one input is read")
        if isinstance(stream, str) or is_table(stream):
            parts: Iterable[Part] = parts_of(inputs_of(stream, self.kind.reads), size, workers)
        else:
            parts = parts_of_stream(stream, size, workers)

        def answers(part: Part) -> list[Any]:
            return self._asked.answers(part, top, least)

        asked = partial(with_errors, answers) if errors else answers
        return chain.from_iterable(in_order(asked, parts, workers))

    def _workers(self, workers: int | None) -> int:
        if workers is not None and workers < 1:
            raise UsageError("HUB-E013", f"workers is {workers}", "at least one is needed")
        return self.threads if workers is None else workers

    def _over(self, function: Callable[[Part], Result], inputs: Any, workers: int | None) -> Iterator[Result]:
        """Apply a function to all inputs, part by part, and give what it returns in their order."""
        asked = self._workers(workers)
        return in_order(function, parts_of(inputs_of(inputs, self.kind.reads), self._model.most, asked), asked)

    def probabilities(self, inputs: Inputs, workers: int | None = None) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of every label; thresholds are not applied.

        A variant whose answers depend on the neighbours in a batch is run one input at a time, others in
        batches of texts of similar length. The scores of a long text's windows are averaged before they become
        probabilities.

        Args:
            inputs: as in `predict`.
            workers: as in `predict`.

        Returns:
            float64 of shape [inputs, labels]; each row sums to 1, unless an input may have any number of labels.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
            UsageError: HUB-E013, the bundle does not answer with labels.
        """
        self._require("label", "labels")
        found = self._over(lambda part: self._asked.probabilities(part)[0], inputs, workers)
        return np.concatenate([np.zeros((0, len(self.labels))), *found])

    def values(self, inputs: Inputs, workers: int | None = None) -> npt.NDArray[np.float64]:
        """Return the numbers of rows, float64 [rows], in the bundle's unit.

        Args:
            inputs: as in `predict`.
            workers: as in `predict`.

        Raises:
            BundleError: HUB-E010 the model failed, and those of the preprocessor.
            UsageError: HUB-E013, the bundle does not answer with a number.
        """
        self._require("number")
        found = self._over(lambda part: self._asked.means(part)[0][:, 0], inputs, workers)
        return np.concatenate([np.zeros(0), *found])

    def vectors(self, inputs: Inputs, workers: int | None = None) -> npt.NDArray[np.float32]:
        """Return the embeddings of texts, float32 [texts, hidden] of unit length.

        Args:
            inputs: as in `predict`. Of a long text's windows the mean is taken.
            workers: as in `predict`.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
            UsageError: HUB-E013, the bundle does not answer with vectors.
        """
        self._require("vector")
        found = [*self._over(lambda part: self._asked.vectors(part)[0], inputs, workers)]
        self._asked.one_width({part.shape[1] for part in found})
        return np.concatenate(found) if found else np.zeros((0, 0), dtype=np.float32)

    def gaps(self, inputs: Inputs, workers: int | None = None) -> list[npt.NDArray[np.float64]]:
        """Return the probability of every token of the vocabulary for each gap of texts, float64 [gaps, vocabulary].

        Args:
            inputs: texts or pairs with the tokenizer's mask token where something is missing.
            workers: as in `predict`.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read, or a gap lies too far behind.
            UsageError: HUB-E013, a text has no gap, or the bundle does not fill gaps.
        """
        self._require("fill")
        return [*chain.from_iterable(self._over(self._asked.gaps, inputs, workers))]

    def tags(self, texts: Sequence[str], workers: int | None = None) -> list[TaggedText]:
        """Return the words of texts, as the tokenizer splits them, with the probability of every tag class.

        Args:
            texts: as in `predict`, no pairs.
            workers: as in `predict`.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
            UsageError: HUB-E013, the bundle does not answer with spans, or a pair was given.
        """
        self._require("spans")
        return [*chain.from_iterable(self._over(self._asked.tags, texts, workers))]

    def word_probabilities(
        self, rows: Sequence[Sequence[str]], workers: int | None = None
    ) -> list[npt.NDArray[np.float64]]:
        """Return the probability of every tag class for given words.

        Args:
            rows: the words of each text; none of them empty.
            workers: as in `predict`.

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
        runs = chain.from_iterable(self._over(self._model.runs, texts, workers))
        return [tag_words(words, found, self.labels) for words, found in zip(rows, runs, strict=True)]

    def word_tags(self, rows: Sequence[Sequence[str]], workers: int | None = None) -> list[tuple[str, ...]]:
        """Return the most probable tag of each given word; see `word_probabilities`."""
        found = self.word_probabilities(rows, workers)
        return [tuple(self.classes[i] for i in words.argmax(axis=1)) for words in found]

    @property
    def threshold(self) -> float:
        """Probability below which the running variant abstains; 0 when the bundle sets none."""
        abstention = self.manifest.abstention.get(self.variant)
        return abstention.threshold if abstention else 0.0

    def threshold_for(self, target_precision: float) -> float:
        """Return the ``min_confidence`` for a precision: see `hub.edge.abstaining.threshold_for`."""
        return threshold_for(self.manifest, self.variant, target_precision)

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
