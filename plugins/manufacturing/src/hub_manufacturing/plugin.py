"""What the host finds: the manufacturing domain and its tasks."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract import Domain, hookimpl
from hub_manufacturing.tasks import TASKS

_WRITTEN_FOR = "1.0"


@hookimpl
def hub_domains() -> Iterable[Domain]:
    """Return the manufacturing domain."""
    return (
        Domain(
            name="manufacturing",
            summary="Machine failures from sensor readings, and maintenance work orders",
            tasks=TASKS,
            contract=_WRITTEN_FOR,
        ),
    )
