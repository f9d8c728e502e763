"""Whatever a search for the profile ``wasm`` may take opens in ONNX Runtime Web and answers as it does here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hub.contract.exporter import Exported, ExportRequest, QuantizeRequest
from hub.contract.reference import resolve
from hub.edge.machine import instruction_sets
from hub.search.profiles import forms_for, target
from hub.testing.tiny_exports import LABELS, MAX_LENGTH, VOCABULARY, calibration, feeds, tiny_branch, tiny_classifier
from hub.train.bag import BagConfig, BagModel
from hub_onnx.plugin import hub_exporters
from tests.interop.places import answers_of, beside_modules, needs_node

(ONNX,) = hub_exporters()
ROWS, TOKENS = 12, 14
ALLOWED = {"fp32": 1e-5, "fp16": 1e-5}
"""Largest difference as a share of the range of all answers; of int8 some activations may be rounded either way."""

_ALLOWED_INT8 = 0.02


def bag(form: str) -> BagModel:
    """Return a student without attention."""
    names = {i: f"label-{i}" for i in range(LABELS)}
    return BagModel(BagConfig(names, VOCABULARY, width=16, buckets=32, ngrams=2, hidden=0, form=form), 3).eval()


def exported(name: str, folder: Path) -> Exported:
    model: Any = tiny_classifier() if name.startswith("layers") else bag(name)
    target_file = folder / f"{name}{ONNX.suffix}"
    made: Exported = resolve(ONNX.export)(ExportRequest(model, target_file, "text-classification", MAX_LENGTH))
    if name == "layers-branch":
        resolve(ONNX.branch)(made.file, tiny_branch(), made.outputs[0])
    return made


def batches() -> list[dict[str, list[int]]]:
    """Return rows alone and without their padding, as an edge reads them."""
    found, whole = [], feeds(ROWS, TOKENS)
    for row, mask in enumerate(whole["attention_mask"]):
        found.append({name: values[row, : int(mask.sum())].tolist() for name, values in whole.items()})
    return found


def here(file: Path) -> npt.NDArray[np.float32]:
    runtime = resolve(ONNX.runtime)(file, {})
    rows = [{name: np.array([ids], dtype=np.int64) for name, ids in batch.items()} for batch in batches()]
    return np.array([runtime.run({name: row[name] for name in runtime.inputs})[0] for row in rows])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, str]]:
    """Every file by its name, with the name of its output."""
    folder = tmp_path_factory.mktemp("web")
    machine = instruction_sets()
    found: dict[str, tuple[Path, str]] = {}
    for name in ("layers", "layers-branch", "static", "lexical"):
        made = exported(name, folder)
        found[f"{name} fp32"] = (made.file, made.outputs[0])
        for form in forms_for(target("wasm", machine), ONNX.forms, machine):
            small = folder / f"{name}-{form.name}{ONNX.suffix}"
            resolve(ONNX.quantize)(QuantizeRequest(made.file, small, form, calibration))
            found[f"{name} {form.name}"] = (small, made.outputs[0])
    return found


def orders(files: Mapping[str, tuple[Path, str]], plan: Path) -> Path:
    entries = [
        {"name": name, "file": str(file), "output": output, "batches": batches()}
        for name, (file, output) in files.items()
    ]
    plan.write_text(json.dumps(entries), "utf-8")
    return plan


def test_every_form_of_the_profile_answers_in_the_browsers_runtime(
    files: Mapping[str, tuple[Path, str]], tmp_path: Path
) -> None:
    needs_node()
    script = beside_modules(["web.mjs"], tmp_path)
    answers = answers_of(["node", str(script), str(orders(files, tmp_path / "plan.json"))])

    assert [answer["name"] for answer in answers] == list(files)
    assert {name.rpartition(" ")[2] for name in files} >= {"fp32", "fp16", "int8-per-channel", "int8-static-minmax"}
    wrong = {}
    for answer in answers:
        if "error" in answer:
            wrong[answer["name"]] = answer["error"]
            continue
        wanted = here(files[answer["name"]][0])
        apart = float(np.abs(np.array(answer["rows"]) - wanted).max() / np.ptp(wanted))
        if apart > ALLOWED.get(answer["name"].rpartition(" ")[2], _ALLOWED_INT8):
            wrong[answer["name"]] = f"{apart:.3g} of the range apart"
    assert wrong == {}


def test_a_file_that_it_cannot_run_would_be_noticed(files: Mapping[str, tuple[Path, str]], tmp_path: Path) -> None:
    import onnx

    needs_node()
    file, output = files["static fp32"]
    odd = Path(shutil.copy(file, tmp_path / "odd.onnx"))
    graph = onnx.load(odd)
    graph.graph.node[-1].op_type = "NoSuchOperator"
    onnx.save(graph, odd)
    script = beside_modules(["web.mjs"], tmp_path)

    (answer,) = answers_of(["node", str(script), str(orders({"odd": (odd, output)}, tmp_path / "plan.json"))])

    assert "NoSuchOperator" in answer["error"]
