"""Trimming the tokenizers of RoBERTa, ModernBERT, XLM-R, CamemBERT, ALBERT and DeBERTa: byte pairs and unigrams."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Encoding, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from hub.compress.vocabulary import SIZES, can_trim, choose_pieces, count_pieces, sizes, trim_tokenizer
from hub.contract.errors import UsageError
from hub.pipeline.exporting.sentences import sentences
from tests.support.tiny_tokenizers import make_tokenizer, texts

BYTES = ("roberta", "modernbert")
UNIGRAMS = ("xlm-roberta", "camembert", "albert", "deberta-v2", "trained")
FAMILIES = (*BYTES, *UNIGRAMS)
DOMAIN = tuple(sentences()[:12])
WORDS = sorted({word for text in DOMAIN for word in text.split()})


@dataclass(frozen=True)
class Pair:
    """A tokenizer before and after trimming."""

    full: Tokenizer
    trimmed: Tokenizer
    kept: tuple[int, ...]
    unknown: int | None

    def unknowns(self, encoding: Encoding, *, trimmed: bool) -> list[tuple[int, int]]:
        """Return where in the text the unknown tokens of an encoding stand."""
        if self.unknown is None:
            return []
        number = self.kept.index(self.unknown) if trimmed else self.unknown
        return [span for i, span in zip(encoding.ids, encoding.offsets, strict=True) if i == number]


def opened(document: dict[str, Any]) -> Tokenizer:
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def trimmed_to(document: dict[str, Any], domain: tuple[str, ...], size: int, unknown: int | None) -> Pair:
    full = opened(document)
    kept = choose_pieces(document, count_pieces(row.ids for row in full.encode_batch(list(domain))), 1, size)
    return Pair(full, opened(trim_tokenizer(document, kept)), kept, unknown)


@cache
def document_of(family: str) -> str:
    """Return a tokenizer.json as text: of a family's class, or a unigram model that the library has trained."""
    if family != "trained":
        return str(make_tokenizer(family, 128).backend_tokenizer.to_str())
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<unk>", "<pad>"]
    tokenizer.train_from_iterator(
        texts(),
        trainers.UnigramTrainer(vocab_size=700, special_tokens=special, unk_token="<unk>", show_progress=False),
    )
    return str(tokenizer.to_str())


def unknown_of(document: dict[str, Any]) -> int | None:
    number: int | None = document["model"].get("unk_id")
    return number


@cache
def pair_of(family: str, size: int) -> Pair:
    document = json.loads(document_of(family))
    return trimmed_to(document, DOMAIN, size, unknown_of(document))


def assert_nothing_lost(pair: Pair, text: str) -> bool:
    """Compare both tokenizers on a text; return whether all its pieces are kept."""
    full, trimmed = pair.full.encode(text), pair.trimmed.encode(text)

    assert pair.unknowns(trimmed, trimmed=True) == pair.unknowns(full, trimmed=False)
    assert "".join(trimmed.tokens) == "".join(full.tokens)
    assert pair.trimmed.decode(trimmed.ids, skip_special_tokens=False) == pair.full.decode(
        full.ids, skip_special_tokens=False
    )
    covered = set(full.ids) <= set(pair.kept)
    if covered:
        assert [pair.kept[i] for i in trimmed.ids] == full.ids
        assert trimmed.offsets == full.offsets
        assert trimmed.type_ids == full.type_ids
    return covered


TEXTS = (
    st.text(max_size=30)
    | st.text(alphabet=st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=30)
    | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
    | st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
)


@pytest.mark.parametrize("size", [1, 700])
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
@example(text="antidisestablishmentarianism 漢字 かな ไทย עברית ≠ 𝒳 🏳️‍🌈 \u0301 a\u0301 \ufeff \x00 \x7f")
@example(text="<s> </s> <pad> <mask> [CLS] [SEP] [MASK] [PAD] <unk> [UNK] ▁ Ġ Ċ <0x41>")
@example(text="ÀÉÎ İstanbul ﬁne ǅ ß 　 \t\n  `` '' ［CLS］")
def test_trimming_adds_no_unknown_and_covered_text_keeps_its_pieces(family: str, size: int, text: str) -> None:
    assert_nothing_lost(pair_of(family, size), text)


