"""Short forms of work orders, as technicians write them."""

from __future__ import annotations

import random

from hub.contract import swap_phrases

SHORT_FORMS = (
    ("assy", "assembly"),
    ("brg", "bearing"),
    ("chk", "check"),
    ("compr", "compressor"),
    ("conv", "conveyor"),
    ("cyl", "cylinder"),
    ("elec", "electrical"),
    ("eng", "engine"),
    ("gbx", "gearbox"),
    ("hyd", "hydraulic"),
    ("insp", "inspection"),
    ("lube", "lubricate"),
    ("maint", "maintenance"),
    ("mech", "mechanical"),
    ("mtr", "motor"),
    ("o/h", "overheating"),
    ("pneu", "pneumatic"),
    ("pos", "position"),
    ("qty", "quantity"),
    ("repl", "replace"),
    ("rplcd", "replaced"),
    ("rh", "right hand"),
    ("lh", "left hand"),
    ("sw", "switch"),
    ("temp", "temperature"),
    ("trans", "transmission"),
    ("vlv", "valve"),
    ("w/o", "without"),
)
"""Common ones in maintenance logs; a plant has its own besides."""


def shorten(text: str, draw: random.Random) -> str:
    """Write short forms out and shorten what is written out, `hub.contract.swap_phrases`."""
    return swap_phrases(text, SHORT_FORMS, draw)
