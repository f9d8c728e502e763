"""For tests of plugins, exporters and the host: the conformance kit, and a task and a base model with which a
build takes seconds.
"""

from hub.testing.checks import Check, CheckResult, ConformanceError
from hub.testing.declared import domain_checks, task_checks
from hub.testing.exporting import exporter_checks
from hub.testing.metrics import known_outcomes, metric_checks
from hub.testing.offline import no_network
from hub.testing.plugin import plugin_checks
from hub.testing.rows import source_checks

__all__ = [
    "Check",
    "CheckResult",
    "ConformanceError",
    "domain_checks",
    "exporter_checks",
    "known_outcomes",
    "metric_checks",
    "no_network",
    "plugin_checks",
    "source_checks",
    "task_checks",
]
