"""Make the splits a data set lacks: stratified by label, groups kept whole, decided by the seed alone."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from hub.contract.data import Dataset, Example

SHARES = {"test": 0.15, "validation": 0.10, "calibration": 0.10}
"""Share of the training rows that a missing split takes, in the order in which scarce rows are given out."""


def fill_splits(dataset: Dataset, seed: int) -> Dataset:
    """Cut missing splits from the training rows.

    Without groups every label gives each split its share, at least one row as long as training keeps half of the
    label's rows. With groups, whole groups are dealt out so that every split comes close to its share of each
    label; training has every label, and a label of few groups may lack rows elsewhere.

    Args:
        dataset: rows; a split without rows is missing.
        seed: decides which rows are cut.

    Returns:
        The data set with every missing split made (as far as there are rows for it); rows keep their order.
    """
    missing = [name for name in SHARES if not dataset.split(name)]
    if not missing:
        return dataset
    grouped = any(row.group for row in dataset.train)
    deal = _deal_groups if grouped else _deal_rows
    place = deal(dataset.train, missing, seed)
    made = {
        name: tuple(row for row, where in zip(dataset.train, place, strict=True) if where == name)
        for name in ["train", *missing]
    }
    return dataset.with_splits(made)


def _deal_rows(rows: Sequence[Example], missing: Sequence[str], seed: int) -> list[str]:
    """Return the split of every row."""
    by_label: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        by_label.setdefault(row.label, []).append(number)
    place = ["train"] * len(rows)
    for label, numbers in by_label.items():
        random.Random(f"{seed}:{label}").shuffle(numbers)
        total = len(numbers)
        free = total // 2
        for name in missing:
            take = min(free, max(1, round(SHARES[name] * total)))
            free -= take
            for _ in range(take):
                place[numbers.pop()] = name
    return place


def _deal_groups(rows: Sequence[Example], missing: Sequence[str], seed: int) -> list[str]:
    """Return the split of every row; rows of one group get the same one."""
    groups: dict[str | int, list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row.group or number, []).append(number)
    order = list(groups)
    random.Random(f"{seed}:groups").shuffle(order)
    order.sort(key=lambda group: -len(groups[group]))  # the large ones first: the small ones fill what is left
    labels = {group: Counter(rows[number].label for number in groups[group]) for group in order}
    totals = Counter(row.label for row in rows)
    shares = {name: SHARES[name] for name in missing}
    shares["train"] = 1 - sum(shares.values())
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
