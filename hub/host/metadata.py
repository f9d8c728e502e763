"""What the installed plugins supply, as plain values that lists can show without importing a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from hub.host.quarantine import Quarantine

if TYPE_CHECKING:
    from click import Command

    from hub.contract.domain import Domain, Task
    from hub.contract.exporter import Exporter
    from hub.contract.redactor import Redactor

SUMMARY_LIMIT = 72
"""Longest line of help of a command that is kept, in characters."""


@dataclass(frozen=True)
class SourceInfo:
    """A data source of a task."""

    name: str
    summary: str
    offline: bool
    licence: str
    url: str
    version: str


@dataclass(frozen=True)
class RecipeInfo:
    """A recipe of a task; ``values`` is the recipe as nested plain values."""

    name: str
    summary: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TaskInfo:
    """A task; ``id`` is ``domain/task``, ``labels`` counts them."""

    id: str
    kind: str
    summary: str
    labels: int
    sources: tuple[SourceInfo, ...]
    recipes: tuple[RecipeInfo, ...]
    metrics: tuple[str, ...]
    slices: tuple[str, ...]


@dataclass(frozen=True)
class DomainInfo:
    """A domain and its tasks."""

    name: str
    summary: str
    tasks: tuple[TaskInfo, ...]


@dataclass(frozen=True)
class ExporterInfo:
    """An export format."""

    name: str
    summary: str


@dataclass(frozen=True)
class RedactorInfo:
    """Something that finds personal data of some kinds."""

    name: str
    summary: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class CommandInfo:
    """A command of the program; ``summary`` is its one line of help."""

    name: str
    summary: str


@dataclass(frozen=True)
class PluginInfo:
    """An installed plugin.

    Args:
        name: of its entry point.
        distribution: that declares it.
        version: of the distribution.
        cause: why it is not used; ``None`` when it is.
        domains: it supplies.
        exporters: it supplies.
        commands: it adds.
        contract: version of the contract it declares, ``""`` when that is not known.
        redactors: it supplies.
        listens: it is told of finished stages.
    """

    name: str
    distribution: str
    version: str
    cause: Quarantine | None = None
    domains: tuple[DomainInfo, ...] = ()
    exporters: tuple[ExporterInfo, ...] = ()
    commands: tuple[CommandInfo, ...] = ()
    contract: str = ""
    redactors: tuple[RedactorInfo, ...] = ()
    listens: bool = False

    @property
    def state(self) -> str:
        """``active`` or ``quarantined``."""
        return "active" if self.cause is None else "quarantined"

    @property
    def key(self) -> str:
        """Identify the plugin as `hub.host.discovery.Found` does."""
        return f"{self.distribution}:{self.name}"

    @property
    def tasks(self) -> tuple[TaskInfo, ...]:
        """Every task of every domain."""
        return tuple(task for domain in self.domains for task in domain.tasks)

    def to_json(self) -> dict[str, Any]:
        """Return nested plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PluginInfo:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it was written by another version of the program, or damaged.
        """
        values = dict(value)
        if values["cause"] is not None:
            values["cause"] = Quarantine.from_json(values["cause"])
        values["domains"] = tuple(_domain(domain) for domain in values["domains"])
        values["exporters"] = tuple(ExporterInfo(**exporter) for exporter in values["exporters"])
        values["commands"] = tuple(CommandInfo(**command) for command in values["commands"])
        found = values["redactors"]
        values["redactors"] = tuple(RedactorInfo(**{**each, "kinds": tuple(each["kinds"])}) for each in found)
        return cls(**values)


@dataclass(frozen=True)
class Metadata:
    """Everything installed.

    Args:
        plugins: in the order in which they are loaded.
        notes: what the user should know about how this was found out.
    """

    plugins: tuple[PluginInfo, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def tasks(self) -> tuple[tuple[TaskInfo, PluginInfo], ...]:
        """Every usable task with its plugin, by id."""
        found = [(task, plugin) for plugin in self.plugins for task in plugin.tasks]
        return tuple(sorted(found, key=lambda pair: pair[0].id))


def describe_domain(domain: Domain) -> DomainInfo:
    """Return a domain as plain values."""
    return DomainInfo(domain.name, domain.summary, tuple(_describe_task(domain.name, task) for task in domain.tasks))


def describe_exporter(exporter: Exporter) -> ExporterInfo:
    """Return an exporter as plain values."""
    return ExporterInfo(exporter.name, exporter.summary)


def describe_redactor(redactor: Redactor) -> RedactorInfo:
    """Return a redactor as plain values."""
    return RedactorInfo(redactor.name, redactor.summary, tuple(redactor.kinds))


def describe_command(name: str, command: Command) -> CommandInfo:
    """Return a command as plain values."""
    return CommandInfo(name, command.get_short_help_str(limit=SUMMARY_LIMIT))


def _describe_task(domain: str, task: Task) -> TaskInfo:
    return TaskInfo(
        id=f"{domain}/{task.name}",
        kind=task.kind,
        summary=task.summary,
        labels=len(task.labels),
        sources=tuple(
            SourceInfo(each.name, each.summary, each.offline, each.licence.id, each.url, each.version)
            for each in task.sources
        ),
        recipes=tuple(RecipeInfo(each.name, each.summary, each.to_mapping()) for each in task.recipes),
        metrics=tuple(each.name for each in task.metrics),
        slices=tuple(each.name for each in task.slices),
    )


def _domain(value: Mapping[str, Any]) -> DomainInfo:
    return DomainInfo(**{**value, "tasks": tuple(_task(task) for task in value["tasks"])})


def _task(value: Mapping[str, Any]) -> TaskInfo:
    return TaskInfo(
        **{
            **value,
            "sources": tuple(SourceInfo(**source) for source in value["sources"]),
            "recipes": tuple(RecipeInfo(**recipe) for recipe in value["recipes"]),
            "metrics": tuple(value["metrics"]),
            "slices": tuple(value["slices"]),
        }
    )
