"""When a variant says "ask a person", and from which probability on a label counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.edge.schema import Abstention, to_json
from hub.evaluate.abstention import default_target, fit_targets, measured
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.running import Candidate, scores_of
from hub.pipeline.stages.scoring import thresholds_of

Floats = npt.NDArray[np.float64]


def decisions(candidate: Candidate, calibration: Rows, validation: Rows) -> dict[str, Any]:
    """Return the decisions of a variant, as the choices of a build record them.

    Args:
        candidate: the model file, run as it ships.
        calibration: rows that promise a precision.
        validation: rows that thresholds of labels are chosen on, and that say which promises are worth trying.
    """
    chances = [rows.form.probabilities(scores_of(candidate, rows)) for rows in (calibration, validation)]
    return decided(calibration, chances[0], validation, chances[1], thresholds_of(validation, chances[1]))


def decided(
    calibration: Rows, of_calibration: Floats, validation: Rows, of_validation: Floats, thresholds: Floats | None
) -> dict[str, Any]:
    """Return what `decisions` does, from a model's probabilities.

    Args:
        calibration: as in `decisions`.
        of_calibration: float64 [units, outputs].
        validation: as in `decisions`.
        of_validation: float64 [units, outputs].
        thresholds: float64 [labels], ``None`` for the form's own rule.

    Returns:
        ``target_precisions``: an entry for each target that can be promised; ``abstention``: the one the bundle goes
        by, ``None`` where there is none, and for entities, of which none is left out unasked; ``thresholds``.
    """
    form = calibration.form
    promised = form.decisions(of_calibration, calibration.truth, calibration.units, thresholds)
    tried = form.decisions(of_validation, validation.truth, validation.units, thresholds)
    found = () if promised is None or tried is None else fit_targets(promised, tried)
    default = None if form.answers == "spans" else default_target(found)
    return {
        "abstention": None if default is None else to_json(default),
        "target_precisions": [to_json(entry) for entry in found],
        "thresholds": None if thresholds is None else thresholds.tolist(),
    }


def on_test(choice: Mapping[str, Any], test: Rows, probabilities: Floats) -> list[dict[str, float]]:
    """Return the target precisions of a variant with what became of them on test rows.

    Args:
        choice: of the variant, as `decisions` gives it.
        test: test rows; nothing is chosen by them.
        probabilities: of the variant on them, float64 [units, outputs].
    """
    entries = [Abstention(**entry) for entry in choice["target_precisions"]]
    thresholds = None if choice["thresholds"] is None else np.asarray(choice["thresholds"])
    found = test.form.decisions(probabilities, test.truth, test.units, thresholds)
    if found is None:
        return []
    rows = []
    for entry in entries:
        after = measured(entry, found)
        kept, _ = found.at(entry.threshold)
        stated = {"test_coverage": after.coverage, "test_precision": after.precision, "test_kept": float(kept)}
        rows.append({**to_json(entry), **stated})
    return rows


def default_entry(choice: Mapping[str, Any], entries: Sequence[Mapping[str, float]]) -> Mapping[str, float] | None:
    """Return the entry that the variant goes by, ``None`` when it never abstains by itself.

    Args:
        choice: of the variant, as `decisions` gives it.
        entries: of `on_test`.
    """
    default = choice["abstention"]
    wanted = default and default["target_precision"]
    return next((entry for entry in entries if entry["target_precision"] == wanted), None)
