"""Cells of docs/architectures.md: every family of encoders and every kind through `hub export`, against PyTorch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hub.cli.main import main
from hub.contract.kinds import KINDS
from hub.edge import Bundle
from hub.edge.encode import Encoder, Text
from hub.edge.onnx import OnnxRuntime
from hub.edge.verify import verify
from hub.pipeline.exporting.sentences import parity_inputs
from tests.support.tiny_checkpoints import ARCHITECTURES, KIND_CLASSES, MAX_LENGTH, make_checkpoint

ROOT = Path(__file__).resolve().parents[2]
CELLS = {
    "bert-pairs": ("electra", "text-classification"),
    "distilbert": ("distilbert", "question-answering"),
    "roberta": ("xlm-roberta", "multi-label"),
    "albert": ("albert", "token-classification"),
    "mpnet": ("mpnet", "embeddings"),
    "deberta": ("deberta-v2", "text-classification"),
    "modernbert": ("modernbert", "fill-mask"),
    "xlnet": ("xlnet", "text-classification"),
}
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Case:
    name: str
    kind: str
    checkpoint: Path
    bundle: Path
    document: dict[str, Any]

    @property
    def inputs(self) -> list[Text]:
        encoder = Encoder(self.checkpoint / "tokenizer.json", MAX_LENGTH)
        chosen = {"kind": self.kind, "pairs": self.name.endswith("pairs"), "mask": encoder.special.mask}
        return parity_inputs(MAX_LENGTH, encoder, rows=24, **chosen)


@pytest.fixture(scope="module", params=CELLS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    architecture, kind = CELLS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    checkpoint = make_checkpoint(folder / "checkpoint", architecture, kind, pairs=request.param.endswith("pairs"))
    words = ["export", str(checkpoint), "--out", str(folder / "bundle"), "--task", kind, "--variants", "fp32"]
    printed = folder / "printed.json"
    with pytest.MonkeyPatch.context() as patch, printed.open("w", encoding="utf-8") as stdout:
        patch.setenv("DOMAINHUB_HOME", str(folder / "home"))
        patch.setenv("HUB_PLUGINS", "domainhub-onnx")
        patch.setattr(sys, "stdout", stdout)
        code = main([*words, "--runs", str(folder / "runs"), "--json"])
    document = json.loads(printed.read_text("utf-8"))
    assert code == 0, document
    yield Case(request.param, kind, checkpoint, folder / "bundle", document)


@cache
def loaded(checkpoint: Path, kind: str) -> Any:
    import transformers

    return getattr(transformers, KIND_CLASSES[kind]).from_pretrained(checkpoint).eval()


def of_pytorch(case: Case, feeds: Arrays) -> Arrays:
    """Ask the checkpoint itself, by the class of its kind."""
    import torch

    model = loaded(case.checkpoint, case.kind)
    with torch.inference_mode():
        found = model(**{name: torch.from_numpy(value) for name, value in feeds.items()})
    if case.kind != "embeddings":
        return {name: found[name].numpy() for name in KINDS[case.kind].outputs}
    mask = feeds["attention_mask"][:, :, None]
    mean = (found.last_hidden_state.numpy() * mask).sum(axis=1) / mask.sum(axis=1)
    return {"sentence_embedding": mean / np.linalg.norm(mean, axis=1, keepdims=True)}


def test_the_cells_cover_every_kind_and_no_architecture_is_unknown() -> None:
    assert {kind for _, kind in CELLS.values()} == set(KIND_CLASSES)
    assert {name for name, _ in CELLS.values()} <= set(ARCHITECTURES)


def test_the_tokens_are_those_of_the_checkpoint(case: Case) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(case.checkpoint)
    encoder = Encoder(case.bundle / "tokenizer.json", MAX_LENGTH)

    for text, found in zip(case.inputs, encoder.encode(case.inputs), strict=True):
        parts = (text,) if isinstance(text, str) else text
        assert found.ids == tokenizer(*parts, truncation=True)["input_ids"]


@pytest.mark.parametrize("batch", [1, 5])
def test_the_graph_gives_the_scores_of_pytorch(case: Case, batch: int) -> None:
    encoder = Encoder(case.bundle / "tokenizer.json", MAX_LENGTH)
    encoded = encoder.encode(case.inputs)
    for name in KINDS[case.kind].outputs:
        runtime = OnnxRuntime(case.bundle / "onnx" / "model.onnx", {"output": name})
        for start in range(0, len(encoded), batch):
            feeds = encoder.feeds(encoded[start : start + batch], runtime.inputs)
            found, expected = runtime.run(feeds), of_pytorch(case, feeds)[name]
            if KINDS[case.kind].answers in ("spans", "answer", "fill"):
                # A padding token whose window holds nothing else has no defined scores.
                read = feeds["attention_mask"].astype(bool)
                found, expected = found[read], expected[read]

            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)


def test_the_bundle_verifies_and_answers_every_input(case: Case) -> None:
    bundle = Bundle.open(case.bundle)

    assert [check.name for check in verify(case.bundle) if not check.ok] == []
    assert len(bundle.predict(case.inputs)) == len(case.inputs)


def test_parity_was_measured_and_kept(case: Case) -> None:
    gates = {gate["name"]: gate for gate in case.document["gates"]}

    assert gates["parity"]["passed"]
    assert 0 <= case.document["variants"]["fp32"]["max_difference"] <= gates["parity"]["limit"] == 1e-4


def test_the_page_of_architectures_is_what_its_figures_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import architectures_page

    document = json.loads((ROOT / "benchmarks" / "results" / "architectures.json").read_text("utf-8"))
    assert (ROOT / "docs" / "architectures.md").read_text("utf-8") == architectures_page.page(document)
    assert {name.split("/")[0] for name in document["details"]["cells"]} == set(ARCHITECTURES)
