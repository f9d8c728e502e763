"""Three tiny models, exported in fresh processes as a build exports them: from a saved checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_models import shake, tiny_bert

SCRIPT = """
import json, sys
from pathlib import Path
from transformers import AutoModelForSequenceClassification
from hub.contract import ExportRequest
from hub.train.base import quiet_transformers
from hub_onnx.export import export

found = []
for source, target in json.loads(sys.argv[1]):
    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(source, attn_implementation="eager").eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    done = export(ExportRequest(model, Path(target), "text-classification", 64))
    found.append({
        "file": str(done.file), "inputs": done.inputs, "outputs": done.outputs, "details": dict(done.details),
        "unchanged": all((value == before[name]).all().item() for name, value in model.state_dict().items()),
        "attention": model.config._attn_implementation, "training": model.training,
    })
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Export:
    """What a process exported.

    Args:
        checkpoint: the model it read.
        file: what it wrote.
        facts: what it said.
    """

    checkpoint: Path
    file: Path
    facts: dict[str, Any]


@dataclass(frozen=True)
class Process:
    """A finished process: its exports by model, and everything it printed besides."""

    exports: dict[str, Export]
    printed: str


def roberta() -> Any:
    import torch
    from transformers import RobertaConfig, RobertaForSequenceClassification

    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=66, type_vocab_size=1, num_labels=4,
    )  # fmt: skip
    return RobertaForSequenceClassification(config)


def distilbert() -> Any:
    import torch
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=40, dim=32, hidden_dim=64, n_heads=2, n_layers=2, max_position_embeddings=64, num_labels=5
    )
    return DistilBertForSequenceClassification(config)


MODELS: dict[str, Callable[[], Any]] = {"bert": tiny_bert, "roberta": roberta, "distilbert": distilbert}


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Process]:
    """Two processes that differ in working folder, hash seed and in what they exported before."""
    from hub.train.base import quiet_transformers

    folder = tmp_path_factory.mktemp("exports")
    checkpoints = {name: folder / name for name in MODELS}
    for name, make in MODELS.items():
        model = make()
        shake(model, 1)
        with quiet_transformers():
            model.save_pretrained(checkpoints[name])
    started = {
        "first": start(folder / "a", checkpoints, ["bert"], "1"),
        "second": start(folder / "somewhere" / "else", checkpoints, ["distilbert", "bert", "roberta"], "2"),
    }
    return {name: finish(*parts) for name, parts in started.items()}


def start(
    folder: Path, checkpoints: dict[str, Path], names: list[str], seed: str
) -> tuple[subprocess.Popen[str], list[tuple[str, Path]]]:
    folder.mkdir(parents=True)
    work = [(name, checkpoints[name]) for name in names]
    pairs = [(str(source), str(folder / name / "model.onnx")) for name, source in work]
    for _, target in pairs:
        Path(target).parent.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(pairs)],
        cwd=folder,
        env=os.environ | {"PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, work


def finish(process: subprocess.Popen[str], work: list[tuple[str, Path]]) -> Process:
    stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == 0, stderr
    *leaked, last = stdout.splitlines()
    exports = {
        name: Export(source, Path(facts["file"]), facts)
        for (name, source), facts in zip(work, json.loads(last), strict=True)
    }
    return Process(exports, "\n".join([*leaked, stderr]).strip())


@pytest.fixture(params=sorted(MODELS))
def exported(request: pytest.FixtureRequest, processes: dict[str, Process]) -> Export:
    """Each model in turn."""
    return processes["second"].exports[request.param]


@pytest.fixture
def bert(processes: dict[str, Process]) -> Export:
    return processes["first"].exports["bert"]
