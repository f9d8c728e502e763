"""Exports for tests: real ones made once, and exporters that hand out copies of their graphs, right or wrong."""

from __future__ import annotations

import dataclasses
import errno
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import HubError
from hub.contract.exporter import Exported, Exporter, ExportRequest, QuantizedForm, QuantizeRequest
from hub_onnx.plugin import hub_exporters
from tests.support.cli import Result, run_hub
from tests.support.tiny_checkpoints import make_checkpoint

HERE = "tests.support.exporting"
(ONNX,) = hub_exporters()
GRAPHS: dict[str, Exported] = {}
"""What `recorded` and its relatives hand out, by kind."""

ARCHITECTURES = {"text-classification": "bert", "token-classification": "distilbert", "embeddings": "bert"}
"""Kind to the architecture that `shared_export` takes for it."""

SAME = QuantizedForm("same", "int8", "A copy of the fp32 file", batch_invariant=True)
"""A form that loses nothing."""

SPOILT = QuantizedForm("spoilt", "int8", "The fp32 file with its labels turned round", batch_invariant=True)
"""A form that answers almost every row otherwise."""


@dataclass(frozen=True)
class TinyExport:
    """A real export of a small random checkpoint.

    Args:
        checkpoint: its folder.
        out: the bundle.
        runs: folder of the runs.
        result: of the command.
    """

    checkpoint: Path
    out: Path
    runs: Path
    result: Result


def quick_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time with a few calls: what is measured does not matter, that it is does."""
    from hub.edge import timing

    def few(callers: Any, texts: Any, tokens: int, threads: int, *_: Any, **__: Any) -> Any:
        return timing.measure(callers, texts, tokens, threads, calls=4, warmup=1, block=2, cold_calls=1)

    monkeypatch.setattr("hub.pipeline.exporting.timing.measure", few)
    monkeypatch.setattr(timing, "COLD_SECONDS", 0.001)


_SHARED: dict[str, TinyExport] = {}


def shared_export(kind: str, factory: pytest.TempPathFactory) -> TinyExport:
    """Return a real export of a kind, made once for all tests of a process; nobody may change it.

    Random weights answer many rows without a margin, so int8 may change some.
    """
    if kind not in _SHARED:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HUB_PLUGINS", "domainhub-onnx")
            patch.setenv("DOMAINHUB_HOME", str(factory.mktemp("home")))
            quick_timing(patch)
            _SHARED[kind] = tiny_export(factory.mktemp(kind), ARCHITECTURES[kind], kind, "--max-drop", "40")
    remember(kind, _SHARED[kind].out)
    return _SHARED[kind]


def tiny_export(folder: Path, architecture: str, kind: str, *options: str) -> TinyExport:
    """Make a checkpoint, export it, and remember the graph for `recorded`."""
    made = TinyExport(folder / f"{architecture}-{kind}", folder / "bundle", folder / "runs", Result(0, "", ""))
    make_checkpoint(made.checkpoint, architecture, kind)
    words = ("export", str(made.checkpoint), "--out", str(made.out), "--runs", str(made.runs), "--json", *options)
    result = run_hub(*words)
    assert result.code == 0, result.err + result.out
    remember(kind, made.out)
    return dataclasses.replace(made, result=result)


def remember(kind: str, bundle: Path) -> None:
    """Let `recorded` hand out the fp32 graph of a bundle."""
    from hub.edge.folder import read_manifest

    manifest = read_manifest(bundle)
    outputs = tuple(manifest.provenance["exporter"]["outputs"])
    GRAPHS[kind] = Exported(bundle / manifest.variants["fp32"].file, manifest.inputs, outputs, {"opset": 20})


def exporter(*forms: QuantizedForm, export: str = "recorded", **changes: Any) -> Exporter:
    """Return the ONNX exporter with a function of this module in the place of the real one, and made-up forms."""
    quantize = f"{HERE}:quantize" if forms else ""
    made: dict[str, Any] = {"export": f"{HERE}:{export}", "quantize": quantize, "forms": forms, "parts": "", **changes}
    return dataclasses.replace(ONNX, **made)


def use(monkeypatch: pytest.MonkeyPatch, chosen: Exporter) -> None:
    """Let ``hub export`` find this exporter and no other."""

    class Host:
        def exporter(self, name: str) -> Exporter:
            assert name == chosen.name
            return chosen

    monkeypatch.setattr("hub.host.load_plugins", Host)


def recorded(request: ExportRequest) -> Exported:
    """Hand out the graph of an earlier export of this kind."""
    exported = GRAPHS[request.kind]
    shutil.copyfile(exported.file, request.target)
    return dataclasses.replace(exported, file=request.target)


def perturbed(request: ExportRequest) -> Exported:
    """Hand out a graph whose weights are not quite those of the model."""
    exported = recorded(request)
    change_weights(
        request.target, lambda weights: weights * np.float32(1.01) if np.abs(weights).max() < 1e3 else weights
    )
    return exported


def full_disk(request: ExportRequest) -> Exported:
    """Find the disk full in the middle, as a library tells it."""
    request.target.write_bytes(b"half a graph")
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError as error:
        raise HubError("HUB-X022", "cannot export to ONNX", str(error)) from error


def interrupted(request: ExportRequest) -> Exported:
    """Be stopped by the user in the middle."""
    request.target.write_bytes(b"half a graph")
    raise KeyboardInterrupt


def quantize(request: QuantizeRequest) -> None:
    """Make the made-up forms."""
    shutil.copyfile(request.source, request.target)
    if request.form.name == SPOILT.name:
        change_weights(request.target, np.negative, last=True)


def change_weights(file: Path, change: Any, *, last: bool = False) -> None:
    """Change the float weights of a graph in place; of the last layer only, where that is asked for."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(file)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    names = [name for node in model.graph.node for name in node.input if name in tensors]
    chosen = [name for name in names if numpy_helper.to_array(tensors[name]).dtype == np.float32]
    for name in dict.fromkeys(chosen[-2:] if last else chosen):
        tensors[name].CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensors[name])), name))
    onnx.save(model, file)
