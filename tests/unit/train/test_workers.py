"""Two processes on one machine train what one trains, but for rounding."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hub.train.workers import Workers, joined, launched, launched_rank, workers
from tests.support import share_training
from tests.support.sources import ROOT

Ended = dict[str, dict[str, Any]]

_START = """
import runpy, sys, types
# Some distributions bring a package called tests; here it is the folder of the checkout.
package = types.ModuleType("tests")
package.__path__ = [{root!r} + "/tests"]
sys.modules["tests"] = package
sys.path.insert(0, {root!r})
sys.argv = ["start", {folder!r}]
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """What this process ends with."""
    folder = tmp_path_factory.mktemp("alone")
    before = share_training.loop.CHECKPOINT_SECONDS
    try:
        return {case: share_training.run(case, folder / case) for case in share_training.CASES}
    finally:
        share_training.loop.CHECKPOINT_SECONDS = before


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """What each of two processes ends with."""
    folder = tmp_path_factory.mktemp("two")
    script = ROOT / "tests" / "support" / "share_training.py"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    starter = folder / "start.py"
    starter.write_text(_START.format(root=str(ROOT), folder=str(folder), script=str(script)), "utf-8")
    done = subprocess.run(
        [sys.executable, *launcher, str(starter)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [
        {case: torch.load(folder / f"{case}.{rank}.pt", weights_only=True) for case in share_training.CASES}
        for rank in (0, 1)
    ]


def apart(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> tuple[float, float]:
    """Return the largest and the mean difference."""
    every = torch.cat([(first[name].float() - second[name].float()).abs().flatten() for name in first])
    return float(every.max()), float(every.mean())


# Largest and mean difference of the weights, and relative ones of best score and losses. AdamW's first step is the
# sign of the gradient, also where that is nothing but rounding: single weights differ by a part of a step (the rate is
# 3e-3).
LIMITS = {"averaged": (1e-6, 1e-8, 1e-5, 1e-4), "bf16": (1e-2, 5e-4, 1e-3, 2e-2)}
ADAMW = (3e-4, 1e-6, 1e-4, 1e-3)


@pytest.mark.parametrize("case", share_training.CASES)
def test_two_processes_end_with_the_weights_of_one(case: str, alone: Ended, two: list[Ended]) -> None:
    largest, mean, best, losses = LIMITS.get(case, ADAMW)
    furthest, usual = apart(two[0][case]["weights"], alone[case]["weights"])

    assert furthest < largest
    assert usual < mean
    assert two[0][case]["best"] == pytest.approx(alone[case]["best"], rel=best)
    for found, expected in zip(two[0][case]["points"], alone[case]["points"], strict=True):
        assert found == pytest.approx(expected, rel=losses)


@pytest.mark.parametrize("case", share_training.CASES)
def test_processes_end_alike_bit_for_bit(case: str, two: list[Ended]) -> None:
    assert apart(two[0][case]["weights"], two[1][case]["weights"])[0] == 0.0
    assert two[0][case]["points"] == two[1][case]["points"]


def test_training_changes_the_weights_by_more_than_the_tolerance(alone: Ended) -> None:
    fresh = dict(share_training.tiny_bert(layers=1, vocabulary=20).state_dict())

    for case, found in alone.items():
        assert apart(found["weights"], fresh)[1] > 4 * LIMITS.get(case, ADAMW)[1]
    assert torch.equal(alone["plain"]["weights"]["bert.pooler.dense.bias"], fresh["bert.pooler.dense.bias"])


def test_interrupted_training_of_two_ends_as_an_uninterrupted_one(two: list[Ended]) -> None:
    assert apart(two[0]["interrupted"]["weights"], two[0]["plain"]["weights"])[0] == 0.0


@given(st.lists(st.integers(), max_size=40), st.integers(1, 5))
def test_shares_are_the_batch(batch: list[int], count: int) -> None:
    shares = [Workers(rank, count).share(batch) for rank in range(count)]

    assert sorted(row for share in shares for row in share) == sorted(batch)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_alone_needs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")  # left by something else

    assert workers() == Workers()
    assert (launched(), launched_rank()) == (1, 0)
    with joined() as processes:
        assert processes == Workers(0, 1)
        assert processes.first
        assert processes.same("mine") == "mine"
        assert processes.each("mine") == ["mine"]
        assert processes.add_up([], (1.5, 2.0)) == [1.5, 2.0]


def test_a_launcher_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")

    assert (launched(), launched_rank()) == (2, 1)
