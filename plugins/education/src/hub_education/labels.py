"""Levels as labels, easiest first."""

from __future__ import annotations

from hub.contract import Label

CEFR = (
    Label("A1", "A1, beginner"),
    Label("A2", "A2, elementary"),
    Label("B1", "B1, intermediate"),
    Label("B2", "B2, upper intermediate"),
    Label("C1", "C1, advanced"),
    Label("C2", "C2, proficient"),
)
"""Levels of the Common European Framework of Reference for Languages."""

READING = (
    Label("elementary", "elementary"),
    Label("intermediate", "intermediate"),
    Label("advanced", "advanced"),
)
"""The three versions of an article in OneStopEnglish."""
