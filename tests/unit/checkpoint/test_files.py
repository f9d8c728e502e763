"""Weight files that are missing, cut short or no weight files are seen before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from hub.checkpoint import find_checkpoint
from hub.checkpoint.files import find_weights, read_shapes
from hub.contract.errors import CheckpointError, UsageError
from hub.train.base import quiet_transformers
from tests.support.tiny_models import save_base
from tests.unit.checkpoint.conftest import Copy


def refused(folder: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(folder))
    assert caught.value.exit_code == 3
    return caught.value


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A classifier in several files."""
    from transformers import AutoModelForSequenceClassification

    with quiet_transformers():
        single = save_base(tmp_path / "single")
        model = AutoModelForSequenceClassification.from_pretrained(single)
        model.save_pretrained(tmp_path / "sharded", max_shard_size="30KB")
    return tmp_path / "sharded"


def test_shards_count_together(sharded: Path) -> None:
    found, single = find_checkpoint(str(sharded)), find_checkpoint(str(sharded.parent / "single"))

    assert len(find_weights(sharded).files) > 1
    assert found.parameters == single.parameters
    assert found.weight_bytes == sum(file.stat().st_size for file in sharded.glob("*.safetensors"))


def test_a_missing_shard_is_named(sharded: Path) -> None:
    gone = sorted(sharded.glob("*.safetensors"))[-1]
    gone.unlink()

    error = refused(sharded)

    assert (error.code, error.what) == ("HUB-X102", f"the checkpoint is incomplete: {gone.name}")


@pytest.mark.parametrize("index", ["{}", '{"weight_map": {}}', '{"weight_map": {"a": "../other.safetensors"}}', "[1]"])
def test_an_index_that_makes_no_sense_is_refused(sharded: Path, index: str) -> None:
    (sharded / "model.safetensors.index.json").write_text(index, "utf-8")

    assert refused(sharded).code == "HUB-X103"


@pytest.mark.parametrize("left", [0, 4, 9, 500, -1])
def test_a_file_that_was_cut_short_is_named(classifier: Path, copy: Copy, left: int) -> None:
    folder = copy(classifier)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:left])

    error = refused(folder)

    assert error.code == "HUB-X102"
    assert "model.safetensors" in error.what


@pytest.mark.parametrize("place", ["model.safetensors.incomplete", ".cache/huggingface/download/x.incomplete"])
def test_a_download_that_has_not_ended_is_seen(classifier: Path, copy: Copy, place: str) -> None:
    folder = copy(classifier)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(b"half")

    error = refused(folder)

    assert error.code == "HUB-X102"
    assert Path(place).name in error.what


def test_a_folder_without_weights_is_refused(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    (folder / "model.safetensors").unlink()

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X101"
    assert "model.safetensors" in caught.value.why


@pytest.mark.parametrize(
    "header",
    [
        b"no json",
        b"[]",
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [2]}}',
        b'{"a": {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 8]}}',
        b'{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}',
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": []}}',
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, header: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))

    with pytest.raises(CheckpointError) as caught:
        read_shapes(file)

    assert caught.value.code == "HUB-X103"


def test_a_header_of_exabytes_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes((2**62).to_bytes(8, "little") + bytes(100))

    with pytest.raises(CheckpointError, match="no safetensors file"):
        read_shapes(file)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=1, max_size=4), st.data())
def test_any_cut_is_seen(tmp_path: Path, shapes: list[list[int]], data: st.DataObject) -> None:
    file = tmp_path / "any.safetensors"
    tensors = {f"t{number}": np.zeros(shape, dtype=np.float32) for number, shape in enumerate(shapes)}
    save_file(tensors, file)
    whole = file.read_bytes()

    assert read_shapes(file) == {name: tensor.shape for name, tensor in tensors.items()}
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    if sum(tensor.size for tensor in tensors.values()):
        with pytest.raises(CheckpointError):
            read_shapes(file)


def test_pickled_weights_are_found_but_not_opened(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"never read")

    found = find_checkpoint(str(folder))

    assert (found.parameters, found.weight_bytes) == (0, 10)


def test_pickled_shards_must_be_there_too(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"a": "pytorch_model-00001-of-00002.bin"}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index), "utf-8")

    assert "pytorch_model-00001-of-00002.bin" in refused(folder).what
