from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Augmentation, jitter_numbers, resolve, swap_phrases, typos
from hub.contract.augment import AUGMENTATIONS

PAIRS = (("MI", "myocardial infarction"), ("fever", "pyrexia"), ("kidney", "renal"), ("kidney injury", "renal harm"))
TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from(["MI", "fever", "Kidney", "injury", "12.50", "7", "badger", "007", "it", "of"]), max_size=12
).map(" ".join)


@given(TEXT, st.integers(0, 10**6))
def test_equal_draws_give_equal_texts_and_words_never_vanish(text: str, seed: int) -> None:
    def phrases(text: str, draw: random.Random) -> str:
        return swap_phrases(text, PAIRS, draw)

    for change in (typos, jitter_numbers, phrases):
        found = change(text, random.Random(seed))

        assert found == change(text, random.Random(seed))
        assert bool(found.strip()) == bool(text.strip())
        assert len(found.split()) >= len(text.split()) - 2 * text.count(" ")


@pytest.mark.parametrize("reference", AUGMENTATIONS.values(), ids=list(AUGMENTATIONS))
def test_what_the_host_offers_is_there(reference: str) -> None:
    assert resolve(reference)("", random.Random(0)) == ""


@given(st.integers(0, 10**6))
def test_a_typing_error_changes_one_word_and_keeps_its_first_letter(seed: int) -> None:
    before = "the old badger was seen"

    after = typos(before, random.Random(seed))

    words = list(zip(before.split(), after.split(), strict=True))
    changed = [(old, new) for old, new in words if old != new]
    assert len(changed) <= 1  # two equal letters swapped are no error
    for old, new in changed:
        assert old in ("badger", "seen")
        assert new[0] == old[0]
        assert abs(len(new) - len(old)) <= 1


def test_every_kind_of_error_is_made() -> None:
    found = {typos("badger", random.Random(seed)) for seed in range(300)}

    assert "bagder" in found  # swapped
    assert "bader" in found  # dropped
    assert "baddger" in found  # doubled
    assert {"bafger", "basger"} <= found  # the keys beside d
    assert all(word.startswith("b") for word in found)


def test_long_texts_have_an_error_in_one_of_eight_words() -> None:
    text = " ".join(["badger"] * 80)

    after = typos(text, random.Random(1))

    assert 8 <= sum(word != "badger" for word in after.split()) <= 10


@given(st.floats(0.1, 1e6), st.integers(0, 3), st.integers(0, 1000))
def test_numbers_move_by_at_most_a_tenth(value: float, decimals: int, seed: int) -> None:
    written = f"{value:.{decimals}f}"

    found = jitter_numbers(f"took {written} mg", random.Random(seed))

    number = re.fullmatch(r"took (\S+) mg", found)
    assert number is not None
    assert len(number[1].partition(".")[2]) == decimals
    assert abs(float(number[1]) - float(written)) <= 0.1 * float(written) + 1e-9 * (1 + float(written))


@pytest.mark.parametrize(
    "text", ["code K35.80", "at 10:30", "on 2024-05-01", "007", "1234567890123", "v1.2.3", "no digits", "A1", "24h"]
)
def test_what_names_and_does_not_measure_stays(text: str) -> None:
    assert all(jitter_numbers(text, random.Random(seed)) == text for seed in range(30))


@pytest.mark.parametrize("number", ["0", "6", "0.4", "0.0"])
def test_a_number_without_a_neighbour_within_a_tenth_stays(number: str) -> None:
    assert all(jitter_numbers(f"{number} mg", random.Random(seed)) == f"{number} mg" for seed in range(30))


def test_a_neighbour_just_a_tenth_off_is_taken() -> None:
    assert {jitter_numbers("10 mg", random.Random(seed)) for seed in range(50)} == {"9 mg", "10 mg", "11 mg"}


def test_phrases_are_swapped_in_both_directions() -> None:
    draw = random.Random(0)

    assert swap_phrases("old MI", PAIRS, draw) == "old myocardial infarction"
    assert swap_phrases("Myocardial Infarction", PAIRS, draw) == "MI"
    assert swap_phrases("pyrexia", PAIRS, draw) == "fever"


def test_only_whole_words_and_capitals_as_capitals() -> None:
    for text in ("mi", "MIX", "feverish", "no phrase", ""):
        assert swap_phrases(text, PAIRS, random.Random(0)) == text


def test_the_longest_phrase_is_found_first() -> None:
    assert swap_phrases("kidney injury", PAIRS, random.Random(0)) == "renal harm"


def test_some_of_several_phrases_are_swapped() -> None:
    found = {swap_phrases("MI with fever", PAIRS, random.Random(seed)) for seed in range(50)}

    whole = "myocardial infarction"
    assert found == {f"{whole} with fever", "MI with pyrexia", f"{whole} with pyrexia"}


def test_no_pairs_change_nothing() -> None:
    assert swap_phrases("MI with fever", (), random.Random(0)) == "MI with fever"


@pytest.mark.parametrize(("name", "function"), [("typos", "a:b"), ("Two Words", "a:b"), ("mine", "no reference")])
def test_what_no_augmentation_can_be_is_refused(name: str, function: str) -> None:
    with pytest.raises(ValueError):
        Augmentation(name, function)
