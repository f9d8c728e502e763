"""Pairs of texts, windows of long texts, and where words are among tokens."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from hub.contract.errors import BundleError, UsageError
from hub.edge.encode import (
    INPUTS,
    MAX_WINDOWS,
    Encoder,
    given_word_positions,
    joined_words,
    whole_characters,
    word_positions,
)
from tests.support.tiny_bundle import make_vocabulary

VOCABULARY = make_vocabulary()
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)


def pieces(encoding: object) -> list[str]:
    found: list[str] = encoding.tokens  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def file(sealed: Path) -> Path:
    return sealed / "tokenizer.json"


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE that counts the space before a word to it, as GPT-2 and ModernBERT do."""
    letters = {piece: i for i, piece in enumerate(["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    merges = [("Ġ", "c"), ("Ġc", "a"), ("Ġca", "t"), ("c", "a"), ("ca", "t")]
    vocabulary = letters | {piece: len(letters) + i for i, piece in enumerate(["Ġc", "Ġca", "Ġcat", "ca", "cat"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    path = tmp_path_factory.mktemp("byte") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


def test_a_pair_is_one_input_with_type_ids(file: Path) -> None:
    encoder = Encoder(file, 16)
    (found,) = encoder.encode([("cat dog", "oak")])
    assert pieces(found) == ["[CLS]", "cat", "dog", "[SEP]", "oak", "[SEP]"]
    feeds = encoder.feeds([found], INPUTS)
    assert feeds["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1]]


def test_of_a_pair_the_longer_text_is_cut(file: Path) -> None:
    encoder = Encoder(file, 8)
    assert pieces(encoder.encode([("cat " * 9, "oak moss")])[0]).count("cat") == 3
    assert pieces(encoder.encode([("oak moss", "cat " * 9)])[0]) == [
        "[CLS]", "oak", "moss", "[SEP]", "cat", "cat", "cat", "[SEP]"
    ]  # fmt: skip


def test_texts_and_pairs_may_be_mixed(file: Path) -> None:
    encoder = Encoder(file, 8)
    assert [len(found.ids) for found in encoder.encode(["cat", ("cat", ""), ("", "")])] == [3, 4, 3]


@pytest.mark.parametrize("pair", [("a",), ("a", "b", "c"), (), ("a", 1), (None, "a")])
def test_what_is_no_pair_is_refused(file: Path, pair: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        Encoder(file, 8).encode([pair])  # type: ignore[list-item]
    assert caught.value.code == "HUB-E013"


def test_a_model_too_short_for_a_pair_says_so(file: Path) -> None:
    with pytest.raises(UsageError, match="3 special tokens"):
        Encoder(file, 2).encode([("cat", "dog")])


def test_windows_overlap_and_are_in_order(file: Path) -> None:
    encoder = Encoder(file, 6, stride=2)
    words = ["cat", "dog", "fox", "owl", "oak", "moss", "fern", "rose", "wheat"]
    assert [pieces(found)[1:-1] for found in encoder.windows(" ".join(words))] == [
        ["cat", "dog", "fox", "owl"],
        ["fox", "owl", "oak", "moss"],
        ["oak", "moss", "fern", "rose"],
        ["fern", "rose", "wheat"],
    ]


def test_offsets_of_a_window_are_those_in_the_text(file: Path) -> None:
    text = "cat dog fox owl oak moss"
    for window in Encoder(file, 5, stride=1).windows(text):
        for token, (start, end) in zip(window.tokens[1:-1], window.offsets[1:-1], strict=True):
            assert text[start:end] == token


def test_a_short_text_or_a_pair_has_one_window(file: Path) -> None:
    encoder = Encoder(file, 8, stride=2)
    assert [pieces(found) for found in encoder.windows("cat")] == [["[CLS]", "cat", "[SEP]"]]
    assert len(encoder.windows("")) == 1
    (pair,) = encoder.windows(("cat " * 20, "dog " * 20))
    assert len(pair.ids) == 8
    assert len(Encoder(file, 8).windows("cat " * 20)) == 1


def test_there_is_a_bound_on_the_windows(file: Path) -> None:
    encoder = Encoder(file, 8, stride=2)
    found = encoder.windows("cat " * 25_000)
    assert len(found) == MAX_WINDOWS
    assert encoder.encode(["cat " * 25_000])[0].ids == found[0].ids


@pytest.mark.parametrize("stride", [-1, 6, 7, 100])
def test_a_stride_that_leaves_no_room_is_refused(file: Path, stride: int) -> None:
    with pytest.raises(BundleError) as caught:
        Encoder(file, 8, stride=stride)
    assert caught.value.code == "HUB-E011"


@QUICK
@given(words=st.lists(st.sampled_from(VOCABULARY[57:]), max_size=40), length=st.integers(4, 12), data=st.data())
def test_windows_hold_every_token_once_overlaps_left_out(
    file: Path, words: list[str], length: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(1, length - 3))
    encoder = Encoder(file, length, stride=stride)
    windows = encoder.windows(" ".join(words))
    assert all(len(window.ids) <= length for window in windows)
    assert all((window.tokens[0], window.tokens[-1]) == ("[CLS]", "[SEP]") for window in windows)
    inner = [window.tokens[1:-1] for window in windows]
    if len(windows) < MAX_WINDOWS:
        assert inner[0] + [token for part in inner[1:] for token in part[stride:]] == words
    for before, after in itertools.pairwise(inner):
        assert before[-stride:] == after[:stride]


def test_words_of_the_tokenizers_own_splitting(file: Path) -> None:
    text = "The cat, xyzzy!"
    (found,) = Encoder(file, 32).encode([text])
    positions = word_positions(found, text)
    assert [text[start:end] for _, start, end in positions] == ["The", "cat", ",", "xyzzy", "!"]
    assert [found.tokens[position] for position, _, _ in positions] == ["the", "cat", "[UNK]", "x", "[UNK]"]


def test_the_space_before_a_word_is_no_part_of_it(byte_level: Path) -> None:
    text = "cat  é cat \n"
    (found,) = Encoder(byte_level, 32).encode([text])
    positions = word_positions(found, text)
    assert [text[start:end] for _, start, end in positions] == ["cat", "é", "cat"]
    assert [found.tokens[position] for position, _, _ in positions] == ["cat", "Ġ", "Ġcat"]


@pytest.mark.parametrize("text", ["cafe\u0301 oak", "e\u0301\u0302", "مَرْ حبا", "漢字 cat", "👩‍👩‍👧 cat", "a\0b cat"])
def test_places_are_those_of_pythons_characters(file: Path, text: str) -> None:
    (found,) = Encoder(file, 64).encode([text])
    positions = word_positions(found, text)
    joined = "".join(text[start:end] for _, start, end in positions)
    assert joined == "".join(text.split())


def test_the_marks_on_a_words_last_letter_belong_to_it(file: Path) -> None:
    text = "cafe\u0301 oak"
    (found,) = Encoder(file, 64).encode([text])
    assert [text[start:end] for _, start, end in word_positions(found, text)] == ["cafe\u0301", "oak"]


@pytest.mark.parametrize("kind", ["word pieces", "byte level"])
def test_given_words_are_found(file: Path, byte_level: Path, kind: str) -> None:
    encoder = Encoder(file if kind == "word pieces" else byte_level, 64)
    words = ["cat", "don't", "U.S.", "é", "catcat", "cat"]
    text, ranges = joined_words(words)
    assert [text[start:end] for start, end in ranges] == words
    (found,) = encoder.encode([text])
    positions = given_word_positions(found, ranges)
    assert positions == sorted(set(positions))
    for position, (start, _) in zip(positions, ranges, strict=True):
        began, ended = found.offsets[position]
        assert began <= start < ended
        assert not text[began:start].strip()


def test_words_that_were_cut_off_have_no_position(file: Path) -> None:
    text, ranges = joined_words(["cat", "dog", "fox", "owl"])
    (found,) = Encoder(file, 4).encode([text])
    assert given_word_positions(found, ranges) == [1, 2, -1, -1]
    last = Encoder(file, 4, stride=1).windows(text)[-1]
    assert given_word_positions(last, ranges) == [-1, -1, 1, 2]


def test_a_word_whose_characters_are_dropped_has_no_position(file: Path) -> None:
    text, ranges = joined_words(["cat", "\u200d", "dog"])
    (found,) = Encoder(file, 8).encode([text])
    assert given_word_positions(found, ranges) == [1, -1, 2]
    assert given_word_positions(found, []) == []


@QUICK
@given(words=st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=6), max_size=8))
@pytest.mark.parametrize("kind", ["word pieces", "byte level"])
def test_every_given_word_has_its_own_token(file: Path, byte_level: Path, kind: str, words: list[str]) -> None:
    encoder = Encoder(file if kind == "word pieces" else byte_level, 512)
    text, ranges = joined_words(words)
    (found,) = encoder.encode([text])
    positions = [place for place in given_word_positions(found, ranges) if place >= 0]
    assert positions == sorted(set(positions))
    if kind == "byte level":
        assert len(positions) == len(words)


@given(text=st.text(alphabet=st.characters(), max_size=20))
def test_whole_characters_can_be_written_and_keep_their_number(text: str) -> None:
    found = whole_characters(text)
    found.encode("utf-8")
    pairs = sum(
        "\ud800" <= first <= "\udbff" and "\udc00" <= second <= "\udfff" for first, second in itertools.pairwise(text)
    )
    assert len(found) == len(text) - pairs


def test_a_tokenizer_that_lower_cases_and_splits_by_spaces_only(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "cat": 1, "u.s.": 2}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))["model"]["type"] == "WordLevel"
    (found,) = Encoder(tmp_path / "tokenizer.json", 8).encode(["Cat U.S. x"])
    assert word_positions(found) == [(0, 0, 3), (1, 4, 8), (2, 9, 10)]
