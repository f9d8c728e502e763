"""A build whose head reads the mean of the tokens: bundle, report, and the run exported once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.edge import Bundle
from hub.pipeline.build import Built
from hub.testing import tiny
from tests.support.builds import quick_build, tiny_request
from tests.support.cli import run_hub

TEXTS = ("a hammer", "two of the old chairs", "soup")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("pooled")
    settings = ("teacher.pooling=mean", "student.layers=0,2")
    request = tiny_request(tiny.tiny_base(folder / "base"), *settings, out=folder / "bundle")
    return quick_build(request, folder / "runs")


def test_every_gate_is_kept_and_the_class_is_named(built: Built) -> None:
    assert built.bundle is not None
    config = json.loads((built.bundle / "config.json").read_text("utf-8"))
    assert not [gate for gate in built.result.gates if not gate.passed]
    assert config["architectures"] == ["MeanPooledBertForSequenceClassification"]
    assert config["num_hidden_layers"] == 2


def test_the_run_exported_once_more_answers_as_the_bundle_does(built: Built, tmp_path: Path) -> None:
    assert built.bundle is not None
    done = run_hub("export", str(built.run), "--out", str(tmp_path / "again"), "--variants", "fp32", "--no-latency")
    assert done.code == 0, done.stderr
    first, second = (Bundle.open(folder, variant="fp32") for folder in (built.bundle, tmp_path / "again"))
    for one, other in zip(first.predict(TEXTS), second.predict(TEXTS), strict=True):
        assert one.label == other.label
        assert one.score == pytest.approx(other.score, abs=1e-4)
