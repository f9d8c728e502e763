"""Labels and columns of the machine tasks."""

from __future__ import annotations

from hub.contract import Feature, Label

NO_FAILURE = "no-failure"
FAILURE = "failure"

FAILURE_LABELS = (Label(NO_FAILURE, "No failure"), Label(FAILURE, "Failure"))
"""The label that is looked for stands last: metrics and the decision threshold are about it."""

TYPE_LABELS = (
    Label(NO_FAILURE, "No failure"),
    Label("heat-dissipation-failure", "Heat dissipation failure"),
    Label("overstrain-failure", "Overstrain failure"),
    Label("power-failure", "Power failure"),
    Label("random-failures", "Random failure"),
    Label("tool-wear-failure", "Tool wear failure"),
)
"""Kinds of failure, by the names of the data in lower case."""

FEATURES = (
    Feature("Type", "category", "Quality of the product: L, M or H, low to high"),
    Feature("Air temperature [K]", "number", "Temperature of the air in kelvin"),
    Feature("Process temperature [K]", "number", "Temperature of the process in kelvin"),
    Feature("Rotational speed [rpm]", "number", "Speed of the spindle in revolutions a minute"),
    Feature("Torque [Nm]", "number", "Torque of the spindle in newton metres"),
    Feature("Tool wear [min]", "number", "Minutes the tool has been in use"),
)
"""The columns that are read, by the names they have in the data."""
