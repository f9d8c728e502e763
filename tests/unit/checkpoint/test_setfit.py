"""SetFit models: body and head as one module, the head read without running anything of its file."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier

from hub.checkpoint import find_checkpoint, load_checkpoint, reference_scores
from hub.contract.errors import CheckpointError, UsageError
from hub.edge.answers import softmax
from tests.support.made_checkpoints import TEXTS, change, feeds_of, save_sentence
from tests.unit.checkpoint.conftest import Copy


def vectors_of(folder: Path, texts: tuple[str, ...] = TEXTS) -> Any:
    return reference_scores(load_checkpoint(find_checkpoint(str(folder), kind="embeddings")), feeds_of(texts))


def fitted(vectors: Any, truth: list[Any], **settings: Any) -> LogisticRegression:
    return LogisticRegression(C=50.0, **settings).fit(vectors, truth)


def write_head(folder: Path, head: Any, **config: Any) -> Path:
    joblib.dump(head, folder / "model_head.pkl")
    if config:
        (folder / "config_setfit.json").write_text(json.dumps(config), "utf-8")
    return folder


@pytest.fixture
def body(sentence: Path, copy: Copy) -> Path:
    return copy(sentence)


def load(folder: Path) -> Any:
    return load_checkpoint(find_checkpoint(str(folder)), allow_pickle=True)


@pytest.mark.parametrize("truth", [[0, 1, 2, 1, 0], [0, 1, 1, 0, 0], [3, 2, 1, 0, 0]])
def test_the_softmax_of_the_logits_is_the_probability_of_the_head(body: Path, truth: list[int]) -> None:
    vectors = vectors_of(body)
    head = fitted(vectors, truth)
    names = [f"label {number}" for number in range(max(truth) + 1)]
    write_head(body, head, labels=names, normalize_embeddings=False)

    found = find_checkpoint(str(body))
    loaded = load_checkpoint(found, allow_pickle=True)
    logits = reference_scores(loaded, feeds_of(TEXTS))

    assert (found.source, found.kind, found.kinds) == (
        "setfit",
        "text-classification",
        ("text-classification", "embeddings"),
    )
    assert loaded.checkpoint.labels == tuple(names)
    assert loaded.outputs == ("logits",)
    np.testing.assert_allclose(softmax(logits), head.predict_proba(vectors), atol=1e-5)


@pytest.mark.parametrize(("classes", "form"), [(3, "ovr"), (3, "liblinear"), (2, "multinomial")])
def test_heads_of_earlier_versions_keep_their_probabilities(body: Path, classes: int, form: str) -> None:
    vectors = vectors_of(body)
    head = fitted(vectors, [0, 1, classes - 1, 1, 0])
    margins = head.decision_function(vectors)
    if form == "liblinear":
        head.solver = form
    else:
        head.multi_class = form
    if classes == 2:
        expected = softmax(np.stack([-margins, margins], axis=1))
    else:
        sigmoids = 1 / (1 + np.exp(-margins))
        expected = sigmoids / sigmoids.sum(axis=1, keepdims=True)
    write_head(body, head)

    logits = reference_scores(load(body), feeds_of(TEXTS))

    np.testing.assert_allclose(softmax(logits), expected, atol=1e-5)


def test_vectors_are_scaled_where_the_configuration_says_so(encoder: Path, tmp_path: Path) -> None:
    folder = save_sentence(tmp_path / "st", encoder, dense="", normalise=False)
    vectors = vectors_of(folder)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    head = fitted(unit, [0, 1, 2, 1, 0])
    write_head(folder, head, labels=["a", "b", "c"], normalize_embeddings=True)

    logits = reference_scores(load(folder), feeds_of(TEXTS))

    np.testing.assert_allclose(softmax(logits), head.predict_proba(unit), atol=1e-5)


@pytest.mark.parametrize("kind", [str, object])
def test_without_names_the_classes_of_the_head_are_the_labels(body: Path, kind: Any) -> None:
    truth = np.array(["cat", "dog", "horse", "dog", "cat"], dtype=kind)
    write_head(body, fitted(vectors_of(body), truth))

    found = find_checkpoint(str(body))
    loaded = load_checkpoint(found, allow_pickle=True)

    assert found.labels == ()
    assert loaded.checkpoint.labels == loaded.checkpoint.names == ("cat", "dog", "horse")
    assert any("config_setfit.json names no labels" in note for note in loaded.notes)


def test_classes_may_be_names_in_another_order_than_the_labels(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), ["dog", "cat", "dog", "cat", "cat"]), labels=["dog", "cat"])

    assert load(body).checkpoint.labels == ("cat", "dog")


def test_a_class_without_a_label_is_refused(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), [0, 1, 2, 1, 0]), labels=["a", "b"])

    with pytest.raises(CheckpointError) as caught:
        load(body)

    assert caught.value.code == "HUB-X106"
    assert "'2'" in caught.value.why


def test_parameters_count_the_head(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), [0, 1, 2, 1, 0]), labels=["a", "b", "c"])

    loaded = load(body)

    assert sum(weight.numel() for weight in loaded.model.parameters()) == loaded.checkpoint.parameters


def test_a_head_is_refused_unless_pickles_are_allowed(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), [0, 1, 2, 1, 0]))

    with pytest.raises(UsageError) as caught:
        load_checkpoint(find_checkpoint(str(body)))

    assert caught.value.code == "HUB-X107"
    assert "model_head.pkl" in caught.value.what


def test_the_body_alone_needs_no_pickle(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), [0, 1, 2, 1, 0]))

    loaded = load_checkpoint(find_checkpoint(str(body), kind="embeddings"))

    assert loaded.checkpoint.source == "sentence-transformers"


def test_a_missing_head_is_named(body: Path) -> None:
    (body / "config_setfit.json").write_text('{"labels": ["a", "b"]}', "utf-8")

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(body))

    assert caught.value.code == "HUB-X102"
    assert "model_head.pkl" in caught.value.what


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("place", ["head", "attribute", "array", "plain"])
def test_code_in_a_head_is_not_run(body: Path, tmp_path: Path, place: str) -> None:
    mark = tmp_path / "it-ran"
    head: Any = fitted(vectors_of(body), [0, 1, 2, 1, 0])
    if place == "attribute":
        head.extra = Bomb(mark)
    elif place == "array":
        head.classes_ = np.array([Bomb(mark), "b", "c"], dtype=object)
    else:
        head = Bomb(mark)
    write_head(body, head)
    if place == "plain":
        (body / "model_head.pkl").write_bytes(pickle.dumps(Bomb(mark), protocol=0))

    with pytest.raises(CheckpointError) as caught:
        load(body)

    assert caught.value.code == "HUB-X114"
    assert "it asks for " in caught.value.why
    assert not mark.exists()


def test_other_heads_are_refused_by_name(body: Path) -> None:
    vectors = vectors_of(body)
    heads = {
        "RidgeClassifier": RidgeClassifier().fit(vectors, [0, 1, 2, 1, 0]),
        "OneVsRestClassifier": OneVsRestClassifier(LogisticRegression()).fit(vectors, np.eye(5, dtype=int)),
        "dict": {"coef_": vectors},
    }
    for name, head in heads.items():
        write_head(body, head)
        with pytest.raises(CheckpointError) as caught:
            load(body)
        assert caught.value.code == "HUB-X114"
        assert name in caught.value.why


@pytest.mark.parametrize("data", [b"", b"not a pickle", b"\x80\x04", b"."])
def test_a_damaged_head_is_refused(body: Path, data: bytes) -> None:
    (body / "model_head.pkl").write_bytes(data)

    with pytest.raises(CheckpointError) as caught:
        load(body)

    assert caught.value.code == "HUB-X114"


@pytest.mark.parametrize("damage", ["unfitted", "nan", "shape", "size"])
def test_a_head_that_makes_no_sense_is_refused(body: Path, damage: str) -> None:
    head = fitted(vectors_of(body), [0, 1, 2, 1, 0])
    if damage == "unfitted":
        head = LogisticRegression()
    elif damage == "nan":
        head.coef_[0, 0] = np.nan
    elif damage == "shape":
        head.coef_ = head.coef_[:2]
    else:
        head.coef_ = head.coef_[:, :5]
    write_head(body, head)

    with pytest.raises(CheckpointError) as caught:
        load(body)

    assert caught.value.code == "HUB-X114"


def test_the_labels_of_the_configuration_must_be_labels(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), [0, 1, 1, 1, 0]), labels=["a", "a"])

    with pytest.raises(CheckpointError, match="several outputs"):
        find_checkpoint(str(body))


def test_changes_of_the_length_are_taken_over(body: Path) -> None:
    write_head(body, fitted(vectors_of(body), [0, 1, 1, 1, 0]), labels=["a", "b"])
    change(body / "sentence_bert_config.json", max_seq_length=17)

    assert find_checkpoint(str(body)).max_length == 17
