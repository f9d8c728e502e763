"""What every stage is given."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hub.contract.domain import KINDS, Kind, Task
from hub.contract.exporter import Exporter
from hub.contract.recipe import Recipe
from hub.data import Prepared
from hub.data import load as load_prepared
from hub.edge.files import write_json
from hub.edge.schema import read
from hub.pipeline.progress import Reporter
from hub.pipeline.run import Run

T = TypeVar("T")


@dataclass(frozen=True)
class BuildRequest:
    """One build.

    Args:
        task_id: ``domain/task``.
        task: the task.
        plugin: distribution that supplies it.
        plugin_version: its version.
        recipe: how to train.
        exporter: format of the bundle.
        source: name of the plugin's data source; ``""`` for its first one.
        data_folder: the user's own rows instead.
        out: where the bundle goes; ``None`` leaves it in the run.
        selftest_from_data: the user's rows may be copied into the bundle's self-test.
    """

    task_id: str
    task: Task
    plugin: str
    plugin_version: str
    recipe: Recipe
    exporter: Exporter
    source: str = ""
    data_folder: Path | None = None
    out: Path | None = None
    selftest_from_data: bool = False


@dataclass(frozen=True)
class Context:
    """What a stage reads: the request, the run with its finished stages, where to tell of progress."""

    request: BuildRequest
    run: Run
    reporter: Reporter

    @property
    def recipe(self) -> Recipe:
        """The recipe of the build."""
        return self.request.recipe

    @property
    def kind(self) -> Kind:
        """The task's kind."""
        return KINDS[self.request.task.kind]

    def prepared(self) -> Prepared:
        """Return the rows of the data stage, read once a build: every later stage asks, some of them several times."""
        return self._prepared

    @functools.cached_property
    def _prepared(self) -> Prepared:
        return load_prepared(self.run.stage("data"))

    def result(self, stage: str, name: str, kind: type[T]) -> T:
        """Read a JSON result of a finished stage.

        Args:
            stage: its name.
            name: file name without ``.json``.
            kind: dataclass to read it as.
        """
        value = json.loads((self.run.stage(stage) / f"{name}.json").read_text("utf-8"))
        return read(kind, value)


def choose_once(folder: Path, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a choice that depends on measuring: measured once, then kept for every later attempt.

    Args:
        folder: of the stage at work.
        name: of the choice.
        measure: gives the choice as plain JSON values.
    """
    file = folder / f"choice-{name}.json"
    if file.is_file():
        value: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return value
    value = measure()
    write_json(file, value)
    return value
