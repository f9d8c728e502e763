"""Make the splits a data set lacks: stratified by answer, groups kept whole, decided by the seed alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from hub.contract.data import Dataset, Example
from hub.data.forms import Form

SHARES = {"test": 0.15, "validation": 0.10, "calibration": 0.10}
"""Share of the training rows that a missing split takes, in the order in which scarce rows are given out."""


def fill_splits(dataset: Dataset, seed: int, form: Form | None = None) -> Dataset:
    """Cut missing splits from the training rows.

    Rows are stratified by their marks (`Form.marks`): the label, the labels, the types of the entities, or the bin
    that a number lies in. Without groups every mark gives each split its share, at least one row as long as training
    keeps half of the mark's rows. Where rows have several marks, the rows of the rarest one are dealt out first
    (Sechidis et al. 2011, On the Stratification of Multi-label Data): splits come close to that, and training has
    every mark.
    With groups, whole groups are dealt out so that every split comes close to its share of each mark; training has
    every mark, and a mark of few groups may lack rows elsewhere.
    Rows of one input with several answers are for training only: no model can give them all. Such rows whose group
    is dealt to another split are left out.

    Args:
        dataset: rows; a split without rows is missing.
        seed: decides which rows are cut.
        form: of the rows; none for text with one label each.

    Returns:
        The data set with every missing split made (as far as there are rows for it); rows keep their order.
    """
    missing = [name for name in SHARES if not dataset.split(name)]
    if not missing:
        return dataset
    grouped = any(row.group for row in dataset.train)
    form = form or Form()
    unclear = _unclear(dataset.train, form)
    dealt = [number for number in range(len(dataset.train)) if grouped or number not in unclear]
    marks = [form.marks(dataset.train[number]) for number in dealt]
    if grouped:
        found = _deal_groups(dataset.train, marks, missing, seed)
    elif all(len(each) == 1 for each in marks):
        found = _deal_rows([mark for (mark,) in marks], missing, seed)
    else:
        found = _deal_marks(marks, missing, seed)
    place = ["train"] * len(dataset.train)
    for number, where in zip(dealt, found, strict=True):
        if number not in unclear:
            place[number] = where
        elif where != "train" and dataset.train[number].group:
            place[number] = ""
    made = {
        name: tuple(row for row, where in zip(dataset.train, place, strict=True) if where == name)
        for name in ["train", *missing]
    }
    return dataset.with_splits(made)


def _unclear(rows: Sequence[Example], form: Form) -> set[int]:
    """Return the numbers of rows whose input other rows have too; of inputs that may be equal by chance, none."""
    if not form.distinct:
        return set()
    keys = [form.key(row) for row in rows]
    counts = Counter(keys)
    return {number for number, key in enumerate(keys) if counts[key] > 1}


def _deal_rows(marks: Sequence[str], missing: Sequence[str], seed: int) -> list[str]:
    """Return the split of every row; each has one mark."""
    by_mark: dict[str, list[int]] = {}
    for number, mark in enumerate(marks):
        by_mark.setdefault(mark, []).append(number)
    place = ["train"] * len(marks)
    for mark, numbers in by_mark.items():
        random.Random(f"{seed}:{mark}").shuffle(numbers)
        total = len(numbers)
        free = total // 2
        for name in missing:
            take = min(free, max(1, round(SHARES[name] * total)))
            free -= take
            for _ in range(take):
                place[numbers.pop()] = name
    return place


def _deal_marks(marks: Sequence[tuple[str, ...]], missing: Sequence[str], seed: int) -> list[str]:
    """Return the split of every row: iterative stratification, in which training gets half of a mark's rows first."""
    shares = _shares(missing)
    totals = Counter(mark for found in marks for mark in found)
    open_rows = {name: {mark: max(1.0, share * n) for mark, n in totals.items()} for name, share in shares.items()}
    room = {name: share * len(marks) for name, share in shares.items()}
    trained: Counter[str] = Counter()
    order = list(range(len(marks)))
    random.Random(f"{seed}:rows").shuffle(order)
    having: dict[str, list[int]] = {}
    for number in order:
        for mark in marks[number]:
            having.setdefault(mark, []).append(number)
    place = [""] * len(marks)
    left = totals.copy()
    while left:
        rarest = min(left, key=lambda mark: (left[mark], mark))
        for number in having[rarest]:
            if place[number]:
                continue
            last_chance = any(left[mark] == 1 and not trained[mark] for mark in marks[number])
            if last_chance or 2 * trained[rarest] < totals[rarest]:
                name = "train"
            else:
                name = max(shares, key=lambda split: (round(open_rows[split][rarest], 9), room[split]))
            place[number] = name
            room[name] -= 1
            for mark in marks[number]:
                open_rows[name][mark] -= 1
                trained[mark] += name == "train"
                left[mark] -= 1
        left = +left  # without the marks that have no rows left
    return place


def _shares(missing: Sequence[str]) -> dict[str, float]:
    """Return the share of the rows that every split is to get, training the rest."""
    shares = {name: SHARES[name] for name in missing}
    return {**shares, "train": 1 - sum(shares.values())}


def _deal_groups(
    rows: Sequence[Example], marks: Sequence[tuple[str, ...]], missing: Sequence[str], seed: int
) -> list[str]:
    """Return the split of every row; rows of one group get the same one."""
    groups: dict[str | int, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.group or number, []).append(number)
    order = list(groups)
    random.Random(f"{seed}:groups").shuffle(order)
    order.sort(key=lambda group: -len(groups[group]))  # the large ones first: the small ones fill what is left
    labels = {group: Counter(mark for number in groups[group] for mark in marks[number]) for group in order}
    totals = Counter(mark for found in marks for mark in found)
    shares = _shares(missing)
    open_rows = {name: {label: share * n for label, n in totals.items()} for name, share in shares.items()}
    place = ["train"] * len(rows)
    kept = _kept_for_training(order, labels)
    for group in [*kept, *(group for group in order if group not in kept)]:
        name = "train" if group in kept else _neediest(labels[group], open_rows, shares, totals)
        for label, n in labels[group].items():
            open_rows[name][label] -= n
        for number in groups[group]:
            place[number] = name
    return place


def _kept_for_training(
    order: Sequence[str | int], labels: Mapping[str | int, Mapping[str, int]]
) -> dict[str | int, None]:
    """Return groups, few of them, that bring every label into training; smallest groups first, rare labels first."""
    having: dict[str, list[str | int]] = {}
    for group in order:
        for label in labels[group]:
            having.setdefault(label, []).append(group)
    kept: dict[str | int, None] = {}
    for label in sorted(having, key=lambda label: (len(having[label]), label)):
        if not any(group in kept for group in having[label]):
            kept[having[label][-1]] = None
    return kept


def _neediest(
    group: Mapping[str, int],
    open_rows: Mapping[str, Mapping[str, float]],
    shares: Mapping[str, float],
    totals: Mapping[str, int],
) -> str:
    """Return the split that a group brings closest to its shares; on a tie the one that lacks most of its share."""

    def gain(name: str) -> tuple[float, float]:
        lacking = open_rows[name]
        closer = sum((abs(lacking[label]) - abs(lacking[label] - n)) / totals[label] for label, n in group.items())
        return round(closer, 9), sum(lacking[label] / (shares[name] * totals[label]) for label in group)

    return max(shares, key=gain)