@pytest.mark.parametrize("family", BYTES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30))
def test_bytes_are_read_back_from_the_trimmed_tokenizer(family: str, text: str) -> None:
    pair = pair_of(family, 1)
    shown = pair.full.normalizer.normalize_str(text) if pair.full.normalizer else text

    ids = pair.trimmed.encode(text, add_special_tokens=False).ids

    assert pair.trimmed.decode(ids, skip_special_tokens=False) == shown


@pytest.mark.parametrize("size", [1, 700])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_domains_text_is_covered(family: str, size: int) -> None:
    pair = pair_of(family, size)

    assert all(assert_nothing_lost(pair, text) for text in DOMAIN)
    full, trimmed = (tokenizer.encode(DOMAIN[0], DOMAIN[1]) for tokenizer in (pair.full, pair.trimmed))
    assert [pair.kept[i] for i in trimmed.ids] == full.ids
    assert trimmed.type_ids == full.type_ids


@pytest.mark.parametrize("family", FAMILIES)
def test_pieces_are_dropped_and_the_rest_numbered_anew(family: str) -> None:
    smallest, larger = pair_of(family, 1), pair_of(family, 700)
    whole = smallest.full.get_vocab_size()

    assert len(smallest.kept) < len(larger.kept) <= 700 or family == "trained"
    assert len(smallest.kept) < whole
    assert set(smallest.kept) <= set(larger.kept)
    for pair in (smallest, larger):
        numbers = pair.trimmed.get_vocab()
        assert sorted(numbers.values()) == list(range(len(pair.kept)))
        assert {piece: pair.kept[i] for piece, i in numbers.items()} == {
            piece: pair.full.token_to_id(piece) for piece in numbers
        }


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "trained"])
def test_every_id_in_the_document_is_renumbered(family: str) -> None:
    document = json.loads(document_of(family))
    before = json.dumps(document)
    kept = pair_of(family, 1).kept

    trimmed = trim_tokenizer(document, kept)

    assert json.dumps(document) == before  # the argument is not changed
    for old, new in zip(document["added_tokens"], trimmed["added_tokens"], strict=True):
        assert {**old, "id": kept.index(old["id"])} == new
    assert [kept[i] for i in processor_ids(trimmed)] == processor_ids(document)
    if document["model"]["type"] == "Unigram":
        assert kept[trimmed["model"]["unk_id"]] == document["model"]["unk_id"]
        scores = dict(document["model"]["vocab"])
        assert all(scores[piece] == score for piece, score in trimmed["model"]["vocab"])
    for name in ("normalizer", "pre_tokenizer", "decoder"):
        assert trimmed[name] == document[name]


def processor_ids(document: dict[str, Any]) -> list[int]:
    processor = document["post_processor"]
    if processor["type"] == "RobertaProcessing":
        return [processor["sep"][1], processor["cls"][1]]
    return [i for token in processor["special_tokens"].values() for i in token["ids"]]


# --- byte pairs: any merges --------------------------------------------------------------------------


@st.composite
def byte_pairs(draw: st.DrawFn) -> dict[str, Any]:
    """A model over three letters whose pieces may be made by several merges."""
    pieces, merges = ["a", "b", "c"], []
    for _ in range(draw(st.integers(0, 12))):
        merge = (draw(st.sampled_from(pieces)), draw(st.sampled_from(pieces)))
        if merge not in merges and len("".join(merge)) <= 8:
            merges.append(merge)
            if "".join(merge) not in pieces:
                pieces.append("".join(merge))
    numbers = {piece: i for i, piece in enumerate(draw(st.permutations(pieces)))}
    model = models.BPE(numbers, merges, ignore_merges=draw(st.booleans()))
    tokenizer = Tokenizer(model)
    tokenizer.decoder = decoders.Fuse()
    if draw(st.booleans()):
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    document: dict[str, Any] = json.loads(tokenizer.to_str())
    return document


def written_with(document: dict[str, Any], alphabet: str) -> st.SearchStrategy[str]:
    """Return texts of a model's pieces and of single characters: most of them use long pieces."""
    vocabulary = document["model"]["vocab"]
    pieces = [*vocabulary] if isinstance(vocabulary, dict) else [piece for piece, _ in vocabulary]
    return st.lists(st.sampled_from([*pieces, *alphabet]), max_size=6).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(byte_pairs(), st.data(), st.integers(1, 12))
