"""The stages of a build in their order, and everything that decides the result of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.contract.data import SPLITS
from hub.contract.errors import UsageError
from hub.contract.kinds import KINDS
from hub.contract.recipe import Recipe
from hub.data.readers import FORMATS
from hub.data.unlabelled import unlabelled_files
from hub.edge.schema import to_json
from hub.pipeline.context import BuildRequest
from hub.pipeline.fingerprint import (
    code_fingerprint,
    files_fingerprint,
    fingerprint,
    library_versions,
    python_version,
    reference_fingerprint,
    requirement_versions,
)
from hub.pipeline.stages.refusals import augmentations
from hub.train.base import base_fingerprint, base_names, find_base


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline.

    Args:
        name: folder name.
        title: for people.
        module: of ``hub.pipeline``, with ``run(context, folder) -> str``: a fingerprint of what it made.
        needs: stages whose outputs it reads.
        recipe: dotted keys of the recipe that it reads; the name of a section stands for all of it.
        code: packages and modules of ``hub`` whose sources decide its result, beside its own module.
        reads: what else of the request it reads, names of `_PARTS`.
    """

    name: str
    title: str
    module: str
    needs: tuple[str, ...]
    recipe: tuple[str, ...]
    code: tuple[str, ...]
    reads: tuple[str, ...] = ()


_SCORING = (
    *("evaluate", "contract.outcomes", "contract.domain", "edge.answers", "edge.predictions"),
    *(f"contract.{name}" for name in ("metrics", "metrics_labels", "metrics_spans")),
    *("pipeline.stages.rows", "pipeline.stages.scoring"),
)
_ENCODING = ("edge.encode", "edge.tokenizer_check", "edge.special", "train.batches", "pipeline.stages.encoding")
_TRAINING = (
    *(*_SCORING, *_ENCODING, "train", "compress", "data", "contract.sampling", "contract.augment"),
    *(f"pipeline.stages.{name}" for name in ("training", "branch", "margin", "objectives", "augmenting", "checks")),
    *(f"pipeline.stages.{name}" for name in ("refusals", "fewshot", "folds")),
)
_RUNNING = (
    *(*_SCORING, *_ENCODING, "edge.onnx", "train.devices", "train.inference", "train.pooled"),
    "pipeline.stages.running",
)
_BUDGET = ("pipeline.stages.budgets", "search.measured", "search.probe")
_DROP = ("gates.max_drop_points", "gates.label_drop_points", "gates.label_drop_rows", "gates.label_min_rows")

STAGES = (
    Stage(
        name="data",
        title="rows",
        module="stages.data",
        needs=(),
        recipe=("data",),
        code=("data", "contract.sampling"),
        reads=("rows",),
    ),
    Stage(
        name="baseline",
        title="linear baseline",
        module="stages.baseline",
        needs=("data",),
        recipe=("seed", "max_length", "window_stride"),
        code=(
            *(*_SCORING, *_ENCODING, "edge.timing", "contract.standard_metrics"),
            *(f"train.{name}" for name in ("base", "devices", "inference", "pooled", "probe")),
            *(f"pipeline.stages.{name}" for name in ("checks", "lengths", "probing")),
        ),
        reads=("base", "metrics"),
    ),
    Stage(
        name="finetune",
        title="teacher",
        module="stages.finetune",
        needs=("data",),
        recipe=("seed", "max_length", "window_stride", "teacher", "strategy", "loss", "lexical"),
        code=_TRAINING,
        reads=("base", "metrics", "learning"),
    ),
    Stage(
        name="distill",
        title="student",
        module="stages.distill",
        needs=("data", "finetune"),
        recipe=(
            *("seed", "max_length", "window_stride", "student", "teacher.augment"),
            *("data.seed", "data.text", "data.text_pair"),
            *("compress.trim_vocabulary", "compress.min_piece_count", "compress.vocabulary"),
        ),
        code=(
            *(*_TRAINING, "edge.encode", "data", "checkpoint.describe", "checkpoint.tokenizer"),
            *(
                "pipeline.stages.finetune",
                "pipeline.stages.instead",
                "pipeline.stages.trimming",
                "pipeline.stages.transfer",
            ),
            "contract.sampling",
        ),
        reads=("metrics", "unlabelled", "learning"),
    ),
    Stage(
        name="export",
        title="export",
        module="stages.export",
        needs=("data", "distill"),
        recipe=("max_length", "window_stride", "gates.parity", "gates.parity_rows"),
        code=(
            *(*_RUNNING, "train"),
            *(f"pipeline.stages.{name}" for name in ("branch", "finetune", "training")),
        ),
        reads=("exporter",),
    ),
    Stage(
        name="compress",
        title="int8",
        module="stages.compress",
        needs=("data", "distill", "export"),
        recipe=("max_length", "window_stride", "compress.per_channel", "compress.reduce_range", *_DROP),
        code=(
            *(*_RUNNING, "edge.machine", "edge.timing", "edge.out_of_domain", "search.mixed"),
            "pipeline.exporting.sentences",
            *(f"pipeline.stages.{name}" for name in ("decisions", "domain", "export", "lengths")),
        ),
        reads=("exporter", "metrics"),
    ),
    Stage(
        name="verify",
        title="test rows, latency, gates",
        module="stages.verify",
        needs=("data", "baseline", "finetune", "distill", "export", "compress"),
        recipe=("max_length", "window_stride", *_DROP, "gates.min_teacher_share"),
        code=(
            *(*_RUNNING, "train", "edge.timing", "edge.machine"),
            *("edge.out_of_domain", "pipeline.exporting.sentences", *_BUDGET),
            *(f"pipeline.stages.{name}" for name in ("branch", "compress", "decisions", "domain")),
            *(f"pipeline.stages.{name}" for name in ("export", "finetune", "form_times", "lengths", "training")),
        ),
        reads=("exporter", "metrics"),
    ),
    Stage(
        name="report",
        title="bundle, card, report",
        module="stages.report",
        needs=("data", "baseline", "finetune", "distill", "export", "compress", "verify"),
        recipe=tuple(field.name for field in dataclasses.fields(Recipe)),
        code=(
            *_BUDGET,
            "pipeline.stages.decisions",
            *(*_TRAINING, "compress", "contract", "edge", "publish", "report"),
            *(f"pipeline.stages.{name}" for name in ("compress", "distill", "export", "finetune", "form_times")),
            *(f"pipeline.stages.{name}" for name in ("running", "verify")),
            *(f"pipeline.tables.{name}" for name in ("bundle", "compress", "finetune", "rows", "running", "training")),
        ),
        reads=("exporter", "task", "base", "selftest"),
    ),
)

