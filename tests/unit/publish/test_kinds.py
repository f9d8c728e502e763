"""The card of every kind of task: metadata, words, and code that runs."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard, ModelCardData

from hub.contract.domain import KINDS
from hub.edge import Bundle
from hub.publish.card import card_text
from hub.publish.usage import python_code
from tests.support.kinds import kind_manifest, kind_result
from tests.support.results import build_result, manifest
from tests.support.tiny_bundle import TEXTS, make_tiny_bundle

PIPELINES = {
    "text-classification": "text-classification",
    "multi-label": "text-classification",
    "token-classification": "token-classification",
    "tabular-classification": "tabular-classification",
    "tabular-regression": "tabular-regression",
}


def card_of(kind: str) -> str:
    result = kind_result(kind)
    return card_text(result, kind_manifest(result))


def codes(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", text, flags=re.DOTALL)


@pytest.mark.parametrize("kind", PIPELINES)
def test_metadata_is_that_of_the_kind(kind: str) -> None:
    card = card_of(kind)
    data = ModelCard(card).data
    assert isinstance(data, ModelCardData)

    assert data.pipeline_tag == PIPELINES[kind]
    assert {entry.task_type for entry in data.eval_results or []} == {PIPELINES[kind]}
    text = KINDS[kind].reads == "text"
    assert ("transformers.js" in (data.tags or [])) is text
    assert (data.language == ["en"]) is text
    assert data.metrics == (["r_squared"] if kind == "tabular-regression" else ["f1"])
    assert str(ModelCard(card)) == card


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("text-classification", "- Labels: 2; at most 64 tokens of a text are read"),
        ("multi-label", "- Labels: 3, of which a text may have any number; at most 64 tokens of a text are read"),
        ("token-classification", "- Entity types: 2; at most 64 tokens of a text are read"),
        ("tabular-classification", "- Labels: 2\n"),
        ("tabular-regression", "- Answer: a number, energy in kWh\n"),
    ],
)
def test_the_answer_is_described(kind: str, sentence: str) -> None:
    assert sentence in card_of(kind)


def test_long_texts_read_in_windows_are_mentioned() -> None:
    result = kind_result("text-classification")
    card = card_text(result, dataclasses.replace(kind_manifest(result), window_stride=16))

    assert "a text is read in windows of 64 tokens that share 16, and the scores of all are averaged" in card
    assert len(codes(card, "python")) == 1  # a few lines without the hub would read the first window only
    assert "Node reads the first 64 tokens of a text; the hub reads all of it." in card


@pytest.mark.parametrize("kind", PIPELINES)
def test_what_is_left_out_has_its_reason(kind: str) -> None:
    card = card_of(kind)

    one_label = KINDS[kind].answers == "label"
    assert ("## Left out" in card) is not one_label
    assert ("## Calibration and abstention" in card) is (one_label or kind == "multi-label")
    assert ("a plain sigmoid is enough" in card) is (kind == "multi-label")


def test_names_with_scores_are_called_what_they_are() -> None:
    assert "## Entity types\n" in card_of("token-classification")
    assert "| Entity type | Name | Entities, all test rows | F1 |" in card_of("token-classification")
    assert "| Label | Name | Rows, all test rows | F1 | Threshold |" in card_of("multi-label")
    assert "| arbitration | Arbitration |" in card_of("multi-label")
    assert "A label is predicted when its probability is at or above its threshold" in card_of("multi-label")
    assert "## Labels" not in card_of("tabular-regression")


@pytest.mark.parametrize("kind", PIPELINES)
def test_code_is_that_of_the_kind(kind: str) -> None:
    card = card_of(kind)

    python, node = codes(card, "python"), codes(card, "js")
    for program in python:
        compile(program, "card", "exec")
    assert len(python) == (2 if kind in ("text-classification", "multi-label") else 1)
    assert len(node) == (1 if KINDS[kind].reads == "text" else 0)
    if node:
        assert f'pipeline("{PIPELINES[kind]}"' in node[0]
    shell = codes(card, "sh")[0]
    assert ("--input rows.csv" in shell) is (KINDS[kind].reads == "row")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("kind", ["multi-label", "token-classification"])
def test_node_of_the_card_is_javascript(kind: str, tmp_path: Path) -> None:
    program = tmp_path / "card.mjs"
    program.write_text(codes(card_of(kind), "js")[0], encoding="utf-8")

    subprocess.run(["node", "--check", str(program)], check=True, capture_output=True)


def run(program: str, folder: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_python_with_the_hub_runs(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    bundle = Bundle.open(folder)
    program = codes(card_text(build_result(labels=3), bundle.manifest), "python")[0]

    shown = run(program.replace("Write your own text here", TEXTS[0]), folder)

    (answer,) = bundle.predict([TEXTS[0]])
    assert [line.strip() for line in shown] == [f"{answer.label} {answer.score:.3f}"]


def test_python_for_several_labels_applies_sigmoid_and_thresholds(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    plain = Bundle.open(folder).manifest
    thresholds = {"int8": {"animal": 0.9, "plant": 0.4, "stone": 0.99}}
    manifest_ = dataclasses.replace(plain, kind="multi-label", thresholds=thresholds)
    stored = json.loads((folder / "bundle.json").read_text("utf-8")) | {"thresholds": thresholds}
    (folder / "bundle.json").write_text(json.dumps(stored), "utf-8")
    program = python_code(manifest_, plain.variants["int8"]).replace("Write your own text here", "old oak near river")

    shown = run(program, folder)

    # One word of six tokens is a plant: its score is 8 / 6, the others' are 0, one half as probabilities.
    assert shown == [f"{1 / (1 + np.exp(-8 / 6)):.3f} Plants and mosses"]


def test_a_bundle_of_an_unknown_kind_has_commands_only() -> None:
    result = build_result(labels=2)
    card = card_text(result, dataclasses.replace(manifest(result), kind="time-series"))

    assert codes(card, "python") == codes(card, "js") == []
    assert "hub predict ." in card
