"""Fresh processes: the first answer of `hub predict`, and `hub --help`: `python benchmarks/startup.py BUNDLE`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import common
from common import Figure

REPEATS = 15
TEXT = "acute appendicitis with perforation"
_PEAK = (
    "import resource, subprocess, sys;"
    "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def median_seconds(commands: dict[str, Sequence[str]]) -> dict[str, float]:
    """Run the commands in turn and return the median wall time of each, the first round left out."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPEATS + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(list(command), check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def peak_mb(command: Sequence[str]) -> float:
    """Peak memory of one process in MB, measured by a parent that ran nothing else."""
    done = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout) / 1024


def main(bundle: str) -> None:
    """Measure with the installed `hub` program beside this Python."""
    program = str(Path(sys.executable).with_name("hub"))
    predict = (program, "predict", bundle, TEXT)
    seconds = median_seconds(
        {
            "predict": predict,
            "help": (program, "--help"),
            "click": (sys.executable, "-c", "import click"),
            "tasks": (program, "tasks"),
        }
    )
    found = [
        Figure("fresh process `hub predict` to the first answer", round(seconds["predict"], 3), "s", 0.8, 0.5),
        Figure("its peak memory", round(peak_mb(predict), 1), "MB", 150, 110),
        Figure("`hub --help`", round(seconds["help"], 3), "s", 0.3),
        Figure(
            "`hub --help` against `python -c 'import click'`",
            round(seconds["help"] / seconds["click"], 2),
            "times the time",
            4,
            2,
        ),
        Figure("`hub tasks`, cache present", round(seconds["tasks"], 3), "s"),
    ]
    common.write("startup", "python benchmarks/startup.py BUNDLE", found, {"repeats": REPEATS})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python benchmarks/startup.py BUNDLE")
    main(sys.argv[1])
