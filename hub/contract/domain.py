"""Domains, tasks and what belongs to them. Declarations only: nothing runs at import."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.contract.recipe import Recipe
from hub.contract.reference import check_reference

CONTRACT_VERSION = "1.0"
"""Version of this contract. A plugin of another major version is quarantined."""

KINDS = ("text-classification",)
"""Kinds of task that the host can build. Later issues add multi-label, token-classification, tables."""

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


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
class DataSource:
    """Where rows come from.

    Args:
        name: short name, unique in the task (``packaged``, ``hub``).
        summary: one line.
        loader: reference to ``function(LoadRequest) -> Dataset``.
        licence: of the data.
        offline: loads without a network.
        url: home of the data.
        version: version or pinned revision of the data.
    """

    name: str
    summary: str
    loader: str
    licence: Licence
    offline: bool = True
    url: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_reference(self.loader)


@dataclass(frozen=True)
class Metric:
    """A number computed from an `hub.contract.metrics.Outcome`.

    Args:
        name: key in JSON documents and cards, in snake case.
        function: reference to ``function(Outcome) -> float``; numpy only.
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
        kind: one of `KINDS`.
        summary: one line.
        labels: in the order of the model's outputs.
        sources: the first one is the default.
        recipes: built-in recipes by their names; the first one is the default.
        metrics: the first one is the headline; it must be better when higher.
        slices: named parts of the evaluation rows; the first one is the headline. Empty: one unnamed part.
        card: the author's part of the model card.
        examples: reference to ``function() -> Sequence[str]``, texts that may be published (self-test,
            demonstration), or ``""``.
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

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in KINDS:
            raise ValueError(f"task {self.name!r}: unknown kind {self.kind!r}")
        if not (self.sources and self.recipes and self.metrics):
            raise ValueError(f"task {self.name!r} needs at least one source, one recipe and one metric")
        for what, names in (
            ("label", [label.id for label in self.labels]),
            ("source", [source.name for source in self.sources]),
            ("recipe", [recipe.name for recipe in self.recipes]),
            ("metric", [metric.name for metric in self.metrics]),
            ("slice", [part.name for part in self.slices]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"task {self.name!r}: a {what} name is repeated")
        if not self.metrics[0].higher_is_better:
            raise ValueError(f"task {self.name!r}: the headline metric must be better when higher; gates rely on it")
        if self.examples:
            check_reference(self.examples)

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
