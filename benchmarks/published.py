"""Teachers on sets with published scores: `HUB_BENCH_DATA=DIR python benchmarks/published.py [SET...]`.

The variable names a folder of benchmark sets, which is not part of the project. Each set is trained with three seeds,
the settings being those that `published_sets.py` holds; a training that an earlier call finished is not repeated.
`--try KEY=VALUE` trains with other settings and shows the score on validation rows alone: that is how settings are
chosen, test rows are read by the table only.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common
import numpy as np
from common import Figure
from published_sets import FAIR, SETS, Published, prepare, rows_of, text_of, write_rows

from hub.contract.metrics import accuracy, macro_f1
from hub.contract.metrics_spans import entity_f1
from hub.edge.files import write_json

NAME = "published"
COMMAND = "HUB_BENCH_DATA=DIR python benchmarks/published.py"
SEEDS = (1, 2, 3)
FOLDER = common.WORK / NAME
WITHOUT = "without texts that training or validation rows hold"


def f1_unfair(outcome: Any) -> float:
    """Return the F1 of the rows that are not fair, whatever the types of the others: fair is what is so by half."""
    fair = outcome.labels.index(FAIR)
    truth, found = outcome.truth != fair, outcome.probabilities[:, fair] < 0.5
    return float(2 * (truth & found).sum() / max(1, truth.sum() + found.sum()))


METRICS: Mapping[str, Callable[[Any], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "entity_f1": entity_f1,
    "f1_unfair": f1_unfair,
}


@dataclass(frozen=True)
class Trained:
    """A teacher that was trained.

    Args:
        run: its folder.
        fingerprint: of everything it was trained with.
        score: of its best epoch on validation rows, in the task's headline metric.
        seconds: of the training alone.
    """

    run: Path
    fingerprint: str
    score: float
    seconds: float


def main() -> None:
    """Train and score the named sets, all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}")
    parser.add_argument("--try", dest="tried", action="append", metavar="KEY=VALUE", help="show validation scores only")
    parser.add_argument("--recipe", help="of --try: another built-in recipe")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of --try")
    chosen = parser.parse_args()
    home = common.bench_data()
    if home is None:
        return
    names = chosen.sets or list(SETS)
    if unknown := [name for name in names if name not in SETS]:
        parser.error(f"unknown set {unknown[0]!r}, known: {', '.join(SETS)}")
    for name in names:
        if chosen.tried is not None:
            attempt(name, home, chosen.recipe, chosen.tried, chosen.seeds)
        else:
            for seed in SEEDS:
                score(name, home, seed)
    if chosen.tried is None:
        write_table()


def attempt(name: str, home: Path, recipe: str | None, settings: Sequence[str], seeds: Sequence[int]) -> None:
    """Train with other settings, and say what the validation rows say."""
    entry = SETS[name]
    found = [train(name, home, recipe or entry.recipe, [s for s in settings if s], seed) for seed in seeds]
    scores = ", ".join(f"{each.score:.4f}" for each in found)
    mean = statistics.mean(each.score for each in found)
    seconds = round(sum(each.seconds for each in found))
    print(f"{name}: validation {mean:.4f} ({scores}), {seconds} s: {' '.join(settings)}", flush=True)


def train(name: str, home: Path, recipe: str, settings: Sequence[str], seed: int) -> Trained:
    """Train a teacher, unless an earlier call has."""
    entry = SETS[name]
    words = ["train", entry.task, "--recipe", recipe, "--set", f"seed={seed}"]
    words += [word for setting in settings for word in ("--set", setting)]
    runs = FOLDER / "runs" / _file_name(name if entry.data else entry.task)
    if entry.data:
        folder = FOLDER / "data" / f"{_file_name(name)}{f'-{seed}' if entry.shots else ''}"
        words += ["--data", str(prepare(entry, home, folder, seed))]
    done = common.timed([*common.HUB, *words, "--runs", str(runs), "--json"])[2]
    run = runs / json.loads(done)["run"]
    told = json.loads((run / "finetune" / "training.json").read_text("utf-8"))
    stage = json.loads((run / "finetune" / "stage.json").read_text("utf-8"))
    return Trained(run, stage["fingerprint"], told["best_score"], told["seconds"])


def score(name: str, home: Path, seed: int) -> None:
    """Train with one seed and read the test rows; what an earlier call found stays."""
    entry, file = SETS[name], _part(name, seed)
    trained = train(name, home, entry.recipe, entry.settings, seed)
    key = [trained.fingerprint, entry.metric, entry.part]
    if file.is_file() and json.loads(file.read_text("utf-8"))["key"] == key:
        return
    found = {
        "key": key,
        "settings": [entry.recipe, *entry.settings],
        "validation": trained.score,
        "seconds": round(trained.seconds, 1),
        **test_scores(entry, home, trained.run),
    }
    write_json(file, found)
    print(f"{name}, seed {seed}: {found['test']:.4f}", flush=True)


