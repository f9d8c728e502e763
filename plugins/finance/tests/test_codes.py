from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.contract import DataError, MissingError
from hub_finance.codes import LISTS, PRIVATE, RANGES, Description, Register, find_folder, read_register


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small package folder with every file."""
    for name in LISTS:
        (tmp_path / name).write_text("MCC,DESCRIPTION\n", encoding="utf-8")
    (tmp_path / "visa_list.csv").write_text(
        'MCC,DESCRIPTION,MORE\n0742," Pet  doctors ",\n3000,Some Airline,SOME AIR\n0780,"Gardens, lawns",\n1000, ,\n',
        encoding="utf-8",
    )
    (tmp_path / RANGES).write_text("MCC START,MCC END,DESCRIPTION\n0700,0999,Farms\n1000,3999,Rest\n", encoding="utf-8")
    (tmp_path / PRIVATE).write_text("MCC START,MCC END,DESCRIPTION\n3000,3350,Airlines\n", encoding="utf-8")
    return tmp_path


def test_files_are_read(folder: Path) -> None:
    register = read_register(folder)
    assert register.descriptions == (
        Description("Pet doctors", "0742", "visa_list.csv:2"),
        Description("Some Airline", "3000", "visa_list.csv:3"),
        Description("Gardens, lawns", "0780", "visa_list.csv:4"),
    )
    assert register.ranges == {"0700-0999": "Farms", "1000-3999": "Rest"}
    assert [register.range_of(code) for code in ("0700", "0999", "1000", "3000")] == ["0700-0999"] * 2 + [
        "1000-3999"
    ] * 2
    assert [register.is_brand(code) for code in ("2999", "3000", "3350", "3351")] == [False, True, True, False]


def test_code_without_a_range(folder: Path) -> None:
    with pytest.raises(DataError, match="HUB-D020") as caught:
        read_register(folder).range_of("9999")
    assert "9999" in caught.value.why


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("visa_list.csv", b"", "its columns are none"),
        ("visa_list.csv", b"CODE,TEXT\n0742,Pets\n", "its columns are CODE, TEXT"),
        ("visa_list.csv", b"MCC,DESCRIPTION\n0742,Pets\n74,Dogs\n", "line 3"),
        ("visa_list.csv", "MCC,DESCRIPTION\n٠٧٤٢,Pets\n".encode(), "line 2"),
        ("visa_list.csv", b"MCC,DESCRIPTION\n0742\n", "line 2"),
        ("visa_list.csv", b"MCC,DESCRIPTION\n0742,Caf\xe9\n", "codec can't decode"),
        ("visa_list.csv", b'MCC,DESCRIPTION\n0742,"Pets', "unexpected end of data"),
        (RANGES, b"MCC START,MCC END,DESCRIPTION\n0999,0700,Farms\n", "line 2: '0999' to '0700'"),
        (PRIVATE, b"MCC START,MCC END,DESCRIPTION\n3000,end,Airlines\n", "line 2: '3000' to 'end'"),
    ],
)
def test_damaged_files_are_refused(folder: Path, name: str, content: bytes, why: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=f"HUB-D020: {name}") as caught:
        read_register(folder)
    assert why in caught.value.why
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", [*LISTS, RANGES, PRIVATE])
def test_missing_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"HUB-D020: {name}"):
        read_register(folder)


def test_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub_finance.codes._PACKAGE", "no_such_package_of_codes")
    with pytest.raises(MissingError, match="HUB-P032") as caught:
        find_folder()
    assert caught.value.exit_code == 4
    assert "pip install" in caught.value.fix


def test_package_without_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "codes_without_files").mkdir()
    (tmp_path / "codes_without_files" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("hub_finance.codes._PACKAGE", "codes_without_files")
    with pytest.raises(MissingError, match="HUB-P032"):
        find_folder()


def test_package_is_found_without_importing_it() -> None:
    code = """
import sys
from hub_finance.codes import find_folder
print(find_folder().name, "iso18245" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["data", "False"]


def test_packaged_lists(register: Register) -> None:
    words = {entry.text for entry in register.descriptions if entry.code == "5812"}
    assert {"Eating places and restaurants", "Eating Places, Restaurants"} & words
    assert register.ranges[register.range_of("5812")] == "Miscellaneous outlets"
    assert register.is_brand("3000")
    assert not register.is_brand("4111")
    assert list(register.private.values()) == ["Airlines", "Car rental", "Lodging"]
    assert len({entry.code for entry in register.descriptions}) > 300
    assert all(entry.text == " ".join(entry.text.split()) for entry in register.descriptions)
