"""registry.json as frozen dataclasses, and the checks on reading one that may come from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.contract.errors import BundleError, DataError
from hub.edge.schema import read

SCHEMA_VERSION = 1
MAX_BYTES = 4_000_000
"""Largest catalogue that is read, in bytes."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DISTRIBUTION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORDS = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TASK = re.compile(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True)
class Wheel:
    """A published wheel.

    Args:
        version: of the distribution.
        file: name of the file, ``name-version-tags.whl``.
        sha256: of the file, 64 hexadecimal digits.
        url: where it is, ``https``; ``""`` for the package index that pip uses.
    """

    version: str
    file: str
    sha256: str
    url: str = ""


@dataclass(frozen=True)
class PluginEntry:
    """A plugin or an exporter.

    Args:
        distribution: its name, as indexes compare names (PEP 503).
        name: short name, that of its entry point.
        summary: one line.
        contract: version of the contract it was written for.
        published: its wheels can be downloaded.
        path: folder in a checkout of the project, ``""`` for other projects.
        domains: it supplies.
        tasks: it supplies, ``domain/task``.
        formats: it exports to.
        wheels: the published ones; none before that.
    """

    distribution: str
    name: str
    summary: str
    contract: str
    published: bool
    path: str = ""
    domains: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()


@dataclass(frozen=True)
class BaseEntry:
    """A base model that trainings can start from.

    Args:
        name: short name, unique; ``packaged`` is the one that comes with the training part.
        model: id on the Hugging Face Hub.
        summary: what it is good for, in one or two sentences.
        licence: SPDX identifier in lower case.
        languages: codes (ISO 639-1), or ``multilingual``.
        parameters: their number, without the head.
        fp32_bytes: of its weights, 4 a parameter.
        layers: of the encoder.
        hidden: width of the encoder.
        max_tokens: longest input in tokens.
        tokenizer: its kind; only the vocabulary of ``WordPiece`` can be trimmed.
        revision: commit on the Hub, 40 digits; ``""`` when none is pinned.
        distribution: pip package with the weights inside, ``""`` for none.
        version: of that package.
    """

    name: str
    model: str
    summary: str
    licence: str
    languages: tuple[str, ...]
    parameters: int
    fp32_bytes: int
    layers: int
    hidden: int
    max_tokens: int
    tokenizer: str
    revision: str = ""
    distribution: str = ""
    version: str = ""

    @property
    def base(self) -> str:
        """What a recipe's ``base`` takes."""
        if self.distribution:
            return self.name
        return f"{self.model}@{self.revision}" if self.revision else self.model


@dataclass(frozen=True)
class ModelEntry:
    """A published edge bundle.

    Args:
        name: short name, unique.
        repo: id on the Hugging Face Hub.
        revision: commit on the Hub, 40 digits.
        task: ``domain/task``.
        summary: one line.
        licence: SPDX identifier in lower case.
        languages: codes (ISO 639-1), or ``multilingual``.
        bytes: of the default variant, all that is fetched.
        variant: name of the default variant.
        metric: name of the headline metric, ``""`` without a score.
        score: of the default variant on the headline slice of the test rows; ``None`` when nothing was measured.
    """

    name: str
    repo: str
    revision: str
    task: str
    summary: str
    licence: str
    languages: tuple[str, ...]
    bytes: int
    variant: str = ""
    metric: str = ""
    score: float | None = None


@dataclass(frozen=True)
class Registry:
    """The whole of registry.json."""

    schema: int
    plugins: tuple[PluginEntry, ...]
    exporters: tuple[PluginEntry, ...]
    base_models: tuple[BaseEntry, ...]
    models: tuple[ModelEntry, ...]

    @property
    def suppliers(self) -> tuple[PluginEntry, ...]:
        """Plugins and exporters: everything that is installed with pip and found by entry point."""
        return (*self.plugins, *self.exporters)


