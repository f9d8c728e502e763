"""A recipe: everything that decides a training, as one page of YAML.

Recipes are frozen dataclasses of plain values. `from_mapping` refuses unknown keys by their dotted
name and suggests the nearest one; `with_settings` applies ``--set a.b=c``.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.contract.errors import UsageError, nearest
from hub.contract.recipe_student import Distillation as Distillation
from hub.contract.recipe_tables import Tables
from hub.contract.recipe_training import LOSSES as LOSSES
from hub.contract.recipe_training import Loss as Loss
from hub.contract.recipe_training import Strategy as Strategy
from hub.contract.recipe_training import Training as Training

_CHOICES = {
    "class_weights": ("none", "sqrt", "balanced"),
    "conflicts": ("drop", "keep"),
    "precision": ("auto", "fp32", "bf16"),
    "hidden_layers": ("last", "all"),
    "form": ("layers", "static", "lexical"),
    "optimizer": ("adamw", "sgd", "rmsprop", "adafactor"),
    "schedule": ("cosine", "linear", "constant", "restarts", "plateau"),
    "pooling": ("model", "mean", "unit"),
    "device": ("auto", "cpu", "cuda", "mps"),
}
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("max_rows_per_label", "epoch_rows_per_label", "patience", "seed", "window_stride"), (0, math.inf)),
    **dict.fromkeys(("epochs", "batch_size", "min_piece_count", "vocabulary", "parity_rows", "buckets"), (1, math.inf)),
    **dict.fromkeys(("warmup", "label_smoothing", "dropout", "mask_tokens", "teacher_weight"), (0, 1)),
    **dict.fromkeys(("light_mask_tokens", "light_teacher_weight"), (0, 1)),
    "light_temperature": (0.01, 100),
    **dict.fromkeys(("weight_decay", "clip_norm", "hidden_weight"), (0, math.inf)),
    "max_length": (2, math.inf),
    **dict.fromkeys(("learning_rate", "student_learning_rate"), (1e-9, 1)),
    **dict.fromkeys(("width", "depth", "members", "bins", "embedding", "min_category_rows"), (1, math.inf)),
    **dict.fromkeys(("student_width", "student_epochs"), (1, math.inf)),
    "temperature": (0.01, 100),
    "cost": (1e-6, 1e6),
    "least_share": (0, 100),
    **dict.fromkeys(("momentum", "average_decay", "layer_decay", "beta", "shift", "parent_share"), (0, 1)),
    "augment_share": (0, 1),
    **dict.fromkeys(("cycles", "accumulation", "rank", "pairs"), (1, math.inf)),
    "folds": (0, math.inf),
    **dict.fromkeys(("mixup", "rdrop", "frozen_layers", "unfreeze_epochs", "alpha", "gamma"), (0, math.inf)),
    "ngrams": (1, 3),
    "light_learning_rate": (1e-9, 1),
    "passes": (1, math.inf),
    **dict.fromkeys(("hidden_units", "relation_weight", "unlabelled_rows", "transfer_rows"), (0, math.inf)),
}
"""What `from_mapping` takes, by the last part of the key: both ends belong to the range."""


@dataclass(frozen=True)
class DataOptions:
    """Which rows are used, and which columns of the user's files hold what.

    A column inside a JSON object is named with dots: ``context.text``.

    Args:
        max_rows_per_label: training rows kept of each label at all; 0 keeps all. To balance labels without
            losing rows see ``epoch_rows_per_label`` of `Training`. Where a row has several labels a frequent one may
            keep more; where the answer is a number, each tenth of the rows by its size counts as a label.
        text: column of the input text.
        text_pair: column of the second text, ``""`` for none.
        label: column of the label, or of the number to predict.
        labels: column of the labels of a row that may have several.
        separator: between labels that stand in one text; white space stands for any run of it.
        words: column of a text that is cut into words.
        tags: column of the tags of these words.
        group: column whose rows must stay in one split, ``""`` for none.
        slice: column of your own files whose values name parts of the rows, a ward or a sex, that are scored and
            gated on their own beside all rows; ``""`` for none. Of a table it stays one of the columns to learn from
            unless ``ignore`` names it.
        columns: columns of a table to read; empty for those the task declares or, when it declares none, for all but
            label, group and ``ignore``; ``*`` for these whatever the task declares.
        ignore: columns of a table that are not read.
        categories: columns of a table that hold categories although they look like numbers.
        missing: values of a table that stand for a missing one, beside the empty one.
        ignore_labels: labels, or types of entities, that count as none.
        conflicts: what becomes of training rows with one text and several answers: ``drop`` leaves all of them out,
            ``keep`` takes one row of each answer, for texts of which several are right; splits that are cut get
            none of them, since no model can give all answers. Rows of tables always stay.
        seed: of every split and draw.
    """

    max_rows_per_label: int = 0
    text: str = "text"
    text_pair: str = ""
    label: str = "label"
    labels: str = "labels"
    separator: str = "|"
    words: str = "tokens"
    tags: str = "ner_tags"
    group: str = ""
    slice: str = ""
    columns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    ignore_labels: tuple[str, ...] = ()
    conflicts: str = "drop"
    seed: int = 13


@dataclass(frozen=True)
class Lexical:
    """The lexical branch: a linear model on token pieces and hashed pairs of them, beside the encoder.

    It is fitted in seconds and used where it raises the validation score.

    Args:
        use: fit it at all.
        buckets: rows of its table for pairs.
        cost: C of its linear support vector machine.
    """

    use: bool = True
    buckets: int = 32768
    cost: float = 2.0


@dataclass(frozen=True)
class Compression:
    """How the student becomes small.

    Args:
        trim_vocabulary: keep only the pieces the domain's text needs plus what spells every other word.
        min_piece_count: a piece needs this many uses in the training text to be kept.
        vocabulary: pieces wanted; filled up with the language's most common ones.
        per_channel: int8 weights scaled per output channel.
        reduce_range: 7-bit weights, the same answers on x86 CPUs without VNNI.
    """

    trim_vocabulary: bool = True
    min_piece_count: int = 1
    vocabulary: int = 8192
    per_channel: bool = True
    reduce_range: bool = True


@dataclass(frozen=True)
class Gates:
    """Limits that fail the build when missed. Scores are in points (0..100).

    Args:
        max_drop_points: headline points that int8 may lose against fp32.
        label_drop_points: F1 points any label with ``label_min_rows`` rows may lose.
        label_drop_rows: the loss is also allowed when it is at most this many rows; in a slice of your own
            (``data.slice``) when so many fewer rows are answered right.
        label_min_rows: labels and slices of your own with fewer test rows are reported, not gated; nor are slices
            of numbers.
        parity: largest difference in probability between PyTorch and fp32 ONNX.
        parity_rows: rows compared.
        min_teacher_share: percent of the teacher's headline score the default variant keeps.
    """

    max_drop_points: float = 1.0
    label_drop_points: float = 5.0
    label_drop_rows: int = 3
    label_min_rows: int = 20
    parity: float = 1e-4
    parity_rows: int = 200
    min_teacher_share: float = 95.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training.

    Args:
        name: name in lists.
        summary: one line.
        base: ``packaged`` (all-MiniLM-L6-v2 from pip), a local folder, or a Hub id ``org/model[@revision]``.
        max_length: tokens read of a text, special tokens included.
        window_stride: above 0 a longer text is read in windows of ``max_length`` that share so many tokens, and
            their scores are averaged; 0 cuts it.
        seed: of initialisation and batch order.
        data: which rows.
        teacher: fine-tuning.
        strategy: which weights of the teacher learn.
        loss: what the teacher's training lowers.
        student: distillation.
        lexical: the linear branch of teacher and student.
        table: the networks of tabular tasks.
        compress: trimming and quantization.
        gates: limits.
    """

    name: str = "quick"
    summary: str = ""
    base: str = "packaged"
    max_length: int = 64
    window_stride: int = 0
    seed: int = 13
    data: DataOptions = field(default_factory=DataOptions)
    teacher: Training = field(default_factory=Training)
    strategy: Strategy = field(default_factory=Strategy)
    loss: Loss = field(default_factory=Loss)
    student: Distillation = field(default_factory=Distillation)
    lexical: Lexical = field(default_factory=Lexical)
    table: Tables = field(default_factory=Tables)
    compress: Compression = field(default_factory=Compression)
    gates: Gates = field(default_factory=Gates)

    def to_mapping(self) -> dict[str, Any]:
        """Return nested plain values, tuples as lists, in the order of the fields."""
        return typing.cast("dict[str, Any]", _plain(dataclasses.asdict(self)))

    def with_settings(self, settings: Iterable[str]) -> Recipe:
        """Return a copy with ``a.b=value`` settings applied.

        Args:
            settings: each ``key=value``; keys are dotted, lists are written ``0,2,5``.

        Raises:
            UsageError: HUB-R001 unknown key, HUB-R002 wrong value.
        """
        values = self.to_mapping()
        for setting in settings:
            key, sign, text = setting.partition("=")
            if not sign:
                raise UsageError(
                    "HUB-R002", f"cannot read setting {setting!r}", "there is no '='", "write --set key=value"
                )
            *path, last = key.strip().split(".")
            place: Any = values
            for step in path:
                place = place.get(step) if isinstance(place, dict) else None
            if not isinstance(place, dict) or last not in place or isinstance(place[last], dict):
                raise _unknown(key.strip(), leaf_keys(type(self)))
            # Blanks around a value are not part of it, but a separator may be a blank.
            place[last] = text.strip() or (text if last == "separator" else "")
        return from_mapping(values)


