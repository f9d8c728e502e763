"""Tag sets that other people's models have: any scheme, any order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.edge import Bundle
from hub.edge.answers import decode_tags, entity_types, tag_classes, tag_meanings, tag_probabilities
from hub.edge.parts import Part
from tests.support.tiny_answers import make_tags_bundle

TEXT = "Ada Lovelace saw New York, near the old river."
PEOPLE = {"ada": "B-person", "lovelace": "I-person", "new": "B-city", "york": "I-city"}
SCHEMES: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "iob2": (("O", "B-person", "I-person", "B-city", "I-city"), PEOPLE),
    "another order": (("I-city", "B-city", "I-person", "O", "B-person"), PEOPLE),
    "io": (("I-person", "O", "I-city"), {word: f"I-{tag[2:]}" for word, tag in PEOPLE.items()}),
    "iobes": (
        ("B-person", "I-person", "E-person", "S-person", "B-city", "I-city", "E-city", "S-city", "O"),
        {"ada": "B-person", "lovelace": "E-person", "new": "B-city", "york": "E-city"},
    ),
    "bilou": (
        ("O", "B-person", "I-person", "L-person", "U-person", "B-city", "I-city", "L-city", "U-city"),
        {"ada": "B-person", "lovelace": "L-person", "new": "B-city", "york": "L-city"},
    ),
    "bare": (("person", "O", "city"), {word: tag[2:] for word, tag in PEOPLE.items()}),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_finds_the_same_entities(tmp_path: Path, scheme: str) -> None:
    classes, tags = SCHEMES[scheme]
    (answer,) = Bundle.open(make_tags_bundle(tmp_path / "tiny", classes, tags, "O")).predict([TEXT])
    assert [(span.label, span.text) for span in answer.spans] == [("person", "Ada Lovelace"), ("city", "New York")]
    assert all(0.9 < span.score <= 1.0 for span in answer.spans)


def test_single_words_of_iobes_are_entities_of_their_own(tmp_path: Path) -> None:
    classes, _ = SCHEMES["iobes"]
    tags = {"ada": "S-person", "lovelace": "S-person"}
    (answer,) = Bundle.open(make_tags_bundle(tmp_path / "tiny", classes, tags, "O")).predict([TEXT])
    assert [span.text for span in answer.spans] == ["Ada", "Lovelace"]


def test_parts_of_speech_without_an_outside_cover_the_text(tmp_path: Path) -> None:
    tags = {"ada": "NOUN", "lovelace": "NOUN", "saw": "VERB", ".": "PUNCT", ",": "PUNCT"}
    folder = make_tags_bundle(tmp_path / "tiny", ("VERB", "X", "NOUN", "PUNCT"), tags, "X")
    bundle = Bundle.open(folder)
    assert bundle.classes[0] == "O"
    (answer,) = bundle.predict([TEXT])
    found = [(span.label, span.text) for span in answer.spans]
    assert found[:3] == [("NOUN", "Ada Lovelace"), ("VERB", "saw"), ("X", "New York")]
    assert found[-1] == ("PUNCT", ".")


def test_given_words_have_probabilities_in_the_order_of_iob2(tmp_path: Path) -> None:
    classes, tags = SCHEMES["iobes"]
    bundle = Bundle.open(make_tags_bundle(tmp_path / "tiny", classes, tags, "O"))
    assert bundle.classes == ("O", "B-person", "I-person", "B-city", "I-city")
    (rows,) = bundle.word_probabilities([["Ada", "Lovelace", "\u200b"]])
    assert rows.shape == (3, 5)
    assert rows.sum(axis=1) == pytest.approx([1.0] * 3)
    assert bundle.word_tags([["Ada", "Lovelace", "\u200b"]]) == [("B-person", "I-person", "O")]
    assert rows[2].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("classes", "meanings"),
    [
        (("O", "B-a", "I-a"), ("O", "B-a", "I-a")),
        (("B-a",), ("B-a",)),
        (("L-a", "U-a", "I-a"), ("I-a", "B-a", "I-a")),
        (("E-a", "S-a", "B-a"), ("I-a", "B-a", "B-a")),
        (("E-mail", "S-Bahn", "O"), ("I-E-mail", "I-S-Bahn", "O")),  # types, since nothing begins them
        (("B-a-b", "I-a-b"), ("B-a-b", "I-a-b")),
        (("LABEL_0", "LABEL_1"), ("I-LABEL_0", "I-LABEL_1")),
        (("ADJ", "I", "B"), ("I-ADJ", "I-I", "I-B")),
    ],
)
def test_classes_mean_iob2(classes: tuple[str, ...], meanings: tuple[str, ...]) -> None:
    assert tag_meanings(classes) == meanings
    decode_tags(meanings)


@given(data=st.data())
def test_probabilities_are_kept_as_a_whole(data: st.DataObject) -> None:
    names = [f"{mark}-{kind}" for kind in ("a", "b") for mark in "BIESLU"] + ["O", "bare"]
    classes = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=14, unique=True))
    if classes == ["O"]:
        with pytest.raises(ValueError, match="no entity type"):
            tag_meanings(classes)
        return
    rows = np.random.default_rng(data.draw(st.integers(0, 99))).dirichlet(np.ones(len(classes)), size=3)
    found = tag_probabilities(rows, classes)
    assert found.shape == (3, len(tag_classes(entity_types(classes))))
    assert found.sum(axis=1) == pytest.approx(rows.sum(axis=1))
    if "O" in classes:
        assert found[:, 0] == pytest.approx(rows[:, classes.index("O")])


def test_our_own_classes_are_left_as_they_are() -> None:
    rows = np.random.default_rng(0).dirichlet(np.ones(5), size=2)
    assert tag_probabilities(rows, tag_classes(("a", "b"))) is rows


@pytest.mark.parametrize("strategy", ["simple", "first"])
@pytest.mark.parametrize("scheme", ["iob2", "another order", "io", "bare"])
def test_entities_are_those_of_transformers(tmp_path: Path, scheme: str, strategy: str) -> None:
    from transformers import PreTrainedTokenizerFast
    from transformers.pipelines.token_classification import AggregationStrategy, TokenClassificationPipeline

    classes, tags = SCHEMES[scheme]
    folder = make_tags_bundle(tmp_path / "tiny", classes, tags, "O")
    bundle = Bundle.open(folder)
    text = "ada lovelace saw new york near the river"
    (answer,) = bundle.predict([text])

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), unk_token="[UNK]")
    pipeline: Any = object.__new__(TokenClassificationPipeline)
    pipeline.tokenizer = tokenizer
    config = SimpleNamespace(id2label=dict(enumerate(classes)))
    pipeline.model = SimpleNamespace(config=config)
    ((encoding, scores),) = bundle._model.runs(Part([text]))[0]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    mask = np.array([part is None for part in encoding.sequence_ids], dtype=int)
    entities = pipeline.gather_pre_entities(
        text,
        np.array(encoding.ids),
        powers / powers.sum(axis=1, keepdims=True),
        encoding.offsets,
        mask,
        AggregationStrategy(strategy),
    )
    found = [e for e in pipeline.aggregate(entities, AggregationStrategy(strategy)) if e["entity_group"] != "O"]
    assert [(e["entity_group"], e["start"], e["end"]) for e in found] == [
        (span.label, span.start, span.end) for span in answer.spans
    ]
    for theirs, span in zip(found, answer.spans, strict=True):
        # Theirs is the mean of the best class's probability, ours that of the type's classes together.
        assert theirs["score"] <= span.score + 1e-6
        assert theirs["score"] == pytest.approx(span.score, abs=0.02)
