"""Wheels are read as zip files: which one is taken, and which are refused."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import DataError, UsageError
from hub.host.install_wheel import Need, find_wheel, installed_version, read_wheel
from tests.support.wheels import make_wheel

INFO = "acme_support-1.2.dist-info"


def test_what_a_wheel_says(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)

    wheel = read_wheel(path, "Acme_Support")

    assert (wheel.distribution, wheel.version, wheel.plugins) == ("acme-support", "1.2", ("support_desk",))
    assert wheel.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert wheel.bytes == path.stat().st_size
    assert wheel.needs == ()


def test_nothing_in_it_is_imported(tmp_path: Path) -> None:
    read_wheel(make_wheel(tmp_path, source="raise RuntimeError('imported')\n"))

    assert "support_desk" not in sys.modules


def test_what_it_needs_on_this_machine(tmp_path: Path) -> None:
    requires = [
        "numpy",
        "numpy>=999",
        "a-thing-nobody-has<2,>=1",
        "other; extra == 'train'",
        "old; python_version < '3'",
    ]

    wheel = read_wheel(make_wheel(tmp_path, requires=requires))

    assert wheel.needs == (
        Need("numpy", "", np.__version__, True),
        Need("numpy", ">=999", np.__version__, False),
        Need("a-thing-nobody-has", "<2,>=1", "", False),
    )


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"../outside.py": ""}, "'../outside.py'"),
        ({"a/../../outside.py": ""}, "outside.py"),
        ({"/etc/outside": ""}, "'/etc/outside'"),
        ({"C:/outside": ""}, "'C:/outside'"),
        ({"a\\b": ""}, "path"),
        ({"bell\x07": ""}, "path"),
        ({"hub/cli/main.py": ""}, "the hub's own package"),
        ({"hub.py": ""}, "the hub's own package"),
        ({"acme_support-1.2.data/purelib/hub/x.py": ""}, "the hub's own package"),
        ({"other-1.0.dist-info/METADATA": ""}, "2 folders of metadata"),
        ({f"{INFO}/METADATA": "Name: other\nVersion: 1.2\n"}, "its METADATA is of 'other'"),
        ({f"{INFO}/METADATA": "Name: acme-support\nVersion: 1.3\n"}, "of version '1.3'"),
        ({f"{INFO}/METADATA": "Name: acme-support\nVersion: new\n"}, "of version 'new'"),
        ({f"{INFO}/METADATA": ""}, "its METADATA is of None"),
        ({f"{INFO}/METADATA": "Name: acme-support\nVersion: 1.2\nRequires-Dist: >>\n"}, "cannot be read"),
        ({f"{INFO}/METADATA": "x" * 1_000_001}, "1,000,000 bytes"),
        ({f"{INFO}/entry_points.txt": "[console_scripts]\na = b:c\n"}, "it is no plugin"),
        ({f"{INFO}/entry_points.txt": "[hub]\n"}, "it is no plugin"),
        ({f"{INFO}/entry_points.txt": "hub = x\n"}, "entry_points.txt cannot be read"),
        ({f"{INFO}/entry_points.txt": "\0\xff"}, "entry_points.txt cannot be read"),
    ],
)
def test_refused_contents(tmp_path: Path, files: dict[str, str], words: str) -> None:
    path = make_wheel(tmp_path, files=files)

    with pytest.raises(DataError) as caught:
        read_wheel(path)

    assert caught.value.code == "HUB-P060"
    assert caught.value.what == f"{path.name} is not installed"
    assert words in caught.value.why


@pytest.mark.parametrize(
    ("missing", "words"), [("METADATA", "it has no METADATA"), ("entry_points.txt", "it is no plugin")]
)
def test_missing_files(tmp_path: Path, missing: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read_wheel(make_wheel(tmp_path, without=[missing]))

    assert words in caught.value.why


def test_link_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("a_link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc")

    with pytest.raises(DataError) as caught:
        read_wheel(path)

    assert "the link 'a_link'" in caught.value.why


def test_wheel_of_another_distribution_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_wheel(make_wheel(tmp_path), "domainhub-medical")

    assert caught.value.why == "it is a wheel of acme-support, not of domainhub-medical"


@pytest.mark.parametrize(
    "name", ["x.whl", "acme_support.whl", "acme_support-1.2.zip", "acme support-1.2-py3-none-any.whl"]
)
def test_name_that_is_no_wheels(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError) as caught:
        read_wheel(make_wheel(tmp_path).rename(tmp_path / name))

    assert caught.value.code == "HUB-P060"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all", b"\0" * 1000])
def test_broken_zip(tmp_path: Path, data: bytes) -> None:
    path = make_wheel(tmp_path)
    path.write_bytes(data)

    with pytest.raises(DataError) as caught:
        read_wheel(path)

    assert "cannot be read" in caught.value.why


@given(st.data())
def test_damage_anywhere_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = make_wheel(tmp_path_factory.mktemp("wheel"))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])

    try:
        wheel = read_wheel(path, "acme-support")
    except DataError as error:
        assert error.code == "HUB-P060"
    else:
        assert wheel.distribution == "acme-support"


def test_newest_wheel_of_the_folder(tmp_path: Path) -> None:
    for version in ("0.9", "0.10", "0.2"):
        make_wheel(tmp_path, version=version)
    make_wheel(tmp_path, distribution="acme-other", version="7.0")
    (tmp_path / "not-a-wheel.whl").write_text("", "utf-8")
    (tmp_path / "notes.txt").write_text("", "utf-8")

    assert find_wheel(tmp_path, ["acme.support"]).name == "acme_support-0.10-py3-none-any.whl"


def test_prereleases_only_when_there_is_nothing_else(tmp_path: Path) -> None:
    make_wheel(tmp_path, version="2.0rc1")
    assert find_wheel(tmp_path, ["acme-support"]).name.startswith("acme_support-2.0rc1")

    make_wheel(tmp_path, version="1.0")
    assert find_wheel(tmp_path, ["acme-support"]).name.startswith("acme_support-1.0")


def test_wheels_for_other_pythons_are_left_alone(tmp_path: Path) -> None:
    make_wheel(tmp_path, version="1.0")
    make_wheel(tmp_path, version="2.0", tag="cp27-cp27m-win32")

    assert find_wheel(tmp_path, ["acme-support"]).name.startswith("acme_support-1.0")


def test_second_name_counts_when_there_is_no_wheel_of_the_first(tmp_path: Path) -> None:
    make_wheel(tmp_path, distribution="domainhub-support")

    assert find_wheel(tmp_path, ["support", "domainhub-support"]).name.startswith("domainhub_support")


@pytest.mark.parametrize(("name", "words"), [("acme-suport", "did you mean 'acme-support'?"), ("zz", "known: ")])
def test_no_wheel_of_that_name(tmp_path: Path, name: str, words: str) -> None:
    make_wheel(tmp_path)

    with pytest.raises(UsageError) as caught:
        find_wheel(tmp_path, [name])

    assert caught.value.code == "HUB-P061"
    assert words in caught.value.why


def test_empty_and_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as empty:
        find_wheel(tmp_path, ["a"])
    with pytest.raises(UsageError) as missing:
        find_wheel(tmp_path / "nowhere", ["a"])

    assert empty.value.why == "there is no wheel for this Python in it"
    assert str(tmp_path / "nowhere") in missing.value.what


def test_installed_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_there-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))

    assert installed_version("numpy") == np.__version__
    assert installed_version("a-thing-nobody-has") == ""
    assert installed_version("half-there") == ""
