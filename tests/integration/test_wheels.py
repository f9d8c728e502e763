"""The wheels, as a user installs them: built, put into a fresh environment, and run there, from list to remove."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import hub
from hub.contract import LoadRequest
from hub.testing import tiny
from hub.testing.tiny import tiny_base
from tests.support.sources import ROOT
from tests.support.tiny_bundle import make_tiny_bundle

PARTS = (".", "plugins/medical", "exporters/onnx")


@dataclass(frozen=True)
class Fresh:
    """A fresh environment with the installed wheels."""

    bin: Path
    wheels: dict[str, Path]
    work: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        program = str(self.bin / command[0])
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment["DOMAINHUB_HOME"] = str(self.work / "home")
        return subprocess.run(
            [program, *command[1:]], cwd=self.work, env=environment, capture_output=True, text=True, check=False
        )

    def json(self, *command: str) -> Any:
        done = self.run(*command, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def copy_sources(target: Path) -> None:
    """Copy what the wheels are built from, so that building leaves nothing in the checkout."""
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "tests")
    for name in ("hub", "plugins/medical", "exporters/onnx"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)


def pip(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def third_party(folder: Path) -> Path:
    """Make a folder of links to the packages of the tests' environment, without the hub and its plugins."""
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.lower().startswith(("domainhub", "__editable__", "hub", "__pycache__")):
            (folder / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    assert (folder / "pip").is_dir()
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    work = tmp_path_factory.mktemp("wheels")
    copy_sources(work / "source")
    sources = [str(work / "source" / part) for part in PARTS]
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(work / "dist"), *sources)
    wheels = {path.name.partition("-")[0]: path for path in (work / "dist").glob("*.whl")}

    home = work / "venv"
    venv.create(home, with_pip=False)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    pip("--python", str(scripts / "python"), "install", "--no-index", "--no-deps", *map(str, wheels.values()))
    (site,) = home.rglob("site-packages")
    (site / "of-the-tests.pth").write_text(str(third_party(work / "third-party")) + "\n", "utf-8")
    return Fresh(scripts, wheels, work)


def test_there_is_a_wheel_for_each_distribution(fresh: Fresh) -> None:
    assert sorted(fresh.wheels) == ["domainhub", "domainhub_medical", "domainhub_onnx"]
    assert {path.name.split("-")[1] for path in fresh.wheels.values()} == {hub.__version__}


def test_wheels_hold_the_packages_and_their_data_and_no_tests(fresh: Fresh) -> None:
    names = {name: zipfile.ZipFile(path).namelist() for name, path in fresh.wheels.items()}

    assert {"hub/catalog/registry.json", "hub/py.typed", "hub/cli/main.py"} <= set(names["domainhub"])
    assert "hub_medical/plugin.py" in names["domainhub_medical"]
    assert "hub_onnx/plugin.py" in names["domainhub_onnx"]
    for listed in names.values():
        assert any(name.endswith("licenses/LICENSE") for name in listed)
        tops = {name.partition("/")[0] for name in listed}
        assert {top for top in tops if not top.endswith(".dist-info")} <= {"hub", "hub_medical", "hub_onnx"}
        assert not any("/tests/" in name for name in listed)


def test_every_source_file_is_in_the_wheel(fresh: Fresh) -> None:
    """A package that was forgotten in the configuration would only be missed by users."""
    source = fresh.work / "source"
    for name, folder in (
        ("domainhub", source),
        ("domainhub_medical", source / "plugins/medical/src"),
        ("domainhub_onnx", source / "exporters/onnx/src"),
    ):
        packages = ["hub"] if name == "domainhub" else [path.name for path in folder.iterdir() if path.is_dir()]
        wanted = {
            path.relative_to(folder).as_posix()
            for package in packages
            for path in (folder / package).rglob("*")
            if path.is_file()
            and not path.parent.name.endswith(".egg-info")
            # What tools leave in a checkout is no source.
            and not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
        }
        assert wanted
        assert wanted - set(zipfile.ZipFile(fresh.wheels[name]).namelist()) == set()


