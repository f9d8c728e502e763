"""Domains, tasks and what belongs to them. Declarations only: nothing runs at import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.contract.augment import AUGMENTATIONS
from hub.contract.kinds import KINDS as KINDS
from hub.contract.kinds import Kind as Kind
from hub.contract.recipe import LOSSES, Recipe
from hub.contract.reference import check_reference

CONTRACT_VERSION = "1.0"
"""Version of this contract. A plugin of another major version is quarantined."""

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_COMMIT = re.compile(r"^[0-9a-f]{40}$")


def check_name(name: str) -> str:
    """Return ``name`` unchanged if it is lower-case words joined by hyphens.

    Raises:
        ValueError: it is not.
    """
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is not lower-case words joined by hyphens")
    return name


@dataclass(frozen=True)
class Label:
    """A label: ``id`` is stored and compared, ``name`` is read by people."""

    id: str
    name: str = ""


@dataclass(frozen=True)
class Licence:
    """A licence as the card names it.

    Args:
        id: SPDX identifier, or ``other``.
        name: the name people know.
        url: where its text is.
        notice: the attribution the bundle's NOTICE carries.
    """

    id: str
    name: str = ""
    url: str = ""
    notice: str = ""


@dataclass(frozen=True)
class HubDataset:
    """Rows on the Hugging Face Hub.

    Args:
        repo: ``org/name`` of a dataset.
        revision: commit hash, 40 hexadecimal digits: rows must not change unseen.
        config: name of its configuration, ``""`` for the only one.
        splits: ours by name, to theirs (``{"train": "train", "validation": "valid"}``); a split that is not named
            is cut from train.
        columns: field of `hub.contract.Example` to column (``{"text": "sentence", "label": "intent"}``).
        labels: value of their label column, as text, to our label id; empty when they are the same, or when the
            column carries their names itself.
        folder: the part of the repository to read, for one that keeps several sets in folders and names no
            configurations (the files that the Hub converts to Parquet do so); ``""`` for all of it.
    """

    repo: str
    revision: str
    config: str = ""
    splits: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""

    def __post_init__(self) -> None:
        if not _COMMIT.match(self.revision):
            raise ValueError(f"dataset {self.repo!r}: revision {self.revision!r} is not a commit of 40 digits")


@dataclass(frozen=True)
class DataSource:
    """Where rows come from: a loader of the plugin, or a dataset on the Hub that the host loads.

    Args:
        name: short name, unique in the task (``packaged``, ``hub``).
        summary: one line.
        loader: reference to ``function(LoadRequest) -> Dataset``; ``""`` when ``hub`` is given.
        licence: of the data.
        offline: loads without a network.
        url: home of the data.
        version: version or pinned revision of the data.
        hub: the dataset, when the host is to load it.
    """

    name: str
    summary: str
    loader: str
    licence: Licence
    offline: bool = True
    url: str = ""
    version: str = ""
    hub: HubDataset | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        if bool(self.loader) == (self.hub is not None):
            raise ValueError(f"source {self.name!r} needs either a loader or a dataset on the Hub")
        if self.loader:
            check_reference(self.loader)
        elif self.offline:
            raise ValueError(f"source {self.name!r} is on the Hub, so it does not load offline")


@dataclass(frozen=True)
class Metric:
    """A number computed from an outcome (`hub.contract.outcomes`) of the form that the task's kind answers in.

    Args:
        name: key in JSON documents and cards, in snake case.
        function: reference to ``function(outcome) -> float``; numpy only.
        summary: one line.
        higher_is_better: direction.
        hub_name: the metric's name on the Hugging Face Hub, if it has one.
    """

    name: str
    function: str
    summary: str = ""
    higher_is_better: bool = True
    hub_name: str = ""

    def __post_init__(self) -> None:
        check_reference(self.function)


@dataclass(frozen=True)
class Feature:
    """A column that tables are read from.

    Args:
        name: of the column.
        kind: ``number`` or ``category``.
        summary: one line, with the unit.
    """

    name: str
    kind: str
    summary: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("number", "category"):
            raise ValueError(f"feature {self.name!r}: kind {self.kind!r} is neither number nor category")


@dataclass(frozen=True)
class TaskLoss:
    """A loss of the plugin's own, which a recipe names: ``loss.name``.

    Args:
        name: none of `hub.contract.recipe_training.LOSSES`.
        function: reference to ``function(logits, truth) -> scalar``, PyTorch tensors imported inside. Logits are
            float32 [units, outputs], a unit is a row or a word; truth is int64 [units], for several labels
            float32 [units, labels] of 0 and 1. The scalar is a mean over the units.
        summary: one line.
    """

    name: str
    function: str
    summary: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_reference(self.function)
        if self.name in LOSSES:
            raise ValueError(f"loss {self.name!r} is the name of a loss of the host")


@dataclass(frozen=True)
class Augmentation:
    """A way to change a training text without changing its answer, which a recipe names: ``teacher.augment``.

    Args:
        name: none of `hub.contract.augment.AUGMENTATIONS`.
        function: reference to ``function(text, draw) -> text``; every choice is made by ``draw``, a `random.Random`.
        summary: one line.
    """

    name: str
    function: str
    summary: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_reference(self.function)
        if self.name in AUGMENTATIONS:
            raise ValueError(f"augmentation {self.name!r} is the name of an augmentation of the host")


WHOLE = "all"
"""Name of the slice of every row: the only one of a task that has none, and the first of those of a user's column."""


