"""The loaded plugins and look-ups in them, with errors that say what to do about a miss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.catalog import Supplier, supplier_of
from hub.contract.domain import Domain, Task
from hub.contract.errors import HubError, MissingError, UsageError, nearest
from hub.contract.exporter import Exporter
from hub.contract.redactor import Redactor
from hub.contract.stage import StageFinished
from hub.edge.home import home
from hub.host.discovery import VARIABLE, Found
from hub.host.metadata import PluginInfo
from hub.host.trial import Plugin


@dataclass(frozen=True)
class FoundTask:
    """A task and where it comes from; ``plugin`` is the distribution, ``version`` its version."""

    domain: Domain
    task: Task
    plugin: str
    version: str

    @property
    def id(self) -> str:
        """``domain/task``."""
        return f"{self.domain.name}/{self.task.name}"


class Host:
    """What the loaded plugins supply.

    Args:
        plugins: those that work.
        infos: every plugin that was tried, as plain values.
        left_out: installed ones that were not to be loaded.
    """

    def __init__(self, plugins: Sequence[Plugin], infos: Sequence[PluginInfo], left_out: Sequence[Found] = ()) -> None:
        self._plugins = tuple(plugins)
        self.infos = tuple(infos)
        self.left_out = tuple(left_out)

    @property
    def domains(self) -> tuple[Domain, ...]:
        """Every domain, by name."""
        return tuple(sorted((d for plugin in self._plugins for d in plugin.domains), key=lambda d: d.name))

    @property
    def exporters(self) -> tuple[Exporter, ...]:
        """Every exporter, by name."""
        return tuple(sorted((e for plugin in self._plugins for e in plugin.exporters), key=lambda e: e.name))

    @property
    def redactors(self) -> tuple[Redactor, ...]:
        """Every redactor of a plugin, by name."""
        return tuple(sorted((r for plugin in self._plugins for r in plugin.redactors), key=lambda r: r.name))

    def redactors_of(self, distribution: str) -> tuple[Redactor, ...]:
        """Return the redactors that one distribution supplies."""
        return tuple(
            r for plugin in self._plugins if plugin.found.distribution == distribution for r in plugin.redactors
        )

    @property
    def listeners(self) -> tuple[tuple[str, Callable[[StageFinished], None]], ...]:
        """Distribution and function of every plugin that is told of finished stages, in the order of loading."""
        return tuple((plugin.found.distribution, plugin.listener) for plugin in self._plugins if plugin.listener)

    @property
    def quarantined(self) -> tuple[PluginInfo, ...]:
        """The plugins that are not used, each with its cause."""
        return tuple(info for info in self.infos if info.cause is not None)

    def find_task(self, task_id: str) -> FoundTask:
        """Return a task by its id.

        Args:
            task_id: ``domain/task``.

        Raises:
            UsageError: HUB-U001, there is no such task; the nearest ones are named.
            MissingError: HUB-P001, its plugin is not installed; HUB-P002, its plugin is quarantined.
        """
        domain_name, _, task_name = task_id.partition("/")
        for plugin in self._plugins:
            for domain in plugin.domains:
                if domain.name != domain_name:
                    continue
                for task in domain.tasks:
                    if task.name == task_name:
                        return FoundTask(domain, task, plugin.found.distribution, plugin.found.version)
        what = f"there is no task {task_id!r}"
        if domain_name not in {domain.name for domain in self.domains}:
            missing = self._why_missing("domain", domain_name, what)
            if missing is not None:
                raise missing
        known = [f"{domain.name}/{task.name}" for domain in self.domains for task in domain.tasks]
        hint = nearest(task_id, known) or "no installed plugin supplies any task"
        raise UsageError("HUB-U001", what, hint, "see: hub tasks")

    def exporter(self, name: str) -> Exporter:
        """Return an exporter by the name of its format.

        Raises:
            MissingError: HUB-P003, no loaded plugin supplies it; HUB-P001 and HUB-P002 as in `find_task`.
        """
        for exporter in self.exporters:
            if exporter.name == name:
                return exporter
        what = f"there is no exporter {name!r}"
        missing = self._why_missing("exporter", name, what)
        if missing is not None:
            raise missing
        hint = nearest(name, [exporter.name for exporter in self.exporters]) or "no installed plugin supplies one"
        raise MissingError("HUB-P003", what, hint, "see: hub plugins list")

    def _why_missing(self, kind: str, name: str, what: str) -> HubError | None:
        """Return the error for something that an installed or a known distribution would supply."""
        supplier = supplier_of(kind, name, home())
        for info in self.quarantined:
            if info.name == name or (supplier and info.distribution == supplier.distribution):
                why = f"the plugin {info.distribution} {info.version} is quarantined: {info.cause}"
                return MissingError("HUB-P002", what, why, "see: hub plugins list")
        for found in self.left_out:
            if found.name == name or (supplier and found.distribution == supplier.distribution):
                why = f"{found.distribution} is installed, but left out"
                return MissingError("HUB-P001", what, why, f"add it to {VARIABLE}, or unset {VARIABLE}")
        return _not_installed(supplier, what) if supplier else None


def _not_installed(supplier: Supplier, what: str) -> MissingError:
    why = f"{supplier.distribution} supplies it and is not installed"
    return MissingError("HUB-P001", what, why, f"install it: {supplier.install}")
