"""Writes a new plugin: a whole distribution with made-up rows that its author replaces."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import hub
from hub.catalog import supplier_of
from hub.contract.domain import CONTRACT_VERSION, KINDS, check_name
from hub.contract.errors import UsageError, nearest
from hub.edge.files import write_text
from hub.testing import placeholder

PREFIX = "domainhub-"
_METRICS = "hub.contract.metrics"


@dataclass(frozen=True)
class Part:
    """What differs between the kinds.

    Args:
        task: name of the task.
        summary: of the task, one line.
        rows: makes the rows.
        examples: makes inputs that may be published.
        example: lines that fill an ``Example`` from the mapping ``values``.
        labels: label or entity type to readable name.
        metrics: function in ``module``, which is the name too, and summary; the first is the headline.
        module: that the metrics are in.
        features: column, kind and summary.
    """

    task: str
    summary: str
    rows: Callable[[], Sequence[Mapping[str, Any]]]
    examples: Callable[[], Sequence[Any]]
    example: tuple[str, ...]
    labels: Mapping[str, str]
    metrics: tuple[tuple[str, str], ...]
    module: str
    features: tuple[tuple[str, str, str], ...] = ()


_COLUMNS = (
    ("machine", "category", "Which machine"),
    ("temperature_celsius", "number", "Temperature in degrees Celsius"),
    ("load_percent", "number", "Load in percent"),
)
_VALUES = "values={name: value for name, value in values.items() if name != {answer!r}},"

PARTS = {
    "text-classification": Part(
        task="request-topic",
        summary="Which team a made-up request to a town hall goes to",
        rows=placeholder.labelled_texts,
        examples=placeholder.example_texts,
        example=('text=values["text"],', 'label=values["label"],'),
        labels=placeholder.LABEL_NAMES,
        metrics=(("macro_f1", "Mean F1 over the labels"), ("accuracy", "Share of right rows")),
        module=_METRICS,
    ),
    "multi-label": Part(
        task="request-topics",
        summary="Which teams a made-up request to a town hall goes to",
        rows=placeholder.texts_with_labels,
        examples=placeholder.example_texts,
        example=('text=values["text"],', 'labels=tuple(values["labels"]),'),
        labels=placeholder.LABEL_NAMES,
        metrics=(("micro_f1", "F1 over all pairs of row and label"), ("macro_f1", "Mean F1 over the labels")),
        module=f"{_METRICS}_labels",
    ),
    "token-classification": Part(
        task="request-entities",
        summary="Places and days in made-up requests to a town hall",
        rows=placeholder.tagged_words,
        examples=placeholder.example_places,
        example=(
            'text=" ".join(values["tokens"]),',
            'words=tuple(values["tokens"]),',
            'tags=tuple(values["ner_tags"]),',
        ),
        labels={"place": "Street or square", "day": "Day of the week"},
        metrics=(("entity_f1", "F1 over the entities"), ("entity_recall", "Share of the entities that are found")),
        module=f"{_METRICS}_spans",
    ),
    "tabular-classification": Part(
        task="machine-state",
        summary="Whether a made-up machine should be looked at",
        rows=placeholder.labelled_readings,
        examples=placeholder.example_readings,
        example=('text="",', 'label=values["label"],', _VALUES.replace("{answer!r}", '"label"')),
        labels={"check": "Look at it", "ok": "Leave it alone"},
        metrics=(("macro_f1", "Mean F1 over the labels"), ("accuracy", "Share of right rows")),
        module=_METRICS,
        features=_COLUMNS,
    ),
    "tabular-regression": Part(
        task="service-hours",
        summary="How many hours the service of a made-up machine takes",
        rows=placeholder.measured_readings,
        examples=placeholder.example_readings,
        example=('text="",', 'number=values["number"],', _VALUES.replace("{answer!r}", '"number"')),
        labels={},
        metrics=(("r2", "Share of the variance that is explained"), ("mean_absolute_error", "Mean error in hours")),
        module=f"{_METRICS}_numbers",
        features=_COLUMNS,
    ),
}
"""Kind of task to what its plugin is made of."""


@dataclass(frozen=True)
class Written:
    """A new plugin.

    Args:
        folder: of the distribution.
        files: paths in it, in order.
        distribution: its name.
        module: its import name.
        task: ``domain/task``.
    """

    folder: Path
    files: tuple[str, ...]
    distribution: str
    module: str
    task: str


def write_plugin(name: str, folder: Path | None = None, kind: str = "text-classification") -> Written:
    """Write a new plugin.

    Args:
        name: of the domain and of the entry point, lower-case words joined by hyphens.
        folder: to make; ``domainhub-NAME`` here when not given.
        kind: of its task, one of `KINDS` that are trained.

    Raises:
        UsageError: HUB-U061 the name cannot be used, HUB-U062 unknown kind, HUB-U063 the folder is there already
            or cannot be made.
    """
    if kind not in PARTS:
        raise UsageError("HUB-U062", f"there is no kind {kind!r}", nearest(kind, PARTS), "see: hub plugins new --help")
    _check(name)
    target = folder or Path(PREFIX + name)
    if target.exists() or target.is_symlink():
        raise UsageError("HUB-U063", f"{target} is there already", "nothing is overwritten", "name another: --dir DIR")
    module = "hub_" + name.replace("-", "_")
    texts = _texts(name, module, kind)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a plugin that is cut off would look like one.
        staged = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            for path, text in texts.items():
                (staged / path).parent.mkdir(parents=True, exist_ok=True)
                write_text(staged / path, text)
            staged.chmod(0o755)
            staged.rename(target)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError("HUB-U063", f"cannot make {target}", why, "name another folder: --dir DIR") from error
    return Written(target, tuple(texts), PREFIX + name, module, f"{name}/{PARTS[kind].task}")


def _check(name: str) -> None:
    fix = "write one or more lower-case words joined by hyphens, beginning with a letter"
    try:
        check_name(name)
    except ValueError as error:
        raise UsageError("HUB-U061", f"{name!r} cannot be the name of a plugin", str(error), fix) from error
    for what in ("domain", "exporter"):
        supplier = supplier_of(what, name)
        if supplier is not None:
            why = f"{supplier.distribution} has it already, so the new plugin would be quarantined beside it"
            raise UsageError("HUB-U061", f"{name!r} cannot be the name of a plugin", why, "choose another name")


def _texts(name: str, module: str, kind: str) -> dict[str, str]:
    """Return every file by its path."""
    values = _values(name, module, kind)
    source = f"src/{module}"
    places = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        f"{source}/__init__.py": "init.py",
        f"{source}/plugin.py": "plugin.py",
        f"{source}/task.py": "task.py",
        f"{source}/loader.py": "loader.py",
        f"{source}/card.py": "card.py",
        "tests/test_conformance.py": "test_conformance.py",
        "tests/test_loader.py": "test_loader.py",
    }
    texts = {path: _template(file).substitute(values) for path, file in places.items()}
    rows = [json.dumps(row, ensure_ascii=False) for row in PARTS[kind].rows()]
    return {**texts, f"{source}/rows.jsonl": "\n".join(rows) + "\n", f"{source}/py.typed": ""}


def _template(name: str) -> Template:
    return Template(files("hub.testing").joinpath("template", f"{name}.tmpl").read_text("utf-8"))


def _values(name: str, module: str, kind: str) -> dict[str, str]:
    part = PARTS[kind]
    rows = part.rows()
    table = KINDS[kind].reads == "row"
    imports = ["DataSource", *(["Feature"] if table else []), *(["Label"] if part.labels else [])]
    release = hub.__version__.split(".")
    return {
        "name": name,
        "module": module,
        "distribution": PREFIX + name,
        "hub_version": hub.__version__,
        # Below 1.0 the next minor release may break; from then on the next major one.
        "hub_next": f"0.{int(release[1]) + 1}" if release[0] == "0" else str(int(release[0]) + 1),
        "contract": CONTRACT_VERSION,
        "kind": kind,
        "task": part.task,
        "summary": part.summary,
        "task_imports": f"from hub.contract import {', '.join([*imports, 'Metric', 'Recipe', 'Task'])}",
        "metrics_constant": f'_METRICS = "{part.module}"\n',
        "labels": _tuple([f'Label("{label}", "{text}")' for label, text in part.labels.items()], 4),
        "metrics": _lines([_metric(key, text) for key, text in part.metrics], 8),
        "features": _features(part),
        "examples_type": "tuple[dict[str, float | str | None], ...]" if table else "tuple[str, ...]",
        "examples": _lines([json.dumps(each).replace("null", "None") for each in part.examples()], 8),
        "example": "\n".join(" " * 8 + line for line in part.example),
        "row_count": str(len(rows)),
        "first_row_asserts": "\n".join(f"    assert {left} == {right}" for left, right in _first_row(kind, rows[0])),
    }


def _metric(key: str, text: str) -> str:
    direction = ", higher_is_better=False" if "error" in key else ""
    return f'Metric("{key}", f"{{_METRICS}}:{key}", "{text}"{direction})'


def _features(part: Part) -> str:
    if not part.features:
        return ""
    made = [f'Feature("{column}", "{kind}", "{text}")' for column, kind, text in part.features]
    return f"\n    features={_tuple(made, 4)},"


def _first_row(kind: str, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the test of the first row compares: expression and value."""
    fields = {"text": "row.text", "label": "row.label", "number": "row.number"}
    found = [(fields[key], json.dumps(value)) for key, value in row.items() if key in fields]
    if kind == "multi-label":
        found.append(("row.labels", repr(tuple(row["labels"])).replace("'", '"')))
    if kind == "token-classification":
        found.append(("row.words[0]", json.dumps(row["tokens"][0])))
        found.append(("len(row.tags)", str(len(row["tokens"]))))
    if KINDS[kind].reads == "row":
        found.append(('row.values["machine"]', json.dumps(row["machine"])))
    return found


def _lines(items: Sequence[str], indent: int) -> str:
    return "\n".join(f"{' ' * indent}{item}," for item in items)


def _tuple(items: Sequence[str], indent: int) -> str:
    return f"(\n{_lines(items, indent + 4)}\n{' ' * indent})" if items else "()"
