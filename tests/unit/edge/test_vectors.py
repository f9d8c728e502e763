from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import BundleError, UsageError
from hub.edge import Bundle, VectorPrediction, selftest
from hub.edge.folder import SELFTEST, read_manifest
from hub.edge.schema import LabelEntry, from_json, to_json
from tests.support.tiny_answers import (
    make_answers_bundle,
    make_gaps_bundle,
    make_tags_bundle,
    make_vectors_bundle,
    save_graph,
)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vectors_bundle(tmp_path_factory.mktemp("vectors") / "tiny")


def test_a_text_is_the_sum_of_its_words_with_unit_length(vectors: Path) -> None:
    bundle = Bundle.open(vectors)
    found = bundle.vectors(["cat dog", "cat oak", ("cat cat", "oak oak oak granite granite")])
    assert found.dtype == np.float32
    assert found.shape == (3, 16)
    assert found[:, :3] == pytest.approx(
        np.array([[1, 0, 0], [0.5**0.5, 0.5**0.5, 0], [2 / 17**0.5, 3 / 17**0.5, 2 / 17**0.5]])
    )
    (answer,) = bundle.predict(["cat oak"])
    assert answer == VectorPrediction(tuple(found[1].tolist()))


def test_a_text_is_the_same_alone_and_in_a_batch(vectors: Path) -> None:
    bundle = Bundle.open(vectors)
    texts = ["cat", "the old oak near the small river and the granite", "rose cat"]
    together = bundle.vectors(texts)
    assert together == pytest.approx(np.concatenate([bundle.vectors([text]) for text in texts]))


def test_no_texts_have_no_vectors(vectors: Path) -> None:
    assert Bundle.open(vectors).vectors([]).shape[0] == 0


def test_windows_of_a_long_text_have_their_mean(tmp_path: Path) -> None:
    bundle = Bundle.open(make_vectors_bundle(tmp_path / "tiny", max_length=6, stride=1))
    # Windows of four words share one: (cat cat cat oak), (oak oak oak oak).
    (answer,) = bundle.predict(["cat cat cat oak oak oak oak"])
    mean = np.array([3 / 10**0.5, 1 + 1 / 10**0.5]) / 2
    assert answer.windows == 2
    assert answer.vector[:2] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


@pytest.mark.parametrize("ask", [Bundle.probabilities, Bundle.values, Bundle.tags, Bundle.gaps])
def test_another_answer_is_refused(vectors: Path, ask: Callable[..., Any]) -> None:
    with pytest.raises(UsageError) as caught:
        ask(Bundle.open(vectors), ["cat"])
    assert caught.value.code == "HUB-E013"
    assert "embeddings" in caught.value.why


def test_a_confidence_is_refused(vectors: Path) -> None:
    with pytest.raises(UsageError, match="vector"):
        Bundle.open(vectors).predict(["cat"], min_confidence=0.5)


def test_labels_are_refused(vectors: Path) -> None:
    manifest = dataclasses.replace(read_manifest(vectors), labels=(LabelEntry("a", "a"),))
    with pytest.raises(BundleError, match="labels"):
        from_json(to_json(manifest))


def test_scores_that_are_no_vectors_are_refused(tmp_path: Path) -> None:
    folder = make_vectors_bundle(tmp_path / "tiny")
    node = ("Cast", ["input_ids"], ["sentence_embedding"], {"to": 1})
    save_graph(folder / "onnx/model.onnx", [node], {}, ["input_ids"], {"sentence_embedding": ["batch", "length"]})
    bundle = Bundle.open(folder, verify=False)
    with pytest.raises(BundleError, match="several lengths"):
        bundle.vectors(["cat", "cat cat cat"] * 16)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "vectors": make_vectors_bundle,
    "answers": make_answers_bundle,
    "gaps": make_gaps_bundle,
    "tags": lambda folder: make_tags_bundle(folder, ("S-c", "O", "B-c", "E-c", "I-c"), {"paris": "S-c"}, "O"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("kinds")
    return {name: make(folder / name) for name, make in MAKERS.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_the_self_test_of_every_kind_passes_where_it_was_made(made: dict[str, Path], name: str) -> None:
    checks = selftest.replay(Bundle.open(made[name]))
    assert [check.ok for check in checks] == [True, True]
    assert all("fp32" in check.name for check in checks)


@pytest.mark.parametrize("name", MAKERS)
def test_another_answer_fails_the_self_test(made: dict[str, Path], name: str, tmp_path: Path) -> None:
    rows = selftest.load(made[name])[:2]
    if name == "tags":
        others = [{"fp32": [{"start": 0, "end": 3, "label": "c", "score": 1.0}]}]
    else:
        others = [{"fp32": _plain(row)} for row in reversed(rows)]
    folder = MAKERS[name](tmp_path / "tiny")
    selftest.write(folder / SELFTEST, [row.input for row in rows], others)
    checks = selftest.replay(Bundle.open(folder, verify=False))
    assert not checks[0].ok
    assert "changed: row 1" in checks[0].detail


def _plain(row: selftest.Row) -> Any:
    wanted = row.expect["fp32"]
    if isinstance(wanted, selftest.ExpectedAnswer):
        return dataclasses.asdict(wanted)
    return [dataclasses.asdict(entry) if isinstance(entry, selftest.ExpectedGap) else entry for entry in wanted]


@pytest.mark.parametrize(
    ("name", "expect"),
    [
        ("vectors", [0.5, 0.5]),
        ("vectors", {"cat": 1.0}),
        ("vectors", []),
        ("answers", {"cat": 1.0}),
        ("answers", [0.5]),
        ("gaps", [{"tokens": {"cat": 1.0}}] * 3),
        ("gaps", [{"tokens": {"no such token": 1.0}}]),
        ("gaps", [{"tokens": {}}]),
        ("gaps", {"cat": 1.0}),
        ("tags", [0.5]),
    ],
)
def test_an_expectation_of_another_form_fails_and_says_so(
    made: dict[str, Path], name: str, expect: Any, tmp_path: Path
) -> None:
    row = selftest.load(made[name])[1 if name == "gaps" else 0]
    folder = MAKERS[name](tmp_path / "tiny")
    selftest.write(folder / SELFTEST, [row.input], [{"fp32": expect}])
    (check,) = selftest.replay(Bundle.open(folder, verify=False))
    assert not check.ok
    assert "row" in check.detail


@pytest.mark.parametrize("expect", ['["a"]', '[{"tokens": {"cat": "a"}}]', '{"answer": "a"}', '[{"start": 1}]'])
def test_an_expectation_that_is_none_is_refused(made: dict[str, Path], expect: str, tmp_path: Path) -> None:
    line = json.dumps({"text": "cat", "expect": {"fp32": json.loads(expect)}})
    (tmp_path / SELFTEST).write_text(line + "\n", encoding="utf-8")
    with pytest.raises(BundleError, match="selftest"):
        selftest.load(tmp_path)


@pytest.mark.parametrize("name", MAKERS)
def test_rows_are_chosen_for_every_kind(made: dict[str, Path], name: str) -> None:
    bundle = Bundle.open(made[name])
    inputs = [row.input for row in selftest.load(made[name])]
    chosen = selftest.choose(bundle, [*inputs, *inputs], count=2)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(2, len(inputs))
    assert max(chosen) < len(inputs)
