"""The host: finds plugins, keeps broken ones out, and knows what the working ones supply."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.host.host import Host

__all__ = ["load_plugins"]


def load_plugins(only: Collection[str] | None = None) -> Host:
    """Import the installed plugins into this process.

    Args:
        only: distributions or entry-point names to load; ``None`` takes them from the environment variable
            ``HUB_PLUGINS`` (separated by commas, empty for none), and all when it is not set.

    Returns:
        The host. Plugins that do not work are in ``Host.quarantined``.
    """
    from hub.host.loading import load_checked

    return load_checked(only)
