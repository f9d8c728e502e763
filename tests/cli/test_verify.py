from __future__ import annotations

from pathlib import Path

from tests.support.cli import run_hub
from tests.support.tiny_bundle import make_tiny_bundle


def test_a_good_bundle_passes(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "good")
    done = run_hub("verify", str(folder))
    assert done.code == 0
    assert "FAILED" not in done.out
    assert done.out.endswith("checks passed\n")
    document = run_hub("verify", str(folder), "--json").json()
    assert document["ok"] is True
    assert {"name", "ok", "detail"} == set(document["checks"][0])
    assert "self-test int8: labels" in [check["name"] for check in document["checks"]]


def test_a_failed_check_exits_1_and_names_the_file(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "bad")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    done = run_hub("verify", str(folder))
    assert done.code == 1
    assert "FAILED  file config.json" in done.out
    assert "3 of " in done.out
    document = run_hub("verify", str(folder), "--json")
    assert document.code == 1
    assert document.json()["ok"] is False


def test_a_missed_gate_exits_1(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "missed", gate_passed=False)
    done = run_hub("verify", str(folder))
    assert done.code == 1
    assert "FAILED  gate parity" in done.out


def test_no_bundle_is_an_error(tmp_path: Path) -> None:
    done = run_hub("verify", str(tmp_path / "nowhere"))
    assert done.code == 3
    assert str(tmp_path / "nowhere") in done.err
