"""What the parts of budget.py share: builds that are run once and kept, and the shares that they state."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common
from common import Figure

from hub.contract import figures
from hub.contract.results import BuildResult, Evaluation, ModelResult
from hub.edge.files import write_json
from hub.edge.machine import describe
from hub.edge.schema import read, to_json

BANKING, BANKING_SET = "finance/banking-intent", "finance/banking77"
SCORE = "accuracy"
"""What shares on banking77 are of; the headline's share, macro-F1, stands beside it."""

GATES_MISSED, NOTHING_KEEPS = "HUB-G002", "HUB-G010"
REPORT_IS = "its report is "
"""What stands before the file of the report where gates were missed: no document is printed then."""

_UNSAFE = re.compile(r"[^a-z0-9]+")
_TRIAL = ("--set", "teacher.epochs=1", "--set", "student.epochs=1", "--set", "student.passes=1")


@dataclass(frozen=True)
class Setting:
    """Where a part runs.

    Args:
        part: ``students``, ``search``, ``exhaustive``, ``icd10``.
        data: folder of benchmark sets.
        trial: with as little training as there can be, into folders of its own; nothing is written to results/.
        again: builds that an earlier call finished are run anew.
        program: words that start the hub.
        home: name of the folder of the runs.
    """

    part: str
    data: Path
    trial: bool = False
    again: bool = False
    program: tuple[str, ...] = common.HUB
    home: str = "budget"

    @property
    def runs(self) -> Path:
        """Folder of the runs; builds of one task share their teacher there."""
        return common.WORK / ("trial" if self.trial else "runs") / self.home

    @property
    def name(self) -> str:
        """Name of the document."""
        return f"budget-{self.part}"

    @property
    def command(self) -> str:
        """How the part is measured again."""
        return f"HUB_BENCH_DATA=DIR python benchmarks/budget.py {self.part}"

    def write(self, found: Sequence[Figure], details: dict[str, Any]) -> None:
        """Write the document; of a trial only say the figures."""
        if self.trial:
            common.say(found)
        else:
            common.write(self.name, self.command, found, details)


class NothingFoundError(Exception):
    """No candidate keeps the budget; the message has the nearest ones."""


@dataclass(frozen=True)
class Done:
    """A build that was run.

    Args:
        result: everything it measured.
        run: its folder.
        seconds: wall time of the command that finished it; parts of an earlier command that was cut short are not in.
        machine: where, and when.
    """

    result: BuildResult
    run: Path
    seconds: float
    machine: Mapping[str, Any]

    @property
    def bundle(self) -> Path:
        """Folder of its bundle."""
        return self.run / "report" / "bundle"


def build(setting: Setting, name: str, words: Sequence[str]) -> Done:
    """Run ``hub build`` or ``hub compress`` unless an earlier call finished it; a missed gate does not end it.

    Args:
        setting: of the part.
        name: of the build, among those of the part.
        words: of the command line, behind ``hub``; those of a trial are added to a ``build``.

    Raises:
        NothingFoundError: a search found nothing that keeps its budget.
        SystemExit: the command failed.
    """
    words = [*words, *_TRIAL] if setting.trial and words[0] == "build" else list(words)
    file = setting.runs.parent / "parts" / setting.name / f"{_UNSAFE.sub('-', name.lower()).strip('-')}.json"
    if file.is_file() and not setting.again:
        kept = json.loads(file.read_text("utf-8"))
        if kept["words"] == words:
            return Done(read(BuildResult, kept["result"]), Path(kept["run"]), kept["seconds"], kept["machine"])
    print(f"{setting.part}: {name}", flush=True)
    seconds, run = _run(setting, words)
    found = json.loads((run / "report" / "build.json").read_text("utf-8"))
    done = Done(read(BuildResult, found), run, round(seconds, 1), describe())
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"words": words, "run": str(run), "seconds": done.seconds, "machine": done.machine, "result": found}
    write_json(file, kept)
    return done


