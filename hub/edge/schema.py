"""bundle.json as frozen dataclasses, and the checks on reading one that strangers wrote."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from hub.contract.errors import BundleError
from hub.contract.kinds import KINDS, Kind
from hub.contract.results import GateResult, Latency
from hub.edge.answers import entity_types
from hub.edge.out_of_domain import METHODS, unpacked

SCHEMA_VERSION = 1
_UNWRITTEN = {"unwritten": True}
"""Marks a field that came later: its default is not written, so that older bundles keep their bytes."""

MANIFEST = "bundle.json"
MAX_PATH = 200
MAX_TARGETS = 16


@dataclass(frozen=True)
class LabelEntry:
    """A label of the model, in the order of its outputs."""

    id: str
    name: str


@dataclass(frozen=True)
class FileEntry:
    """Size and hash of a file of the bundle."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class SessionOptions:
    """How a variant is run, found by measuring at build time.

    Args:
        threads: intra-op threads.
        disabled_optimizers: names of ONNX Runtime graph optimizers to switch off; of the format ``onnx``.
        options: of the runtime of another format.
    """

    threads: int = 1
    disabled_optimizers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, metadata=_UNWRITTEN)


@dataclass(frozen=True)
class Variant:
    """One executable form of the model.

    Args:
        file: path in the bundle, with ``/``.
        format: exporter name, ``onnx``.
        precision: ``fp32``, ``int8``.
        fetch_bytes: bytes that pulling this variant fetches (DESIGN section 3).
        batch_invariant: a text's answer does not depend on its neighbours in a batch.
        session: how to run it.
        scores: slice name to metric name to value.
        latency: by token count as text (``"16"``).
        requires: instruction sets without which it must not run; empty for portable variants.
    """

    file: str
    format: str
    precision: str
    fetch_bytes: int
    batch_invariant: bool
    session: SessionOptions = field(default_factory=SessionOptions)
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    latency: Mapping[str, Latency] = field(default_factory=dict)
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Abstention:
    """When to say "ask a person": below ``threshold`` of confidence the prediction abstains.

    The confidence is the probability of the predicted label; where a row may have any number of labels, that of the
    least certain label; of an entity its score.

    Args:
        target_precision: precision aimed at on the calibration rows, 0..1.
        threshold: lowest accepted confidence, 0..1.
        coverage: share of the calibration rows (or found entities) at or above the threshold, 0..1.
        precision: share of those that are right, 0..1.
        guarantee: probability over draws of calibration rows that the precision on rows like them is at least
            ``target_precision``, 0..1; 0 when they were too few, or not right often enough, to say so.
    """

    target_precision: float
    threshold: float
    coverage: float
    precision: float
    guarantee: float = field(default=0.0, metadata=_UNWRITTEN)


@dataclass(frozen=True)
class OutOfDomain:
    """When a text is unlike those that the model was built from; see `hub.edge.out_of_domain`.

    Args:
        method: how the score is computed, one of `hub.edge.out_of_domain.METHODS`.
        threshold: texts with a lower score are out of domain.
        coverage: share of the calibration rows at or above the threshold, 0..1.
        pieces: what the score is computed from, as `hub.edge.out_of_domain.PieceScores.packed` writes it.
    """

    method: str
    threshold: float
    coverage: float
    pieces: str


