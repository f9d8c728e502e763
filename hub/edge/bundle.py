"""Open a bundle and ask it: text in, calibrated probabilities out, on a CPU, without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, MissingError, UsageError, nearest
from hub.edge.folder import TOKENIZER, file_states, locate, needed, read_manifest
from hub.edge.schema import Manifest, Variant

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime

PROFILES = ("portable", "x86-avx2", "x86-vnni", "arm64", "wasm", "this-machine")
KINDS = ("text-classification",)
MAX_BATCH = 16
"""Texts in one run of a batch-invariant variant; more gains nothing on a CPU and costs memory."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one text.

    Args:
        label: id of the most probable label.
        name: its readable name.
        score: its probability, 0..1.
        top: the most probable labels with their probabilities, best first.
        abstained: ``score`` is below the threshold: a person should decide.
    """

    label: str
    name: str
    score: float
    top: tuple[tuple[str, float], ...]
    abstained: bool


class Bundle:
    """An opened bundle; make one with `Bundle.open`.

    Attributes:
        folder: where its files are.
        manifest: its bundle.json.
        variant: name of the variant that runs.
        labels: label ids, in the order of the columns of `probabilities`.
        warnings: sentences about what is unusual but harmless, such as a changed README.md.
    """

    def __init__(self, folder: Path, manifest: Manifest, variant: str, threads: int | None = None) -> None:
        from hub.edge.encode import Encoder

        self.folder = folder
        self.manifest = manifest
        self.variant = variant
        self.labels = tuple(label.id for label in manifest.labels)
        self.warnings: tuple[str, ...] = ()
        self._names = {label.id: label.name or label.id for label in manifest.labels}
        self.encoder = Encoder(folder / TOKENIZER, manifest.max_length)
        self._runtime = _runtime(folder, manifest, manifest.variants[variant], threads)

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
                cannot run the variant, HUB-E010 model, HUB-E011 tokenizer.
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
        chosen = _choose(folder, manifest, variant, profile)
        _require_machine(manifest, chosen)
        warnings = list(_check_files(folder, manifest, manifest.variants[chosen])) if verify else []
        if variant is None and chosen != _default(manifest, profile):
            warnings.append(f"the variant {_default(manifest, profile)!r} is not here; {chosen!r} is used")
        bundle = cls(folder, manifest, chosen, threads)
        bundle.warnings = tuple(warnings)
        return bundle

    def predict(
        self, texts: Sequence[str], top: int = 3, min_confidence: float | None = None, workers: int = 1
    ) -> list[Prediction]:
        """Classify texts.

        Args:
            texts: at most 1,000,000 characters each; what lies beyond the model's length in tokens is not seen.
            top: labels listed in ``Prediction.top``, at least 1.
            min_confidence: abstain below this probability (0..1); by default below the bundle's own threshold.
            workers: as in `probabilities`.

        Returns:
            One prediction a text, in order.

        Raises:
            UsageError: HUB-E013, ``top``, ``min_confidence`` or ``texts`` cannot be used.
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
        """
        if top < 1:
            raise UsageError("HUB-E013", f"top is {top}", "at least one label is listed")
        threshold = self.threshold if min_confidence is None else min_confidence
        if not 0.0 <= threshold <= 1.0:
            raise UsageError("HUB-E013", f"the confidence {threshold} is no probability", "it must be between 0 and 1")
        return [self._prediction(row, top, threshold) for row in self.probabilities(texts, workers)]

    def probabilities(self, texts: Sequence[str], workers: int = 1) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of every label.

        A variant whose answers depend on the neighbours in a batch is run one text at a time, others in
        batches of texts of similar length.

        Args:
            texts: as in `predict`.
            workers: texts (or batches) computed at the same time, each with the variant's own threads.

        Returns:
            float64 of shape [texts, labels]; each row sums to 1.

        Raises:
            BundleError: HUB-E010 the model failed, HUB-E012 a text cannot be read.
        """
        encodings = self.encoder.encode(texts)
        logits = np.empty((len(encodings), len(self.labels)), dtype=np.float64)
        size = MAX_BATCH if self.manifest.variants[self.variant].batch_invariant else 1
        order = sorted(range(len(encodings)), key=lambda i: len(encodings[i].ids))
        batches = [order[start : start + size] for start in range(0, len(order), size)]

        def run(batch: list[int]) -> None:
            feeds = self.encoder.feeds([encodings[i] for i in batch], self._runtime.inputs)
            logits[batch] = self._scores(feeds, len(batch))

        if workers > 1 and len(batches) > 1:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(run, batches))
        else:
            for batch in batches:
                run(batch)
        return softmax(logits)

    @property
    def threshold(self) -> float:
        """Probability below which the running variant abstains; 0 when the bundle sets none."""
        abstention = self.manifest.abstention.get(self.variant)
        return abstention.threshold if abstention else 0.0

    def _scores(self, feeds: dict[str, npt.NDArray[np.int64]], rows: int) -> npt.NDArray[np.float32]:
        scores = self._runtime.run(feeds)
        if scores.shape != (rows, len(self.labels)):
            raise BundleError(
                "HUB-E010",
                f"the model of {self.manifest.name!r} gave scores of shape {list(scores.shape)}",
                f"{rows} texts and {len(self.labels)} labels need {[rows, len(self.labels)]}",
            )
        if not np.isfinite(scores).all():
            raise BundleError("HUB-E010", f"the model of {self.manifest.name!r} gave a score that is not a number")
        return scores

    def _prediction(self, row: npt.NDArray[np.float64], top: int, threshold: float) -> Prediction:
        best = np.argsort(-row, kind="stable")[:top]
        listed = tuple((self.labels[i], float(row[i])) for i in best)
        label, score = listed[0]
        return Prediction(label, self._names[label], score, listed, score < threshold)


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return probabilities, float64 [rows, labels], of finite scores of the same shape."""
    wide = np.asarray(logits, dtype=np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def _runtime(folder: Path, manifest: Manifest, variant: Variant, threads: int | None) -> Runtime:
    if variant.format != "onnx":
        raise MissingError(
            "HUB-E007",
            f"nothing here runs the format {variant.format!r} of {variant.file}",
            "this version runs onnx",
            "choose another variant",
        )
    from hub.edge.encode import INPUTS
    from hub.edge.onnx import OnnxRuntime

    session = variant.session
    options = {
        "threads": session.threads if threads is None else threads,
        "disabled_optimizers": session.disabled_optimizers,
        "output": manifest.output,
    }
    runtime = OnnxRuntime(folder / variant.file, options)
    strange = sorted(set(runtime.inputs) - set(INPUTS))
    if strange or not runtime.inputs:
        why = f"it wants {', '.join(strange)}" if strange else "it has no input"
        raise BundleError("HUB-E010", f"{variant.file} is not a model of texts", why, f"inputs are {', '.join(INPUTS)}")
    return runtime


def _default(manifest: Manifest, profile: str) -> str:
    return manifest.default_variant.get(profile) or manifest.default_variant["portable"]


def _choose(folder: Path, manifest: Manifest, variant: str | None, profile: str) -> str:
    if variant is not None:
        if variant not in manifest.variants:
            raise UsageError(
                "HUB-E008", f"there is no variant {variant!r} in {folder}", nearest(variant, manifest.variants)
            )
        return variant
    if profile not in PROFILES and profile not in manifest.default_variant:
        raise UsageError("HUB-E008", f"there is no profile {profile!r}", nearest(profile, PROFILES))
    default = _default(manifest, profile)
    if (folder / manifest.variants[default].file).exists():
        return default
    for name, other in manifest.variants.items():
        if not other.requires and (folder / other.file).exists():
            return name
    return default


def _require_machine(manifest: Manifest, name: str) -> None:
    needed = manifest.variants[name].requires
    if needed:
        from hub.edge import machine

        machine.require(needed, f"variant {name!r} of {manifest.name!r}")


def _check_files(folder: Path, manifest: Manifest, chosen: Variant) -> list[str]:
    """Refuse files that were changed or are missing; return sentences about the harmless ones."""
    if TOKENIZER not in manifest.files:
        raise BundleError("HUB-E005", f"bundle {manifest.name!r} lists no {TOKENIZER}", "it cannot be checked without")
    warnings = []
    for file in file_states(folder, manifest):
        where = f"{file.path} in {folder}"
        if file.state == "outside":
            raise BundleError("HUB-E003", f"{where} leads out of the bundle", "it is a link", "copy the file itself")
        if file.state == "changed" and file.informative:
            warnings.append(f"{file.path} was changed after the bundle was built")
        elif file.state == "changed":
            raise BundleError(
                "HUB-E004",
                f"{where} was changed",
                "its hash is not the one in bundle.json",
                "get the bundle again or build it again",
            )
        elif file.state == "absent" and needed(file.path, manifest, chosen):
            raise BundleError("HUB-E005", f"{where} is missing", "bundle.json lists it", "get the bundle again")
    return warnings
