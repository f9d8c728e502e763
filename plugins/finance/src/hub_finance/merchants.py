"""Descriptions of merchant category codes as rows in four splits, whole codes held out."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from hub.contract import DataError, Dataset, Example, Label, LoadRequest, comparison_key
from hub_finance.codes import LISTS, Description, Register, find_folder, read_register

LEAST_CODES = 8
"""A range of fewer codes is left out: it could not be learnt and measured."""
SHARES = {"test": (0.20, 2), "validation": (0.12, 1), "calibration": (0.12, 1)}
"""Share of a range's codes that a split holds out, and the least number of codes."""

LABELS = (
    Label("1500-2999", "Contracted services"),
    Label("4000-4799", "Transportation"),
    Label("4800-4999", "Utilities"),
    Label("5000-5599", "Retail outlets"),
    Label("5600-5699", "Clothing outlets"),
    Label("5700-5999", "Miscellaneous outlets"),
    Label("6000-7299", "Service providers"),
    Label("7300-7529", "Business services"),
    Label("7530-7799", "Repair services"),
    Label("7800-7999", "Amusement and entertainment"),
    Label("8000-8999", "Professional services and membership organizations"),
)
"""Ranges of ISO 18245 with at least `LEAST_CODES` codes, in the order of the standard."""


def load(request: LoadRequest) -> Dataset:
    """Load the packaged lists.

    Args:
        request: only the seed is used.

    Raises:
        MissingError: HUB-P032, iso18245 is not installed.
        DataError: HUB-D020, its files are damaged or have other ranges than this plugin.
    """
    return split_register(read_register(find_folder()), request.seed)


def split_register(register: Register, seed: int) -> Dataset:
    """Choose, split and describe the rows.

    Args:
        register: codes and descriptions.
        seed: of every draw; one range's draw does not depend on the others.

    Raises:
        DataError: HUB-D020, the ranges with enough codes are not `LABELS`.
    """
    public = [entry for entry in register.descriptions if not register.is_brand(entry.code)]
    kept, counts = _distinct(public, register)
    codes: dict[str, set[str]] = {name: set() for name in register.ranges}
    for entry in kept:
        codes[register.range_of(entry.code)].add(entry.code)
    small = {name: found for name, found in codes.items() if 0 < len(found) < LEAST_CODES}
    large = {name: found for name, found in codes.items() if len(found) >= LEAST_CODES}
    _check_ranges(large, register)
    homes = {code: split for name, found in large.items() for code, split in _deal(name, found, seed).items()}
    rows: dict[str, list[Example]] = {"train": [], **{split: [] for split in SHARES}}
    for entry in kept:
        if entry.code in homes:
            row = Example(entry.text, register.range_of(entry.code), entry.code, origin=entry.origin)
            rows[homes[entry.code]].append(row)
    counts |= {
        "descriptions": len(register.descriptions),
        "brand_descriptions": len(register.descriptions) - len(public),
        "codes": len(homes),
        "left_out_codes": sum(map(len, small.values())),
        "held_out_codes": sum(split != "train" for split in homes.values()),
        "rows": sum(map(len, rows.values())),
    }
    notes = _notes(counts, [f"{name} ({register.ranges[name]})" for name in small])
    return Dataset((), counts=counts, notes=notes).with_splits(rows)


def _distinct(entries: Sequence[Description], register: Register) -> tuple[list[Description], dict[str, int]]:
    """Keep the first of every text; drop texts that stand in several ranges."""
    ranges: dict[str, set[str]] = {}
    for entry in entries:
        ranges.setdefault(comparison_key(entry.text), set()).add(register.range_of(entry.code))
    first: dict[str, Description] = {}
    for entry in entries:
        key = comparison_key(entry.text)
        if len(ranges[key]) == 1:
            first.setdefault(key, entry)
    conflicts = sum(len(ranges[comparison_key(entry.text)]) > 1 for entry in entries)
    repeated = len(entries) - conflicts - len(first)
    return list(first.values()), {"contradicting_descriptions": conflicts, "repeated_descriptions": repeated}


def _check_ranges(found: Mapping[str, set[str]], register: Register) -> None:
    declared = {label.id: label.name for label in LABELS}
    actual = {name: register.ranges[name] for name in found}
    if actual != declared:
        strange = sorted(name for name, _ in actual.items() ^ declared.items())
        raise DataError(
            "HUB-D020",
            "the installed iso18245 has other ranges of merchant category codes than this plugin",
            f"they differ in {', '.join(dict.fromkeys(strange))}",
            "pip install --upgrade domainhub-finance, or install the iso18245 it was made for",
        )


def _deal(name: str, codes: set[str], seed: int) -> dict[str, str]:
    """Return the split of every code of a range."""
    order = sorted(codes)
    random.Random(f"{seed}:codes:{name}").shuffle(order)
    homes = dict.fromkeys(order, "train")
    for split, (share, least) in SHARES.items():
        for _ in range(max(least, round(share * len(codes)))):
            homes[order.pop()] = split
    return homes


def _notes(counts: Mapping[str, int], small: Sequence[str]) -> tuple[str, ...]:
    shares = {split: f"{share:.0%}" for split, (share, _) in SHARES.items()}
    return (
        f"The rows are {counts['rows']:,} different descriptions of {counts['codes']} merchant category codes, as"
        f" {', '.join(LISTS.values())} word them: a small set, so that single rows move the scores.",
        f"Codes of single airlines, car rentals and hotels ({counts['brand_descriptions']:,} descriptions in 3000-3999)"
        " are left out: a brand's name does not say what it sells.",
        f"Ranges of fewer than {LEAST_CODES} codes are left out ({counts['left_out_codes']} codes): {', '.join(small)}."
        if small
        else f"Every range has at least {LEAST_CODES} codes.",
        f"Before splitting, {counts['repeated_descriptions']:,} repeated and {counts['contradicting_descriptions']}"
        " contradicting descriptions were dropped.",
        f"Whole codes are held out, range by range: {shares['test']} of them for test, {shares['validation']} for"
        f" validation, {shares['calibration']} for calibration, so that every test row describes a code that training"
        " never saw.",
    )
