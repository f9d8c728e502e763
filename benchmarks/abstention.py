"""Promised precisions on test rows, and out-of-domain scores: `python benchmarks/abstention.py [RUNS [SET...]]`.

RUNS is a folder of finished runs as the other scripts leave them, by default build/bench/runs: one folder a set. Each
run's own bundle answers its calibration, validation and test rows, thresholds are chosen as a build chooses them, and
what became of them on the test rows is written to results/abstention.json after each set. A set that stands there is
not measured again unless it is named. Nothing is trained.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common
import numpy as np
import numpy.typing as npt
from common import Figure

from hub.data import load as load_prepared
from hub.edge.bundle import Bundle
from hub.edge.out_of_domain import count_pieces, known_pieces
from hub.edge.parts import Part
from hub.evaluate.abstention import DEFAULT_TARGET, Decisions, fit_targets, measured
from hub.pipeline.stages.domain import KEPT, area_under_curve, foreign_texts
from hub.pipeline.stages.rows import Rows, labelled, plain_text

NAME = "abstention"
COMMAND = "python benchmarks/abstention.py"
FOREIGN_ROWS = 40
"""Test rows of each other set that count as foreign."""

OWN_ROWS = 300
"""Test rows that the foreign ones are told from, and calibration rows that set the threshold."""

MUST, STRETCH = 2.0, 1.0
"""Points that the precision on test rows may be below the target."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A finished run.

    Args:
        name: of the set.
        bundle: its bundle with its default variant.
        rows: of each split.
    """

    name: str
    bundle: Bundle
    rows: Mapping[str, Rows]


def main(folder: str = "", *names: str) -> None:
    """Measure what does not stand yet."""
    runs = runs_of(Path(folder) if folder else common.WORK / "runs")
    standing = common.load(NAME)["details"]["sets"] if (common.RESULTS / f"{NAME}.json").is_file() else {}
    sets = {name: found for name, found in standing.items() if name not in names}
    tasks = {name: Bundle.open(run / "report" / "bundle").manifest.task for name, run in runs.items()}
    foreign: dict[str, list[str]] = {}
    for name, run in runs.items():
        if name in sets or (names and name not in names):
            continue
        foreign = foreign or {each: texts_of(path) for each, path in runs.items()}
        # Two recipes of one task have the same rows.
        others = {key: texts for key, texts in foreign.items() if tasks[key] != tasks[name]}
        sets[name] = of_set(opened(name, run), others)
        print(name, sets[name]["promises"], sets[name].get("out_of_domain"), flush=True)
        common.save(NAME, COMMAND, figures(sets), {"sets": sets, "notes": notes()})
    common.say(figures(sets))


def runs_of(folder: Path) -> dict[str, Path]:
    """Return the finished runs of a folder whose answers have a confidence, by the name of their set."""
    found = {file.parents[3].name: file.parents[2] for file in sorted(folder.glob("*/*/report/bundle/bundle.json"))}
    kinds = {name: Bundle.open(run / "report" / "bundle").kind.answers for name, run in found.items()}
    return {name: run for name, run in found.items() if kinds[name] in ("label", "labels", "spans")}


def opened(name: str, run: Path) -> Measured:
    """Open a run's bundle and read its rows."""
    bundle, prepared = Bundle.open(run / "report" / "bundle"), load_prepared(run / "data")
    splits = ("train", "calibration", "validation", "test")
    kind = bundle.manifest.kind
    return Measured(name, bundle, {split: labelled(prepared, kind, prepared.dataset.split(split)) for split in splits})


def texts_of(run: Path) -> list[str]:
    """Return test texts of a run that are foreign to the others; none of tables."""
    bundle = Bundle.open(run / "report" / "bundle")
    if bundle.kind.reads == "row":
        return []
    prepared = load_prepared(run / "data")
    rows = labelled(prepared, bundle.manifest.kind, prepared.dataset.split("test")).spread(FOREIGN_ROWS)
    return [plain_text(entry) for entry in rows.inputs]


