"""What licences ask of whoever publishes a model that was made under them.

Read from the names of SPDX identifiers (https://spdx.org/licenses/) and of the Hub's own list. This is a check that
stops plain mistakes, and no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NON_COMMERCIAL = re.compile(r"(^|-)nc(-|$)|non-?commercial|research-only")
NO_DERIVATIVES = re.compile(r"(^|-)nd(-|$)|no-?deriv")
SHARE_ALIKE = re.compile(r"(^|-)sa(-|$)|^odbl|^cdla-sharing|^c-uda$")
COPYLEFT = re.compile(r"^(a|l)?gpl|^osl|^eupl|^mpl|^epl|^lgpl")
CLOSED = re.compile(r"^(proprietary|all-rights-reserved|none|noassertion|no-licen[cs]e)$")


@dataclass(frozen=True)
class Terms:
    """What one licence asks.

    Args:
        subject: ``data``, ``base model``, ``checkpoint``.
        what: the work.
        licence: its identifier, in lower case; ``""`` when none is stated.
    """

    subject: str
    what: str
    licence: str

    @property
    def non_commercial(self) -> bool:
        """Whoever passes it on may not let others use it commercially."""
        return NON_COMMERCIAL.search(self.licence) is not None

    @property
    def no_derivatives(self) -> bool:
        """Nothing that was made from it may be passed on."""
        return NO_DERIVATIVES.search(self.licence) is not None

    @property
    def share_alike(self) -> bool:
        """What was made from it is passed on under the same terms."""
        return (SHARE_ALIKE.search(self.licence) or COPYLEFT.search(self.licence)) is not None

    @property
    def closed(self) -> bool:
        """It gives no right to pass anything on."""
        return CLOSED.search(self.licence) is not None


def terms_of(licences: object) -> tuple[Terms, ...]:
    """Read the notes on licences of a bundle's provenance; notes of another form are left out.

    Args:
        licences: ``provenance["licences"]`` of bundle.json, of unknown origin.
    """
    notes = licences if isinstance(licences, Sequence) and not isinstance(licences, str) else ()
    return tuple(
        Terms(str(note.get("subject") or ""), str(note.get("what") or ""), str(note.get("id") or "").strip().lower())
        for note in notes
        if isinstance(note, Mapping)
    )


def judge(model_licence: str, terms: Sequence[Terms]) -> tuple[list[str], list[str]]:
    """Return why a model may not be published under its licence, and what its publisher should know.

    Args:
        model_licence: of the card, ``""`` for none.
        terms: of what it was made from.

    Returns:
        Reasons to refuse, and remarks.
    """
    own = Terms("model", "", model_licence.strip().lower())
    reasons: list[str] = []
    remarks: list[str] = []
    for entry in terms:
        of = f"{entry.subject} {entry.what!r} is under {entry.licence}"
        if entry.closed:
            reasons.append(f"{of}: it gives no right to publish what is made from it")
        elif entry.no_derivatives:
            reasons.append(f"{of} (no derivatives): nothing made from it may be published")
        elif entry.non_commercial and not own.non_commercial:
            reasons.append(
                f"{of} (non-commercial), the card offers the model under {own.licence or 'no licence'}, which allows"
                " commercial use: state a non-commercial licence in README.md, or train on other data"
            )
        elif entry.share_alike and own.licence != entry.licence:
            remarks.append(
                f"{of} (share-alike): it may be used commercially, but what adapts it must carry the same licence; the"
                f" card says {own.licence or 'none'}"
            )
        elif entry.licence in ("", "other", "unknown"):
            remarks.append(f"the terms of {entry.subject} {entry.what!r} are not a known licence: read them in NOTICE")
    return reasons, remarks
