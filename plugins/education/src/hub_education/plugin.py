"""What the host finds: the education domain and its tasks."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract import Domain, hookimpl
from hub_education.task import READING_LEVEL, WORD_LEVEL

_WRITTEN_FOR = "1.0"


@hookimpl
def hub_domains() -> Iterable[Domain]:
    """Return the education domain."""
    return (
        Domain(
            name="education",
            summary="Levels of words and texts for learners of English",
            tasks=(WORD_LEVEL, READING_LEVEL),
            contract=_WRITTEN_FOR,
        ),
    )