STAGE_NAMES = tuple(stage.name for stage in STAGES)

SEARCH = Stage(
    name="search",
    title="search under the budget",
    module="stages.search",
    needs=("data", "finetune"),
    recipe=(
        *("seed", "max_length", "window_stride", "student", "teacher.augment", "compress", "gates"),
        *("data.seed", "data.text", "data.text_pair"),
    ),
    code=(
        *(*_TRAINING, *_RUNNING, "search", "edge.machine", "edge.timing", "edge.out_of_domain"),
        *("checkpoint.describe", "checkpoint.tokenizer", "pipeline.plan", "pipeline.tables.plan"),
        *("pipeline.exporting.sentences", "pipeline.stages.budgets", "pipeline.stages.decisions"),
        *(
            f"pipeline.stages.{name}"
            for name in ("candidates", "compress", "distill", "export", "finetune", "form_times", "lab", "lengths")
        ),
        *("pipeline.stages.instead", "pipeline.stages.trimming", "pipeline.stages.transfer"),
        *("contract.sampling", "data"),
    ),
    reads=("exporter", "metrics", "budget", "unlabelled", "learning"),
)
"""Stands between teacher and student where a budget is stated."""


BASE = Stage(
    name="base",
    title="choice of the base model",
    module="stages.bases",
    needs=("data",),
    recipe=("base", "seed", "max_length", "window_stride", "teacher.pooling", "student", "compress"),
    code=(
        *(*_TRAINING, *_RUNNING, "contract.standard_metrics", "edge.machine", "edge.timing", "search.size"),
        "pipeline.bases",
        *(f"pipeline.stages.{name}" for name in ("compress", "lengths", "probing")),
    ),
    reads=("bases", "exporter", "metrics"),
)
"""Stands behind the rows where the recipe names several base models."""


def stages_of(kind: str) -> tuple[Stage, ...]:
    """Return the stages that build a kind of task; their names are `STAGE_NAMES` for every kind."""
    if KINDS[kind].reads == "text":
        return STAGES
    from hub.pipeline.tables.plan import STAGES as TABLE_STAGES

    return TABLE_STAGES


def stages_for(request: BuildRequest) -> tuple[Stage, ...]:
    """Return the stages of a build: with several base models the choice among them; with a budget the search, and
    what follows from its choice.

    Raises:
        UsageError: HUB-U083, there is no search for this kind of task; HUB-R019, nor a base model to choose.
    """
    stages = stages_of(request.task.kind)
    if len(base_names(request.recipe.base)) > 1:
        if stages is not STAGES:
            why = f"tasks of the kind {request.task.kind} have networks of their own"
            raise UsageError("HUB-R019", "there is no base model to choose", why, "leave base as it is")
        report = dataclasses.replace(stages[-1], needs=(*stages[-1].needs, BASE.name))
        found = (stages[0], BASE, *stages[1:-1], report)
        return found if request.budget is None else _searching(found)
    if request.budget is None:
        return stages
    if stages is not STAGES:
        raise UsageError(
            "HUB-U083",
            f"there is no search for tasks of the kind {request.task.kind}",
            "its networks are small already: candidates are layers and pieces of a text model",
            "build without --budget",
        )
    return _searching(stages)