def _run(setting: Setting, words: Sequence[str]) -> tuple[float, Path]:
    """Run one command; return its wall time and the folder of its run, also when gates were missed on test rows."""
    command = [*setting.program, *words, "--runs", str(setting.runs), "--json"]
    seconds, stdout, code = common.timed_code(command)
    if code == 0:
        return seconds, setting.runs / json.loads(stdout)["run"]
    end = stdout[stdout.rfind('{"error"') :] if '{"error"' in stdout else stdout
    try:
        error = json.loads(end)["error"]
    except (ValueError, KeyError) as wrong:
        raise SystemExit(f"{' '.join(command)} ended with {code}: {stdout[-2000:]}") from wrong
    if error["code"] == NOTHING_KEEPS:
        raise NothingFoundError(f"{error['what']}; {error['why']}")
    report = error["fix"].partition(REPORT_IS)[2]
    if error["code"] != GATES_MISSED or not report:
        raise SystemExit(f"{' '.join(command)} ended with {code}: {error}")
    print(error["what"], file=sys.stderr, flush=True)
    return seconds, Path(report).parent.parent


def model(result: BuildResult, role: str) -> ModelResult:
    """Return the row of ``baseline``, ``teacher``, or ``default``."""
    row = figures.default_model(result) if role == "default" else figures.model_of(result, role)
    if row is None:
        raise SystemExit(f"the build {result.run} has no {role}")
    return row


def variant(result: BuildResult, name: str) -> ModelResult | None:
    """Return the row of a variant, ``None`` when the build has none of that name."""
    return next((row for row in result.models if row.variant == name), None)


def whole(row: ModelResult) -> Evaluation:
    """Return the evaluation on all test rows, or on the first slice."""
    return next(iter(row.evaluations.values()))


def share(row: ModelResult, other: ModelResult, metric: str = SCORE) -> float:
    """Return what a row keeps of another one's score on test rows, in percent."""
    return round(100 * whole(row).metrics[metric] / whole(other).metrics[metric], 2)


def times(row: ModelResult, other: ModelResult, tokens: str) -> float:
    """Return how many times faster a row is than another one that was timed in the same run."""
    return round(other.latency[tokens].p50_ms / row.latency[tokens].p50_ms, 2)


def missed(result: BuildResult) -> list[str]:
    """Return the gates that a build missed, each with its value and limit."""
    return [f"{gate.name} {gate.value:g}, limit {gate.limit:g}" for gate in result.gates if not gate.passed]


Line = tuple[str, ModelResult, ModelResult, Sequence[str]]
"""A row of a table: name, the model, the teacher, gates that were missed."""


def table(rows: Sequence[Line], metric: str) -> dict[str, Any]:
    """Return the table of the page.

    Args:
        rows: each with the teacher whose score its share is of.
        metric: headline of the task.
    """
    columns = ["model", SCORE, "share of the teacher", f"share of its {metric}", "size"]
    columns += ["p50 / p95, 16 tokens", "p50 / p95, 64 tokens", "gates missed"]
    lines = []
    for name, row, teacher, gates in rows:
        found = whole(row).metrics
        timed = [row.latency.get(tokens) for tokens in ("16", "64")]
        cells = [f"{100 * found[SCORE]:.2f} %", f"{share(row, teacher):.2f} %", f"{share(row, teacher, metric):.2f} %"]
        cells += [f"{row.bytes / 1e6:.2f} MB"]
        cells += [f"{part.p50_ms:.3f} / {part.p95_ms:.3f} ms" if part else "" for part in timed]
        lines.append([name, *cells, "; ".join(gates)])
    return {"columns": columns, "rows": lines}


def record(done: Done) -> dict[str, Any]:
    """Return what a document keeps of a build."""
    run = done.run.resolve()
    return {
        "run": done.run.name,
        "bundle": str(run.relative_to(common.ROOT) / "report" / "bundle") if run.is_relative_to(common.ROOT) else "",
        "seconds": done.seconds,
        "date": done.machine.get("date", ""),
        "models": common.result_rows(done.result),
        "default_variant": done.result.default_variant,
        "gates": [to_json(gate) for gate in done.result.gates],
    }