def test_any_merges(document: dict[str, Any], data: st.DataObject, size: int) -> None:
    domain, asked = (data.draw(st.lists(written_with(document, "abc "), max_size=3)) for _ in range(2))
    pair = trimmed_to(document, tuple(domain), size, None)

    assert all(assert_nothing_lost(pair, text) for text in domain)
    for text in asked:
        assert_nothing_lost(pair, text)


def pairs(merges: list[Any], **changes: Any) -> dict[str, Any]:
    """Return a tokenizer.json of letters and the results of some merges."""
    pieces = dict.fromkeys("abcd")
    pieces |= dict.fromkeys("".join(merge).replace(" ", "") for merge in merges)
    document: dict[str, Any] = json.loads(Tokenizer(models.BPE({"a": 0}, [])).to_str())
    document["model"] |= {"vocab": {piece: i for i, piece in enumerate(pieces)}, "merges": merges, **changes}
    return document


def test_parts_of_a_kept_piece_are_kept_with_their_merges() -> None:
    document = pairs([["a", "b"], ["c", "d"], ["ab", "c"], ["b", "c"], ["abc", "d"]])
    full = opened(document)
    assert full.encode("abcabcd").tokens == ["abc", "ab", "cd"]

    pair = trimmed_to(document, ("abc",), 1, None)

    assert set(pair.trimmed.get_vocab()) == {"a", "b", "c", "d", "ab", "abc"}
    assert json.loads(pair.trimmed.to_str())["model"]["merges"] == [["a", "b"], ["ab", "c"]]
    assert pair.trimmed.encode("abc").tokens == ["abc"]


def test_filling_up_follows_the_merges() -> None:
    document = pairs([["a", "b"], ["c", "d"], ["ab", "cd"], ["b", "c"]])

    kept = choose_pieces(document, Counter(), 1, 6)

    named = {i: piece for piece, i in document["model"]["vocab"].items()}
    assert [named[i] for i in kept] == ["a", "b", "c", "d", "ab", "cd"]


def test_older_files_write_merges_with_a_blank() -> None:
    old, new = pairs(["a b", "ab c"]), pairs([["a", "b"], ["ab", "c"]])
    kept = choose_pieces(old, Counter({old["model"]["vocab"]["ab"]: 1}), 1, 1)

    assert kept == choose_pieces(new, Counter({new["model"]["vocab"]["ab"]: 1}), 1, 1)
    assert trim_tokenizer(old, kept)["model"]["merges"] == ["a b"]
    assert opened(trim_tokenizer(old, kept)).encode("abc").tokens == ["ab", "c"]


def test_merges_drawn_at_random_are_refused() -> None:
    document = pairs([["a", "b"]], dropout=0.1)

    assert "dropout" in can_trim(document)
    with pytest.raises(UsageError, match="cannot trim") as caught:
        choose_pieces(document, Counter(), 1, 1)
    assert caught.value.code == "HUB-X001"


# --- unigrams: any scores ----------------------------------------------------------------------------


@st.composite
def unigrams(draw: st.DrawFn) -> dict[str, Any]:
    """A model over three letters, with equal scores among its pieces and some that never win."""
    words = draw(st.lists(st.text(alphabet="abc", min_size=2, max_size=5), max_size=12, unique=True))
    pieces = draw(st.permutations(["<unk>", "a", "b", "c", *words]))
    scores = [draw(st.integers(-16, 0)) / 2 for _ in pieces]
    model = models.Unigram(list(zip(pieces, scores, strict=True)), pieces.index("<unk>"), False)
    tokenizer = Tokenizer(model)
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(["<unk>"])
    document: dict[str, Any] = json.loads(tokenizer.to_str())
    return document


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(unigrams(), st.data(), st.integers(1, 14))
def test_any_scores(document: dict[str, Any], data: st.DataObject, size: int) -> None:
    domain, asked = (data.draw(st.lists(written_with(document, "abcxy"), max_size=3)) for _ in range(2))
    pair = trimmed_to(document, tuple(domain), size, unknown_of(document))

    assert all(assert_nothing_lost(pair, text) for text in domain)
    for text in asked:
        assert_nothing_lost(pair, text)