def _searching(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Return the stages with the search before the student."""
    found: list[Stage] = []
    for stage in stages:
        needs = (*stage.needs, SEARCH.name)
        if stage.name == "distill":
            title = "chosen student"
            found += [SEARCH, dataclasses.replace(stage, module="stages.chosen", needs=needs, title=title)]
        elif stage.name in ("compress", "verify", "report"):
            found.append(dataclasses.replace(stage, needs=needs, reads=(*stage.reads, "budget", "chosen")))
        else:
            found.append(stage)
    return tuple(found)


def stage_fingerprint(stage: Stage, request: BuildRequest, run: str, outputs: Mapping[str, str]) -> str:
    """Hash everything that decides a stage's result.

    Args:
        stage: which one.
        request: what is built.
        run: name of the run; it stands in the report.
        outputs: of the stages before it, by name.
    """
    recipe = request.recipe.to_mapping()
    parts: dict[str, Any] = {
        "needs": {name: outputs[name] for name in stage.needs},
        "recipe": {key: _value(recipe, key) for key in stage.recipe},
        "code": {name: code_fingerprint(f"hub.{name}") for name in (*stage.code, f"pipeline.{stage.module}")},
        "libraries": library_versions(),
        "python": python_version(),
        "task": [request.task_id, request.task.kind],
        "reads": {name: _PARTS[name](request) for name in stage.reads},
    }
    if stage.name == "report":
        parts["run"] = run
    return fingerprint(parts)


def _value(recipe: Mapping[str, Any], key: str) -> Any:
    value: Any = recipe
    for step in key.split("."):
        value = value[step]
    return value


def _rows(request: BuildRequest) -> Any:
    """The plugin's loader with its data, or the user's files; and the labels that the task declares."""
    task, folder = request.task, request.data_folder
    declared = [[to_json(entry) for entry in group] for group in (task.labels, task.slices, task.features)]
    if folder is not None:
        return [declared, _data_files(folder), request.source]
    loaders = [reference_fingerprint(source.loader) if source.loader else "" for source in task.sources]
    sources = [[to_json(source), loader] for source, loader in zip(task.sources, loaders, strict=True)]
    return [declared, sources, request.source, _plugin(request)]


def _data_files(folder: Path) -> str:
    """Hash the files that hold splits. What is wrong with the folder is said by the stage that reads it."""
    try:
        files = [file for file in folder.iterdir() if file.stem in SPLITS and file.suffix.lower() in FORMATS]
        return files_fingerprint((file for file in files if file.is_file()), folder)
    except OSError:
        return ""


def _unlabelled(request: BuildRequest) -> Any:
    """The text without labels that a student may read: the user's files, or the plugin's function."""
    folder, reference = request.data_folder, request.task.unlabelled
    if folder is not None:
        return files_fingerprint(unlabelled_files(folder), folder)
    return [reference, reference_fingerprint(reference), _plugin(request)] if reference else ""


def _learning(request: BuildRequest) -> Any:
    """The functions of the plugin that the recipe calls for while the teacher learns."""
    task, recipe = request.task, request.recipe
    named = augmentations(recipe.teacher.augment)
    references = [each.function for each in task.augment if each.name in named]
    references += [each.function for each in task.losses if each.name == recipe.loss.name]
    of_labels = {"hierarchical": task.taxonomy, "ordinal": task.order}
    references.append(of_labels.get(recipe.loss.name, ""))
    return [[reference, reference_fingerprint(reference)] for reference in references if reference]


def _plugin(request: BuildRequest) -> Any:
    return [request.plugin, request.plugin_version, requirement_versions(request.plugin)]


def _metrics(request: BuildRequest) -> Any:
    return [[to_json(metric), reference_fingerprint(metric.function)] for metric in request.task.metrics]


def _exporter(request: BuildRequest) -> Any:
    exporter = request.exporter
    references = {exporter.export, exporter.runtime, exporter.quantize, exporter.scale, exporter.branch} - {""}
    return [to_json(exporter), sorted({reference_fingerprint(reference) for reference in references})]


def _base(request: BuildRequest) -> Any:
    return base_fingerprint(find_base(request.recipe.base))


def _task(request: BuildRequest) -> Any:
    """Everything the task says of itself; its built-in recipes decide nothing."""
    task = to_json(request.task)
    del task["recipes"]
    examples = request.task.examples
    return [task, reference_fingerprint(examples) if examples else "", _plugin(request)]


def search_choices(request: BuildRequest) -> dict[str, Any]:
    """Return what decides a search as plain values; nothing without a budget."""
    if request.budget is None:
        return {}
    return {
        "budget": request.budget.to_mapping(),
        "profile": request.profile,
        "device": to_json(request.device) if request.device else None,
        "exhaustive": request.exhaustive,
    }


_PARTS: Mapping[str, Callable[[BuildRequest], Any]] = {
    "rows": _rows,
    "metrics": _metrics,
    "unlabelled": _unlabelled,
    "learning": _learning,
    "exporter": _exporter,
    "base": _base,
    "bases": lambda request: [base_fingerprint(find_base(name)) for name in base_names(request.recipe.base)],
    "task": _task,
    "selftest": lambda request: request.selftest_from_data,
    "budget": search_choices,
    "chosen": lambda request: to_json(request.chosen) if request.chosen else None,
}
