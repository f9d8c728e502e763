"""optimum-onnx's ORTModelFor... classes open the bundle folder as it is."""

from __future__ import annotations

from pathlib import Path

from tests.interop.places import HERE, answers_of, needs_optimum
from tests.interop.recorded import Case, assert_same, write_plan


def test_optimum_gives_the_answers_of_the_self_test(cases: list[Case], tmp_path: Path) -> None:
    python = needs_optimum()
    plan = write_plan(cases, tmp_path / "plan.json")
    assert_same(cases, answers_of([str(python), str(HERE / "ask_optimum.py"), str(plan)]))
