from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from hub.contract.errors import BundleError
from hub.edge.onnx import OnnxRuntime
from tests.support.tiny_bundle import FP32, make_vocabulary

ROWS = {"input_ids": np.array([[2, 3]]), "attention_mask": np.array([[1, 1]]), "token_type_ids": np.zeros((1, 2), int)}


def external_model(path: Path, location: str) -> None:
    """Write a model whose only weight lies in another file."""
    weight = numpy_helper.from_array(np.ones((300, 2), dtype=np.float32), "weight")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input_ids", "weight"], ["logits"])],
        "external",
        [helper.make_tensor_value_info("input_ids", TensorProto.FLOAT, ["batch", 300])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])],
        [weight],
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    entry = model.graph.initializer[0]
    set_external_data(entry, location)
    entry.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())


def test_it_names_its_inputs_and_gives_float32(sealed: Path) -> None:
    runtime = OnnxRuntime(sealed / FP32, {})
    assert runtime.inputs == ("input_ids", "attention_mask", "token_type_ids")
    scores = runtime.run(ROWS)
    assert scores.dtype == np.float32
    assert scores.tolist() == [[0.0, 0.0, 0.0]]


def test_the_options_change_how_it_runs_not_what_it_answers(sealed: Path) -> None:
    plain = OnnxRuntime(sealed / FP32, {}).run(ROWS)
    options = {"threads": 2, "disabled_optimizers": ("SkipLayerNormFusion", "BiasGeluFusion"), "output": "logits"}
    assert np.array_equal(OnnxRuntime(sealed / FP32, options).run(ROWS), plain)


def test_disabled_optimizers_reach_onnx_runtime(monkeypatch: pytest.MonkeyPatch, sealed: Path) -> None:
    from hub.edge import onnx as module

    entries: dict[str, str] = {}
    real = module.onnxruntime.SessionOptions

    class Recorder(real):  # type: ignore[misc, valid-type]
        def add_session_config_entry(self, key: str, value: str) -> None:
            entries[key] = value
            super().add_session_config_entry(key, value)

    monkeypatch.setattr(module.onnxruntime, "SessionOptions", Recorder)
    OnnxRuntime(sealed / FP32, {"disabled_optimizers": ["SkipLayerNormFusion", "BiasGeluFusion"]})
    assert entries["optimization.disable_specified_optimizers"] == "SkipLayerNormFusion;BiasGeluFusion"


def test_an_unknown_output_is_refused(sealed: Path) -> None:
    with pytest.raises(BundleError, match="no output 'scores'"):
        OnnxRuntime(sealed / FP32, {"output": "scores"})


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x0a" * 100])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"cannot load model\.onnx") as caught:
        OnnxRuntime(path, {})
    assert caught.value.code == "HUB-E010"
    assert "\n" not in caught.value.why


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot load model\.onnx"):
        OnnxRuntime(tmp_path / "model.onnx", {})


@pytest.mark.parametrize(
    "feeds",
    [
        {},
        {**ROWS, "input_ids": np.array([[len(make_vocabulary()), 3]])},
        {**ROWS, "input_ids": np.array([[2.0, 3.0]])},
        {**ROWS, "attention_mask": np.array([1, 1])},
    ],
    ids=["none", "beyond the vocabulary", "wrong type", "wrong shape"],
)
def test_inputs_that_do_not_fit_are_an_error(sealed: Path, feeds: dict[str, Any], capfd: Any) -> None:
    runtime = OnnxRuntime(sealed / FP32, {})
    with pytest.raises(BundleError, match="cannot run"):
        runtime.run(feeds)
    leaked = capfd.readouterr()
    assert leaked.out + leaked.err == ""


def test_external_data_in_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.onnx_data").write_bytes(np.ones((300, 2), dtype=np.float32).tobytes())
    external_model(tmp_path / "model.onnx", "model.onnx_data")
    scores = OnnxRuntime(tmp_path / "model.onnx", {}).run({"input_ids": np.ones((1, 300), dtype=np.float32)})
    assert scores.tolist() == [[300.0, 300.0]]


@pytest.mark.parametrize("how", ["parent", "absolute", "link", "missing"])
def test_external_data_from_elsewhere_is_refused(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    outside = tmp_path / "outside.bin"
    outside.write_bytes(np.ones((300, 2), dtype=np.float32).tobytes())
    (folder / "link.bin").symlink_to(outside)
    location = {"parent": "../outside.bin", "absolute": str(outside), "link": "link.bin", "missing": "none.bin"}[how]
    external_model(folder / "model.onnx", location)
    with pytest.raises(BundleError, match="cannot load"):
        OnnxRuntime(folder / "model.onnx", {})


def test_a_graph_of_a_later_opset_is_refused_quietly(tmp_path: Path, sealed: Path, capfd: Any) -> None:
    model = onnx.load(sealed / FP32)
    model.opset_import[0].version = 99
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="cannot load"):
        OnnxRuntime(tmp_path / "model.onnx", {})
    leaked = capfd.readouterr()
    assert leaked.out + leaked.err == ""
