"""Runs of the hub: the student with its lexical branch and temperature, as its bundle has it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hub.checkpoint import find_checkpoint, list_kinds, load_checkpoint, reference_scores
from hub.contract.errors import CheckpointError, UsageError
from hub.train.base import quiet_transformers
from hub.train.lexical import LexicalModel
from tests.support.made_checkpoints import TEXTS, change, feeds_of, save_run
from tests.unit.checkpoint.conftest import LABELS, Copy


@pytest.fixture(scope="module")
def mixed(shared: Path) -> Path:
    with quiet_transformers():
        return save_run(shared / "runs" / "tiny-1a", LABELS, branch=True, temperature=0.8)


@pytest.fixture(scope="module")
def alone(shared: Path) -> Path:
    with quiet_transformers():
        return save_run(shared / "runs" / "tiny-2b", LABELS, branch=False, temperature=2.0)


def test_a_run_is_found_by_its_id_and_by_its_folder(mixed: Path) -> None:
    found = find_checkpoint("tiny-1a", runs=mixed.parent)

    assert found == find_checkpoint(str(mixed))
    assert (found.id, found.source, found.task) == ("tiny-1a", "run", "tiny/things")
    assert (found.kind, found.labels) == ("text-classification", LABELS)
    assert (found.max_length, found.window_stride) == (32, 4)
    assert found.base == "sentence-transformers/all-MiniLM-L6-v2"
    assert list_kinds(mixed) == ("text-classification",)


def test_a_run_of_that_id_comes_before_a_folder_of_that_name(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny-1a").mkdir()
    monkeypatch.chdir(tmp_path)

    assert find_checkpoint("tiny-1a", runs=mixed.parent).source == "run"


def test_branch_and_temperature_are_in_the_scores(mixed: Path) -> None:
    plain = load_checkpoint(find_checkpoint(str(mixed / "distill" / "model")))
    branch = LexicalModel.load(mixed / "distill" / "lexical.npz")
    feeds = feeds_of(TEXTS)
    rows = [ids[mask > 0].tolist() for ids, mask in zip(feeds["input_ids"], feeds["attention_mask"], strict=True)]
    expected = (0.7 * reference_scores(plain, feeds) + 2.0 * branch.margins(rows)) / 0.8

    loaded = load_checkpoint(find_checkpoint(str(mixed)))

    assert loaded.outputs == ("logits",)
    np.testing.assert_allclose(reference_scores(loaded, feeds), expected, atol=1e-4)
    assert loaded.model(**loaded.model.sample_inputs()).shape == (2, 3)


def test_without_a_branch_the_student_is_a_model_of_transformers(alone: Path) -> None:
    plain = load_checkpoint(find_checkpoint(str(alone / "distill" / "model")))

    loaded = load_checkpoint(find_checkpoint(str(alone)))

    assert (loaded.outputs, type(loaded.model).__name__) == ((), "BertForSequenceClassification")
    feeds = feeds_of(TEXTS)
    np.testing.assert_allclose(reference_scores(loaded, feeds), reference_scores(plain, feeds) / 2, atol=1e-5)


def test_a_run_that_was_not_calibrated_says_so(alone: Path, copy: Copy) -> None:
    folder = copy(alone)
    (folder / "export" / "export.json").unlink()

    assert any("not calibrated" in note for note in find_checkpoint(str(folder)).notes)
    assert not any("not calibrated" in note for note in find_checkpoint(str(alone)).notes)


def test_the_report_of_a_run_names_labels_and_licence(alone: Path, copy: Copy) -> None:
    folder = copy(alone)
    (folder / "report").mkdir()
    report = {
        "labels": [{"id": "other", "name": "Something else"}, {"id": "billing", "name": "Bills"}],
        "licences": [{"subject": "data", "id": "cc0"}, {"subject": "base model", "id": "apache-2.0"}],
        "card": {"language": "en"},
        "base_model": {"id": "org/base"},
    }
    (folder / "report" / "build.json").write_text(json.dumps(report), "utf-8")

    found = find_checkpoint(str(folder))

    assert found.names == ("Bills", "delivery", "Something else")
    assert (found.licence, found.language, found.base) == ("apache-2.0", "en", "org/base")


def test_a_run_can_do_what_it_was_trained_for_only(alone: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(alone), kind="embeddings")

    assert caught.value.code == "HUB-X105"


@pytest.mark.parametrize(("left", "why"), [("", "not ended"), ("distill", "model of tables")])
def test_a_run_without_a_student_is_refused(alone: Path, tmp_path: Path, left: str, why: str) -> None:
    folder = tmp_path / "run"
    (folder / left).mkdir(parents=True)
    (folder / "run.json").write_bytes((alone / "run.json").read_bytes())

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X116"
    assert why in caught.value.why


@pytest.mark.parametrize("recipe", [None, {}, {"max_length": "long"}])
def test_a_manifest_that_makes_no_sense_is_refused(alone: Path, copy: Copy, recipe: object) -> None:
    folder = copy(alone)
    change(folder / "run.json", recipe=recipe)

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X103"