def scored(*pieces: tuple[str, float], **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Tokenizer(models.Unigram([("a", 0.0)], 0)).to_str())
    document["model"] |= {"vocab": [list(entry) for entry in pieces], "unk_id": 0, **changes}
    return document


LETTER_SCORES = (("<unk>", -1.0), ("a", -2.0), ("b", -2.0), ("c", -2.0))


def test_a_character_that_only_longer_pieces_hold_is_refused() -> None:
    assert can_trim(scored(*LETTER_SCORES, ("ab", -1.0))) == ""

    assert "'d'" in can_trim(scored(*LETTER_SCORES, ("ad", -1.0)))


def test_the_piece_with_the_lowest_score_is_kept() -> None:
    document = scored(*LETTER_SCORES, ("abc", -30.0), ("ab", -1.0), ("bc", -3.0))

    kept = choose_pieces(document, Counter(), 1, 6)

    assert [document["model"]["vocab"][i][0] for i in kept] == ["<unk>", "a", "b", "c", "abc", "ab"]


def test_bytes_stand_for_characters_without_a_piece() -> None:
    spelt = [(f"<0x{byte:02X}>", -9.0) for byte in range(256)]
    document = scored(*LETTER_SCORES, ("ab", -1.0), ("bc", -1.0), *spelt, byte_fallback=True)

    pair = trimmed_to(document, ("ab",), 1, 0)

    assert len(pair.kept) == len(LETTER_SCORES) + 1 + 256
    assert pair.trimmed.encode("ab字").tokens == ["ab", "<0xE5>", "<0xAD>", "<0x97>"]


# --- all kinds ---------------------------------------------------------------------------------------


def test_an_added_token_between_the_pieces_is_refused() -> None:
    document = pairs([["a", "b"]])
    document["model"]["vocab"]["ab"] = 9
    document["added_tokens"] = [
        {"id": 5, "content": "<x>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
    ]  # fmt: skip

    assert "'<x>'" in can_trim(document)


@pytest.mark.parametrize("family", BYTES)
def test_tokens_added_outside_the_vocabulary_come_last(family: str) -> None:
    tokenizer = opened(json.loads(document_of(family)))
    tokenizer.add_tokens([AddedToken("<dose>", normalized=False), AddedToken("<name>", normalized=False)])

    pair = trimmed_to(json.loads(tokenizer.to_str()), ("a dose",), 1, None)

    ids = pair.trimmed.encode("a dose <name> <dose>", add_special_tokens=False).ids
    assert {len(pair.kept) - 1, len(pair.kept) - 2} <= set(ids)
    assert assert_nothing_lost(pair, "a dose<name><dose>")


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes_lie_between_the_smallest_and_the_whole_vocabulary(family: str) -> None:
    document = json.loads(document_of(family))
    counts = count_pieces(row.ids for row in pair_of(family, 1).full.encode_batch(list(DOMAIN)))

    found = sizes(document, counts)

    assert found[0] == len(pair_of(family, 1).kept)
    assert found[-1] == pair_of(family, 1).full.get_vocab_size()
    assert list(found) == sorted(set(found))
    assert all(len(choose_pieces(document, counts, 1, size)) == size for size in found)
    assert not set(SIZES) & set(found)  # the vocabulary is smaller than the smallest of them


def test_sizes_of_a_large_vocabulary() -> None:
    words = [(f"{a}{b}{c}{d}", -5.0) for a in "abc" for b in "abcd" for c in "abcdefghij" for d in "abcdefghijkl" * 4]
    letters = [(letter, -2.0) for letter in "abcdefghijkl"]
    numbered = [
        (f"{word}{'abcdefghijkl'[i % 12]}{'abcdefghijkl'[i // 12 % 12]}", s) for i, (word, s) in enumerate(words)
    ]
    vocabulary = list({piece: (piece, score) for piece, score in [("<unk>", 0.0), *letters, *numbered]}.values())
    document = scored(*vocabulary)
    assert len(vocabulary) > SIZES[0]

    found = sizes(document, Counter())

    assert found == (len(letters) + 2, SIZES[0], len(vocabulary))


def test_a_tokenizer_that_cannot_be_trimmed_has_one_size() -> None:
    document = json.loads(Tokenizer(models.WordLevel({"a": 0, "b": 1}, "a")).to_str())

    assert sizes(document, Counter()) == (2,)
