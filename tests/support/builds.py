"""Builds of the tiny task: requests, a reporter that remembers, and what a session shares."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.contract import Compression, DataOptions, Distillation, Gates, Recipe, Training
from hub.contract.recipe import Lexical
from hub.contract.results import Latency
from hub.pipeline.build import Built, build
from hub.pipeline.context import BuildRequest
from hub.pipeline.progress import Reporter
from hub.pipeline.stages import baseline, compress, verify
from hub.testing import tiny
from hub_onnx.plugin import hub_exporters

PLUGIN, VERSION = "acme-tiny", "1.2"
(EXPORTER,) = hub_exporters()
SOURCE = """
from hub.contract import hookimpl
from hub.testing.tiny import DOMAIN

@hookimpl
def hub_domains():
    return [DOMAIN]
"""
"""A plugin that supplies the tiny task."""


def tiny_request(base: Path, *settings: str, **changes: Any) -> BuildRequest:
    """Return the request that ``hub build tiny/things --set base=BASE`` makes.

    Args:
        base: folder of the base model.
        settings: as ``--set`` takes them.
        changes: other fields of the request.
    """
    recipe = tiny.RECIPE.with_settings([f"base={base}", *settings])
    request = BuildRequest("tiny/things", tiny.TASK, PLUGIN, VERSION, recipe, EXPORTER)
    return dataclasses.replace(request, **changes)


@dataclass
class Recorder:
    """A reporter that keeps what it is told; ``at`` is the stage at work."""

    at: str = ""
    begun: list[str] = field(default_factory=list)
    stood: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    ticks: dict[str, list[tuple[float, float, str]]] = field(default_factory=dict)

    def stage(self, name: str, title: str) -> None:
        assert title
        self.at = name
        self.begun.append(name)

    def reused(self, name: str, title: str) -> None:
        assert title
        self.stood.append(name)

    def done(self, name: str, seconds: float) -> None:
        assert name == self.at
        assert seconds >= 0
        self.at = ""
        self.finished.append(name)

    def tick(self, done: float, total: float, text: str) -> None:
        self.ticks.setdefault(self.at, []).append((done, total, text))

    def note(self, text: str) -> None:
        assert text


@dataclass(frozen=True)
class TinyBuild:
    """The build that a test session shares; nothing below ``folder`` may be changed.

    Args:
        folder: of everything.
        base: base model.
        runs: folder of the runs.
        out: where the bundle went.
        built: what the build returned.
        reporter: what it told.
        reads: stage name to the dotted keys of the recipe that were read in it.
    """

    folder: Path
    base: Path
    runs: Path
    out: Path
    built: Built
    reporter: Recorder
    reads: dict[str, set[str]]

    @property
    def request(self) -> BuildRequest:
        return tiny_request(self.base)


_SECTIONS = {
    Recipe: "",
    DataOptions: "data.",
    Training: "teacher.",
    Distillation: "student.",
    Lexical: "lexical.",
    Compression: "compress.",
    Gates: "gates.",
}


@contextlib.contextmanager
def recipe_reads(reporter: Recorder) -> Iterator[dict[str, set[str]]]:
    """Note which values of a recipe each stage reads while it is at work."""
    found: dict[str, set[str]] = {}
    leaves = {
        kind: {
            f.name
            for f in dataclasses.fields(kind)
            if kind is not Recipe or not dataclasses.is_dataclass(f.default_factory)
        }
        for kind in _SECTIONS
    }

    def noting(self: Any, name: str) -> Any:
        if reporter.at and name in leaves[type(self)]:
            found.setdefault(reporter.at, set()).add(_SECTIONS[type(self)] + name)
        return object.__getattribute__(self, name)

    with pytest.MonkeyPatch.context() as patch:
        for kind in _SECTIONS:
            patch.setattr(kind, "__getattribute__", noting)
        yield found


def quick_latencies(callers: dict[str, Any], texts: Sequence[str], tokens: int, threads: int = 1) -> dict[str, Latency]:
    """Stand in for `hub.edge.timing.measure`: every caller is called once, nothing is timed."""
    for caller in callers.values():
        caller(texts[0])
    return {name: Latency(tokens, 1.0, 1.0, 1.0, threads, 1) for name in callers}


def quick_build(request: BuildRequest, runs: Path, reporter: Reporter | None = None, until: str = "report") -> Built:
    """Build without timing anything."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (baseline, compress, verify):
            patch.setattr(module, "measure", quick_latencies)
        return build(request, runs, reporter or Recorder(), until=until)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def states(folder: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of change of every file below a folder: a file written again has others."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
