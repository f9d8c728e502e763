"""Where the model comes from: recipe, base model, data, licences, machine, versions and times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract import numbers
from hub.report.markup import Child, Html, element, join, link
from hub.report.sections.parts import grid, section
from hub.report.tables import Cell, Column, facts, table
from hub.report.view import View


def recipe(view: View) -> Html | None:
    """Return the recipe: its own values first, then each of its parts."""
    values = view.result.recipe
    if not values:
        return None
    own = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    # Keys stay as they are written: this is what --set and a recipe file take.
    groups = [group("general", own, words=False)] if own else []
    groups += [group(key, value, words=False) for key, value in values.items() if isinstance(value, Mapping)]
    return section("Recipe", grid(*groups))


def group(title: str, values: Mapping[str, Any], words: bool = True) -> Html:
    """Return plain values under a heading.

    Args:
        title: the heading.
        values: by name.
        words: names are shown as words, not as they are written.
    """
    names = {key: numbers.name(key.removesuffix("_bytes")) if words else key for key in values}
    pairs: list[tuple[str, Child]] = [(names[key], _value(key, value)) for key, value in values.items()]
    return element("div", element("h3", numbers.capital(title)), facts(pairs), class_="group")


def provenance(view: View) -> Html:
    """Return sources, licences, machine, versions and stage times."""
    result = view.result
    machine = {key: value for key, value in result.machine.items() if not isinstance(value, Mapping)}
    nested = [(key, value) for key, value in result.machine.items() if isinstance(value, Mapping)]
    groups = [
        group("base model", result.base_model) if result.base_model else None,
        group("data source", result.data_source) if result.data_source else None,
        group("machine", machine) if machine else None,
        *(group(key, value) for key, value in nested if value),
    ]
    return section("Provenance", grid(*groups), _licences(view), _stages(view))


def _licences(view: View) -> Html | None:
    if not view.result.licences:
        return None
    columns = [Column("Of"), Column("What"), Column("Licence"), Column("Notice", wide=True)]
    rows = []
    for entry in view.result.licences:
        name = entry.name if entry.name and entry.name != entry.id else ""
        shown = join(link(entry.url, entry.id) if entry.url else entry.id, element("small", name) if name else None)
        rows.append([Cell(entry.subject), Cell(entry.what), Cell(shown), Cell(entry.notice or "–")])
    return table("Licences of what the model was made from", columns, rows)


def _stages(view: View) -> Html | None:
    seconds = view.result.seconds
    if not seconds:
        return None
    rows = [[Cell(name), Cell(numbers.duration(value), value)] for name, value in seconds.items()]
    total = sum(seconds.values())
    rows.append([Cell("all"), Cell(numbers.duration(total), total, mark="sum")])
    return table("Time of every stage", [Column("Stage"), Column("Time", True)], rows)


def _value(key: str, value: Any) -> Child:
    """Return a plain value as people read it; the unit comes from the end of its key."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(name, item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_value(key, item)) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and key.endswith("_bytes"):
        return numbers.size(int(value))
    if isinstance(value, int) and key not in ("seed", "year"):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    text = "" if value is None else str(value)
    return link(text, text) if text.startswith(("http://", "https://")) else text
