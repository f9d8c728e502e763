"""Wall time of `hub export` against optimum's commands: `python benchmarks/export_time.py [--optimum-python PATH]`.

The packaged MiniLM-L6 with a classification head becomes fp32 and int8, in fresh processes, alternating. `hub export`
also compares both with 200 inputs and writes card, report and self-test; optimum compares two. With `--no-latency`
neither side times what it made; that is what is compared. The command without it is measured too.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import common
import optimum_venv
from common import Figure

NAME, COMMAND = "export-time", "python benchmarks/export_time.py"
FOLDER = common.WORK / NAME
RATIO, TIMES = 1.25, "times the time"
LABELS = 77


def main() -> None:
    """Measure both, then write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optimum-python", metavar="PATH", help="a Python that has optimum-onnx 0.1.0")
    parser.add_argument("--checkpoint", metavar="DIR", type=Path, help="a fine-tuned checkpoint of MiniLM-L6")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    program = optimum_venv.find(chosen.optimum_python)
    checkpoint = chosen.checkpoint or random_head(FOLDER / "checkpoint")
    sides = {
        "hub": hub_commands(checkpoint, FOLDER / "hub", ["--no-latency"]),
        "optimum": optimum_venv.commands(program, checkpoint, FOLDER / "optimum"),
        "hub, timed": hub_commands(checkpoint, FOLDER / "hub"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(chosen.repeats):
        for name, commands in sides.items():
            seconds[name].append(run(commands))
        print(f"round {number + 1}: " + ", ".join(f"{name} {found[-1]:.1f} s" for name, found in seconds.items()))
    ours, theirs, timed = (statistics.median(found) for found in seconds.values())
    found = [
        Figure("`hub export --no-latency` against optimum's two commands", round(ours / theirs, 2), TIMES, RATIO),
        Figure("`hub export`, which also times what it made, against the same", round(timed / theirs, 2), TIMES),
        Figure("`hub export --no-latency`, fp32 and int8, 200 inputs compared", round(ours, 1), "s"),
        Figure("`hub export`", round(timed, 1), "s"),
        Figure("`optimum-cli export onnx` and `optimum-cli onnxruntime quantize`", round(theirs, 1), "s"),
    ]
    packages = ", ".join(f"{name} {version}" for name, version in optimum_venv.versions(program).items())
    notes = [f"Medians of {chosen.repeats}, fresh processes, alternating. Optimum's side: {packages}."]
    common.write(NAME, COMMAND, found, {"seconds": seconds, "notes": notes})


def random_head(folder: Path) -> Path:
    """Write the packaged base model with a fresh head: how long an export takes does not depend on its weights."""
    from hub.train.base import PACKAGED, find_base, load_model, load_tokenizer

    base = find_base(PACKAGED)
    model = load_model(base, [f"label_{number}" for number in range(LABELS)], "label", seed=0, dropout=0.0)
    with contextlib.redirect_stderr(io.StringIO()):
        model.save_pretrained(folder)
    load_tokenizer(base).save_pretrained(folder)
    return folder


def hub_commands(checkpoint: Path, folder: Path, more: Sequence[str] = ()) -> Sequence[list[str]]:
    """Return the export as one runs it; the gate of a random head is not what is timed."""
    words = ["--variants", "fp32,int8", "--max-drop", "100", "--runs", str(FOLDER / "runs"), "--json", *more]
    return [[*common.HUB, "export", str(checkpoint), "--out", str(folder), *words]]


def run(commands: Sequence[Sequence[str]]) -> float:
    """Run commands one after the other, from nothing, and return their wall time in seconds."""
    for name in ("hub", "optimum"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    log = FOLDER / "log.txt"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    start = time.perf_counter()
    with log.open("a", encoding="utf-8") as output:
        for command in commands:
            code = subprocess.run(list(command), check=False, stdout=output, stderr=output, env=environment).returncode
            if code:
                raise SystemExit(f"{Path(command[0]).name} ended with code {code}; see {log}")
    return time.perf_counter() - start


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    main()
