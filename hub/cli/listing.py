"""What the listing commands share: the cached metadata, and a word about plugins that do not work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.cli import output

if TYPE_CHECKING:
    from hub.host.metadata import Metadata


def metadata() -> Metadata:
    """Return the metadata of the installed plugins; notes about it go to stderr."""
    from hub.host.cache import read_metadata

    found = read_metadata()
    for note in found.notes:
        output.note(note)
    return found


def note_quarantined(found: Metadata) -> None:
    """Say on stderr how many plugins are not used."""
    broken = [plugin.distribution for plugin in found.plugins if plugin.cause is not None]
    if broken:
        verb = "is" if len(broken) == 1 else "are"
        output.note(f"{', '.join(broken)} {verb} quarantined; see: hub plugins list")
