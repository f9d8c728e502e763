"""Node opens the bundle folder as it is: with Transformers.js, and with ONNX Runtime alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.places import answers_of, beside_modules, needs_node
from tests.interop.recorded import Case, assert_pipelines, assert_same, write_plan


def test_transformers_js_gives_the_answers_of_the_self_test(cases: list[Case], tmp_path: Path) -> None:
    needs_node()
    script = beside_modules(["in_node.mjs", "ask.mjs"], tmp_path)
    answers = answers_of(["node", str(script), str(write_plan(cases, tmp_path / "plan.json"))])
    assert_same(cases, answers)
    assert assert_pipelines(cases, answers) >= 4


def test_onnxruntime_node_gives_the_answers_of_the_self_test(cases: list[Case], tmp_path: Path) -> None:
    needs_node()
    script = beside_modules(["ort_node.mjs"], tmp_path)
    answers = answers_of(["node", str(script), str(write_plan(cases, tmp_path / "plan.json"))])
    assert_same(cases, answers)


def test_other_answers_would_be_noticed(cases: list[Case], tmp_path: Path) -> None:
    needs_node()
    script = beside_modules(["ort_node.mjs"], tmp_path)
    answers = answers_of(["node", str(script), str(write_plan(cases[:1], tmp_path / "plan.json"))])
    answers[0]["variants"]["fp32"][0]["scores"][0] += 0.1
    with pytest.raises(AssertionError, match="self-test fp32"):
        assert_same(cases[:1], answers)
