"""``accelerate launch -m hub train``: two processes leave one run, with the weights that one process trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hub.pipeline.run import list_runs
from tests.support.builds import PLUGIN, SOURCE, VERSION, TinyBuild
from tests.support.distributions import install

LAUNCHER = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0", "-m")
"""Whatever its name says, this option starts several processes on CPUs too."""


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Args:
        runs: folder of the runs.
        code: exit code.
        stdout: what the program printed there.
        stderr: the same.
    """

    runs: Path
    code: int
    stdout: str
    stderr: str

    @property
    def finetune(self) -> Path:
        (run,) = list_runs(self.runs)
        return run.stage("finetune")


@pytest.fixture(scope="module")
def train(tiny_build: TinyBuild, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Call ``hub train`` as a module, through a launcher or not."""
    folder = tmp_path_factory.mktemp("together")
    site = folder / "site"
    site.mkdir()
    install(site, "acme_tiny", SOURCE, distribution=PLUGIN, version=VERSION)

    def call(name: str, *words: str, launcher: tuple[str, ...] = ()) -> Trained:
        settings = (f"base={tiny_build.base}", "teacher.dropout=0", "teacher.epochs=2", *words)
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    *launcher,
                    "hub",
                    "train",
                    "tiny/things",
                    "--json",
                    "--runs",
                    str(folder / name),
                ),
                *(word for setting in settings for word in ("--set", setting)),
            ],
            capture_output=True,
            text=True,
            env=os.environ
            | {
                "PYTHONPATH": str(site),
                "DOMAINHUB_HOME": str(folder / "home"),
                "HUB_PLUGINS": f"{PLUGIN},domainhub-onnx",
                "OMP_NUM_THREADS": "1",
            },
            check=False,
            timeout=600,
        )
        return Trained(folder / name, done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="module")
def two(train: Any) -> Trained:
    found: Trained = train("two", launcher=LAUNCHER)
    assert found.code == 0, found.stderr
    return found


@pytest.fixture(scope="module")
def one(train: Any) -> Trained:
    found: Trained = train("one")
    assert found.code == 0, found.stderr
    return found


def test_two_processes_train_what_one_trains(one: Trained, two: Trained) -> None:
    weights, expected = (load_file(found.finetune / "model" / "model.safetensors") for found in (two, one))

    assert set(weights) == set(expected)
    for name, value in weights.items():
        assert torch.allclose(value, expected[name], atol=1e-4), name


def test_the_curves_are_the_same(one: Trained, two: Trained) -> None:
    records = [json.loads((found.finetune / "training.json").read_text("utf-8")) for found in (one, two)]
    points, others = ([(p["step"], p["loss"]) for p in record["points"]] for record in records)

    assert [step for step, _ in others] == [step for step, _ in points]
    assert [loss for _, loss in others] == pytest.approx([loss for _, loss in points], rel=1e-2)


def test_only_the_first_process_prints_and_keeps_a_run(one: Trained, two: Trained) -> None:
    document, alone = json.loads(two.stdout), json.loads(one.stdout)

    assert (document["run"], document["steps"], document["rows"]) == (alone["run"], alone["steps"], alone["rows"])
    assert two.stderr.count("2 processes train together") == 1
    assert len(list_runs(two.runs)) == 1


def test_what_is_refused_is_told_once(train: Any) -> None:
    found = train("refused", "teacher.device=cuda" if not torch.cuda.is_available() else "max_length=9999",
                  launcher=LAUNCHER)  # fmt: skip

    assert found.code != 0
    codes = [line for line in (found.stdout + found.stderr).splitlines() if '"code": "HUB-' in line]
    assert len(codes) == 1
