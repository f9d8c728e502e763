"""Training speed on banking77: `HUB_BENCH_DATA=DIR python benchmarks/training_speed.py [--rows N] [--epochs N]`.

The same rows, batch size, epochs, rate and losses, once by our training and once by transformers' Trainer with its
other defaults; then what each difference brings, one by one. Each part runs in a process of its own and is kept; a
second call goes on with what is missing, ``--again`` measures everything anew.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import common
import training_speed_page
from common import Figure
from training_speed_parts import (
    FACTORS,
    LADDER,
    MEMORY,
    OPTIMIZERS,
    OURS,
    OURS_FP32,
    PARTS,
    TRANSFORMERS,
)

from hub.edge.files import write_text
from hub.edge.machine import instruction_sets

NAME = "training-speed"
COMMAND = "HUB_BENCH_DATA=DIR python benchmarks/training_speed.py"
SCRIPT = Path(__file__).with_name("training_speed_parts.py")
PAGE = common.ROOT / "docs" / "performance.md"
EPOCHS = 3
WITH_AMX, WITHOUT_AMX, STRETCH = 3.0, 1.8, 5.0
SCORE_POINTS, GROWTH_PERCENT = 0.5, 2.0


def main() -> None:
    """Measure what is missing, then write the figures and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=0, help="rows of each split, for a trial; 0 for all")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--again", action="store_true", help="measure everything anew")
    chosen = parser.parse_args()
    if common.bench_data() is None:
        return
    folder = common.WORK / NAME / f"rows-{chosen.rows or 'all'}-epochs-{chosen.epochs}"
    folder.mkdir(parents=True, exist_ok=True)
    found = {part: measured(part, chosen, folder) for part in PARTS}
    if chosen.rows or chosen.epochs != EPOCHS:
        common.say(figures(found))  # a trial is no result
        return
    common.write(NAME, COMMAND, figures(found), found)
    write_text(PAGE, training_speed_page.page(common.load(NAME)))


def measured(part: str, chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return what a part found, measured now if it is not there."""
    file = folder / f"{part}.json"
    if chosen.again or not file.is_file():
        words = [sys.executable, str(SCRIPT), part, str(chosen.rows), str(chosen.epochs), str(file)]
        # All cores, whatever the shell says of threads.
        own = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        subprocess.run(words, check=True, env=own | {"HF_HUB_OFFLINE": "1"})
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def figures(found: dict[str, Any]) -> list[Figure]:
    """Return what was measured with its limits.

    A CPU with AMX multiplies bf16 many times as fast as fp32; that gain is not asked of others, nor of fp32.
    """
    theirs = found[TRANSFORMERS]
    times = {part: found[part]["rows_per_second"] / theirs["rows_per_second"] for part in (OURS, OURS_FP32)}
    must = WITH_AMX if any(name.startswith("amx") for name in instruction_sets()) else WITHOUT_AMX
    ladder = found[FACTORS]["step_ms"]
    memory = found[MEMORY]["memory_mb"]
    growth = 100 * (memory[-1] / memory[1] - 1)
    lost = theirs["score"] - found[OURS]["score"]
    result = [
        Figure("rows a second against transformers' Trainer", round(times[OURS], 2), "times", must, STRETCH, True),
        Figure("the same, our training in fp32", round(times[OURS_FP32], 2), "times", WITHOUT_AMX, None, True),
        Figure("score behind that of transformers' Trainer", round(lost, 2), "points", SCORE_POINTS),
        Figure("memory from the second epoch to the last", round(growth, 2), "percent more", GROWTH_PERCENT),
    ]
    names = [step.name for step in LADDER]
    for before, name in itertools.pairwise(names):
        result.append(Figure(f"a step by {name}", round(ladder[before] / ladder[name], 2), "times faster"))
    adamw = found[OPTIMIZERS]["adamw_ms"]
    flushed = found[OPTIMIZERS]["denormal_ms"]
    result.append(Figure("AdamW fused against one by one", round(adamw["one by one"] / adamw["fused"], 2), "times"))
    result.append(Figure("AdamW over decayed state, flushed", round(flushed["kept"] / flushed["flushed"], 2), "times"))
    return result


if __name__ == "__main__":
    main()