def leaf_keys(kind: type[Any], prefix: str = "") -> list[str]:
    """Return the dotted names of every plain value of a recipe dataclass."""
    keys: list[str] = []
    for name, hint in typing.get_type_hints(kind).items():
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            keys += leaf_keys(hint, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def from_mapping(values: Mapping[str, Any]) -> Recipe:
    """Build a recipe from nested values; missing keys take their defaults.

    Raises:
        UsageError: HUB-R001 unknown key (named, nearest suggested), HUB-R002 wrong type or value.
    """
    return typing.cast("Recipe", _build(Recipe, values, ""))


def _unknown(key: str, known: Iterable[str]) -> UsageError:
    return UsageError("HUB-R001", f"unknown recipe key {key!r}", nearest(key, known), "see: hub recipes show NAME")


def _build(kind: type[Any], values: Any, prefix: str) -> Any:
    if not isinstance(values, Mapping):
        where = prefix.rstrip(".") or "the recipe"
        raise UsageError("HUB-R002", f"{where} must be a mapping, not {type(values).__name__}")
    hints = typing.get_type_hints(kind)
    for key in values:
        if key not in hints:
            raise _unknown(f"{prefix}{key}", [*leaf_keys(Recipe), *(prefix + name for name in hints)])
    built = {}
    for key, value in values.items():
        hint = hints[key]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            built[key] = _build(hint, value, f"{prefix}{key}.")
        else:
            built[key] = _convert(hint, value, f"{prefix}{key}")
    return kind(**built)


def _convert(hint: Any, value: Any, key: str) -> Any:
    """Turn ``value`` (of YAML, or text of the command line) into the field's type."""
    try:
        if typing.get_origin(hint) is tuple:
            if isinstance(value, Mapping):
                raise TypeError
            items = value.split(",") if isinstance(value, str) else value
            return tuple(_convert(typing.get_args(hint)[0], item, key) for item in items if item != "")
        if isinstance(hint, types.UnionType):
            raise TypeError
        if hint is bool:
            if isinstance(value, bool):
                return value
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[str(value).lower()]
        if isinstance(value, bool):
            raise ValueError
        if hint is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        if hint is str and not isinstance(value, str):
            raise ValueError
        return _checked(hint(value), key)
    except (KeyError, TypeError, ValueError) as error:
        name = getattr(hint, "__name__", str(hint))
        raise UsageError(
            "HUB-R002", f"recipe key {key!r} cannot be {value!r}", f"it takes a value of type {name}"
        ) from error


def _checked(value: Any, key: str) -> Any:
    """Return a number or a word that is in its range."""
    name = key.rpartition(".")[2]
    if value == "" and name == "separator":
        raise UsageError("HUB-R002", f"recipe key {key!r} cannot be empty", "it takes the sign between two labels")
    if isinstance(value, str) and name in _CHOICES and value not in _CHOICES[name]:
        raise UsageError("HUB-R002", f"recipe key {key!r} cannot be {value!r}", nearest(value, _CHOICES[name]))
    if isinstance(value, int | float):
        low, high = _RANGES.get(name, (-math.inf, math.inf))
        if not (math.isfinite(value) and low <= value <= high):
            span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
            reason = f"it takes a number {span}" if math.isfinite(low) else "it takes a finite number"
            raise UsageError("HUB-R002", f"recipe key {key!r} cannot be {value!r}", reason)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
