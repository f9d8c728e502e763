from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import SPLITS, Dataset, Example
from hub.data import form_of
from hub.data.splits import fill_splits


def rows_of(labels: list[str], groups: list[str] | None = None) -> tuple[Example, ...]:
    names = groups or [""] * len(labels)
    return tuple(Example(f"text {n}", label, group=names[n]) for n, label in enumerate(labels))


labels = st.lists(st.sampled_from("abcd"), min_size=1, max_size=120)
missing = st.sets(st.sampled_from(SPLITS[1:]), min_size=1)


def dataset_without(names: set[str], train: tuple[Example, ...]) -> Dataset:
    given_rows = {name: [Example(f"given {name}", "a")] for name in SPLITS[1:] if name not in names}
    return Dataset(train).with_splits(given_rows)


@settings(deadline=None)
@given(labels, missing, st.integers(0, 9))
def test_splits_are_disjoint_complete_stratified(names: list[str], absent: set[str], seed: int) -> None:
    before = dataset_without(absent, rows_of(names))
    after = fill_splits(before, seed)
    made = [*after.train, *(row for name in absent for row in after.split(name))]
    assert sorted(made, key=lambda row: int(row.text[5:])) == list(before.train)
    for name in set(SPLITS[1:]) - absent:
        assert after.split(name) == before.split(name)
    for label, total in Counter(names).items():
        kept = sum(row.label == label for row in after.train)
        assert kept >= (total + 1) // 2
        if total >= 2 * len(absent):
            assert all(any(row.label == label for row in after.split(name)) for name in absent)
    assert fill_splits(before, seed) == after


def test_shares() -> None:
    after = fill_splits(Dataset(rows_of(["a"] * 1000 + ["b"] * 100)), 0)
    counts = {name: Counter(row.label for row in rows) for name, rows in after}
    assert counts == {
        "train": {"a": 650, "b": 65},
        "validation": {"a": 100, "b": 10},
        "calibration": {"a": 100, "b": 10},
        "test": {"a": 150, "b": 15},
    }


def test_another_seed_cuts_other_rows() -> None:
    before = Dataset(rows_of(["a", "b"] * 100))
    assert fill_splits(before, 1).test != fill_splits(before, 2).test


def test_rows_keep_their_order() -> None:
    after = fill_splits(Dataset(rows_of(["a", "b"] * 50)), 3)
    for _, rows in after:
        places = [int(row.text[5:]) for row in rows]
        assert places == sorted(places)


def test_nothing_is_cut_when_all_splits_are_there() -> None:
    before = dataset_without(set(), rows_of(["a", "b"] * 20))
    assert fill_splits(before, 0) == before


grouped = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", *"qrstuvwxyz"])), min_size=1, max_size=80)


@settings(deadline=None)
@given(grouped, missing, st.integers(0, 9))
def test_groups_stay_whole_and_train_has_every_label(pairs: list[tuple[str, str]], absent: set[str], seed: int) -> None:
    train = rows_of([label for label, _ in pairs], [group for _, group in pairs])
    after = fill_splits(dataset_without(absent, train), seed)
    homes: dict[str, set[str]] = {}
    made = 0
    for name in ("train", *absent):
        made += len(after.split(name))
        for row in after.split(name):
            homes.setdefault(row.group or row.text, set()).add(name)
    assert made == len(train)
    assert all(len(found) == 1 for found in homes.values())
    assert {row.label for row in after.train} == {row.label for row in train}
    assert fill_splits(dataset_without(absent, train), seed) == after


