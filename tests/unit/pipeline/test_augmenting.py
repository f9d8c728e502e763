from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract import Augmentation, Example, Task
from hub.contract.errors import RunError
from hub.edge.encode import Encoder
from hub.evaluate.forms import form_of
from hub.pipeline.stages.augmenting import Change, Variants, variants_of
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.rows import Rows
from hub.testing import tiny
from hub.train.base import tokenizer_document

TEXTS = ("the badger", "old heron near moss", "quartz", "a small otter with another otter", "fern and birch")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_text(json.dumps(tokenizer_document(tiny._tokenizer(tiny.vocabulary()))), "utf-8")
    return path


@pytest.fixture
def encoder(file: Path) -> Encoder:
    return Encoder(file, 16)


def rows_of(inputs: Sequence[Any]) -> Rows:
    form = form_of("text-classification", ("a", "b"))
    examples = [Example(text="x", label="a")] * len(inputs)
    return Rows(form, tuple(inputs), form.truth(examples), form.units(examples), form.strata(examples), ("",), ("",))


def reworded(text: str, draw: random.Random) -> str:
    return " ".join(draw.choice(tiny.FILLER) if word in tiny.FILLER else word for word in text.split())


def made(encoder: Encoder, inputs: Sequence[Any] = TEXTS, *, change: Change = reworded, share: float = 1.0) -> Variants:
    rows = rows_of(inputs)
    return Variants(encoder, rows, encode_rows(encoder, rows), [("other words", change)], share, 7)


def read(variants: Variants, epoch: int) -> tuple[tuple[int, ...], ...]:
    assert variants.on_epoch(epoch) is False
    return variants.current.ids


def test_every_epoch_has_other_texts_and_an_epoch_again_the_same(encoder: Encoder) -> None:
    first, second = made(encoder), made(encoder)
    epochs = [read(first, epoch) for epoch in range(6)]

    assert len(set(epochs)) > 3
    # Another attempt begins in the middle.
    assert read(second, 4) == epochs[4]
    assert read(first, 1) == epochs[1]


def test_before_the_first_epoch_and_without_a_share_texts_are_as_they_are(encoder: Encoder) -> None:
    plain = encode_rows(encoder, rows_of(TEXTS)).ids

    assert made(encoder).current.ids == plain
    assert read(made(encoder, share=0.0), 3) == plain


def test_about_the_share_of_the_texts_is_changed(encoder: Encoder) -> None:
    variants = made(encoder, ["badger"] * 400, change=lambda text, draw: "heron", share=0.25)
    plain = variants.current.ids[0]

    assert sum(ids != plain for ids in read(variants, 0)) == pytest.approx(100, abs=30)


def test_pieces_are_those_of_all_epochs(encoder: Encoder) -> None:
    variants = made(encoder)
    expected = {piece for epoch in range(5) for ids in read(variants, epoch) for piece in ids}

    assert made(encoder).pieces(5) == expected
    assert made(encoder, share=0.0).pieces(5) == set()


def test_ids_follow_a_trimmed_vocabulary(encoder: Encoder) -> None:
    before, variants = made(encoder), made(encoder)
    old = encode_rows(encoder, rows_of(TEXTS))
    used = sorted({piece for ids in old.ids for piece in ids} | variants.pieces(3))
    new = {piece: place for place, piece in enumerate(used)}
    trimmed = dataclasses.replace(old, ids=tuple(tuple(new[i] for i in ids) for ids in old.ids))

    variants.renumber(used, trimmed)

    assert variants.current is trimmed
    for epoch in range(3):
        assert [[used[i] for i in ids] for ids in read(variants, epoch)] == [list(ids) for ids in read(before, epoch)]


