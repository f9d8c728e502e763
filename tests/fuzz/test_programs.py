"""The command line on hostile bundles: exit codes, one line of cause, no traceback, nothing that steers a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fuzz import graphs, zips
from tests.fuzz.attack import forged
from tests.support.cli import run_hub
from tests.support.tiny_bundle import FP32, INT8

ESCAPE = "\x1b[2J\x9b31m"


def document(sealed: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((sealed / "bundle.json").read_bytes())
    return found


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff\xfe{}", b'{"schema": 1}'])
def test_a_manifest_that_is_none(sealed: Path, tmp_path: Path, content: bytes) -> None:
    folder = forged(sealed, tmp_path / "x", {"bundle.json": content})
    checked, asked = run_hub("verify", str(folder)), run_hub("predict", str(folder), "cat")
    assert (checked.code, asked.code) == (1, 3)
    assert "FAILED  schema" in checked.out
    assert "HUB-E002" in asked.err
    assert "Traceback" not in checked.err + asked.err


def test_a_model_that_is_none(sealed: Path, tmp_path: Path) -> None:
    for content in (b"", b"\x08\x0a" * 100, graphs.hostile(graphs.loop())):
        folder = forged(sealed, tmp_path / "x", {FP32: content, INT8: content})
        checked, asked = run_hub("verify", str(folder), "--json"), run_hub("predict", str(folder), "cat")
        assert (checked.code, asked.code) == (1, 3)
        failed = {check["name"] for check in checked.json()["checks"] if not check["ok"]}
        assert failed == {"self-test fp32", "self-test int8"}
        assert "HUB-E010" in asked.err
        assert "Traceback" not in checked.err + asked.err


def test_a_zip_is_verified_and_asked(archive: Path, tmp_path: Path, cache: Path) -> None:
    assert run_hub("verify", str(archive)).code == 0
    assert "animal" in run_hub("predict", str(archive), "cat").out
    evil = zips.with_entry(archive, tmp_path / "evil.zip", "../evil")
    for command in (("verify", str(evil)), ("predict", str(evil), "cat")):
        done = run_hub(*command)
        assert done.code == 3
        assert "HUB-E003" in done.err
        assert "Traceback" not in done.err


def test_names_do_not_steer_the_terminal(sealed: Path, tmp_path: Path) -> None:
    changed = document(sealed)
    changed["name"] = changed["task"] = f"name{ESCAPE}"
    changed["labels"] = [{"id": entry["id"], "name": entry["name"] + ESCAPE} for entry in changed["labels"]]  # type: ignore[attr-defined]
    changed["gates"][0]["name"] += ESCAPE  # type: ignore[index]
    folder = forged(sealed, tmp_path / "x", {"bundle.json": json.dumps(changed).encode()})
    for command in (("verify", str(folder)), ("verify", str(folder), "--json"), ("predict", str(folder), "cat")):
        done = run_hub(*command)
        assert done.code == 0
        assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in done.out + done.err)
        assert not any(0x7F <= ord(letter) <= 0x9F for letter in done.out + done.err)
    assert run_hub("verify", str(folder), "--json").json()["ok"] is True
