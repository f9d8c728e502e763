"""The conformance kit for one installed plugin: every rule that applies to what it supplies."""

from __future__ import annotations

from hub.contract.errors import MissingError, UsageError, nearest
from hub.host.cache import read_metadata
from hub.host.discovery import find_plugins, normalised
from hub.host.metadata import Metadata, PluginInfo
from hub.host.trial import Owners, Plugin, RejectedError, try_plugin
from hub.testing.checks import Check
from hub.testing.declared import domain_checks
from hub.testing.exporting import exporter_checks
from hub.testing.installed import installed_checks
from hub.testing.metrics import metric_checks
from hub.testing.rows import source_checks


def plugin_checks(name: str) -> tuple[Check, ...]:
    """Return every check of an installed plugin; nothing is checked yet.

    A plugin's tests call each of them::

        @pytest.mark.parametrize("check", plugin_checks("acme"), ids=str)
        def test_conformance(check):
            check()

    Args:
        name: of the plugin's entry point, of its distribution, or of a domain it supplies.

    Raises:
        UsageError: HUB-U060, no such plugin is installed; the nearest names are given.
        MissingError: HUB-P002, it is quarantined; the cause is given.
    """
    plugin = _load(_find(read_metadata(), name))
    checks: list[Check] = []
    references = [exporter.runtime for exporter in plugin.exporters]
    references += [name for redactor in plugin.redactors for name in (redactor.function, redactor.patterns) if name]
    for domain in plugin.domains:
        checks += domain_checks(domain)
        for task in domain.tasks:
            subject = f"{domain.name}/{task.name}"
            checks += [*metric_checks(task, subject), *source_checks(task, subject)]
            references += [metric.function for metric in task.metrics]
    for exporter in plugin.exporters:
        checks += exporter_checks(exporter)
    return (*installed_checks(plugin.found, references), *checks)


def _find(metadata: Metadata, name: str) -> PluginInfo:
    for info in metadata.plugins:
        if name == info.name or normalised(name) == info.distribution:
            return info
    for info in metadata.plugins:
        if name in {domain.name for domain in info.domains}:
            return info
    known = {known for info in metadata.plugins for known in (info.name, info.distribution)}
    hint = nearest(name, known) or "none is installed"
    raise UsageError("HUB-U060", f"no plugin {name!r} is installed", hint, "see: hub plugins list")


def _load(info: PluginInfo) -> Plugin:
    """Import the plugin alone into this process.

    Raises:
        MissingError: HUB-P002, it is quarantined.
    """
    cause = info.cause
    if cause is None:
        found = next(each for each in find_plugins() if each.key == info.key)
        try:
            return try_plugin(found, Owners())
        except RejectedError as error:
            cause = error.record
    what = f"the plugin {info.distribution} {info.version} is quarantined"
    raise MissingError("HUB-P002", what, str(cause), "correct it, then see: hub plugins list")