def parse(data: bytes, source: str) -> Registry:
    """Read and check a catalogue.

    Args:
        data: a JSON document of unknown origin.
        source: where it comes from, for messages.

    Raises:
        DataError: HUB-P050, it is not a catalogue that this program reads; the field is named.
    """
    if len(data) > MAX_BYTES:
        raise _bad(source, f"it has more than {MAX_BYTES:,} bytes")
    try:
        value: Any = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad(source, f"it is not a JSON document in UTF-8: {str(error) or type(error).__name__}") from error
    if isinstance(value, dict) and value.get("schema") not in (None, SCHEMA_VERSION):
        raise _bad(source, f"this program reads version {SCHEMA_VERSION}, it has {value['schema']!r}")
    try:
        registry: Registry = read(Registry, value)
    except BundleError as error:
        # The reader is shared with bundle.json and names that file.
        raise _bad(source, f"{error.what.removeprefix('bundle.json ')}: {error.why}") from error
    for where, problem in _problems(registry):
        raise _bad(source, f"is wrong at {where!r}: {problem}")
    return registry


def _bad(source: str, why: str) -> DataError:
    return DataError("HUB-P050", f"{source} is not a valid catalogue", why, "get it again, or tell its author")


def _problems(registry: Registry) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with the values, place by place."""
    for section in ("plugins", "exporters"):
        for i, entry in enumerate(getattr(registry, section)):
            yield from _plugin_problems(entry, f"{section}[{i}]")
    for i, base in enumerate(registry.base_models):
        where = f"base_models[{i}]"
        yield from _unless(_HUB_ID.fullmatch(base.model), f"{where}.model", f"{base.model!r} does not read org/model")
        yield from _commit(base.revision, f"{where}.revision", required=False)
        numbers = (base.parameters, base.layers, base.hidden, base.max_tokens)
        yield from _unless(min(numbers) > 0, where, "its numbers must be above 0")
        yield from _unless(base.fp32_bytes == 4 * base.parameters, f"{where}.fp32_bytes", "it is 4 bytes a parameter")
        yield from _unless(bool(base.distribution) == bool(base.version), f"{where}.version", "it goes with a package")
    for i, model in enumerate(registry.models):
        where = f"models[{i}]"
        yield from _unless(_HUB_ID.fullmatch(model.repo), f"{where}.repo", f"{model.repo!r} does not read org/model")
        yield from _commit(model.revision, f"{where}.revision", required=True)
        yield from _unless(_TASK.fullmatch(model.task), f"{where}.task", f"{model.task!r} does not read domain/task")
        yield from _unless(model.bytes > 0, f"{where}.bytes", "it must be above 0")
        scored = (model.score is None) == (model.metric == "")
        yield from _unless(scored, f"{where}.score", "a score goes with the name of its metric")
    for section, names in (
        ("plugins", [entry.distribution for entry in registry.suppliers]),
        ("base_models", [base.name for base in registry.base_models]),
        ("models", [model.name for model in registry.models]),
    ):
        repeated = sorted({name for name in names if names.count(name) > 1})
        yield from _unless(not repeated, section, f"repeated: {', '.join(repeated)}")


def _plugin_problems(entry: PluginEntry, where: str) -> Iterable[tuple[str, str]]:
    name = entry.distribution
    yield from _unless(
        _DISTRIBUTION.fullmatch(name) and name != "domainhub", f"{where}.distribution", f"{name!r} cannot be a plugin"
    )
    yield from _unless(_WORDS.fullmatch(entry.name), f"{where}.name", f"{entry.name!r} is not words joined by hyphens")
    for task in entry.tasks:
        domain = task.partition("/")[0]
        fits = _TASK.fullmatch(task) and domain in entry.domains
        yield from _unless(fits, f"{where}.tasks", f"{task!r} is not a task of its domains")
    yield from _unless(
        entry.published == bool(entry.wheels), f"{where}.wheels", "published entries have wheels, others have none"
    )
    for i, wheel in enumerate(entry.wheels):
        place = f"{where}.wheels[{i}]"
        yield from _unless(_SHA256.fullmatch(wheel.sha256), f"{place}.sha256", "it is not 64 hexadecimal digits")
        plain = wheel.file.endswith(".whl") and not set("/\\") & set(wheel.file)
        yield from _unless(plain, f"{place}.file", f"{wheel.file!r} is not the name of a wheel")
        yield from _unless(not wheel.url or wheel.url.startswith("https://"), f"{place}.url", "only https is allowed")


def _commit(text: str, where: str, *, required: bool) -> Iterable[tuple[str, str]]:
    yield from _unless(_COMMIT.fullmatch(text) or not (text or required), where, "it is not a commit of 40 digits")


def _unless(fine: object, where: str, problem: str) -> Iterable[tuple[str, str]]:
    if not fine:
        yield where, problem
