"""The linear probe: scikit-learn's answers, features read right, bad input refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hub.contract.errors import DataError, UsageError
from hub.edge.answers import softmax
from hub.testing import tiny
from hub.train.base import find_base, load_model
from hub.train.batches import CUT_OFF, EncodedRows, make_batch
from hub.train.inference import scores
from hub.train.probe import (
    MANY_OUTPUTS,
    Probe,
    head_features,
    head_vectors,
    linear_head,
    mean_features,
    no_entity,
    probe,
    read_words,
    set_head,
)


def blobs(classes: int, rows: int = 40, width: int = 6, seed: int = 0) -> tuple[Any, Any]:
    """Return separable clouds, one a class, of unequal scale in each feature."""
    draw = np.random.default_rng(seed)
    truth = np.arange(rows) % classes
    centres = draw.normal(size=(classes, width)) * 6
    features = (centres[truth] + draw.normal(size=(rows, width))) * np.logspace(-2, 2, width) + 5
    return features.astype(np.float32), truth.astype(np.int64)


def rate(truth: Any) -> Any:
    return lambda found: float((found.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_probe_is_scikit_learns_regression_on_standardized_features(classes: int) -> None:
    features, truth = blobs(classes)
    found = probe(features, truth, classes, features, rate(truth), costs=(0.1,))
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(
        features.astype(np.float64), truth
    )
    assert rate(truth)(found.scores(features)) == 1.0
    np.testing.assert_allclose(
        softmax(found.scores(features).astype(np.float64)),
        expected.predict_proba(features.astype(np.float64)),
        atol=2e-3,
    )


def test_the_cost_with_the_best_validation_score_is_kept() -> None:
    features, truth = blobs(3)
    values = iter([0.2, 0.9, 0.9])
    assert probe(features, truth, 3, features, lambda _: next(values), costs=(0.1, 1.0, 10.0)).cost == 1.0


@pytest.mark.parametrize("several", [False, True])
def test_weights_are_those_of_scikit_learn_s_rows(several: bool) -> None:
    draw = np.random.default_rng(3)
    features = draw.normal(size=(60, 4)).astype(np.float32)
    has = draw.random(60) < 0.2
    truth: Any = has[:, None] if several else has.astype(np.int64)
    weights = np.array([5.0] if several else [1.0, 5.0], dtype=np.float32)
    scaled = StandardScaler().fit_transform(features.astype(np.float64))
    expected = LogisticRegression(C=0.1, max_iter=1000).fit(scaled, has, sample_weight=np.where(has, 5.0, 1.0))

    found = probe(features, truth, weights.size, features, lambda _: 0.0, costs=(0.1,), weights=weights)

    scores = found.scores(features)
    margin = scores[:, 0] if several else scores[:, 1] - scores[:, 0]
    np.testing.assert_allclose(margin, expected.decision_function(scaled), atol=2e-3)


def test_weights_count_where_very_many_classes_are_fitted_at_once() -> None:
    classes = MANY_OUTPUTS + 1
    truth = np.concatenate([np.arange(classes), np.arange(classes), [0] * 9])
    features = np.ones((len(truth), 3), dtype=np.float32)  # nothing but their frequency tells them apart
    features[:, 0] = np.arange(len(truth)) % 2
    weights = np.ones(classes, dtype=np.float32)
    weights[0], weights[5] = 0.01, 50.0

    plain, weighted = (
        probe(features, truth, classes, features, lambda _: 0.0, weights=each).scores(features)
        for each in (None, weights)
    )

    assert set(plain.argmax(axis=1)) == {0}
    assert set(weighted.argmax(axis=1)) == {5}


def test_a_class_without_rows_is_never_answered() -> None:
    features, truth = blobs(3)
    found = probe(features, truth * 2, 6, features, rate(truth * 2))
    assert set(found.scores(features).argmax(axis=1)) == {0, 2, 4}
    assert rate(truth * 2)(found.scores(features)) == 1.0


def test_each_of_several_labels_is_decided_alone() -> None:
    features, truth = blobs(3)
    several = np.stack([truth == 0, truth != 1, np.ones_like(truth, dtype=bool), np.zeros_like(truth, dtype=bool)], 1)
    found = probe(features, several, 4, features, lambda scores: float(((scores > 0) == several).mean()))
    assert ((found.scores(features) > 0) == several).all()


def test_very_many_classes_are_fitted_at_once() -> None:
    classes = MANY_OUTPUTS + 1
    truth = np.repeat(np.arange(classes), 3)
    features = np.eye(classes, dtype=np.float32)[truth]
    assert rate(truth)(probe(features, truth, classes, features, rate(truth)).scores(features)) == 1.0


def test_one_class_only_is_refused() -> None:
    features, _ = blobs(2)
    with pytest.raises(DataError, match="HUB-V006"):
        probe(features, np.zeros(len(features), dtype=np.int64), 2, features, lambda _: 0.0)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    features, truth = blobs(2)
    features[:, 0] = 7.0
    found = probe(features, truth, 2, features, rate(truth))
    assert np.isfinite(found.weights).all()
    assert rate(truth)(found.scores(features)) == 1.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_model(tmp_path_factory.mktemp("base"), "label")


def make_model(folder: Path, answers: str) -> Any:
    return load_model(find_base(str(tiny.tiny_base(folder))), ("a", "b", "c"), answers, seed=1, dropout=0.0).eval()


def rows_of(*ids: tuple[int, ...], **more: Any) -> EncodedRows:
    return EncodedRows(ids=ids, pad_id=0, strata=np.zeros(len(ids), dtype=np.int64), **more)


@settings(max_examples=10)
@given(st.lists(st.lists(st.integers(5, 90), min_size=1, max_size=12).map(tuple), min_size=1, max_size=9))
def test_features_are_means_over_the_tokens_whatever_the_batch(model: Any, ids: list[tuple[int, ...]]) -> None:
    import torch

    found = mean_features(model.base_model, rows_of(*ids), batch_size=3)
    with torch.inference_mode():
        alone = [model.base_model(torch.tensor([row])).last_hidden_state[0].mean(dim=0).numpy() for row in ids]
    np.testing.assert_allclose(found, np.stack(alone), atol=1e-5)


def test_features_of_windows_are_the_mean_of_the_windows(model: Any) -> None:
    both = rows_of((5, 6), (7, 8, 9), owners=np.array([0, 0]))
    both = EncodedRows(both.ids, 0, np.zeros(1, dtype=np.int64), owners=both.owners)
    apart = mean_features(model.base_model, rows_of((5, 6), (7, 8, 9)))
    np.testing.assert_allclose(mean_features(model.base_model, both)[0], apart.mean(axis=0), atol=1e-6)


def test_a_head_put_into_the_model_gives_the_probes_scores(model: Any) -> None:
    rows = rows_of((5, 6, 7), (9,), (10, 11))
    features = head_features(model, rows)
    draw = np.random.default_rng(0)
    head = Probe(
        draw.normal(size=(features.shape[1], 3)).astype(np.float32), draw.normal(size=3).astype(np.float32), 1.0
    )
    set_head(model, head)
    np.testing.assert_allclose(scores(model, rows), head.scores(features), atol=1e-5)


def test_words_have_the_vector_of_their_first_token(tmp_path: Path) -> None:
    tagger = make_model(tmp_path, "spans")
    rows = rows_of((2, 5, 6, 3), (2, 7, 3), places=((1, 2, CUT_OFF), (1,)))
    found = head_features(tagger, rows)
    assert found.shape == (4, 32)
    assert not found[2].any()
    assert read_words(rows, 4).tolist() == [True, True, False, True]
    np.testing.assert_allclose(found, mean_features(tagger.base_model, rows), atol=1e-6)
    assert no_entity(np.ones((4, 3), dtype=np.float32), read_words(rows, 4))[2].tolist() == [1.0, 0.0, 0.0]


def test_a_head_that_reads_every_token_is_refused(model: Any, tmp_path: Path) -> None:
    tagger = make_model(tmp_path, "spans")
    with pytest.raises(UsageError, match="HUB-T021"):
        head_vectors(tagger, make_batch(rows_of((5, 6)), [0]))


def test_a_model_without_a_linear_head_is_refused(model: Any) -> None:
    with pytest.raises(UsageError, match="HUB-T021"):
        linear_head(_headless(model))


def _headless(model: Any) -> Any:
    bare = model.base_model.embeddings
    bare.config = model.config
    return bare