@pytest.mark.parametrize("seed", range(5))
def test_groups_come_close_to_the_shares(seed: int) -> None:
    names = [f"group {n // 4}" for n in range(800)]  # 200 groups of 4 rows
    kinds = ["a" if n // 4 % 4 else "b" for n in range(800)]  # three quarters a
    after = fill_splits(Dataset(rows_of(kinds, names)), seed)
    wanted = {"train": 520, "validation": 80, "calibration": 80, "test": 120}
    for name, rows in after:
        assert abs(len(rows) - wanted[name]) <= 8
        assert abs(sum(row.label == "b" for row in rows) - wanted[name] / 4) <= 4


def test_a_label_of_one_group_stays_in_train() -> None:
    kinds = ["common"] * 60 + ["rare"] * 6
    names = [f"group {n // 3}" for n in range(60)] + ["only"] * 6
    after = fill_splits(Dataset(rows_of(kinds, names)), 0)
    assert sum(row.label == "rare" for row in after.train) == 6


some_labels = st.lists(st.sets(st.sampled_from("abcde"), max_size=3), min_size=1, max_size=80)


@settings(deadline=None)
@given(some_labels, missing, st.integers(0, 9))
def test_rows_of_several_labels(found: list[set[str]], absent: set[str], seed: int) -> None:
    train = tuple(Example(f"text {n}", labels=tuple(sorted(one))) for n, one in enumerate(found))
    form = form_of("multi-label")
    before = dataset_without(absent, train)
    after = fill_splits(before, seed, form)
    made = [*after.train, *(row for name in absent for row in after.split(name))]
    assert sorted(made, key=lambda row: int(row.text[5:])) == list(train)
    assert {mark for row in after.train for mark in form.marks(row)} == {
        mark for row in train for mark in form.marks(row)
    }
    assert fill_splits(before, seed, form) == after


@pytest.mark.parametrize("seed", range(5))
def test_rare_labels_come_into_every_split(seed: int) -> None:
    # b never stands alone, c and d only with each other; most rows have no label.
    sets = [("a",)] * 100 + [("a", "b")] * 12 + [("c", "d")] * 8 + [()] * 680
    train = tuple(Example(f"text {n}", labels=labels) for n, labels in enumerate(sets))
    after = fill_splits(Dataset(train), seed, form_of("multi-label"))
    counts = {name: Counter(mark for row in rows for mark in row.labels or ("",)) for name, rows in after}
    assert all(counts[name][mark] for name in counts for mark in ("a", "b", "c", "d", ""))
    assert counts["train"]["b"] >= 6
    assert counts["train"]["c"] >= 4
    shares = {"train": 0.65, "validation": 0.1, "calibration": 0.1, "test": 0.15}
    for name, share in shares.items():
        assert abs(counts[name]["a"] - 112 * share) <= 4
        assert abs(counts[name][""] - 680 * share) <= 4


def test_entities_are_stratified_by_type() -> None:
    rows = [Example(f"w{n}", words=(f"w{n}",), tags=("B-x" if n % 10 == 0 else "O",)) for n in range(400)]
    after = fill_splits(Dataset(tuple(rows)), 0, form_of("token-classification"))
    assert {name: sum(row.tags == ("B-x",) for row in found) for name, found in after} == {
        "train": 26,
        "validation": 4,
        "calibration": 4,
        "test": 6,
    }


def test_numbers_are_stratified_by_size() -> None:
    rows = tuple(Example("", number=float(n * n), values={"a": 1.0}) for n in range(400))
    after = fill_splits(Dataset(rows), 0, form_of("tabular-regression", rows))
    assert [len(found) for _, found in after] == [260, 40, 40, 60]
    low = {name: sum(row.number < 200 * 200 for row in found) for name, found in after}
    assert low == {"train": 130, "validation": 20, "calibration": 20, "test": 30}


def test_groups_of_several_labels_stay_whole() -> None:
    rows = tuple(
        Example(f"text {n}", labels=("a", "b") if n // 5 % 3 else (), group=f"group {n // 5}") for n in range(300)
    )
    after = fill_splits(Dataset(rows), 0, form_of("multi-label"))
    homes = {(row.group, name) for name, found in after for row in found}
    assert len(homes) == 60
    for name, share in {"train": 0.65, "validation": 0.1, "calibration": 0.1, "test": 0.15}.items():
        assert abs(sum(bool(row.labels) for row in after.split(name)) - 200 * share) <= 6


several_answers = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from("abc"), st.sampled_from(["", "one", "two", "three"])),
    min_size=1,
    max_size=120,
    unique_by=lambda row: row[:2],
)


@settings(deadline=None)
@given(several_answers, st.booleans(), st.integers(0, 9))
def test_texts_with_several_answers_are_for_training_alone(
    found: list[tuple[int, str, str]], grouped: bool, seed: int
) -> None:
    train = tuple(Example(f"text {n}", label, group=group if grouped else "") for n, label, group in found)
    times = Counter(number for number, _, _ in found)
    after = fill_splits(Dataset(train), seed)
    placed = [row for _, rows in after for row in rows]
    unclear = {f"text {number}" for number, count in times.items() if count > 1}
    assert not unclear & {row.text for name in SPLITS[1:] for row in after.split(name)}
    assert {row.label for row in after.train} == {row.label for row in train}
    gone = [row for row in train if row not in placed]
    assert len(placed) == len(train) - len(gone)
    assert all(row.text in unclear and row.group for row in gone)
    homes: dict[str, set[str]] = {}
    for name, rows in after:
        for row in rows:
            homes.setdefault(row.group or row.text, set()).add(name)
    assert all(len(names) == 1 for names in homes.values())


def test_a_label_whose_texts_all_have_others_too_is_trained() -> None:
    pairs = [(n, "a") for n in range(40)] + [(n, "b") for n in (4, 15, 18)]
    train = tuple(Example(f"text {n}", label) for n, label in pairs)
    for seed in range(30):
        after = fill_splits(Dataset(train), seed)
        assert sum(row.label == "b" for row in after.train) == 3
        assert after.test
