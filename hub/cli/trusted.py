"""What of a bundle's answers can be trusted, on the rows of ``hub evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.cli import output

if TYPE_CHECKING:
    from hub.contract.data import Example
    from hub.edge.bundle import Bundle
    from hub.evaluate.abstention import Decisions


def trusted(bundle: Bundle, decisions: Decisions | None, rows: Sequence[Example]) -> dict[str, Any]:
    """Return how many rows the bundle answers at each of its target precisions and how many of those are right.

    Args:
        bundle: whose thresholds are used.
        decisions: of the bundle on the rows, ``None`` where it has no confidence.
        rows: labelled rows.

    Returns:
        ``abstention``: target_precision, threshold, coverage and precision (0..1) and kept, for entities counted in
        found ones; ``out_of_domain``: the share of the rows that are. Each only where the bundle has it.
    """
    from hub.evaluate.abstention import measured

    manifest, found = bundle.manifest, {}
    entries = manifest.target_precisions.get(bundle.variant, ())
    if entries and decisions is not None:
        lines = []
        for entry in entries:
            after, (kept, _) = measured(entry, decisions), decisions.at(entry.threshold)
            shares = {"coverage": after.coverage, "precision": after.precision, "kept": kept}
            lines.append({"target_precision": entry.target_precision, "threshold": entry.threshold, **shares})
        found["abstention"] = lines
    share = _out_of_domain(bundle, rows)
    return found if share is None else found | {"out_of_domain": share}


def _out_of_domain(bundle: Bundle, rows: Sequence[Example]) -> float | None:
    """Return the share of the rows that are out of domain, ``None`` where the bundle cannot tell."""
    from hub.edge.out_of_domain import known_pieces, unpacked

    domain = bundle.manifest.out_of_domain
    if domain is None:
        return None
    pieces = unpacked(domain.pieces)
    scores = [pieces.score(known_pieces(bundle.encoder.windows(_text(row)))) for row in rows]
    return sum(score < domain.threshold for score in scores) / len(scores)


def _text(row: Example) -> Any:
    if row.words:
        return " ".join(row.words)
    return (row.text, row.text_pair) if row.text_pair else row.text


def show_trusted(document: Mapping[str, Any]) -> None:
    """Print what `trusted` returned."""
    from hub.contract import numbers

    lines = [
        [*(numbers.percent(entry[key]) for key in ("target_precision", "coverage", "precision")), entry["kept"]]
        for entry in document.get("abstention", ())
    ]
    if lines:
        output.show_table("", ["precision aimed at", "answered", "of those right", "number answered"], lines)
    if "out_of_domain" in document:
        output.labelled({"out of domain": numbers.percent(document["out_of_domain"])})
