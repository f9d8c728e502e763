"""Who may import whom: the table of the architecture, held by reading the source."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT, Import, imports_of, source_files

LEAVES = ("data", "train", "compress", "evaluate", "publish", "report", "catalog", "host", "listeners")
ALL = {
    *LEAVES,
    "checkpoint",
    "contract",
    "edge",
    "search",
    "pipeline",
    "cli",
    "testing",
}
"""Packages of the host."""

MAY = {
    "contract": set(),
    "edge": {"contract"},
    **{leaf: {"contract", "edge"} for leaf in LEAVES},
    "train": {"contract", "edge", "evaluate"},
    "compress": {"contract", "edge", "evaluate"},
    "host": {"contract", "edge", "catalog"},
    "checkpoint": {"contract", "edge", "train"},
    "search": {"train", "compress", "evaluate", "edge", "contract"},
    "pipeline": ALL - {"cli", "host"},
    "cli": ALL,
    "testing": ALL - {"cli"},
}
"""Package -> packages of the host it may import besides itself."""

OTHERS = {"contract": {"numpy", "pluggy"}, "edge": {"numpy", "onnxruntime", "tokenizers"}}
"""Packages that may import nothing else from other projects."""

SEAMS = {("hub/edge/remote.py", "hub.publish.pull")}
"""Names that one file may look up when it is called: a published bundle opens by its id."""

GUESTS = {"plugins": {"contract"}, "exporters": {"contract", "edge"}}
"""Folders of distributions -> packages of the host their code may import."""


def problem(path: Path, found: Import, root: Path) -> str | None:
    """Return what is wrong with an import, or ``None``."""
    parts = path.relative_to(root).parts
    top, _, rest = found.module.partition(".")
    target = rest.partition(".")[0]
    where = f"{path.relative_to(root)}:{found.line}"
    if parts[0] in GUESTS:
        if top == "hub" and target not in GUESTS[parts[0]]:
            return f"{where}: {parts[0]} may not import hub.{target}"
        return None
    if len(parts) == 2:  # hub/__init__.py
        return f"{where}: hub itself imports nothing of the project" if top == "hub" and target else None
    package = parts[1]
    if package not in MAY:
        return f"{where}: package {package!r} is not in the table"
    if (path.relative_to(root).as_posix(), found.module) in SEAMS and not found.at_import:
        return None
    if top == "hub":
        # `import hub` alone gives the version; a name that is no package is an attribute of hub itself.
        if target in ALL and target != package and target not in MAY[package]:
            return f"{where}: hub.{package} may not import hub.{target}"
        return None
    if package in OTHERS and top not in sys.stdlib_module_names and top not in OTHERS[package]:
        return f"{where}: hub.{package} may not import {top}"
    if package == "cli" and found.at_import and top not in sys.stdlib_module_names | {"click"}:
        return f"{where}: command files import {top} inside functions"
    return None


def cli_problem(path: Path, found: Import, root: Path) -> str | None:
    """Command files import only `hub.cli` and the errors when they are loaded."""
    parts = path.relative_to(root).parts
    allowed = ("hub.cli", "hub.contract.errors", "hub.__version__")
    if parts[:2] != ("hub", "cli") or not found.at_import or not found.module.startswith("hub."):
        return None
    if found.module.startswith(allowed):
        return None
    return f"{path.relative_to(root)}:{found.line}: command files import {found.module} inside functions"


def problems(root: Path) -> list[str]:
    found = []
    for path in source_files(root):
        relative = path.relative_to(root)
        names = relative.parts[:-1]
        if names[0] in GUESTS:
            names = names[names.index("src") + 1 :] if "src" in names else names
        for each in imports_of(path, ".".join(names)):
            found += [text for text in (problem(path, each, root), cli_problem(path, each, root)) if text]
    return found


def test_there_are_files_to_read() -> None:
    files = {path.relative_to(ROOT).parts[0] for path in source_files()}

    assert files == {"hub", "plugins", "exporters"}
    assert len(source_files()) > 40


def test_imports_follow_the_table() -> None:
    assert problems(ROOT) == []


PLANTED = [
    ("hub/contract/x.py", "import torch", "hub.contract may not import torch"),
    ("hub/contract/x.py", "from hub.edge import files", "hub.contract may not import hub.edge"),
    ("hub/contract/x.py", "def f():\n    import pandas", "hub.contract may not import pandas"),
    ("hub/edge/x.py", "import transformers", "hub.edge may not import transformers"),
    ("hub/edge/x.py", "from ..train import loop", "hub.edge may not import hub.train"),
    ("hub/data/x.py", "from hub import train", "hub.data may not import hub.train"),
    ("hub/data/x.py", "import importlib\nimportlib.import_module('hub.report.x')", "may not import hub.report"),
    ("hub/host/x.py", "from hub.pipeline.run import Run", "hub.host may not import hub.pipeline"),
    ("hub/pipeline/x.py", "import hub.cli.main", "hub.pipeline may not import hub.cli"),
    ("hub/checkpoint/x.py", "from hub.pipeline.run import Run", "hub.checkpoint may not import hub.pipeline"),
    ("hub/testing/x.py", "import hub.cli", "hub.testing may not import hub.cli"),
    ("hub/newroom/x.py", "import json", "package 'newroom' is not in the table"),
    ("hub/__init__.py", "import hub.contract", "hub itself imports nothing"),
    ("hub/cli/x.py", "import rich", "command files import rich inside functions"),
    ("hub/cli/x.py", "from hub.edge import Bundle", "command files import hub.edge.Bundle inside functions"),
    ("plugins/a/src/hub_a/x.py", "import hub.edge.onnx", "plugins may not import hub.edge"),
    ("exporters/b/src/hub_b/x.py", "from hub.train import x", "exporters may not import hub.train"),
]


@pytest.mark.parametrize(("name", "source", "message"), PLANTED)
def test_planted_violation_is_caught(tmp_path: Path, name: str, source: str, message: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(source, "utf-8")

    found = problems(tmp_path)

    assert len(found) == 1
    assert message in found[0]


ALLOWED = [
    ("hub/contract/x.py", "import json, numpy, pluggy\nfrom hub.contract.errors import HubError"),
    ("hub/edge/x.py", "import onnxruntime, tokenizers\nfrom hub.contract import Runtime\nfrom . import files"),
    ("hub/train/x.py", "import torch\nfrom hub.evaluate import metrics"),
    (
        "hub/cli/x.py",
        "import click\nfrom hub.cli import output\ndef f():\n    import rich, hub.edge",
    ),
    ("hub/cli/y.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rich.table import Table"),
    ("plugins/a/src/hub_a/x.py", "import pandas\nfrom hub.contract import Task\nfrom hub_a import rows"),
    ("plugins/a/tests/test_x.py", "import hub.testing, hub.host"),
]


@pytest.mark.parametrize(("name", "source"), ALLOWED)
def test_what_the_table_allows_passes(tmp_path: Path, name: str, source: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(source, "utf-8")

    assert problems(tmp_path) == []
