"""Bundles that answer otherwise than with one label, thresholds, and long texts in windows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import BundleError, UsageError
from hub.edge import Bundle, NumberPrediction, selftest
from hub.edge.answers import sigmoid, softmax
from hub.edge.folder import PREPROCESSOR, SELFTEST, read_manifest
from hub.edge.schema import LabelEntry
from hub.edge.verify import verify
from tests.support.kind_bundles import opened, resealed
from tests.support.tiny_bundle import STRENGTH
from tests.support.tiny_kinds import (
    BIAS,
    ROWS,
    make_label_bundle,
    make_labels_bundle,
    make_spans_bundle,
    make_table_bundle,
    worth,
)

HALF = {"animal": 0.5, "plant": 0.5, "stone": 0.5}


# -- several labels ---------------------------------------------------------------------------------


def test_each_label_has_a_probability_of_its_own(made: dict[str, Path]) -> None:
    # [CLS] cat dog oak [SEP]: 2 animals and 1 plant among 5 tokens
    found = opened(made, "labels").probabilities(["cat dog oak", ""])
    shares = np.array([[2, 1, 0], [0, 0, 0]]) / [[5], [2]]
    np.testing.assert_allclose(found, sigmoid(STRENGTH * shares - BIAS), atol=1e-6)


def test_labels_are_predicted_from_one_half_on(made: dict[str, Path]) -> None:
    bundle = opened(made, "labels")
    both, none = bundle.predict(["cat cat dog oak oak", "the old river"])
    assert both.labels == ("animal", "plant")
    assert both.scores == (both.top[0][1], both.top[1][1])
    assert [label for label, _ in both.top] == ["animal", "plant", "stone"]
    assert none.labels == none.scores == ()
    assert none.top[0][1] == pytest.approx(float(sigmoid(np.array(-BIAS))), abs=1e-6)
    assert not both.abstained


def test_thresholds_of_labels_are_used_and_reached_at_equality(tmp_path: Path) -> None:
    folder = make_labels_bundle(tmp_path / "a")
    probability = float(Bundle.open(folder).probabilities(["cat oak"])[0, 0])
    limits = {"animal": probability, "plant": 0.99, "stone": 0.0}
    bundle = Bundle.open(resealed(folder, thresholds={"fp32": limits}))
    (answer,) = bundle.predict(["cat oak"])
    assert answer.labels == ("animal", "stone")
    assert Bundle.open(folder, variant="int8").thresholds is None


def test_several_labels_abstain_when_one_decision_is_unsure(made: dict[str, Path]) -> None:
    bundle = opened(made, "labels")
    row = bundle.probabilities(["cat cat oak"])[0]
    least = float(np.maximum(row, 1 - row).min())
    assert not bundle.predict(["cat cat oak"], min_confidence=least - 0.01)[0].abstained
    assert bundle.predict(["cat cat oak"], min_confidence=least + 0.01)[0].abstained


# -- thresholds of one label ------------------------------------------------------------------------


def test_one_label_is_the_largest_ratio_to_its_threshold(tmp_path: Path) -> None:
    folder = make_label_bundle(tmp_path / "a", thresholds={"animal": 0.9, "plant": 0.05, "stone": 0.5})
    bundle = Bundle.open(folder)
    (answer,) = bundle.predict(["cat dog oak"])
    assert answer.top[0][0] == "animal"
    assert answer.label == "plant"
    assert answer.score == dict(answer.top)["plant"]
    assert [check.detail for check in selftest.replay(bundle) if not check.ok] == []


def test_the_predicted_label_is_listed_in_the_self_test_though_improbable(tmp_path: Path) -> None:
    folder = make_table_bundle(tmp_path / "a", number=False, thresholds={"good": 1.0, "bad": 0.01})
    rows = [json.loads(line)["expect"]["fp32"] for line in (folder / SELFTEST).read_text("utf-8").splitlines()]
    assert all(set(row) == {"good", "bad"} for row in rows)
    assert {answer.label for answer in Bundle.open(folder).predict(ROWS)} == {"bad"}


# -- tables -----------------------------------------------------------------------------------------


def test_numbers_are_those_worked_out_by_hand(made: dict[str, Path]) -> None:
    bundle = opened(made, "number")
    rows = [{"width": 12.0, "colour": "red"}, {"width": "8", "colour": "mauve"}, {"width": None, "colour": ""}]
    expected = [100 + worth(12.0, "red"), 100 + worth(8.0, "unknown"), 100 + worth(None, "missing")]
    found = bundle.values(rows)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert bundle.predict(rows) == [NumberPrediction(float(value)) for value in found]
    assert bundle.values([]).shape == (0,)
    assert bundle.predict([]) == []


def test_labels_of_rows_are_those_worked_out_by_hand(made: dict[str, Path]) -> None:
    bundle = opened(made, "row label")
    found = bundle.probabilities([{"width": 12.0, "colour": "red"}])
    assert found[0, 1] == pytest.approx(float(sigmoid(np.array(worth(12.0, "red") / 10))), abs=1e-6)
    assert bundle.predict(ROWS)[0].label == "good"
    assert bundle.predict([{"width": 16.0, "colour": "red"}])[0].name == "Bad"


def test_many_rows_keep_their_order_and_a_table_may_be_columns(made: dict[str, Path]) -> None:
    bundle = opened(made, "number")
    widths = np.linspace(0.0, 20.0, 1300)
    together = bundle.values({"width": widths, "colour": ["red"] * 1300}, workers=3)  # type: ignore[arg-type]
    np.testing.assert_allclose(together, [100 + worth(float(w), "red") for w in widths], rtol=1e-5)


@pytest.mark.parametrize(
    ("row", "code", "why"),
    [
        ({"width": 1.0}, "HUB-E030", "colour"),
        ({"wdth": 1.0, "colour": "red"}, "HUB-E030", "did you mean 'wdth'"),
        ({"width": "wide", "colour": "red"}, "HUB-E031", "width"),
        ({"width": float("inf"), "colour": "red"}, "HUB-E031", "width"),
        ({"width": True, "colour": "red"}, "HUB-E031", "width"),
        ({"width": 1.0, "colour": ["red"]}, "HUB-E031", "colour"),
    ],
)
def test_rows_that_cannot_be_read_name_row_and_column(
    made: dict[str, Path], row: dict[str, Any], code: str, why: str
) -> None:
    with pytest.raises(BundleError) as caught:
        opened(made, "number").predict([{"width": 1.0, "colour": "red"}, row])
    assert caught.value.code == code
    assert "row 2" in caught.value.what
    assert why in str(caught.value)


def test_nan_is_a_missing_value(made: dict[str, Path]) -> None:
    (value,) = opened(made, "number").values([{"width": float("nan"), "colour": None}])
    assert value == pytest.approx(100 + worth(None, "missing"))


@pytest.mark.parametrize("inputs", ["a text", ["a text"], [("a", "b")], [None]])
def test_texts_are_no_rows(made: dict[str, Path], inputs: Any) -> None:
    with pytest.raises(UsageError) as caught:
        opened(made, "number").predict(inputs)
    assert caught.value.code == "HUB-E013"


def test_rows_are_no_texts(made: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="dict"):
        opened(made, "labels").predict([{"width": 1.0, "colour": "red"}])


def test_a_number_has_no_confidence(made: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="number"):
        opened(made, "number").predict(list(ROWS), min_confidence=0.5)


# -- what a bundle cannot do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("labels", "values"), ("labels", "tags"), ("labels", "word_tags"), ("spans", "probabilities"),
        ("spans", "values"), ("number", "probabilities"), ("number", "tags"), ("row label", "values"),
    ],
)  # fmt: skip
def test_a_bundle_asked_for_another_form_says_what_it_answers(made: dict[str, Path], name: str, method: str) -> None:
    with pytest.raises(UsageError, match="answers") as caught:
        getattr(opened(made, name), method)([])
    assert caught.value.code == "HUB-E013"


def test_tokenizer_and_columns_belong_to_their_kind(made: dict[str, Path]) -> None:
    assert opened(made, "number").columns == ("width", "colour")
    assert opened(made, "labels").columns == ()
    assert opened(made, "number").preprocessor.columns[0].kind == "number"
    with pytest.raises(UsageError, match="tokenizer"):
        _ = opened(made, "number").encoder
    with pytest.raises(UsageError, match="columns"):
        _ = opened(made, "labels").preprocessor


# -- windows of one label ---------------------------------------------------------------------------


def test_scores_of_windows_are_averaged(tmp_path: Path) -> None:
    bundle = Bundle.open(make_label_bundle(tmp_path / "a", max_length=6, stride=2))
    text = "cat dog fox owl oak moss fern rose"
    # Windows of four words: 4 animals; 2 animals and 2 plants; 4 plants. Each has 6 tokens.
    shares = np.array([[4, 0, 0], [2, 2, 0], [0, 4, 0]]) / 6
    np.testing.assert_allclose(
        bundle.probabilities([text, "cat"]),
        [softmax(STRENGTH * shares.mean(axis=0)), softmax(STRENGTH * np.array([1, 0, 0]) / 3)],
        atol=1e-6,
    )
    long, short = bundle.predict([text, "cat"])
    assert (long.windows, short.windows) == (3, 1)


def test_a_hundred_thousand_characters_in_windows(tmp_path: Path) -> None:
    for folder in (
        make_label_bundle(tmp_path / "a", max_length=32, stride=8),
        make_spans_bundle(tmp_path / "b", max_length=32, stride=8),
    ):
        (answer,) = Bundle.open(folder).predict(["oak york " * 11_111])
        assert answer.windows == 64


def test_windows_and_batches_agree(tmp_path: Path) -> None:
    folder = make_labels_bundle(tmp_path / "a", max_length=8, stride=3)
    texts = ["cat " * n + "oak " * (20 - n) for n in range(20)] + ["", "cat"]
    for variant in ("fp32", "int8"):
        bundle = Bundle.open(folder, variant=variant)
        alone = np.concatenate([bundle.probabilities([text]) for text in texts])
        np.testing.assert_allclose(bundle.probabilities(texts, workers=2), alone, atol=1e-6)


# -- pairs ------------------------------------------------------------------------------------------


def test_pairs_are_answered(sealed: Path) -> None:
    bundle = Bundle.open(sealed, variant="fp32")
    # [CLS] cat [SEP] dog oak [SEP]
    found = bundle.probabilities([("cat", "dog oak"), "cat"])
    np.testing.assert_allclose(found[0], softmax(STRENGTH * np.array([2, 1, 0]) / 6), atol=1e-6)
    assert bundle.predict([("", "")])[0].abstained


# -- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["labels", "spans", "number", "row label"])
def test_every_kind_verifies(made: dict[str, Path], name: str) -> None:
    checks = verify(made[name])
    assert [check for check in checks if not check.ok] == []
    assert sum(check.name.startswith("self-test") for check in checks) == {"number": 1, "row label": 2}.get(name, 4)


@pytest.mark.parametrize(
    ("name", "says"), [("labels", "3 labels"), ("spans", "2 entity types"), ("number", "one number")]
)
def test_verify_says_what_is_answered(made: dict[str, Path], name: str, says: str) -> None:
    assert says in verify(made[name])[0].detail


@pytest.mark.parametrize("change", ["changed", "missing", "unlisted", "link"])
def test_the_preprocessor_is_guarded_like_a_tokenizer(tmp_path: Path, change: str) -> None:
    folder = make_table_bundle(tmp_path / "table")
    file = folder / PREPROCESSOR
    content = file.read_bytes()
    if change == "changed":
        file.write_bytes(content.replace(b"10.0", b"11.0"))
    elif change == "link":
        (tmp_path / "outside").write_bytes(content)
        file.unlink()
        file.symlink_to(tmp_path / "outside")
    else:
        file.unlink()
    if change == "unlisted":
        resealed(folder)
        file.write_bytes(content)
    with pytest.raises(BundleError, match=r"preprocessor\.json") as caught:
        Bundle.open(folder)
    codes = {"changed": "HUB-E004", "link": "HUB-E003"}
    assert caught.value.code == codes.get(change, "HUB-E005")


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("labels", {"thresholds": {"fp32": {"animal": 0.5}}}, "thresholds.fp32"),
        ("labels", {"thresholds": {"fp32": HALF | {"stone": 1.5}}}, "thresholds.fp32"),
        ("row label", {"thresholds": {"fp32": {"good": 0.0, "bad": 0.5}}}, "thresholds.fp32"),
        ("number", {"thresholds": {"fp32": {"value": 0.5}}}, "thresholds.fp32"),
        ("number", {"labels": (LabelEntry("a", ""), LabelEntry("b", ""))}, "labels"),
        ("spans", {"labels": (LabelEntry("O", ""),)}, "labels"),
        ("spans", {"labels": (LabelEntry("O", ""), LabelEntry("B-", ""))}, "labels"),
        ("labels", {"window_stride": 64}, "window_stride"),
        ("labels", {"window_stride": -1}, "window_stride"),
        ("labels", {"max_length": 0}, "max_length"),
    ],
)
def test_a_manifest_that_does_not_fit_its_kind_is_refused(
    made: dict[str, Path], name: str, change: dict[str, Any], field: str
) -> None:
    from hub.edge.schema import from_json, to_json

    with pytest.raises(BundleError) as caught:
        from_json(to_json(dataclasses.replace(read_manifest(made[name]), **change)))
    assert f"{field!r}" in caught.value.what


def test_a_graph_of_another_kind_is_refused(made: dict[str, Path], tmp_path: Path) -> None:
    folder = make_spans_bundle(tmp_path / "a")
    (folder / "onnx/model.onnx").write_bytes((made["labels"] / "onnx/model.onnx").read_bytes())
    resealed(folder)
    with pytest.raises(BundleError, match="shape"):
        Bundle.open(folder, variant="fp32").predict(["cat"])
    (folder / "onnx/model.onnx").write_bytes((made["number"] / "onnx/model.onnx").read_bytes())
    resealed(folder)
    with pytest.raises(BundleError, match="categories, numbers"):
        Bundle.open(folder, variant="fp32")
