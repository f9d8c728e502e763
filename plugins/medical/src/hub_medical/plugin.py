"""What the host finds: the medical domain, its tasks, its redactor and the command ``hub icd``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hub.contract import Domain, Redactor, hookimpl
from hub_medical.further import DISEASE_MENTIONS, ICD10_CATEGORY, NOTE_TOPIC
from hub_medical.redactor import MEDICAL
from hub_medical.task import ICD10_CHAPTER

if TYPE_CHECKING:
    from hub.contract.hookspecs import CommandGroup

_WRITTEN_FOR = "1.0"


@hookimpl
def hub_domains() -> Iterable[Domain]:
    """Return the medical domain."""
    return (
        Domain(
            name="medical",
            summary="Diagnoses and other short clinical texts",
            tasks=(ICD10_CHAPTER, ICD10_CATEGORY, NOTE_TOPIC, DISEASE_MENTIONS),
            contract=_WRITTEN_FOR,
        ),
    )


@hookimpl
def hub_redactors() -> Iterable[Redactor]:
    """Return what finds the personal data of patients."""
    return (MEDICAL,)


@hookimpl
def hub_commands(cli: CommandGroup) -> None:
    """Add ``hub icd``."""
    from hub_medical.command import icd

    cli.add_command(icd)
