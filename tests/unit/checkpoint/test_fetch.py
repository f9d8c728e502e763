"""Checkpoints of the Hub come from the cache when there is no network, and only with what is needed."""

from __future__ import annotations

import fnmatch
import shutil
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file

from hub.checkpoint import find_checkpoint, load_checkpoint, reference_scores
from hub.checkpoint.fetch import PICKLES_AND_MODULES, WANTED
from hub.contract.errors import CheckpointError, NetworkError, UsageError
from tests.support.made_checkpoints import TEXTS, feeds_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """A cache with one repository, that records what is asked of it."""

    def __init__(self, cache: Path) -> None:
        self.snapshot = cache / "models--org--model" / "snapshots" / COMMIT
        self.remote = cache / "remote"
        self.asked: list[tuple[str, str | None]] = []

    def download(self, repository: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        """Stand for ``huggingface_hub.snapshot_download``."""
        self.asked.append((repository, revision))
        if repository != "org/model":
            raise LocalEntryNotFoundError("offline mode is enabled")
        for file in self.remote.rglob("*"):
            name = file.relative_to(self.remote).as_posix()
            if file.is_file() and any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns):
                (self.snapshot / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, self.snapshot / name)
        self.snapshot.mkdir(parents=True, exist_ok=True)
        return str(self.snapshot)


@pytest.fixture
def hub(tmp_path: Path, classifier: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "cache")
    shutil.copytree(classifier, made.remote)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", made.download)
    return made


def test_a_checkpoint_of_the_hub_has_its_commit(hub: Hub, classifier: Path) -> None:
    found = find_checkpoint("org/model@v1")

    assert hub.asked == [("org/model", "v1")]
    assert (found.id, found.revision, found.folder) == ("org/model", COMMIT, hub.snapshot)
    np.testing.assert_array_equal(
        reference_scores(load_checkpoint(found), feeds_of(TEXTS)),
        reference_scores(load_checkpoint(find_checkpoint(str(classifier))), feeds_of(TEXTS)),
    )


def test_a_revision_is_not_asked_for_when_none_is_named(hub: Hub) -> None:
    find_checkpoint("org/model")

    assert hub.asked == [("org/model", None)]


def test_a_model_that_cannot_be_had_is_an_error_of_the_network(hub: Hub) -> None:
    with pytest.raises(NetworkError) as caught:
        find_checkpoint("org/other")

    assert (caught.value.code, caught.value.exit_code) == ("HUB-N030", 5)
    assert "org/other" in caught.value.what
    assert "offline mode" in caught.value.why


def test_other_formats_are_left_where_they_are(hub: Hub) -> None:
    for name in ("onnx/model.onnx", "tf_model.h5", "pytorch_model.bin", "optimizer.pt", "data/train.json", "code.py"):
        (hub.remote / name).parent.mkdir(exist_ok=True)
        (hub.remote / name).write_bytes(b"x")

    find_checkpoint("org/model")

    fetched = {file.name for file in hub.snapshot.rglob("*") if file.is_file()}
    assert fetched == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def test_folders_of_modules_are_wanted() -> None:
    for name in ("1_Pooling/config.json", "2_Dense/model.safetensors", "0_Transformer/tokenizer.json", "modules.json"):
        assert any(fnmatch.fnmatch(name, pattern) for pattern in WANTED), name
    assert not any(fnmatch.fnmatch("2_Dense/pytorch_model.bin", pattern) for pattern in WANTED)
    assert any(fnmatch.fnmatch("2_Dense/pytorch_model.bin", pattern) for pattern in PICKLES_AND_MODULES)


def test_pickles_are_fetched_only_when_they_are_allowed(hub: Hub, classifier: Path) -> None:
    torch.save(load_file(classifier / "model.safetensors"), hub.remote / "pytorch_model.bin")
    (hub.remote / "model.safetensors").unlink()

    found = find_checkpoint("org/model")
    with pytest.raises(UsageError) as caught:
        load_checkpoint(found)

    assert caught.value.code == "HUB-X107"
    assert not (hub.snapshot / "pytorch_model.bin").exists()
    assert load_checkpoint(found, allow_pickle=True).model.config.num_labels == 3


def test_a_repository_without_weights_is_refused(hub: Hub) -> None:
    (hub.remote / "model.safetensors").unlink()

    with pytest.raises(UsageError) as caught:
        load_checkpoint(find_checkpoint("org/model"), allow_pickle=True)

    assert caught.value.code == "HUB-X101"


def test_a_half_downloaded_repository_is_refused(hub: Hub) -> None:
    (hub.remote / "model.safetensors").unlink()
    blobs = hub.snapshot.parent.parent / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "abc.incomplete").write_bytes(b"half")

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint("org/model")

    assert caught.value.code == "HUB-X102"
    assert "abc.incomplete" in caught.value.what


def test_the_real_client_says_the_same_without_a_network() -> None:
    with pytest.raises(NetworkError) as caught:
        find_checkpoint("no-such-organisation/no-such-model@v1")

    assert caught.value.code == "HUB-N030"