def test_scores(entry: Published, home: Path, run: Path) -> dict[str, Any]:
    """Return what a teacher scores on test rows: on all, and on those whose text no training row holds."""
    from hub.cli.building import request_of_run
    from hub.pipeline.context import Context
    from hub.pipeline.progress import Silent
    from hub.pipeline.run import Run
    from hub.pipeline.stages.encoding import encode_rows
    from hub.pipeline.stages.finetune import load_whole_teacher, teacher_encoder
    from hub.pipeline.stages.rows import labelled
    from hub.train.inference import scores

    opened = Run.open(run.parent, run.name)
    context = Context(request_of_run(opened), opened, Silent())
    prepared, kind = context.prepared(), context.kind.name
    test = _test_rows(entry, home, kind) if entry.data else prepared.dataset.test
    rows = labelled(prepared, kind, test)
    model, tokenizer = load_whole_teacher(context)
    scratch = FOLDER / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    encoded = encode_rows(teacher_encoder(context, tokenizer, scratch), rows)
    outcomes = rows.outcomes(rows.form.probabilities(scores(model, encoded)))
    metric = METRICS[entry.metric]
    if not entry.data:
        told = json.loads((run / "baseline" / "baseline.json").read_text("utf-8"))
        linear = told["evaluations"][entry.part]["metrics"][entry.metric]
        return {"test": metric(outcomes[entry.part]), "rows": outcomes[entry.part].rows, "linear": linear}
    (outcome,) = outcomes.values()
    seen = {text_of(row) for name in ("train", "validation") for row in rows_of(home / entry.data, name)}
    fresh = np.array([text_of(row) not in seen for row in rows_of(home / entry.data, "test")])
    apart = outcome.take(np.flatnonzero(fresh))
    return {"test": metric(outcome), "rows": outcome.rows, "fresh": metric(apart), "fresh_rows": apart.rows}


def _test_rows(entry: Published, home: Path, kind: str) -> Sequence[Any]:
    from hub.contract.recipe import DataOptions
    from hub.data import read_folder

    folder = home / entry.data
    if entry.typed:
        source, folder = folder, FOLDER / "data" / "typed"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("train", "test"):  # a folder without training rows is refused
            write_rows(folder / f"{name}.csv", rows_of(source, name, typed=True))
    return read_folder(folder, DataOptions(), kind).test


def write_table() -> None:
    """Write the document from what is there of every set."""
    found, sets, lines = [], [], []
    for name, entry in SETS.items():
        parts = [json.loads(file.read_text("utf-8")) for seed in SEEDS if (file := _part(name, seed)).is_file()]
        if len(parts) < len(SEEDS) or any(part["settings"] != [entry.recipe, *entry.settings] for part in parts):
            continue
        values = [part["test"] - part.get("linear", 0.0) for part in parts]
        mean, spread = statistics.mean(values), statistics.stdev(values)
        what = f"{name}: {entry.metric}" + (" above the linear baseline" if entry.relative else "")
        found.append(Figure(f"{what}, mean of three seeds", round(mean, 4), "", entry.must, entry.stretch, True))
        found.append(Figure(f"{what}, standard deviation", round(spread, 4), ""))
        if "fresh" in parts[0]:
            apart = statistics.mean(part["fresh"] for part in parts)
            what = f"{name}: {entry.metric} {WITHOUT} ({parts[0]['fresh_rows']} of {parts[0]['rows']} rows)"
            found.append(Figure(what, round(apart, 4), ""))
        sets.append({"set": name, "published": entry.known, "chosen": entry.chosen, "seeds": parts})
        settings = ", ".join([f"`{entry.recipe}`", *entry.settings])
        lines.append([name, entry.known, f"{mean:.4f} ± {spread:.4f}", settings, entry.chosen])
    columns = ["set", "published", "mean ± standard deviation", "recipe", "how it was chosen"]
    notes = [
        "Base model all-MiniLM-L6-v2; the teacher as it is before any compression, its lexical branch included.",
        "Published scores are quoted by the sets' own descriptions, some of them from memory.",
        "The BERT of published scores has 12 layers of width 768, this base 6 of 384. `--set "
        "base=google-bert/bert-base-uncased` trains it with the same settings, in some eight times the time by its "
        "multiplications a token; it is not measured here, where no model could be fetched.",
    ]
    common.write(NAME, COMMAND, found, {"notes": notes, "table": {"columns": columns, "rows": lines}, "sets": sets})


def _part(name: str, seed: int) -> Path:
    return FOLDER / "parts" / f"{_file_name(name)}-{seed}.json"


def _file_name(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-").replace("/", "-")


if __name__ == "__main__":
    main()
