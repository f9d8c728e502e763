"""Made-up rows for a new plugin, one set for each kind of task: a stand-in that its author replaces.

They say nothing about any real problem. Texts combine a few phrases; the answers of tables follow a formula.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

THINGS = {
    "road": (
        *("the pothole", "the street lamp", "the pavement", "the traffic light"),
        *("the crossing", "the bus stop", "the road sign", "the cycle lane"),
    ),
    "water": (
        *("the hydrant", "the drain", "the burst pipe", "the water meter"),
        *("the fountain", "the sewer", "the flooded cellar", "the leaking tap"),
    ),
    "waste": (
        *("the bin", "the recycling centre", "the bottle bank", "the litter"),
        *("the compost", "the rubbish bags", "the paper bin", "the old fridge"),
    ),
}
"""Label to the things whose requests have it."""

LABEL_NAMES = {"road": "Roads and lights", "water": "Water and drains", "waste": "Waste and recycling"}
OPENINGS = ("please look at", "there is a problem with", "who takes care of", "we are waiting because of", "once more:")
THANKS = ("thank you for the quick help", "good morning to everybody", "when are you open", "just a short hello")
PLACES = (("Mill", "Lane"), ("North", "Square"), ("Station", "Road"), ("Harbour", "Street"), ("Parkside",))
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MACHINES = {"press": 40.0, "lathe": 25.0, "saw": 10.0}
"""Machine to hours that its service takes at least."""

TABLE_ROWS = 200
HOT_CELSIUS, FULL_PERCENT = 70.0, 80.0


def labelled_texts() -> list[Row]:
    """Return rows with ``text`` and ``label``."""
    return [
        {"text": f"{opening} {thing}", "label": label}
        for opening in OPENINGS
        for label, things in THINGS.items()
        for thing in things
    ]


def texts_with_labels() -> list[Row]:
    """Return rows with ``text`` and ``labels``: one, two or none."""
    labels = list(THINGS)
    rows: list[Row] = [{"text": row["text"], "labels": [row["label"]]} for row in labelled_texts()[:72]]
    for opening in OPENINGS[:3]:
        for place, label in enumerate(labels):
            other = labels[(place + 1) % len(labels)]
            for thing, second in zip(THINGS[label], reversed(THINGS[other]), strict=True):
                rows.append({"text": f"{opening} {thing} and {second}", "labels": [label, other]})
    rows += [{"text": f"{text}, {day}", "labels": []} for text in THANKS for day in DAYS]
    return rows


def tagged_words() -> list[Row]:
    """Return rows with ``tokens`` and ``ner_tags``: places and days in requests."""
    rows: list[Row] = []
    for number, opening in enumerate(OPENINGS):
        for place in PLACES:
            for day in DAYS:
                thing = THINGS["road"][(number + len(rows)) % 8]
                words = [*opening.split(), *thing.split(), "in", *place, "on", day]
                before = ["O"] * (len(opening.split()) + len(thing.split()) + 1)
                inside = ["B-place", *["I-place"] * (len(place) - 1)]
                rows.append({"tokens": words, "ner_tags": [*before, *inside, "O", "B-day"]})
    rows += [
        {"tokens": row["text"].split(), "ner_tags": ["O"] * len(row["text"].split())} for row in labelled_texts()[:20]
    ]
    return rows


def _readings() -> list[dict[str, Any]]:
    source = random.Random(0)
    return [
        {
            "machine": source.choice(sorted(MACHINES)),
            "temperature_celsius": round(source.uniform(20, 110), 1),
            "load_percent": round(source.uniform(0, 100), 1),
        }
        for _ in range(TABLE_ROWS)
    ]


def labelled_readings() -> list[Row]:
    """Return rows with three columns and ``label``: ``check`` when a machine is hot or full, else ``ok``."""
    return [{**row, "label": "check" if _is_hot_or_full(row) else "ok"} for row in _readings()]


def _is_hot_or_full(row: Row) -> bool:
    return bool(row["temperature_celsius"] > HOT_CELSIUS or row["load_percent"] > FULL_PERCENT)


def measured_readings() -> list[Row]:
    """Return rows with three columns and ``number``: the hours that a service takes, by a formula."""
    return [{**row, "number": _hours(row)} for row in _readings()]


def _hours(row: Row) -> float:
    return round(MACHINES[row["machine"]] + 0.2 * row["load_percent"] + 0.1 * row["temperature_celsius"], 2)


def example_texts() -> Sequence[str]:
    """Return texts that are no rows: they begin otherwise."""
    begin = ("could you repair", "I want to report")
    return [f"{opening} {thing}" for opening in begin for things in THINGS.values() for thing in things[:4]]


def example_places() -> Sequence[str]:
    """Return texts with places and days that are no rows."""
    return [f"could you come to {' '.join(place)} on {day}" for place in PLACES for day in DAYS[:5]]


def example_readings() -> Sequence[Row]:
    """Return readings that are no rows, one of them with a missing value."""
    rows: list[Row] = [
        {"machine": machine, "temperature_celsius": celsius, "load_percent": percent}
        for machine in sorted(MACHINES)
        for celsius, percent in ((25.0, 10.0), (50.0, 60.0), (75.0, 30.0), (40.0, 90.0), (100.0, 95.0), (60.0, 50.0))
    ]
    return [*rows, {"machine": "saw", "temperature_celsius": None, "load_percent": 20.0}]
