"""Why a bundle may not be published: files, gates, licences, personal data, card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.contract.errors import BundleError, GateError, HubError
from hub.edge.folder import SELFTEST, file_states
from hub.edge.schema import Manifest
from hub.publish.rules import FRONT_MATTER, card_metadata, card_problems
from hub.publish.terms import judge, terms_of

CARD = "README.md"

Cell = tuple[str, str]
"""A text and the name of its column, ``""`` for none."""

SHOWN = 5
"""Places named in a message; of more it gives the number."""


@dataclass(frozen=True)
class Search:
    """Looks for personal data; the redactors of the hub and of its plugins supply one.

    Args:
        kinds: returns for each text of one data set the kinds that it holds (``email``, ``iban``).
        remarks: what the publisher should know of it: redactors that did not look.
    """

    kinds: Callable[[Sequence[Cell]], Sequence[Sequence[str]]]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """One reason why a bundle is not published.

    Args:
        code: ``HUB-E061`` files, ``HUB-E062`` no licence, ``HUB-E063`` licences of what it was made from,
            ``HUB-E064`` personal data, ``HUB-E065`` card, ``HUB-G020`` gates.
        why: one line.
        fix: one line.
    """

    code: str
    why: str
    fix: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the checks found.

    Args:
        refusals: reasons not to publish.
        remarks: what the publisher should know.
        card: README.md as it will be published.
    """

    refusals: tuple[Refusal, ...]
    remarks: tuple[str, ...]
    card: str

    def require(self, name: str) -> None:
        """Raise when there is a reason not to publish.

        Args:
            name: of the bundle, for the message.

        Raises:
            GateError: HUB-G020, the only reason is that gates were missed.
            BundleError: the code of the first reason otherwise.
        """
        if not self.refusals:
            return
        first = self.refusals[0]
        kind: type[HubError] = GateError if {entry.code for entry in self.refusals} == {"HUB-G020"} else BundleError
        why = "; ".join(entry.why for entry in self.refusals)
        raise kind(first.code, f"bundle {name!r} is not published", why, first.fix)


def check(
    folder: Path, manifest: Manifest, *, allow_missed_gates: bool = False, search: Search | None = None
) -> Verdict:
    """Check a bundle before it is published; nothing is sent anywhere.

    Args:
        folder: as `hub.edge.folder.locate` returns it.
        manifest: its bundle.json.
        allow_missed_gates: publish all the same; the first lines of the card then say so.
        search: looks for personal data; ``None`` skips that, and a remark says so.

    Raises:
        BundleError: HUB-E005 a file cannot be read, HUB-E060 the card's metadata is no YAML.
        MissingError: a redactor failed.
    """
    refusals, remarks = _files(folder, manifest)
    try:
        card = (folder / CARD).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = f"{CARD} cannot be read: {next(iter(str(error).splitlines()), '')}"
        return Verdict((*refusals, Refusal("HUB-E065", why, "build the bundle again")), tuple(remarks), "")
    missed = [gate.name for gate in manifest.gates if not gate.passed]
    if missed or manifest.failed:
        why = f"it missed gates: {', '.join(dict.fromkeys(missed)) or 'bundle.json says so'}"
        if allow_missed_gates:
            remarks.append(f"{why}; the first lines of the card say so")
            card = _with_warning(card, missed)
        else:
            refusals.append(Refusal("HUB-G020", why, "build it again, or publish it as it is: --allow-missed-gates"))
    refusals += _licences(manifest, card, remarks)
    refusals += [Refusal("HUB-E065", f"{CARD}: {text}", f"correct {CARD}") for text in _card(card)]
    if search is None:
        remarks.append("self-test and card were not searched for personal data")
    else:
        remarks += search.remarks
        refusals += _personal(folder, manifest, card, search)
    return Verdict(tuple(refusals), tuple(remarks), card)


def _files(folder: Path, manifest: Manifest) -> tuple[list[Refusal], list[str]]:
    refusals, remarks = [], []
    for file in file_states(folder, manifest):
        if file.state == "unchanged":
            continue
        if file.state == "changed" and file.informative:
            remarks.append(f"{file.path} was changed after the bundle was built; it is published as it is")
            continue
        said = {
            "changed": "its hash is not the one in bundle.json",
            "absent": "it is missing: a bundle is published with all its files",
            "outside": "it is a link that leads out of the bundle",
        }[file.state]
        refusals.append(Refusal("HUB-E061", f"{file.path}: {said}", "build the bundle again, or get it again"))
    return refusals, remarks


def _with_warning(card: str, missed: list[str]) -> str:
    """Return a card whose first lines say that gates were missed; one that says it already stays as it is."""
    head = FRONT_MATTER.match(card)
    body = card[head.end() :] if head else card
    opening = "\n".join(body.lstrip().splitlines()[:6]).lower()
    if "missed" in opening and "gate" in opening:
        return card
    names = ", ".join(dict.fromkeys(missed)) or "see bundle.json"
    warning = f"> **This model missed gates of its own build: {names}. Do not rely on it.**"
    return f"{card[: head.end()] if head else ''}\n{warning}\n\n{body.lstrip()}"


def _card(card: str) -> list[str]:
    """Return what is wrong with the card but its licence, which has a code of its own."""
    return [text for text in card_problems(card) if text != "license is missing"]


def _licences(manifest: Manifest, card: str, remarks: list[str]) -> list[Refusal]:
    stated = card_metadata(card).get("license")
    licence = str(stated or "")
    if licence == "other":
        licence = str(card_metadata(card).get("license_name") or "other")
    terms = terms_of(manifest.provenance.get("licences"))
    if not licence:
        fix = f"state it in the first lines of {CARD}: license: apache-2.0"
        return [Refusal("HUB-E062", "nothing says under which licence the model may be used", fix)]
    reasons, found = judge(licence, terms)
    remarks += found
    if not any(entry.subject == "data" for entry in terms):
        remarks.append("nothing is known of the licence of the data: what you publish must be yours to publish")
    return [Refusal("HUB-E063", why) for why in reasons]


def _personal(folder: Path, manifest: Manifest, card: str, search: Search) -> list[Refusal]:
    found = [f"{CARD}: {kind}" for kind in search.kinds([(card, "")])[0]]
    if SELFTEST in manifest.files and (folder / SELFTEST).is_file():
        cells = list(_cells(folder))
        kinds = search.kinds([(text, column) for _, text, column in cells])
        places = ((number, kind) for (number, *_), each in zip(cells, kinds, strict=True) for kind in each)
        found += [f"row {number} of the self-test: {kind}" for number, kind in dict.fromkeys(places)]
    if not found:
        return []
    shown = "; ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
    fix = "build with examples that hold no personal data, or leave --selftest-from-data away"
    return [Refusal("HUB-E064", f"personal data was found ({shown})", fix)]


def _cells(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the texts of the self-test: number of the row from 1, text, column."""
    from hub.edge.selftest import load

    for number, row in enumerate(load(folder), start=1):
        named = row.row if isinstance(row.row, Mapping) else {"text": row.text, "text_pair": row.text_pair}
        for column, value in named.items():
            if isinstance(value, str):
                yield number, value, column