def test_both_texts_of_a_pair_are_changed_and_keep_their_types(encoder: Encoder) -> None:
    pairs = [("the badger", "the heron"), ("a fern", "a birch")]
    variants = made(encoder, pairs, change=lambda text, draw: f"{text} seen")

    variants.on_epoch(0)

    expected = encode_rows(encoder, rows_of([tuple(f"{text} seen" for text in pair) for pair in pairs]))
    assert variants.current.ids == expected.ids
    assert variants.current.types == expected.types


def test_windows_of_a_long_text_are_those_of_the_changed_one(file: Path) -> None:
    encoder = Encoder(file, 8, 2)
    texts = ["badger " * 20, "heron", "otter " * 9]
    variants = made(encoder, texts, change=lambda text, draw: text.replace("badger", "lynx"))
    plain = variants.current

    variants.on_epoch(0)

    expected = encode_rows(encoder, rows_of([texts[0].replace("badger", "lynx"), *texts[1:]]))
    assert len(plain.owners) > len(texts)
    assert variants.current.ids == expected.ids
    assert np.array_equal(variants.current.owners, plain.owners)


def test_a_shorter_text_gives_its_last_window_more_than_once(file: Path) -> None:
    encoder = Encoder(file, 8, 2)
    variants = made(encoder, ["badger " * 20, "otter " * 20], change=lambda text, draw: text.split()[0])

    found = read(variants, 0)

    words = {tiny.vocabulary().index(word) for word in ("badger", "otter")}
    assert all(len(ids) == 3 and ids[1] in words for ids in found)
    assert [ids[1] for ids in found] == [found[0][1]] * (len(found) // 2) + [found[-1][1]] * (len(found) // 2)


def test_a_change_that_leaves_nothing_is_passed_over(encoder: Encoder) -> None:
    variants = made(encoder, change=lambda text, draw: "  ")

    assert read(variants, 0) == encode_rows(encoder, rows_of(TEXTS)).ids


def fail(text: str, draw: random.Random) -> str:
    raise ZeroDivisionError("by zero")


@pytest.mark.parametrize("change", [fail, lambda text, draw: None, lambda text, draw: 7])
def test_a_function_that_fails_is_named(encoder: Encoder, change: Any) -> None:
    with pytest.raises(RunError, match="'other words'") as caught:
        made(encoder, change=change).on_epoch(0)

    assert caught.value.code == "HUB-T053"


def test_a_function_with_a_draw_of_its_own_is_named(encoder: Encoder) -> None:
    own = random.Random(1)
    variants = made(encoder, change=lambda text, draw: own.choice(tiny.FILLER))
    plain = encode_rows(encoder, rows_of(TEXTS))
    used = sorted({piece for ids in plain.ids for piece in ids} | variants.pieces(2))
    variants.renumber(used, plain)

    with pytest.raises(RunError, match=r"'other words' failed\n.*does not follow the draw") as caught:
        variants.on_epoch(0)

    assert caught.value.code == "HUB-T053"


def test_names_of_the_recipe_are_looked_up_in_their_order(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.pipeline.stages import augmenting

    functions = {"there:one": lambda text, draw: f"{text} one", "there:two": lambda text, draw: f"{text} two"}
    monkeypatch.setattr(augmenting, "resolve", functions.__getitem__)
    offered = (Augmentation("two", "there:two"), Augmentation("one", "there:one"))
    task: Task = dataclasses.replace(tiny.TASK, augment=offered)
    rows = rows_of(TEXTS)
    recipe = tiny.RECIPE.with_settings(["teacher.augment=one,two", "teacher.augment_share=1"])

    variants = variants_of(task, recipe, encoder, rows, encode_rows(encoder, rows), 7)

    assert variants is not None
    assert read(variants, 0) == encode_rows(encoder, rows_of([f"{text} one two" for text in TEXTS])).ids


def test_a_recipe_without_augmentation_changes_nothing(encoder: Encoder) -> None:
    rows = rows_of(TEXTS)

    assert variants_of(tiny.TASK, tiny.RECIPE, encoder, rows, encode_rows(encoder, rows), 7) is None
