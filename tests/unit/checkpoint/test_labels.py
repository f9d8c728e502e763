"""Labels are a numbering of the outputs, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.checkpoint import find_checkpoint
from hub.checkpoint.labels import check_tags, head_outputs, read_labels
from hub.contract.errors import CheckpointError
from tests.support.made_checkpoints import change
from tests.unit.checkpoint.conftest import Copy

NAMES = st.text(min_size=1).filter(str.strip)


@given(st.lists(NAMES, min_size=1, max_size=12, unique=True), st.randoms())
def test_labels_come_in_the_order_of_the_outputs(labels: list[str], source: Any) -> None:
    pairs = [(str(number), label) for number, label in enumerate(labels)]
    source.shuffle(pairs)

    found, _ = read_labels({"id2label": dict(pairs)}, len(labels))

    assert found == tuple(labels)


@given(st.lists(NAMES, min_size=2, max_size=8, unique=True), st.data())
def test_a_gap_is_refused(labels: list[str], data: st.DataObject) -> None:
    mapping = {str(number): label for number, label in enumerate(labels)}
    del mapping[str(data.draw(st.integers(0, len(labels) - 2)))]

    with pytest.raises(CheckpointError, match="none for output"):
        read_labels({"id2label": mapping}, None)


@pytest.mark.parametrize(
    ("config", "outputs", "why"),
    [
        ({"id2label": {"0": "a", "1": "b"}}, 3, "2 labels, the head gives 3 scores"),
        ({"id2label": {"1": "a", "2": "b"}}, None, "none for output 0"),
        ({"id2label": {"0": "a", "2": "b"}}, None, "none for output 1"),
        ({"id2label": {"0": "a", "1": "a"}}, 2, "label 'a' to several outputs"),
        ({"id2label": {"0": "a", "1": ""}}, 2, "output 1 the label ''"),
        ({"id2label": {"0": "a", "1": " "}}, 2, "output 1 the label ' '"),
        ({"id2label": {"0": "a", "1": None}}, 2, "output 1 the label None"),
        ({"id2label": {"0": "a", "one": "b"}}, 2, "numbers an output 'one'"),
        ({"id2label": {"0": "a", "-1": "b"}}, 2, "numbers an output '-1'"),
        ({"id2label": {"0": "a", "1": "b", "01": "c"}}, None, "the number 1 twice"),
        ({"id2label": {}}, None, "must be an object"),
        ({"id2label": ["a", "b"]}, None, "must be an object"),
        ({"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}}, 2, "output 0 in id2label and 1 in label2id"),
    ],
)
def test_a_wrong_map_is_refused_with_the_reason(config: dict[str, Any], outputs: int | None, why: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        read_labels(config, outputs)

    assert (caught.value.code, caught.value.exit_code) == ("HUB-X106", 3)
    assert why in caught.value.why


def test_a_wrong_map_is_seen_by_the_shape_of_the_head(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change(folder / "config.json", id2label={"0": "a", "1": "b"}, label2id=None)

    with pytest.raises(CheckpointError, match="the head gives 3 scores"):
        find_checkpoint(str(folder))


def test_labels_without_names_stay_as_they_are(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change(folder / "config.json", id2label=None, label2id=None)

    found = find_checkpoint(str(folder))

    assert found.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert "does not name its labels" in found.notes[0]
    assert read_labels({"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}, 2)[1] != ()


def test_other_names_in_label2id_are_worth_a_note() -> None:
    config = {"id2label": {"0": "a", "1": "b"}, "label2id": {"LABEL_0": 0, "LABEL_1": 1}}

    labels, notes = read_labels(config, 2)

    assert labels == ("a", "b")
    assert "label2id" in notes[0]


def test_numbers_may_be_labels() -> None:
    assert read_labels({"id2label": {"0": 1, "1": 5}}, 2)[0] == ("1", "5")


@pytest.mark.parametrize(
    ("name", "outputs"),
    [("classifier.weight", 5), ("classifier.out_proj.weight", 5), ("score.weight", 5), ("logits_proj.weight", 5)],
)
def test_the_head_is_known_by_its_last_layer(name: str, outputs: int) -> None:
    shapes = {"classifier.dense.weight": (8, 8), name: (outputs, 8), "bert.pooler.dense.weight": (8, 8)}

    assert head_outputs(shapes) == outputs


def test_a_head_that_is_not_known_says_nothing() -> None:
    assert head_outputs({"bert.pooler.dense.weight": (8, 8)}) is None


def test_tags_that_spell_nothing_are_refused() -> None:
    check_tags(("O", "B-x", "I-x"))
    with pytest.raises(CheckpointError, match="HUB-X106"):
        check_tags(("O",))
