"""What the host finds: the legal domain, its tasks and its redactor."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract import Domain, Redactor, hookimpl
from hub_legal.redactor import LEGAL
from hub_legal.tasks import TASKS

_WRITTEN_FOR = "1.0"


@hookimpl
def hub_domains() -> Iterable[Domain]:
    """Return the legal domain."""
    return (
        Domain(
            name="legal",
            summary="Licences, terms of service and privacy policies",
            tasks=TASKS,
            contract=_WRITTEN_FOR,
        ),
    )


@hookimpl
def hub_redactors() -> Iterable[Redactor]:
    """Return what finds numbers of cases and names."""
    return (LEGAL,)
