"""What the benchmark scripts share: figures with their limits, and the document they are written to."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.results import BuildResult
from hub.edge.files import write_json
from hub.edge.machine import describe

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
WORK = ROOT / "build" / "bench"
HUB = (sys.executable, "-m", "hub.cli")


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it must reach.

    Args:
        what: one line.
        value: measured.
        unit: of value and limits.
        must: limit, ``None`` when the figure is only reported.
        stretch: limit one would like.
        higher_is_better: direction of the limits.
    """

    what: str
    value: float
    unit: str
    must: float | None = None
    stretch: float | None = None
    higher_is_better: bool = False

    def reaches(self, limit: float | None) -> bool | None:
        """Whether the figure keeps a limit; ``None`` without one."""
        if limit is None:
            return None
        return self.value >= limit if self.higher_is_better else self.value <= limit


def bench_data() -> Path | None:
    """Return the folder of benchmark sets that HUB_BENCH_DATA names; without the variable say so, and ``None``."""
    home = os.environ.get("HUB_BENCH_DATA", "")
    if not home:
        print("skipped: the variable HUB_BENCH_DATA names no folder of benchmark sets")
        return None
    return Path(home)


def save(name: str, command: str, figures: Sequence[Figure], details: Any = None) -> Path:
    """Write ``results/<name>.json`` with the machine."""
    document = {
        "name": name,
        "command": command,
        "machine": describe(),
        "figures": [
            {**dataclasses.asdict(f), "reaches_must": f.reaches(f.must), "reaches_stretch": f.reaches(f.stretch)}
            for f in figures
        ],
        "details": details or {},
    }
    path = RESULTS / f"{name}.json"
    write_json(path, document)
    return path


def read(name: str) -> dict[str, Any]:
    """Return what `save` wrote, its figures as `Figure`; without the file no figures and no details."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return {"figures": [], "details": {}}
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    fields = [field.name for field in dataclasses.fields(Figure)]
    document["figures"] = [Figure(**{key: each[key] for key in fields}) for each in document["figures"]]
    return document


def write(name: str, command: str, figures: Sequence[Figure], details: Any = None) -> Path:
    """Write ``results/<name>.json`` with the machine and say what was missed."""
    path = save(name, command, figures, details)
    say(figures)
    print(path.relative_to(ROOT))
    return path


def say(figures: Sequence[Figure]) -> None:
    """Print figures and which were missed."""
    for figure in figures:
        mark = {True: "ok  ", False: "MISS", None: "    "}[figure.reaches(figure.must)]
        print(f"{mark} {figure.what}: {figure.value:g} {figure.unit} (must {figure.must}, stretch {figure.stretch})")


def timed(command: Sequence[str]) -> tuple[float, float, str]:
    """Run a command to its end.

    Returns:
        Wall seconds, the peak memory of the largest child so far in MB, and its stdout.
    """
    start = time.perf_counter()
    done = subprocess.run(list(command), check=True, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return seconds, peak_mb, done.stdout


def timed_code(command: Sequence[str]) -> tuple[float, str, int]:
    """Run a command to its end, whatever that is.

    Returns:
        Wall seconds, its stdout and its exit code.
    """
    start = time.perf_counter()
    done = subprocess.run(list(command), check=False, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - start, done.stdout, done.returncode


def result_rows(result: BuildResult) -> list[dict[str, object]]:
    """Return the result table of a build, for the page."""
    return [
        {
            "model": row.name,
            "scores": {part: e.metrics[result.headline_metric] for part, e in row.evaluations.items()},
            "bytes": row.bytes,
            "parameters": row.parameters,
            "p50_ms": {tokens: latency.p50_ms for tokens, latency in row.latency.items()},
            "p95_ms": {tokens: latency.p95_ms for tokens, latency in row.latency.items()},
            "cold_ms": {tokens: latency.cold_ms for tokens, latency in row.latency.items()},
        }
        for row in result.models
    ]


def tests_importable() -> None:
    """Make ``tests`` the folder of the checkout: some distributions bring a package of that name."""
    package = types.ModuleType("tests")
    package.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = package


def load(name: str) -> dict[str, Any]:
    """Read ``results/<name>.json``."""
    document: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return document