@dataclass(frozen=True)
class Manifest:
    """The whole of bundle.json.

    Args:
        schema: `SCHEMA_VERSION`.
        name: short name of the bundle.
        task: ``domain/task``; of a model that was made elsewhere the name of its kind.
        kind: the task's kind.
        labels: in output order: label ids; for token-classification the tag classes
            (`hub.edge.answers.tag_classes`, or those of others that `hub.edge.answers.tag_meanings` reads); for
            tabular-regression one entry ``value`` with the number's name; none for vectors, answers and gaps.
        max_length: tokens read of a text, special tokens included; 0 for tables.
        inputs: names of the graph's inputs.
        output: name of the graph's output, logits; of several the first.
        variants: by name.
        default_variant: profile name to variant name; ``portable`` is always there.
        files: every file of the bundle but bundle.json, by path with ``/``.
        headline: slice and metric that gates and rankings use.
        abstention: thresholds, by variant name.
        window_stride: tokens that neighbouring windows of a long text share; 0: long texts are cut.
        thresholds: variant name to label id to threshold. Multi-label: a label is predicted at or above its
            own (0..1). One label a row: the label with the largest ratio of probability to threshold is
            predicted. Empty: 0.5 for each, and the most probable label.
        unit: of the predicted number, ``""`` when it has none.
        outputs: names of the graph's outputs when several are its scores; empty: ``output`` alone.
        target_precisions: thresholds for several target precisions, by variant name, lowest target first.
        out_of_domain: when a text is unlike the training rows, for all variants.
        failed: the bundle was kept although gates were missed.
        gates: what was required and measured.
        machine: where the figures were measured.
        provenance: code version, packages, data fingerprint, recipe, seeds, licences.
    """

    schema: int
    name: str
    task: str
    kind: str
    labels: tuple[LabelEntry, ...]
    max_length: int
    inputs: tuple[str, ...]
    output: str
    variants: Mapping[str, Variant]
    default_variant: Mapping[str, str]
    files: Mapping[str, FileEntry]
    headline: Mapping[str, str] = field(default_factory=dict)
    abstention: Mapping[str, Abstention] = field(default_factory=dict)
    gates: tuple[GateResult, ...] = ()
    machine: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    window_stride: int = 0
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unit: str = ""
    outputs: tuple[str, ...] = field(default=(), metadata=_UNWRITTEN)
    failed: bool = field(default=False, metadata=_UNWRITTEN)
    target_precisions: Mapping[str, tuple[Abstention, ...]] = field(default_factory=dict, metadata=_UNWRITTEN)
    out_of_domain: OutOfDomain | None = field(default=None, metadata=_UNWRITTEN)


def to_json(value: Any) -> dict[str, Any]:
    """Return a dataclass of results as plain JSON values: tuples become lists."""
    return typing.cast("dict[str, Any]", _plain(value))


def from_json(value: Any) -> Manifest:
    """Read and check a manifest.

    Args:
        value: parsed JSON of unknown origin.

    Raises:
        BundleError: HUB-E002, not a manifest of this schema, with the field that is wrong.
    """
    if isinstance(value, dict) and value.get("schema") not in (None, SCHEMA_VERSION):
        raise _bad("schema", f"this program reads version {SCHEMA_VERSION}, the bundle has {value['schema']!r}")
    manifest: Manifest = read(Manifest, value)
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    kind = KINDS.get(manifest.kind)
    _check_labels(manifest, kind)
    if kind is None or kind.reads == "text":
        if not 2 <= manifest.max_length <= 1_000_000:
            raise _bad("max_length", "it must be between 2 and 1,000,000")
        if not 0 <= manifest.window_stride < manifest.max_length:
            raise _bad("window_stride", "it must be at least 0 and less than max_length")
    if manifest.outputs and (len(set(manifest.outputs)) != len(manifest.outputs) or len(manifest.outputs) > 16):
        raise _bad("outputs", "a name is repeated, or they are more than 16")
    for path, entry in manifest.files.items():
        check_path(path)
        if entry.bytes < 0:
            raise _bad(f"files.{path}.bytes", "it must be at least 0")
    for name, variant in manifest.variants.items():
        check_path(variant.file)
        if variant.file not in manifest.files:
            raise _bad(f"variants.{name}.file", f"{variant.file!r} has no hash in 'files'")
        if not 1 <= variant.session.threads <= 1024:
            raise _bad(f"variants.{name}.session.threads", "it must be between 1 and 1024")
    _check_trust(manifest, kind)
    if "portable" not in manifest.default_variant:
        raise _bad("default_variant", "there is none for the profile 'portable'")
    for profile, name in manifest.default_variant.items():
        if name not in manifest.variants:
            raise _bad(f"default_variant.{profile}", f"there is no variant {name!r}")


def _check_trust(manifest: Manifest, kind: Kind | None) -> None:
    for name, abstention in manifest.abstention.items():
        _check_shares(abstention, f"abstention.{name}")
    for name, found in manifest.target_precisions.items():
        targets = [entry.target_precision for entry in found]
        if len(found) > MAX_TARGETS or any(low >= high for low, high in itertools.pairwise(targets)):
            raise _bad(f"target_precisions.{name}", f"they must be at most {MAX_TARGETS}, each above the one before")
        for number, entry in enumerate(found):
            _check_shares(entry, f"target_precisions.{name}[{number}]")
    if (score := manifest.out_of_domain) is not None:
        if score.method not in METHODS or (kind is not None and kind.reads != "text"):
            raise _bad("out_of_domain.method", f"there is no method {score.method!r} for {manifest.kind}")
        _check_shares(score, "out_of_domain", but=("threshold",))
        try:
            unpacked(score.pieces)
        except ValueError as error:
            raise _bad("out_of_domain.pieces", str(error)) from error


