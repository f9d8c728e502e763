"""The event files, read back by TensorBoard's own reader."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.errors import MissingError
from hub.contract.results import CurvePoint
from hub.contract.stage import StageFinished
from hub.host.hooks import listener, manager_for
from hub.listeners import tensorboard

NEEDED = pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
POINTS = (CurvePoint(10, 0.5, 1.25, seconds=2.0), CurvePoint(20, 1.0, 0.75, 0.5, 4.0), CurvePoint(30, 1.5, math.nan))
END = "2026-01-02T03:04:05+00:00"


def stage(folder: Path, **changes: Any) -> StageFinished:
    made = StageFinished(
        folder, "a", "tiny/things", "finetune", "teacher", False, 4.0, END, {"best_score": 0.5, "odd": math.inf}, POINTS
    )
    return dataclasses.replace(made, **changes)


def read(folder: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Return step, value and wall time of every scalar, by tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        tag: [(entry.step, entry.value, entry.wall_time) for entry in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def tell(finished: StageFinished) -> None:
    call = listener(manager_for(tensorboard.TensorBoard(), "tensorboard"))
    assert call is not None
    call(finished)


@NEEDED
def test_curves_and_figures_are_read_back(tmp_path: Path) -> None:
    tell(stage(tmp_path))

    found = read(tmp_path / "tensorboard" / "finetune")
    end = datetime.datetime.fromisoformat(END).timestamp()
    assert found == {
        "loss": [(10, 1.25, end - 2.0), (20, 0.75, end)],
        "validation": [(20, 0.5, end)],
        "figures/best_score": [(30, 0.5, end)],
    }


@NEEDED
def test_a_stage_run_again_replaces_its_events(tmp_path: Path) -> None:
    tell(stage(tmp_path))
    tell(stage(tmp_path, points=POINTS[:1]))

    folder = tmp_path / "tensorboard" / "finetune"
    assert [step for step, _, _ in read(folder)["loss"]] == [10]
    assert len(list(folder.iterdir())) == 1


@NEEDED
def test_a_stage_that_stands_keeps_its_events_or_gets_some(tmp_path: Path) -> None:
    tell(stage(tmp_path, reused=True))
    tell(stage(tmp_path, reused=True, points=()))

    assert [step for step, _, _ in read(tmp_path / "tensorboard" / "finetune")["loss"]] == [10, 20]


@NEEDED
def test_a_stage_without_numbers_leaves_nothing(tmp_path: Path) -> None:
    tell(stage(tmp_path, points=(), figures={"odd": math.nan}))

    assert not list(tmp_path.rglob("*events*"))


@NEEDED
@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
        st.floats(width=32),
        max_size=5,
    )
)
def test_any_figures_survive(figures: dict[str, float]) -> None:
    events = list(tensorboard.events_of(stage(Path(), figures=figures, points=())))

    found = {event.summary.value[0].tag: event.summary.value[0].simple_value for event in events}
    assert found == {f"figures/{name}": value for name, value in figures.items() if math.isfinite(value)}


def test_without_the_package_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingError, match="HUB-P095") as caught:
        tensorboard.TensorBoard()

    assert "domainhub[tensorboard]" in caught.value.fix
