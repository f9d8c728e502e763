"""``hub export`` from a checkpoint to a bundle that others can use, for three kinds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.edge import Bundle
from hub.edge.files import sha256
from hub.edge.folder import read_manifest
from tests.support.cli import run_hub
from tests.support.exporting import ARCHITECTURES, TinyExport, quick_timing, shared_export

TEXTS = ["The parcel came late, and the box was open.", "Refund", "Møde kl. 14:30 på Österbro"]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TinyExport:
    """An export of each kind."""
    return shared_export(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> TinyExport:
    """The export of one kind, for what takes seconds and is alike for all."""
    return shared_export("text-classification", tmp_path_factory)


def original(checkpoint: Path, kind: str, text: str) -> Any:
    """Return what transformers says of a text: probabilities, or the mean of the tokens' vectors, of unit length."""
    import torch
    import transformers

    classes = {
        "text-classification": transformers.AutoModelForSequenceClassification,
        "token-classification": transformers.AutoModelForTokenClassification,
        "embeddings": transformers.AutoModel,
    }
    model = classes[kind].from_pretrained(checkpoint).eval()
    tokens = transformers.AutoTokenizer.from_pretrained(checkpoint)(text, return_tensors="pt")
    with torch.inference_mode():
        found = model(**tokens)
    if kind == "embeddings":
        mean = found.last_hidden_state[0].mean(dim=0)
        return (mean / mean.norm()).numpy()
    return found.logits.softmax(dim=-1)[0].numpy()


def test_the_document_says_what_was_measured(made: TinyExport) -> None:
    document = made.result.json()

    assert document["bundle"] == str(made.out)
    assert document["checkpoint"]["id"] == made.checkpoint.name
    assert document["default_variant"] == "int8"
    assert set(document["variants"]) == {"fp32", "int8"}
    fp32, int8 = document["variants"]["fp32"], document["variants"]["int8"]
    assert fp32["max_difference"] <= 1e-4 and fp32["agreement"] > 0.999
    assert fp32["rows"] == int8["rows"] == 200
    assert int8["file_bytes"] < fp32["file_bytes"] and int8["bytes"] < fp32["bytes"]
    for variant in (fp32, int8):
        assert 0 < variant["p50_ms"] <= variant["p95_ms"]
        assert set(variant["latency"]) == {"16", "64"}
        assert variant["score"] is None
    assert [gate["name"] for gate in document["gates"]] == ["parity", "tokens", "int8-agreement"]
    assert all(gate["passed"] for gate in document["gates"])
    assert any("no score" in note for note in document["notes"])
    assert Path(document["log"]).is_file() and made.runs in Path(document["log"]).parents


def test_the_bundle_answers_as_transformers_does(made: TinyExport) -> None:
    bundle = Bundle.open(made.out, variant="fp32")
    kind = bundle.manifest.kind

    for text in TEXTS:
        wanted = original(made.checkpoint, kind, text)
        if kind == "text-classification":
            assert np.abs(bundle.probabilities([text])[0] - wanted).max() < 1e-5
        elif kind == "embeddings":
            assert np.abs(bundle.vectors([text])[0] - wanted).max() < 1e-5
        else:
            (tagged,) = bundle.tags([text])
            # Each word has the probabilities of its first token.
            assert all(np.abs(wanted - row).max(axis=1).min() < 1e-5 for row in tagged.probabilities)


def test_the_bundle_verifies(made: TinyExport) -> None:
    verified = run_hub("verify", str(made.out), "--json")

    assert verified.code == 0
    names = [check["name"] for check in verified.json()["checks"]]
    assert {"gate parity", "gate tokens", "gate int8-agreement"} <= set(names)
    assert sum(name.startswith("self-test") for name in names) == 4


def test_the_bundle_says_where_it_comes_from_and_names_no_folder(made: TinyExport) -> None:
    manifest = read_manifest(made.out)
    origin = manifest.provenance

    assert manifest.task == manifest.kind
    assert not manifest.failed
    assert origin["checkpoint"]["weights"] == {"model.safetensors": sha256(made.checkpoint / "model.safetensors")}
    assert origin["forms"]["int8"]["form"].startswith("int8")
    assert origin["packages"]["transformers"]
    for file in made.out.rglob("*"):
        if file.is_file():
            assert str(made.checkpoint.parent).encode() not in file.read_bytes(), file.name


