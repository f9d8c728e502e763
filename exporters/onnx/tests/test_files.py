"""Model files above the limit of protobuf, with the limit lowered: both files or none, and everything works on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from hub.contract import Branch, HubError, QuantizeRequest
from hub.edge.onnx import OnnxRuntime
from hub_onnx import files
from hub_onnx.branch import add_branch
from hub_onnx.describe import describe
from hub_onnx.files import load_model, save_model
from hub_onnx.quantize import quantize
from hub_onnx.scale import scale_output
from tests.support.forms import int8_form
from tests.support.graphs import HIDDEN, LABELS, VOCABULARY, encoder_graph, logits_of, saved

BOTH = ["model.onnx", "model.onnx_data"]


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The graph in one file, elsewhere."""
    (tmp_path / "inside").mkdir()
    return saved(encoder_graph("gemm"), tmp_path / "inside" / "model.onnx")


@pytest.fixture
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LIMIT_BYTES", 2000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "large").mkdir()
    return tmp_path / "large"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("low_limit")
def test_weights_go_beside_the_graph_and_runtimes_find_them(inside: Path, folder: Path) -> None:
    save_model(load_model(inside), folder / "model.onnx")

    assert names(folder) == BOTH
    outside = {t.name: t for t in onnx.load(folder / "model.onnx", load_external_data=False).graph.initializer}
    places = {entry.key: entry.value for entry in outside["table"].external_data}
    assert places["location"] == "model.onnx_data"
    assert int(places["length"]) == 4 * VOCABULARY * HIDDEN
    assert not outside["last"].external_data  # what says shapes is needed when a graph is loaded
    offsets = [int(e.value) for t in outside.values() for e in t.external_data if e.key == "offset"]
    assert len(offsets) >= 2 and all(offset % 4096 == 0 for offset in offsets)
    assert (folder / "model.onnx").stat().st_size < 4000
    onnx.checker.check_model(str(folder / "model.onnx"))
    assert np.array_equal(logits_of(folder / "model.onnx"), logits_of(inside))
    assert OnnxRuntime(folder / "model.onnx", {}).inputs == ("input_ids", "attention_mask")
    assert describe(folder / "model.onnx") == describe(inside)


@pytest.mark.usefixtures("low_limit")
def test_equal_models_give_equal_bytes(inside: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    save_model(load_model(inside), folder / "model.onnx")
    save_model(load_model(inside), tmp_path / "again" / "model.onnx")

    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in BOTH)


@pytest.mark.usefixtures("low_limit")
def test_large_model_is_quantized_and_scaled_and_takes_a_branch(inside: Path, folder: Path, tmp_path: Path) -> None:
    source = folder / "model.onnx"
    save_model(load_model(inside), source)

    quantize(QuantizeRequest(source, tmp_path / "int8.onnx", int8_form(True)))
    quantize(QuantizeRequest(inside, tmp_path / "inside8.onnx", int8_form(True)))
    scale_output(source, tmp_path / "scaled.onnx", 0.5)

    assert np.array_equal(logits_of(tmp_path / "int8.onnx"), logits_of(tmp_path / "inside8.onnx"))
    assert np.array_equal(logits_of(tmp_path / "scaled.onnx"), logits_of(inside) * np.float32(0.5))
    random = np.random.default_rng(0)
    table = random.normal(size=(VOCABULARY + 7, LABELS)).astype(np.float32)
    bias = np.zeros(LABELS, np.float32)
    branch = Branch(table, bias, random.integers(0, 99, VOCABULARY), (3, 5))
    add_branch(source, branch)
    add_branch(inside, branch)
    assert names(folder) == BOTH
    assert np.array_equal(logits_of(source), logits_of(inside))


def test_smaller_model_leaves_no_weights_of_the_one_before(
    inside: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(files, "_LIMIT_BYTES", 2000)
        save_model(load_model(inside), folder / "model.onnx")

    save_model(load_model(inside), folder / "model.onnx")

    assert names(folder) == ["model.onnx"]
    assert (folder / "model.onnx").read_bytes() == inside.read_bytes()


@pytest.mark.parametrize("limit", [2000, 10**9])
def test_model_that_is_refused_leaves_nothing(
    limit: int, inside: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LIMIT_BYTES", limit)
    seen: list[Any] = []

    def refuse(path: Path) -> None:
        seen.append(logits_of(path))  # it can be opened where it is
        raise HubError("HUB-X022", "not the model")

    with pytest.raises(HubError):
        save_model(load_model(inside), folder / "model.onnx", refuse)

    assert np.array_equal(seen[0], logits_of(inside))
    assert names(folder) == []


@pytest.mark.usefixtures("low_limit")
def test_disk_that_is_full_leaves_nothing(inside: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_move_weights", full)

    with pytest.raises(OSError, match="No space"):
        save_model(load_model(inside), folder / "model.onnx")

    assert names(folder) == []


@pytest.mark.parametrize("content", [b"", b"no model at all", None])
def test_what_is_no_model_is_not_described(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.onnx").write_bytes(content)

    with pytest.raises(HubError) as caught:
        describe(tmp_path / "model.onnx")

    assert caught.value.code == "HUB-X014"
