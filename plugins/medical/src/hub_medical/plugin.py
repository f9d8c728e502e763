"""What the host finds: the medical domain and its tasks."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract import Domain, hookimpl
from hub_medical.task import ICD10_CHAPTER

_WRITTEN_FOR = "1.0"


@hookimpl
def hub_domains() -> Iterable[Domain]:
    """Return the medical domain."""
    return (
        Domain(
            name="medical",
            summary="Diagnoses and other short clinical texts",
            tasks=(ICD10_CHAPTER,),
            contract=_WRITTEN_FOR,
        ),
    )