def test_the_bill_of_materials_names_checkpoint_packages_and_models(made: TinyExport) -> None:
    manifest = read_manifest(made.out)
    bom = json.loads((made.out / "bom.json").read_text("utf-8"))

    parts = {part["bom-ref"]: part for part in bom["components"]}
    models = bom["metadata"]["component"]["components"]
    assert manifest.files["bom.json"].sha256 == sha256(made.out / "bom.json")
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert parts["base-model"]["name"] == made.checkpoint.name
    assert {part["name"] for part in parts.values()} >= {"transformers", "onnxruntime"}
    assert {file["name"]: file["hashes"][0]["content"] for file in models} == {
        variant.file: sha256(made.out / variant.file) for variant in manifest.variants.values()
    }


def test_card_and_report_state_the_figures(made: TinyExport) -> None:
    card, page = ((made.out / name).read_text("utf-8") for name in ("README.md", "report.html"))

    assert "There is no score" in card or "there is no score" in card
    assert "Unknown: the checkpoint's card names none." in card
    assert "200 shipped sentences" in card and "200 shipped sentences" in page
    assert "hub predict ." in card
    assert (made.out / "NOTICE").read_text("utf-8").startswith("This bundle was exported from")


def test_what_libraries_say_goes_to_the_log(made: TinyExport) -> None:
    steps = ("checkpoint", "fp32 onnx", "comparing with PyTorch", "int8", "session options, latency", "self-test, card")

    assert all(line.startswith(steps) for line in made.result.err.splitlines()), made.result.err


def test_nothing_is_left_beside_the_target(made: TinyExport) -> None:
    assert sorted(path.name for path in made.out.parent.iterdir()) == sorted(
        [made.checkpoint.name, made.out.name, made.runs.name]
    )


def test_the_self_test_holds_shipped_sentences(made: TinyExport) -> None:
    from hub.checkpoint import find_checkpoint
    from hub.pipeline.exporting.rows import shipped

    encoder = Bundle.open(made.out).encoder
    known = shipped(find_checkpoint(str(made.checkpoint)), encoder).inputs
    lines = (made.out / "selftest.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]

    assert len(rows) == 24
    assert all(set(row["expect"]) == {"fp32", "int8"} for row in rows)
    assert {row["text"] for row in rows} <= set(known)


@pytest.mark.usefixtures("onnx_only")
def test_equal_input_gives_equal_bytes(classifier: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_timing(monkeypatch)
    out = tmp_path / "again"

    done = run_hub(
        "export", str(classifier.checkpoint), "--out", str(out), "--runs", str(tmp_path / "runs"), "--max-drop", "40"
    )

    assert done.code == 0
    names = ("onnx/model.onnx", "onnx/model_quantized.onnx", "tokenizer.json", "config.json", "selftest.jsonl")
    assert {name: sha256(out / name) for name in names} == {name: sha256(classifier.out / name) for name in names}


@pytest.fixture
def onnx_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ONNX exporter is installed, and nothing else."""
    monkeypatch.setenv("HUB_PLUGINS", "domainhub-onnx")
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("onnx_only")
def test_an_interrupt_leaves_the_target_as_it_was(classifier: TinyExport, tmp_path: Path) -> None:
    out, runs = tmp_path / "out", tmp_path / "runs"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # children of background shells ignore it
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "export", str(classifier.checkpoint), "--out", str(out), "--runs", str(runs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    try:
        first = process.stderr.readline()  # the checkpoint is loaded, the graph is being written
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            _, rest = process.communicate(timeout=3)
        except subprocess.TimeoutExpired:  # Python drops what arrives inside a finalizer; a person presses again
            process.send_signal(signal.SIGINT)
            _, rest = process.communicate(timeout=120)
    finally:
        process.kill()

    assert process.returncode == 130
    assert first.startswith("checkpoint")
    assert f"nothing was written to {out}; the log is {runs}" in rest
    assert rest.rstrip().endswith("interrupted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "runs"]
    assert len(list(runs.glob("export-*/log.txt"))) == 1
