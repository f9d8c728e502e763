"""What a fresh process loads: start-up stays light, and the edge side needs no training package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.builds import TinyBuild
from tests.support.tiny_bundle import make_tiny_bundle

TRAINING = {"torch", "transformers", "datasets", "pandas", "sklearn", "scipy", "optimum", "accelerate", "peft", "onnx"}
HEAVY = TRAINING | {"numpy", "onnxruntime", "tokenizers", "huggingface_hub", "rich", "yaml"}


def loaded(code: str) -> set[str]:
    """Run code in a fresh process and return the top-level packages that it loaded."""
    program = (
        f"import json, sys, io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()):\n    {code}\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(words: Sequence[str]) -> str:
    return f"from hub.cli.main import main; assert main({list(words)!r}) == 0"


def test_the_probe_sees_what_is_loaded() -> None:
    assert {"numpy", "hub"} <= loaded("import hub, numpy")


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_loads_nothing_but_click(words: list[str]) -> None:
    found = loaded(command(words))

    assert "click" in found
    assert found & (HEAVY | {"pluggy"}) == set()


@pytest.mark.parametrize("words", [["tasks"], ["tasks", "--json"], ["plugins", "list"], ["domains"], ["recipes"]])
def test_lists_read_only_the_cache(words: list[str]) -> None:
    from hub.host.cache import read_metadata

    read_metadata()

    found = loaded(command(words))

    assert found & (HEAVY | {"pluggy", "hub_medical", "hub_onnx"}) == set()


def test_contract_needs_numpy_and_pluggy_only() -> None:
    everything = "import hub.contract; [getattr(hub.contract, name) for name in hub.contract.__all__]"

    found = loaded(everything)

    assert {"numpy", "pluggy"} <= found
    assert found & (HEAVY - {"numpy"}) == set()


def test_edge_needs_no_training_package() -> None:
    modules = "pkgutil.iter_modules(hub.edge.__path__, 'hub.edge.')"

    found = loaded(f"import pkgutil, hub.edge; [__import__(m.name) for m in {modules}]; hub.edge.Bundle")

    assert {"hub", "numpy"} <= found
    assert found & TRAINING == set()


def test_importing_edge_loads_nothing_heavy() -> None:
    assert loaded("import hub.edge") & HEAVY == set()


@pytest.mark.parametrize("module", ["hub_medical.plugin", "hub_onnx.plugin", "hub_openvino.plugin"])
def test_entry_points_of_our_plugins_are_light(module: str) -> None:
    assert loaded(f"import {module}") & TRAINING == set()


@pytest.mark.parametrize("name", ["predict", "verify", "bench", "evaluate"])
def test_help_of_edge_commands_loads_no_training_package(name: str) -> None:
    assert loaded(command([name, "--help"])) & TRAINING == set()


def test_prediction_loads_no_training_package(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")

    found = loaded(command(["predict", str(bundle), "a broken wrist"]))

    assert {"onnxruntime", "tokenizers"} <= found
    assert found & TRAINING == set()


def test_evaluation_loads_no_training_package(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\ncat,animal\n", "utf-8")

    found = loaded(command(["evaluate", str(bundle), "--data", str(rows), "--json"]))

    assert {"onnxruntime", "tokenizers"} <= found
    assert found & TRAINING == set()


def test_a_build_that_finds_everything_standing_loads_no_training_package(
    tiny_build: TinyBuild, runs: Path, tiny_plugin: None
) -> None:
    words = ["build", "tiny/things", "--set", f"base={tiny_build.base}", "--runs", str(runs), "--json"]

    found = loaded(f"sys.path[:] = {sys.path!r}; {command(words)}")

    assert "acme_tiny" in found
    assert found & (TRAINING | {"onnxruntime"}) == set()


def test_the_testing_kit_is_light() -> None:
    assert loaded("import hub.testing.tiny") & (TRAINING | {"onnxruntime", "tokenizers"}) == set()
