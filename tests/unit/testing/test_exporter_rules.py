"""Each rule for exporters: kept by a sound one, and broken by one that breaks it alone. No ONNX is involved."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hub.contract import BundleError, Exported, Exporter, ExportRequest
from hub.testing import exporter_checks
from hub.testing.exporting import feeds, tiny_classifier

HERE = __name__
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
SOUND = Exporter("torch", "Weights as PyTorch saves them", f"{HERE}:export", f"{HERE}:TorchRuntime", ".pt", "1.0")


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """References of this file must lead to this very module, whatever name it was imported under."""
    if HERE not in sys.modules:
        module = types.ModuleType(HERE)
        module.__dict__.update(globals())
        monkeypatch.setitem(sys.modules, HERE, module)


def export(request: ExportRequest) -> Exported:
    torch.save(request.model.state_dict(), request.target)
    return Exported(request.target, INPUTS, ("logits",))


class TorchRuntime:
    """Runs what `export` wrote."""

    inputs = INPUTS

    def __init__(self, file: Path, options: Mapping[str, Any]) -> None:
        self.model = tiny_classifier()
        try:
            self.model.load_state_dict(torch.load(file, weights_only=True))
        except Exception as error:
            raise BundleError("HUB-E010", f"cannot load {file.name}", str(error)) from error

    def run(self, batch: Mapping[str, Any]) -> Any:
        if set(batch) != set(INPUTS):
            raise BundleError("HUB-E010", "wrong inputs")
        with torch.inference_mode():
            return self.model(**{name: torch.from_numpy(values) for name, values in batch.items()}).logits.numpy()


class Noisy(TorchRuntime):
    def run(self, batch: Mapping[str, Any]) -> Any:
        return super().run(batch) + np.float32(1e-3)


class OneRow(TorchRuntime):
    def run(self, batch: Mapping[str, Any]) -> Any:
        return super().run(batch)[:1]


class Double(TorchRuntime):
    def run(self, batch: Mapping[str, Any]) -> Any:
        return super().run(batch).astype(np.float64)


class ForgetsMask(TorchRuntime):
    def run(self, batch: Mapping[str, Any]) -> Any:
        full = {name: np.ones_like(values) if name == "attention_mask" else values for name, values in batch.items()}
        return super().run(full)


class Raw(TorchRuntime):
    def __init__(self, file: Path, options: Mapping[str, Any]) -> None:
        self.model = tiny_classifier()
        self.model.load_state_dict(torch.load(file, weights_only=True))

    def run(self, batch: Mapping[str, Any]) -> Any:
        with torch.inference_mode():
            return self.model(input_ids=torch.from_numpy(batch["input_ids"])).logits.numpy()


class Careless(TorchRuntime):
    def __init__(self, file: Path, options: Mapping[str, Any]) -> None:
        self.model = tiny_classifier()

    def run(self, batch: Mapping[str, Any]) -> Any:
        return super().run({name: batch.get(name, np.zeros((1, 2), np.int64)) for name in INPUTS})


def export_elsewhere(request: ExportRequest) -> Exported:
    return dataclasses.replace(export(request), file=request.target.with_suffix(".bin"))


def export_with_litter(request: ExportRequest) -> Exported:
    (request.target.parent / "model.data").write_bytes(b"weights")
    return export(request)


def export_path(request: ExportRequest) -> Path:
    return export(request).file


def broken(exporter: Exporter) -> dict[str, str]:
    return {
        result.rule: result.detail for result in (each.run() for each in exporter_checks(exporter)) if not result.ok
    }


def test_sound_exporter_keeps_every_rule() -> None:
    assert broken(SOUND) == {}


@pytest.mark.parametrize(
    ("runtime", "rules", "words"),
    [
        ("Noisy", {"same-numbers"}, "a logit differs by 0.001"),
        ("OneRow", {"same-numbers"}, "3 row(s) of 7 tokens: logits of shape (1, 4), not (3, 4)"),
        ("Double", {"same-numbers"}, "logits are float64"),
        ("ForgetsMask", {"same-numbers"}, "3 row(s) of 7 tokens: a logit differs"),
        ("Raw", {"missing-file-refused", "wrong-file-refused", "wrong-input-refused", "same-numbers"}, "differs"),
        ("Careless", {"missing-file-refused", "wrong-file-refused", "wrong-input-refused"}, ""),
    ],
)
def test_broken_runtime(runtime: str, rules: set[str], words: str) -> None:
    found = broken(dataclasses.replace(SOUND, runtime=f"{HERE}:{runtime}"))

    assert set(found) == rules
    assert words in found.get("same-numbers", "")


def test_errors_of_other_libraries_are_named() -> None:
    found = broken(dataclasses.replace(SOUND, runtime=f"{HERE}:Raw"))

    assert found["missing-file-refused"] == "opening it raised FileNotFoundError, not an error of hub.contract"
    assert found["wrong-input-refused"] == "running it raised KeyError, not an error of hub.contract"


def test_refusing_nothing_is_named() -> None:
    found = broken(dataclasses.replace(SOUND, runtime=f"{HERE}:Careless"))

    assert found["wrong-file-refused"] == "opening it raised nothing"


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"export": f"{HERE}:export_elsewhere"}, "one-file", "wrote model.bin, not the target"),
        ({"export": f"{HERE}:export_with_litter"}, "one-file", "beside the target it left model.data"),
        ({"export": f"{HERE}:export_path"}, "one-file", "not an Exported"),
        ({"export": f"{HERE}:nowhere"}, "exporter-complete", "nowhere"),
        ({"summary": ""}, "exporter-complete", "no summary"),
        ({"suffix": "pt"}, "exporter-complete", "has no dot"),
        ({"contract": "2.0"}, "contract-version", "another major version"),
    ],
)
def test_broken_declaration(changes: dict[str, str], rule: str, words: str) -> None:
    assert words in broken(dataclasses.replace(SOUND, **changes))[rule]


@pytest.mark.parametrize(("rows", "tokens"), [(1, 2), (3, 7), (5, 32)])
def test_batches_end_with_padding(rows: int, tokens: int) -> None:
    batch = feeds(rows, tokens)

    assert {values.shape for values in batch.values()} == {(rows, tokens)}
    assert batch["attention_mask"][0].all()
    assert (batch["attention_mask"].sum(axis=1) >= min(2, tokens)).all()
    assert rows == 1 or not batch["attention_mask"].all()
    assert (batch["input_ids"][batch["attention_mask"] == 0] == 0).all()
