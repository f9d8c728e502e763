"""Checkpoints of every source, made once; tests read them and damage copies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.train.base import quiet_transformers
from tests.support import made_checkpoints as made

LABELS = ("billing", "delivery", "other")

Copy = Callable[[Path], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="session")
def classifier(shared: Path) -> Path:
    """A BERT that knows three labels."""
    with quiet_transformers():
        return made.save_classifier(shared / "classifier", LABELS)


@pytest.fixture(scope="session")
def encoder(shared: Path) -> Path:
    """A bare BERT."""
    with quiet_transformers():
        return made.save_encoder(shared / "encoder")


@pytest.fixture(scope="session")
def sentence(shared: Path, encoder: Path) -> Path:
    """A folder of sentence-transformers: mean pooling, a dense layer, unit length."""
    return made.save_sentence(shared / "sentence", encoder)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Makes a copy of a checkpoint that a test may damage."""

    def make(folder: Path) -> Path:
        return Path(shutil.copytree(folder, tmp_path / folder.name))

    return make