@dataclass(frozen=True)
class Slice:
    """A named part of the evaluation rows that is always reported on its own."""

    name: str
    summary: str

    def __post_init__(self) -> None:
        check_name(self.name)


@dataclass(frozen=True)
class CardText:
    """What the plugin's author says in the model card; sentences in Markdown."""

    description: str
    intended_use: str
    out_of_scope: str
    limits: str
    language: str = "en"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One prediction problem of a domain.

    Args:
        name: unique in its domain, ``icd10-chapter``.
        kind: one of `KINDS` that are trained.
        summary: one line.
        labels: in the order of the model's outputs; for token-classification the entity types; empty for
            tabular-regression, and for a task whose labels are those of its rows.
        sources: the first one is the default; empty for a task that only reads the user's own files.
        recipes: built-in recipes by their names; the first one is the default.
        metrics: the first one is the headline; it must be better when higher.
        slices: named parts of the evaluation rows; the first one is the headline. Empty: one unnamed part.
        card: the author's part of the model card.
        examples: reference to ``function() -> Sequence[str]``, texts that may be published (self-test,
            demonstration; for tables mappings of column to value), or ``""``.
        features: columns of a tabular task, in order; empty: every column of the rows, its kind found by reading.
        unlabelled: reference to ``function(LoadRequest) -> Iterable[str]`` (of pairs ``tuple[str, str]``), further
            texts of the domain that the teacher labels for its student, or ``""``. The host leaves out those that
            equal a row of validation, calibration or test.
        losses: further losses that a recipe may name.
        augment: ways to change training texts that a recipe may name.
        taxonomy: reference to ``function(label) -> str | None``, what a label, or what stands above labels, is part
            of; ``None`` at the top. ``""`` for none.
        order: reference to ``function(labels) -> Sequence[int]``, the place of each label among levels, 0 is the
            lowest; ``""`` for labels without an order.
    """

    name: str
    kind: str
    summary: str
    labels: tuple[Label, ...]
    sources: tuple[DataSource, ...]
    recipes: tuple[Recipe, ...]
    metrics: tuple[Metric, ...]
    card: CardText
    slices: tuple[Slice, ...] = ()
    examples: str = ""
    features: tuple[Feature, ...] = ()
    unlabelled: str = ""
    losses: tuple[TaskLoss, ...] = ()
    augment: tuple[Augmentation, ...] = ()
    taxonomy: str = ""
    order: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in KINDS:
            raise ValueError(f"task {self.name!r}: unknown kind {self.kind!r}")
        if not KINDS[self.kind].trained:
            raise ValueError(f"task {self.name!r}: models of the kind {self.kind} are exported, not trained")
        if not (self.recipes and self.metrics):
            raise ValueError(f"task {self.name!r} needs at least one recipe and one metric")
        for what, names in (
            ("label", [label.id for label in self.labels]),
            ("source", [source.name for source in self.sources]),
            ("recipe", [recipe.name for recipe in self.recipes]),
            ("metric", [metric.name for metric in self.metrics]),
            ("slice", [part.name for part in self.slices]),
            ("feature", [feature.name for feature in self.features]),
            ("loss", [loss.name for loss in self.losses]),
            ("augmentation", [each.name for each in self.augment]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"task {self.name!r}: a {what} name is repeated")
        if any(part.name == WHOLE for part in self.slices):
            raise ValueError(f"task {self.name!r}: a slice cannot be called {WHOLE!r}, which is every row")
        if not self.metrics[0].higher_is_better:
            raise ValueError(f"task {self.name!r}: the headline metric must be better when higher; gates rely on it")
        for reference in (self.examples, self.unlabelled, self.taxonomy, self.order):
            if reference:
                check_reference(reference)

    @property
    def headline(self) -> Metric:
        """The metric that gates, budgets and rankings use."""
        return self.metrics[0]


@dataclass(frozen=True)
class Domain:
    """An industry and its tasks, as one plugin supplies it.

    Args:
        name: ``medical``.
        summary: one line.
        tasks: its tasks.
        contract: the `CONTRACT_VERSION` the plugin was written for.
    """

    name: str
    summary: str
    tasks: tuple[Task, ...]
    contract: str

    def __post_init__(self) -> None:
        check_name(self.name)
        names = [task.name for task in self.tasks]
        if len(set(names)) != len(names):
            raise ValueError(f"domain {self.name!r}: a task name is repeated")
