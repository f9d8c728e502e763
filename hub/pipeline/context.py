"""What every stage is given."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hub.contract.budget import Budget
from hub.contract.domain import KINDS, Kind, Task
from hub.contract.exporter import Exporter
from hub.contract.recipe import Recipe
from hub.data import Prepared
from hub.data import load as load_prepared
from hub.edge.files import write_json
from hub.edge.schema import read
from hub.pipeline.listening import Listener
from hub.pipeline.progress import Reporter
from hub.pipeline.run import Run
from hub.search.measured import DeviceRatio

T = TypeVar("T")


@dataclass(frozen=True)
class Chosen:
    """What a search chose beside the recipe's values.

    Args:
        form: of the exporter, ``""`` for fp32.
        keep: parts of the graph that stay fp32.
    """

    form: str
    keep: tuple[str, ...] = ()


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
        budget: limits under which the student is searched for; ``None`` takes the recipe's own.
        profile: target of the search.
        device: how a device compares with this machine, where figures of it were given.
        exhaustive: the search measures and scores everything, also what cannot win.
        chosen: what the search chose; set when it is done.
        bases: the base models that the recipe's one was chosen from; set when that is done.
        listeners: told of finished stages; they decide nothing.
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
    budget: Budget | None = None
    profile: str = "portable"
    device: DeviceRatio | None = None
    exhaustive: bool = False
    chosen: Chosen | None = None
    bases: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()


class RunView(Run):
    """A run of which some stages are read from other folders; nothing is ever written to them.

    Args:
        run: whose other stages stay as they are.
        folders: by the name of the stage.
    """

    def __init__(self, run: Run, folders: Mapping[str, Path]) -> None:
        super().__init__(run.folder)
        self._folders = dict(folders)

    def stage(self, name: str) -> Path:
        """Return the folder of a finished stage."""
        return self._folders.get(name) or super().stage(name)


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

    def view(self, recipe: Recipe, folders: Mapping[str, Path]) -> Context:
        """Return a context in which stages see another recipe, and other folders in place of some stages.

        Args:
            recipe: of a candidate.
            folders: by the name of the stage.
        """
        run = RunView(self.run, folders)
        view = dataclasses.replace(self, request=dataclasses.replace(self.request, recipe=recipe), run=run)
        view.__dict__["_prepared"] = self._prepared  # the rows are the same: they are not read again
        return view

    def result(self, stage: str, name: str, kind: type[T]) -> T:
        """Read a JSON result of a finished stage.

        Args:
            stage: its name.
            name: file name without ``.json``.
            kind: dataclass to read it as.
        """
        value = json.loads((self.run.stage(stage) / f"{name}.json").read_text("utf-8"))
        return read(kind, value)


def chosen_recipe(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Return a recipe with the settings of a student, and only those progressive depths that are deeper than it.

    Args:
        recipe: of the build.
        settings: that a search writes, as ``--set`` takes them.
    """
    found = recipe.with_settings(settings)
    deeper = tuple(depth for depth in found.student.progressive if depth > len(found.student.layers))
    return dataclasses.replace(found, student=dataclasses.replace(found.student, progressive=deeper))


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
