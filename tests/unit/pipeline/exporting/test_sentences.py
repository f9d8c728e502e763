from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from hub.contract.errors import UsageError
from hub.edge.encode import Encoder
from hub.pipeline.exporting.sentences import ROWS, parity_inputs, questions, sentences
from tests.support import tiny_tokenizers

LENGTH = 128


@pytest.fixture(scope="module", params=["bert", "roberta", "xlnet"])
def tokenizer_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp(request.param) / "tokenizer.json"
    tiny_tokenizers.make_tokenizer(request.param, LENGTH).backend_tokenizer.save(str(file))
    return file


@pytest.fixture(scope="module")
def encoder(tokenizer_file: Path) -> Encoder:
    return Encoder(tokenizer_file, LENGTH)


def test_the_shipped_sentences_are_many_different_ones_in_many_scripts() -> None:
    letters = {character for text in sentences() for character in text if character.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}

    assert len(sentences()) == len(set(sentences())) >= 60
    wanted = {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "THAI", "CJK", "HIRAGANA", "HANGUL"}
    assert wanted <= scripts
    assert all(entry.question and entry.context for entry in questions())


def test_rows_have_every_length_and_the_longest_is_cut(encoder: Encoder) -> None:
    rows = parity_inputs(LENGTH, encoder)
    sizes = [len(found.ids) for found in encoder.encode(rows)]

    assert len(rows) == len(set(rows)) == ROWS
    assert min(sizes) == 3
    assert max(sizes) == LENGTH
    assert sum(size < LENGTH / 2 for size in sizes) > ROWS / 2
    assert any(LENGTH / 2 < size < LENGTH for size in sizes)


@pytest.mark.parametrize("max_length", [4, 9, 40])
@pytest.mark.parametrize("kind", ["text-classification", "question-answering", "pairs", "fill-mask"])
def test_every_length_and_kind_gives_the_rows_asked_for(tokenizer_file: Path, max_length: int, kind: str) -> None:
    encoder = Encoder(tokenizer_file, max_length)
    pairs = kind in ("pairs", "question-answering")
    mask = encoder.special.mask

    def rows() -> list[object]:
        return list(parity_inputs(max_length, encoder, kind=kind, pairs=kind == "pairs", mask=mask, rows=60))

    found = rows()
    assert len(found) == 60
    assert found == rows()
    assert all(isinstance(row, tuple) == pairs for row in found)


def test_every_gap_is_there_after_the_cut(tokenizer_file: Path) -> None:
    encoder = Encoder(tokenizer_file, 8)
    mask = encoder.special.mask
    rows = parity_inputs(8, encoder, kind="fill-mask", mask=mask)

    assert rows[0] == mask
    assert all(found.tokens.count(mask) == 1 for found in encoder.encode(rows))


def test_questions_come_with_the_context_that_answers_them(encoder: Encoder) -> None:
    rows = parity_inputs(LENGTH, encoder, kind="question-answering", rows=20)

    assert rows[:2] == [(entry.question, entry.context) for entry in questions()[:2]]
    long = rows[-1]
    assert isinstance(long, tuple)
    context = next(entry.context for entry in questions() if entry.question == long[0])
    assert long[1].startswith(context)


def test_a_tokenizer_without_a_mask_token_is_refused(encoder: Encoder) -> None:
    with pytest.raises(UsageError, match="HUB-X039"):
        parity_inputs(LENGTH, encoder, kind="fill-mask")


@pytest.mark.parametrize("rows", [1, 3, 4, 30])
def test_few_rows(encoder: Encoder, rows: int) -> None:
    assert len(parity_inputs(LENGTH, encoder, rows=rows)) == rows