def of_set(run: Measured, foreign: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what was measured of one set."""
    decided = {split: decisions(run.bundle, run.rows[split]) for split in ("calibration", "validation", "test")}
    promises = []
    for entry in fit_targets(decided["calibration"], decided["validation"]):
        after, (kept, _) = measured(entry, decided["test"]), decided["test"].at(entry.threshold)
        shares = {"coverage": after.coverage, "precision": after.precision, "kept": kept}
        promises.append({"target_precision": entry.target_precision, "threshold": entry.threshold, **shares})
    found: dict[str, Any] = {
        "task": run.bundle.manifest.task,
        "variant": run.bundle.variant,
        "decisions": {split: len(each) for split, each in decided.items()},
        "precision_of_all": {split: each.shares(0.0)[1] for split, each in decided.items()},
        "promises": promises,
        "lowest_threshold": lowest_threshold(decided, DEFAULT_TARGET),
    }
    if run.bundle.kind.reads == "text" and run.bundle.kind.answers == "label":
        found["out_of_domain"] = domain(run, foreign)
    return found


def decisions(bundle: Bundle, rows: Rows) -> Decisions:
    """Return what the bundle decided on rows."""
    if bundle.kind.answers == "spans":
        chances = np.concatenate(bundle.word_probabilities(rows.inputs))
    else:
        chances = bundle.probabilities(rows.inputs)
    found = rows.form.decisions(chances, rows.truth, rows.units, bundle.thresholds)
    if found is None:
        raise TypeError(f"answers of {bundle.kind.name} have no confidence")
    return found


def lowest_threshold(decided: Mapping[str, Decisions], target: float) -> dict[str, float]:
    """Return what the plain rule does, for comparison: the lowest threshold with the precision on calibration rows."""
    held = decided["calibration"]
    reached = [value for value in np.unique(held.confidence).tolist() if held.shares(value)[1] >= target]
    threshold = min(reached, default=1.0)
    coverage, precision = decided["test"].shares(threshold)
    return {"target_precision": target, "threshold": threshold, "coverage": coverage, "precision": precision}


def domain(run: Measured, foreign: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return how well three scores tell test rows from foreign texts: area under the ROC curve, by source and mean.

    ``found``: foreign texts below the lowest twentieth of the calibration rows, the mean over the sources.
    """
    paired = isinstance(run.rows["test"].inputs[0], tuple)
    encoder = run.bundle.encoder
    seen = [ids for entry in run.rows["train"].inputs for ids in known_pieces(encoder.windows(entry))]
    pieces = count_pieces(seen, encoder.vocabulary)
    sources: dict[str, Sequence[Any]] = {key: pairs(texts) if paired else texts for key, texts in foreign.items()}
    sources = {key: texts for key, texts in sources.items() if texts} | {"sentences": foreign_texts(paired)}

    def by_pieces(texts: Sequence[Any]) -> Floats:
        return np.array([pieces.score(known_pieces(encoder.windows(text))) for text in texts])

    def ways(texts: Sequence[Any]) -> dict[str, Floats]:
        return {"pieces": by_pieces(texts)} | by_model(run.bundle, texts)

    own, held = (ways(run.rows[split].spread(OWN_ROWS).inputs) for split in ("test", "calibration"))
    others = {key: ways(texts) for key, texts in sources.items()}
    found: dict[str, Any] = {}
    for name in own:
        lowest = np.quantile(held[name], 1.0 - KEPT, method="lower")
        areas = {key: area_under_curve(own[name], each[name]) for key, each in others.items()}
        shares = [float((each[name] < lowest).mean()) for each in others.values()]
        found[name] = {"mean": float(np.mean([*areas.values()])), "found": float(np.mean(shares)), "by_source": areas}
    return found


def pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return each text with the next one."""
    return list(zip(texts, [*texts[1:], *texts[:1]], strict=True))


def by_model(bundle: Bundle, texts: Sequence[Any]) -> dict[str, Floats]:
    """Return minus the energy of the scores (arXiv 2010.03759), and the highest probability; both higher at home."""
    scores = bundle._asked.means(Part(list(texts)))[0]  # probabilities no longer have the energy
    highest = scores.max(axis=1, keepdims=True)
    rest = np.log(np.exp(scores - highest).sum(axis=1))
    return {"energy": highest[:, 0] + rest, "probability": np.exp(-rest)}


def figures(sets: Mapping[str, Mapping[str, Any]]) -> list[Figure]:
    """Return the figures of every set: how far a promise was missed, what is answered, and what is told apart."""
    found = []
    for name, entry in sets.items():
        found += of_promises(name, entry)
        if "out_of_domain" in entry:
            for way, value in entry["out_of_domain"].items():
                what = f"{name}: area under the ROC curve against foreign texts, by {way}"
                found.append(Figure(what, round(value["mean"], 4), "", higher_is_better=True))
    return found


def of_promises(name: str, entry: Mapping[str, Any]) -> list[Figure]:
    """Return the figures of one set's highest promise up to the default target, and of the plain rule."""
    promised = [each for each in entry["promises"] if each["target_precision"] <= DEFAULT_TARGET]
    plain = entry["lowest_threshold"]
    found = []
    if promised:
        best = promised[-1]
        what = f"{name}: precision on test rows below the promised {best['target_precision']:g}"
        found.append(Figure(what, round(below(best), 3), "points", MUST, STRETCH))
        found.append(Figure(f"{name}: test rows answered then", round(100 * best["coverage"], 2), "percent"))
    else:
        found.append(Figure(f"{name}: precisions promised", 0, ""))
    what = (
        f"{name}: below {plain['target_precision']:g} on test rows with the lowest threshold that has it on calibration"
    )
    return [*found, Figure(what, round(below(plain), 3), "points")]


def below(entry: Mapping[str, float]) -> float:
    """Return the points by which the precision on test rows is below the target, 0 when it is not."""
    return max(0.0, 100 * (entry["target_precision"] - entry["precision"]))


def notes() -> list[str]:
    """Return what a reader of the figures should know."""
    return [
        "A promise is the highest of the target precisions up to 0.95 that the exact binomial test on calibration rows "
        "allows with 90 %; a set whose model or whose few calibration rows allow none promises nothing.",
        "Foreign texts: up to 40 test rows of each other set, and the hub's own sentences; areas are means over them.",
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