def _check_shares(entry: Abstention | OutOfDomain, where: str, but: Collection[str] = ()) -> None:
    """Refuse numbers of an entry that are no shares or probabilities."""
    for part in dataclasses.fields(entry):
        value = getattr(entry, part.name)
        if part.name not in but and isinstance(value, float) and not 0.0 <= value <= 1.0:
            raise _bad(f"{where}.{part.name}", "it must be between 0 and 1")


def _check_labels(manifest: Manifest, kind: Kind | None) -> None:
    ids = [label.id for label in manifest.labels]
    answers = kind.answers if kind else "label"
    # Yes or no is a question of one label; a classifier needs two, a number has one name.
    none = dict.fromkeys(("vector", "answer", "fill"), (0, 0))
    least, most = (none | {"label": (2, 100_000), "number": (1, 1)}).get(answers, (1, 100_000))
    if not least <= len(ids) <= most:
        wanted = {0: "none", 1: "one entry"}.get(most, f"between {least} and {most:,} labels")
        raise _bad("labels", f"a model that answers {answers} has {wanted}")
    if len(set(ids)) != len(ids):
        raise _bad("labels", "an id is repeated")
    if answers == "spans":
        try:
            entity_types(ids)
        except ValueError as error:
            raise _bad("labels", str(error)) from error
    least_threshold = 0.0 if answers == "labels" else 1e-9  # one label a row divides by it
    for variant, thresholds in manifest.thresholds.items():
        if answers not in ("label", "labels") or set(thresholds) != set(ids):
            raise _bad(f"thresholds.{variant}", "it must have one threshold for each label that can be predicted")
        if not all(least_threshold <= threshold <= 1.0 for threshold in thresholds.values()):
            raise _bad(f"thresholds.{variant}", f"each must be between {least_threshold:g} and 1")


def check_path(path: str) -> str:
    """Return ``path`` if it is relative, stays inside the bundle and means the same on every system.

    Raises:
        BundleError: HUB-E003.
    """
    pure = PurePosixPath(path)
    strange = any(character in '\\:*?"<>|' or not character.isprintable() for character in path)
    outside = pure.is_absolute() or ".." in pure.parts or not pure.parts
    if strange or outside or str(pure) != path or len(path) > MAX_PATH:
        raise BundleError("HUB-E003", f"path {path!r} is not allowed in a bundle", "paths are relative and stay inside")
    return path


def _bad(where: str, why: str) -> BundleError:
    return BundleError("HUB-E002", f"bundle.json is wrong at {where!r}", why, "get the bundle again or build it again")


def read(hint: Any, value: Any, where: str = "") -> Any:
    """Check parsed JSON against a type hint and build what it describes.

    Args:
        hint: a dataclass, ``tuple[X, ...]``, ``Mapping[str, X]``, ``X | None``, a plain type, or ``Any``.
        value: parsed JSON of unknown origin; keys that the dataclass lacks are ignored.
        where: path of the value, for messages.

    Raises:
        BundleError: HUB-E002, naming the field that is wrong.
    """
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _read_dataclass(hint, value, where)
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        wanted = next(part for part in typing.get_args(hint) if part is not type(None))
        return None if value is None else read(wanted, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise _bad(where, "it must be a list")
        item = typing.get_args(hint)[0]
        return tuple(read(item, entry, f"{where}[{i}]") for i, entry in enumerate(value))
    if origin is not None:
        if not isinstance(value, dict):
            raise _bad(where, "it must be an object")
        item = typing.get_args(hint)[1]
        return {key: read(item, entry, f"{where}.{key}") for key, entry in value.items()}
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 2**53 else math.inf
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise _bad(where, f"it must be a {hint.__name__}")
    if hint is int and abs(value) >= 2**63:
        raise _bad(where, "it has more than 64 bits")
    return value


def _written(entry: dataclasses.Field[Any], value: Any) -> bool:
    """Return whether `to_json` writes a field of a dataclass."""
    return not entry.metadata.get("unwritten") or bool(getattr(value, entry.name))


@functools.cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read_dataclass(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _bad(where or MANIFEST, "it must be an object")
    hints = _hints(typing.cast("Any", kind))
    built = {}
    for entry in dataclasses.fields(kind):
        place = f"{where}.{entry.name}" if where else entry.name
        if entry.name in value:
            built[entry.name] = read(hints[entry.name], value[entry.name], place)
        elif entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING:
            raise _bad(place, "it is missing")
    return kind(**built)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {e.name: _plain(getattr(value, e.name)) for e in dataclasses.fields(value) if _written(e, value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
