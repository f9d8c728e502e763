"""The linear probe of a base model: frozen encoder, linear head, seconds. It stands beside the linear baseline in
every report, and ranks base models."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from hub.contract.domain import Metric
from hub.contract.errors import DataError, HubError, UsageError
from hub.contract.recipe import Recipe
from hub.contract.results import ModelResult
from hub.contract.standard_metrics import ENTITIES, MACRO_F1
from hub.edge.encode import Encoder
from hub.edge.files import write_json, written_whole
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import fingerprint, library_versions
from hub.pipeline.stages.checks import check_positions, check_side, check_windows
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.scoring import evaluations, has_thresholds, headline_score, thresholds_of
from hub.train.base import base_fingerprint, find_base, load_model, load_tokenizer, tokenizer_document
from hub.train.batches import EncodedRows
from hub.train.devices import no_memory, out_of_memory
from hub.train.probe import Probe, mean_features, no_entity, probe, read_words

NAME = "linear probe"
RESULT = "probe"
ROWS, VALIDATION_ROWS, TEST_ROWS = 4000, 1000, 6000
"""Rows that are read at most, spread evenly over all of them: more change the score little and cost minutes."""

TOKENS = 128
"""Of a longer text its beginning is read, without windows: whole ones would cost minutes. Words are all read."""

CACHE = "cache"
"""Folder of a run for what may be removed at any time."""

_TOKENIZER = "tokenizer.json"
_METRICS = {
    "label": MACRO_F1,
    "labels": Metric("macro_f1", "hub.contract.metrics_labels:macro_f1", "Mean F1 over the labels"),
    "spans": ENTITIES[0],
}
"""What a probe is scored by where no metric is named, by the form of the answer."""


@dataclass(frozen=True)
class ProbeResult:
    """How far a base model comes without being fine-tuned.

    Args:
        base: its id.
        score: headline metric on validation rows, those of `ROWS` and `VALIDATION_ROWS`.
        metric: its name.
        cost: C of the head, chosen on the same rows.
        rows: training rows that were read.
        validation_rows: validation rows that were read.
        seconds: reading and fitting together, loading not counted.
        features_per_second: rows read a second, on this machine.
        parameters: of encoder and head.
        size_bytes: of their fp32 weights.
        width: of a text's vector.
    """

    base: str
    score: float
    metric: str
    cost: float
    rows: int
    validation_rows: int
    seconds: float
    features_per_second: float
    parameters: int
    size_bytes: int
    width: int


@dataclass
class Reader:
    """A frozen base model that reads rows.

    Args:
        base: as a recipe names it.
        recipe: gives the length of texts.
        train: any rows of the task; they say what is answered.
        cache: folder that keeps what was read; ``None`` keeps nothing.
        rows: read so far, those of the cache not counted.
        seconds: that took.
    """

    base: str
    recipe: Recipe
    train: Rows
    cache: Path | None = None
    rows: int = 0
    seconds: float = 0.0
    _model: Any = field(default=None, repr=False)
    _encoder: Encoder | None = field(default=None, repr=False)

    @property
    def model(self) -> Any:
        """The encoder without a head, in evaluation mode."""
        if self._model is None:
            form = self.train.form
            whole = load_model(find_base(self.base), form.classes, form.answers, seed=self.recipe.seed, dropout=0.0)
            check_positions(whole.config, self.recipe)
            self._model = whole.base_model.eval()
        return self._model

    @property
    def encoder(self) -> Encoder:
        """Its tokenizer, as the edge reads it."""
        if self._encoder is None:
            tokenizer = load_tokenizer(find_base(self.base))
            check_side(tokenizer)
            check_windows(self.recipe, self.train.form.answers)
            document = tokenizer_document(tokenizer)
            longest, stride = self.recipe.max_length, self.recipe.window_stride
            if self.train.form.answers != "spans":
                longest, stride = min(longest, TOKENS), 0
            with tempfile.TemporaryDirectory() as folder:
                write_json(Path(folder) / _TOKENIZER, document)
                self._encoder = Encoder(Path(folder) / _TOKENIZER, longest, stride)
        return self._encoder

    def read(self, rows: Rows) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return the features of rows, float32 [units, width], and which of them were read, bool [units].

        Raises:
            UsageError: HUB-T008, the architecture fails when its encoder is called alone.
        """
        encoded = encode_rows(self.encoder, rows)
        found = self._once(encoded, lambda: self._read(encoded))
        return found, read_words(encoded, len(found))

    def _read(self, encoded: EncodedRows) -> npt.NDArray[np.float32]:
        model, start = self.model, time.perf_counter()
        try:
            found = mean_features(model, encoded)
        except HubError:
            raise
        except Exception as error:  # code of the architecture: an encoder-decoder wants a second input
            if out_of_memory(error):
                raise no_memory(error) from error
            raise UsageError(
                "HUB-T008",
                f"the encoder of the base model {find_base(self.base).id!r} cannot read texts",
                f"{type(error).__name__}: {error}",
                "name another base: --set base=...",
            ) from error
        self.seconds += time.perf_counter() - start
        self.rows += len(encoded)
        return found

    def _once(self, encoded: EncodedRows, read: Callable[[], npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Return what the cache has of these rows; it is written where it has nothing, or what cannot be read."""
        if self.cache is None:
            return read()
        digest = hashlib.sha256()
        for part in (encoded.ids, encoded.types, encoded.places):
            for numbers in part:
                digest.update(np.asarray([len(numbers), *numbers], dtype=np.int64).tobytes())
        digest.update(encoded.owners.tobytes())
        parts = [base_fingerprint(find_base(self.base)), library_versions(), digest.hexdigest()]
        file = self.cache / f"features-{fingerprint(parts)[:16]}.npz"
        if file.is_file():
            try:
                with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                    return np.asarray(stored["features"], dtype=np.float32)
            except (OSError, ValueError, KeyError, BadZipFile):
                file.unlink()  # cut short by a full disk
        found = read()
        self.cache.mkdir(exist_ok=True)
        with written_whole(file) as path, path.open("wb") as target:
            np.savez(target, features=found)
        return found


@dataclass(frozen=True)
class Fitted:
    """A probe that was fitted: its head, its reader, and how it went."""

    head: Probe
    reader: Reader
    result: ProbeResult

    def scores(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Return float32 [units, outputs]; words beyond the model's length are no entity."""
        features, read = self.reader.read(rows)
        return no_entity(self.head.scores(features), read)


def probe_base(
    base_name: str,
    train: Rows,
    validation: Rows,
    recipe: Recipe,
    *,
    metric: Metric | None = None,
    cache: Path | None = None,
) -> ProbeResult:
    """Probe a base model on a task's rows.

    Args:
        base_name: as a recipe names it.
        train: training rows; at most `ROWS` of them are read, spread evenly.
        validation: rows that choose C and give the score; at most `VALIDATION_ROWS`.
        recipe: gives length, windows and seed.
        metric: of the score; by default the macro F1 of labels and the F1 of entities.
        cache: folder that keeps what the encoder said of the rows.

    Raises:
        MissingError, NetworkError, UsageError: as `hub.train.base.find_base` and `load_model`.
        UsageError: HUB-T008, its encoder cannot read texts.
        DataError: HUB-V006, one class only; HUB-V007, there are no rows.
    """
    return fit_probe(base_name, train, validation, recipe, metric=metric, cache=cache).result


def fit_probe(
    base_name: str,
    train: Rows,
    validation: Rows,
    recipe: Recipe,
    *,
    metric: Metric | None = None,
    cache: Path | None = None,
) -> Fitted:
    """Fit a probe, as `probe_base`, and return it with its head."""
    if not len(train) or not len(validation):
        raise DataError("HUB-V007", "a probe needs training and validation rows", "one of the splits is empty")
    reader = Reader(base_name, recipe, train, cache)
    chosen, held_out = finer_words(reader.encoder, train.spread(ROWS)), validation.spread(VALIDATION_ROWS)
    metric = metric or _METRICS[train.form.answers]
    (features, read), (others, known) = reader.read(chosen), reader.read(held_out)
    headline = headline_score(held_out, metric)

    def score(found: npt.NDArray[np.float32]) -> float:
        return headline(held_out.form.probabilities(no_entity(found, known)))

    start = time.perf_counter()
    head = probe(features[read], chosen.truth[read], train.form.outputs, others, score)
    seconds = reader.seconds + time.perf_counter() - start
    weights = sum(p.numel() for p in reader.model.parameters()) + head.weights.size + head.bias.size
    result = ProbeResult(
        base=find_base(base_name).id,
        score=float(score(head.scores(others))),
        metric=metric.name,
        cost=head.cost,
        rows=len(chosen),
        validation_rows=len(held_out),
        seconds=round(seconds, 2),
        features_per_second=round(reader.rows / reader.seconds, 1) if reader.seconds else 0.0,
        parameters=int(weights),
        size_bytes=int(4 * weights),
        width=features.shape[1],
    )
    return Fitted(head, reader, result)


def probe_row(context: Context) -> tuple[ModelResult, ProbeResult]:
    """Fit a probe of the run's base model and read the test rows with it: a row of the result table.

    Its temperature and thresholds are chosen as those of the other models, so that its answers compare.
    """
    train, validation, calibration, test = (
        rows_of(context, name) for name in ("train", "validation", "calibration", "test")
    )
    recipe, metrics = context.recipe, context.request.task.metrics
    fitted = fit_probe(recipe.base, train, validation, recipe, metric=metrics[0], cache=context.run.folder / CACHE)
    form = test.form
    calibration, read_test = calibration.spread(VALIDATION_ROWS), test.spread(TEST_ROWS)
    temperature = form.fit_temperature(fitted.scores(calibration), calibration.truth)

    def read(rows: Rows) -> npt.NDArray[np.float64]:
        return form.probabilities(fitted.scores(rows), temperature)

    thresholds = None
    if has_thresholds(validation):
        chosen = validation.spread(VALIDATION_ROWS)
        thresholds = thresholds_of(chosen, read(chosen))
    of_test = f"; it is scored on {len(read_test):,} of {len(test):,} test rows" if len(read_test) < len(test) else ""
    row = ModelResult(
        name=NAME,
        role="probe",
        parameters=fitted.result.parameters,
        bytes=fitted.result.size_bytes,
        evaluations=evaluations(read_test, read(read_test), metrics, thresholds=thresholds, intervals=True),
        note=(
            f"The linear probe is a linear head on the frozen base model, fitted on {fitted.result.rows:,} of "
            f"{len(train):,} training rows, evenly spread{of_test}."
        ),
    )
    return row, fitted.result
