from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from hub.contract.errors import BundleError, UsageError
from hub.edge.encode import INPUTS, MAX_CHARACTERS, Encoder
from tests.support.tiny_bundle import make_vocabulary

VOCABULARY = make_vocabulary()
CLS, SEP = VOCABULARY.index("[CLS]"), VOCABULARY.index("[SEP]")


@pytest.fixture(scope="module")
def encoder(sealed: Path) -> Encoder:
    return Encoder(sealed / "tokenizer.json", 8)


def ids(encoder: Encoder, text: str) -> list[int]:
    found: list[int] = encoder.encode([text])[0].ids
    return found


def test_known_tokens(encoder: Encoder) -> None:
    assert ids(encoder, "The CAT") == [CLS, VOCABULARY.index("the"), VOCABULARY.index("cat"), SEP]


def test_a_long_text_is_cut_and_keeps_its_end_token(encoder: Encoder) -> None:
    found = ids(encoder, "cat " * 50)
    assert found == [CLS, *[VOCABULARY.index("cat")] * 6, SEP]


def test_padding_and_truncation_of_the_file_are_overridden(sealed: Path, tmp_path: Path) -> None:
    document = json.loads((sealed / "tokenizer.json").read_text(encoding="utf-8"))
    document["padding"] = {
        "strategy": {"Fixed": 128},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 3,
        "pad_type_id": 0,
        "pad_token": "[SEP]",
    }
    document["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    (tmp_path / "tokenizer.json").write_text(json.dumps(document), encoding="utf-8")
    encoder = Encoder(tmp_path / "tokenizer.json", 16)
    assert len(ids(encoder, "cat dog")) == 4
    assert len(ids(encoder, "cat dog fox owl oak")) == 7
    assert encoder.pad_id == 3


def test_feeds_are_padded_and_typed(encoder: Encoder) -> None:
    encodings = encoder.encode(["cat", "cat dog fox"])
    feeds = encoder.feeds(encodings, INPUTS)
    assert list(feeds) == list(INPUTS)
    assert all(array.dtype == np.int64 and array.shape == (2, 5) for array in feeds.values())
    assert feeds["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert feeds["input_ids"][0].tolist() == [CLS, VOCABULARY.index("cat"), SEP, 0, 0]
    assert not feeds["token_type_ids"].any()


def test_only_the_inputs_asked_for_are_made(encoder: Encoder) -> None:
    assert list(encoder.feeds(encoder.encode(["cat"]), ("input_ids",))) == ["input_ids"]


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "\0\0cat\0", "😀" * 20, "\u202eabc", "مرحبا بالعالم", "e" + "\u0301" * 100, "\ufeffcat", "\r\n\t"],
)
def test_odd_texts_have_tokens(encoder: Encoder, text: str) -> None:
    found = ids(encoder, text)
    assert found[0] == CLS
    assert found[-1] == SEP
    assert len(found) <= 8


def test_surrogates_are_joined_or_replaced(encoder: Encoder) -> None:
    assert ids(encoder, "\ud83d\ude00 cat") == ids(encoder, "😀 cat")
    assert ids(encoder, "\ud800 cat") == ids(encoder, "\ufffd cat")


@pytest.mark.parametrize("unit", ["cat ", "a", "!", "漢", "😀", " ", "e\u0301"])
def test_a_hundred_thousand_characters_are_cut_like_a_short_text(encoder: Encoder, unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    assert len(ids(encoder, text)) <= 8


def test_the_whole_text_decides_not_only_its_start(encoder: Encoder) -> None:
    # Cutting characters before tokenizing would lose the word behind the spaces.
    assert ids(encoder, " " * 99_000 + "cat") == ids(encoder, "cat")


def test_a_text_beyond_the_limit_is_refused(encoder: Encoder) -> None:
    with pytest.raises(BundleError) as caught:
        encoder.encode(["a" * (MAX_CHARACTERS + 1)])
    assert caught.value.code == "HUB-E012"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(alphabet=st.characters(), max_size=60))
def test_any_text_has_between_two_and_max_length_tokens(encoder: Encoder, text: str) -> None:
    assert 2 <= len(ids(encoder, text)) <= 8


def test_a_single_text_is_not_taken_for_a_sequence(encoder: Encoder) -> None:
    with pytest.raises(UsageError, match="a single text"):
        encoder.encode("cat")
    with pytest.raises(UsageError, match="NoneType"):
        encoder.encode([None])  # type: ignore[list-item]


def test_a_text_without_any_token_is_refused(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"cat": 0, "<pad>": 1}, unk_token="cat"))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    encoder = Encoder(tmp_path / "tokenizer.json", 8)
    assert encoder.pad_id == 1
    assert ids(encoder, "cat") == [0]
    with pytest.raises(BundleError, match="no token"):
        encoder.encode([""])


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"model": {"type": "None"}}'])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"tokenizer\.json") as caught:
        Encoder(tmp_path / "tokenizer.json", 8)
    assert caught.value.code == "HUB-E011"


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError) as caught:
        Encoder(tmp_path / "tokenizer.json", 8)
    assert caught.value.code == "HUB-E011"