def test_the_installed_program_is_the_one_from_the_wheel(fresh: Fresh) -> None:
    done = fresh.run("python", "-c", "import hub, hub_medical, hub_onnx; print(hub.__file__, hub_onnx.__file__)")

    assert done.returncode == 0, done.stderr
    for name in done.stdout.split():
        assert Path(name).is_relative_to(fresh.work / "venv")


def test_hub_tasks(fresh: Fresh) -> None:
    entries = {entry["id"]: entry for entry in fresh.json("hub", "tasks")["tasks"]}

    assert entries["medical/icd10-chapter"]["plugin"] == "domainhub-medical"


def test_hub_plugins_list(fresh: Fresh) -> None:
    plugins = {entry["name"]: entry for entry in fresh.json("hub", "plugins", "list")["plugins"]}

    assert {name: entry["state"] for name, entry in plugins.items()} == {"medical": "active", "onnx": "active"}
    assert {entry["version"] for entry in plugins.values()} == {hub.__version__}


def test_hub_predict(fresh: Fresh) -> None:
    bundle = make_tiny_bundle(fresh.work / "bundle")

    answer = fresh.json("hub", "predict", str(bundle), "a broken wrist")

    assert answer["label"] in dict(answer["top"])
    assert abs(sum(score for _, score in answer["top"]) - 1) < 1e-3


def test_the_catalogue_of_the_wheel_is_read(fresh: Fresh) -> None:
    found = {entry["distribution"]: entry["installed"] for entry in fresh.json("hub", "plugins", "search")["plugins"]}

    assert found["domainhub-medical"] == hub.__version__
    assert found["domainhub-legal"] is None


@pytest.mark.slow
def test_hub_plugins_check(fresh: Fresh) -> None:
    report = fresh.json("hub", "plugins", "check", "medical")

    assert report["ok"]
    assert {check["rule"] for check in report["checks"]} >= {"papers-included", "light-import", "loads-offline"}
    assert "medical/icd10-chapter:packaged" in {check["subject"] for check in report["checks"]}


def test_command_of_a_plugin(fresh: Fresh) -> None:
    done = fresh.run("hub", "icd", "K35.80")

    assert done.returncode == 0, done.stderr
    assert "appendicitis" in done.stdout
    assert "From plugins:" in fresh.run("hub", "--help").stdout


def write_rows(folder: Path) -> Path:
    """Write the rows of the tiny task as somebody's own files."""
    folder.mkdir()
    for split, rows in tiny.load(LoadRequest(seed=13)):
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("text", "label"))
            writer.writerows((row.text, row.label) for row in rows)
    return folder


@pytest.mark.slow
def test_own_rows_are_built_and_the_bundle_predicts(fresh: Fresh) -> None:
    """The stages of a real build, with a base model of random weights and rows that it learns in seconds."""
    base, rows, out = tiny_base(fresh.work / "base"), write_rows(fresh.work / "rows"), fresh.work / "things"
    recipe = fresh.work / "tiny.yaml"
    recipe.write_text(json.dumps(tiny.RECIPE.to_mapping() | {"base": str(base)}), "utf-8")  # JSON is YAML too
    task = "medical/icd10-chapter"

    built = fresh.json("hub", "build", task, "--data", str(rows), "--recipe", str(recipe), "--out", str(out))
    verified = fresh.json("hub", "verify", str(out))
    answer = fresh.json("hub", "predict", str(out), "the hammer near a chisel")

    assert all(gate["passed"] for gate in built["gates"])
    assert built["variants"][built["default_variant"]]["score"] > 0.9
    assert verified["ok"]
    assert answer["label"] == "tool"


def test_plugin_is_removed(fresh: Fresh) -> None:
    """The last one: afterwards the plugin is gone."""
    refused = fresh.run("hub", "plugins", "remove", "medical")
    done = fresh.run("hub", "plugins", "remove", "medical", "--yes")

    assert refused.returncode == 2
    assert done.returncode == 0, done.stderr
    assert [entry["name"] for entry in fresh.json("hub", "plugins", "list")["plugins"]] == ["onnx"]
    assert fresh.json("hub", "tasks")["tasks"] == []
    missing = fresh.run("hub", "data", "show", "medical/icd10-chapter")
    assert (missing.returncode, "domainhub-medical" in missing.stderr) == (4, True)
    assert "From plugins:" not in fresh.run("hub", "--help").stdout
