"""Rows and texts written for this plugin: they may be published with every bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub_manufacturing.labels import FEATURES

_READINGS: tuple[tuple[str, float, float, float, float, float], ...] = (
    ("M", 298.4, 308.9, 1520.0, 41.0, 12.0),
    ("L", 299.7, 309.6, 1475.0, 44.5, 64.0),
    ("H", 300.2, 310.4, 1610.0, 33.2, 105.0),
    ("L", 301.0, 311.1, 1402.0, 49.8, 33.0),
    ("M", 297.3, 308.2, 1698.0, 28.4, 150.0),
    ("L", 298.9, 309.5, 1559.0, 38.1, 7.0),
    ("H", 303.1, 312.3, 1450.0, 42.7, 81.0),
    ("L", 296.8, 307.9, 1833.0, 24.0, 119.0),
    ("M", 300.8, 310.0, 1505.0, 40.3, 176.0),
    ("L", 299.1, 310.2, 1390.0, 52.6, 18.0),
    # The process is hardly warmer than the air, and the spindle turns slowly: heat stays.
    ("L", 302.6, 310.6, 1342.0, 54.0, 92.0),
    ("M", 303.4, 311.4, 1310.0, 57.5, 40.0),
    ("L", 302.1, 309.9, 1365.0, 50.4, 140.0),
    # Much torque at much speed, or hardly any load: too much or too little power.
    ("L", 298.7, 309.3, 1480.0, 66.0, 20.0),
    ("M", 299.4, 309.9, 1455.0, 69.5, 55.0),
    ("L", 297.9, 308.4, 2710.0, 10.5, 88.0),
    ("H", 300.1, 310.0, 2590.0, 12.1, 35.0),
    # A worn tool under much torque: overstrain.
    ("L", 298.2, 308.8, 1395.0, 58.3, 207.0),
    ("L", 300.6, 310.9, 1370.0, 60.7, 215.0),
    ("M", 299.0, 309.8, 1350.0, 63.2, 212.0),
    # A tool at the end of its life.
    ("L", 298.0, 308.5, 1560.0, 36.4, 226.0),
    ("H", 301.7, 311.0, 1640.0, 30.9, 238.0),
    ("M", 297.6, 308.1, 1508.0, 39.9, 219.0),
    ("L", 299.9, 310.3, 1717.0, 27.3, 248.0),
)

_WORK_ORDERS = (
    "hydraulic pump on press 4 leaking at shaft seal, replaced seal and topped up oil",
    "conveyor 2 stops when warm, motor protection trips, suspect bearing on drive side",
    "replace blown hose on boom cylinder",
    "PLC lost communication with remote I/O rack 3, reseated connector, works again",
    "lubricate spindle bearings as scheduled, no findings",
    "coolant pressure low on lathe 7, cleaned filter, pressure back to normal",
    "air compressor runs hot, changed oil and belt",
    "robot cell B: light curtain fault, mirror was dirty, cleaned and tested",
    "gearbox of mixer noisy, oil sample taken, to be inspected at next shutdown",
    "cracked weld on bucket, weld repair done",
    "exhaust fan vibrates, balanced impeller and tightened base bolts",
    "changed cutting inserts, tool wear over limit",
    "emergency stop on packing line does not reset, replaced contact block",
    "water in fuel filter of loader, drained and replaced filter",
    "limit switch of gate 5 broken off by forklift, fitted new switch and guard",
    "boiler feed pump: mechanical seal drips, ordered spare part",
    "display of weighing scale dark, power supply replaced",
    "chain of bucket elevator stretched, removed two links",
    "annual inspection of crane 1 done, rope within limits",
    "paint robot drops pressure during purge, regulator adjusted",
    "oil leak under injection moulding machine, fitting retightened",
)


def readings() -> Sequence[Mapping[str, float | str | None]]:
    """Return rows for the self-test and the demonstration of the machine tasks."""
    names = [feature.name for feature in FEATURES]
    return [dict(zip(names, values, strict=True)) for values in _READINGS]


def work_orders() -> Sequence[str]:
    """Return texts for the self-test and the demonstration of the work order tasks."""
    return list(_WORK_ORDERS)
