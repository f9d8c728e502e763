"""What the host finds: the finance domain and its tasks."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract import Domain, hookimpl
from hub_finance.tasks import TASKS

_WRITTEN_FOR = "1.0"


@hookimpl
def hub_domains() -> Iterable[Domain]:
    """Return the finance domain."""
    return (
        Domain(
            name="finance",
            summary="Merchants, bank customers' questions, financial news and credit risk",
            tasks=TASKS,
            contract=_WRITTEN_FOR,
        ),
    )
