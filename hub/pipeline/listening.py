"""Tells listeners of finished stages; a listener that fails is left out for the rest of the run."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.results import TrainingResult
from hub.contract.stage import StageFinished
from hub.edge.schema import read
from hub.pipeline.progress import Reporter

_LOG = logging.getLogger("hub.listeners")
_TRAINING = "training.json"


@dataclass(frozen=True)
class Listener:
    """Something that is told of finished stages.

    Args:
        name: for messages: the distribution of the plugin.
        call: the plugin's hook.
    """

    name: str
    call: Callable[[StageFinished], None]


class Told:
    """The listeners of one run, without those that failed in it.

    Args:
        listeners: in the order in which they are told.
        reporter: told once of a listener that failed.
    """

    def __init__(self, listeners: Iterable[Listener], reporter: Reporter) -> None:
        self._listeners, self._reporter = list(listeners), reporter

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def finished(self, stage: StageFinished) -> None:
        """Tell every listener that still works; what they print does not reach stdout."""
        for listener in list(self._listeners):
            try:
                with contextlib.redirect_stdout(sys.stderr):
                    listener.call(stage)
            # A listener is other people's code: whatever it raises, also by sys.exit, only ends its own use.
            except (Exception, SystemExit) as error:  # noqa: BLE001
                self._listeners.remove(listener)
                _LOG.warning("listener %s failed after stage %s", listener.name, stage.name, exc_info=True)
                cause = f"{type(error).__name__}: {' '.join(str(error).split())}"
                self._reporter.note(
                    f"listener {listener.name} failed and is left out of this run: {cause}; see the run's log"
                )


def measured(folder: Path, name: str) -> tuple[dict[str, float], TrainingResult | None]:
    """Return the figures of a finished stage, and how its training went where it trained.

    Args:
        folder: of the stage.
        name: of the stage.
    """
    training = None
    if (folder / _TRAINING).is_file():
        training = read(TrainingResult, _document(folder, _TRAINING))
    file, figures = _FIGURES.get(name, ("", _none))
    found = dict(figures(_document(folder, file))) if file and (folder / file).is_file() else {}
    return found, training


def _document(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


def _none(document: Any) -> Iterator[tuple[str, float]]:
    yield from ()


def _data(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for split, rows in document["report"]["rows_out"].items():
        yield f"rows/{split}", rows


def _training(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key in ("best_score", "best_epoch", "rows", "steps"):
        yield key, document[key]


def _model(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    name = document.get("variant") or document["name"]
    for part, evaluation in document["evaluations"].items():
        for metric, value in evaluation["metrics"].items():
            yield f"{name}/{part}/{metric}", value
    for tokens, latency in document.get("latency", {}).items():
        yield f"{name}/p50_ms/{tokens}", latency["p50_ms"]


def _export(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "temperature", document["temperature"]


def _compress(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield "variants", len(document["variants"])
    yield from _gates(document.get("validation_gates", []))


def _gates(gates: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    passed = [bool(gate["passed"]) for gate in gates]
    yield "gates", len(passed)
    yield "gates_missed", len(passed) - sum(passed)


def _verify(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for model in document["models"]:
        yield from _model(model)
    yield from _gates(document["gates"])


def _report(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for model in document["models"]:
        if model.get("variant"):
            yield f"{model['variant']}/bytes", model["bytes"]


def _search(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key in ("teacher_score", "trainings", "evaluations"):
        yield key, document[key]
    yield "candidates", len(document["candidates"])
    for entry in document["candidates"]:
        if entry["state"] == "chosen":
            for key in ("size_bytes", "p50_ms", "score_percent"):
                yield f"chosen/{key}", entry[key]


def _base(document: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for entry in document["candidates"]:
        if entry["state"] == "tried":
            yield f"{entry['name']}/score", entry["score"]


_FIGURES: Mapping[str, tuple[str, Callable[[Any], Iterator[tuple[str, float]]]]] = {
    "data": ("data.json", _data),
    "base": ("bases.json", _base),
    "baseline": ("baseline.json", _model),
    "finetune": (_TRAINING, _training),
    "search": ("search.json", _search),
    "distill": (_TRAINING, _training),
    "export": ("export.json", _export),
    "compress": ("variants.json", _compress),
    "verify": ("results.json", _verify),
    "report": ("build.json", _report),
}
"""Stage -> its result's file, and what gives figures of it."""
