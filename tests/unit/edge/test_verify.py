from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from hub.contract.errors import BundleError
from hub.edge import writer
from hub.edge.folder import MANIFEST, read_manifest
from hub.edge.verify import verify
from tests.support.tiny_bundle import make_tiny_bundle


def failed(folder: Path) -> dict[str, str]:
    return {check.name: check.detail for check in verify(folder) if not check.ok}


def test_every_part_of_a_good_bundle_is_checked(sealed: Path) -> None:
    checks = verify(sealed)
    assert all(check.ok for check in checks)
    names = [check.name for check in checks]
    assert names[0] == "schema"
    assert {f"file {path}" for path in read_manifest(sealed).files} <= set(names)
    assert "gate parity" in names
    assert {f"self-test {v}: {what}" for v in ("fp32", "int8") for what in ("labels", "probabilities")} <= set(names)


def test_a_missed_gate_fails(tmp_path: Path) -> None:
    found = failed(make_tiny_bundle(tmp_path / "missed", gate_passed=False))
    assert list(found) == ["gate parity"]
    assert "measured 0.002, limit 0.0001" in found["gate parity"]


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json", "config.json"])
def test_a_changed_file_fails_its_check_and_the_self_tests(tiny: Path, name: str) -> None:
    content = bytearray((tiny / name).read_bytes())
    content[-1] ^= 1
    (tiny / name).write_bytes(content)
    found = failed(tiny)
    assert set(found) == {f"file {name}", "self-test fp32", "self-test int8"}
    assert "HUB-E004" in found["self-test int8"]


def test_a_changed_card_is_harmless_and_said(tiny: Path) -> None:
    (tiny / "README.md").write_text("x", encoding="utf-8")
    details = {check.name: (check.ok, check.detail) for check in verify(tiny)}
    assert details["file README.md"] == (True, "changed since the bundle was built, harmless")


def test_an_absent_variant_is_fine_and_not_tested(tiny: Path) -> None:
    (tiny / "onnx/model.onnx").unlink()
    (tiny / "report.html").unlink()
    checks = verify(tiny)
    assert all(check.ok for check in checks)
    assert not any("fp32" in check.name for check in checks)


def test_absent_shared_files_and_models_fail(tiny: Path) -> None:
    (tiny / "selftest.jsonl").unlink()
    assert "file selftest.jsonl" in failed(tiny)
    for name in ("model.onnx", "model_quantized.onnx"):
        (tiny / "onnx" / name).unlink()
    assert "no model file" in failed(tiny)["variants"]


def test_a_link_out_fails(tiny: Path) -> None:
    (tiny / "config.json").rename(tiny.parent / "config.json")
    (tiny / "config.json").symlink_to(tiny.parent / "config.json")
    assert "leads out" in failed(tiny)["file config.json"]


def test_a_model_of_other_answers_fails_the_self_test(tiny: Path) -> None:
    # As a builder would leave it who exported again and kept the old self-test: every hash is right.
    (tiny / "onnx/model.onnx").write_bytes((tiny / "onnx/model_quantized.onnx").read_bytes())
    rows = [json.loads(line) for line in (tiny / "selftest.jsonl").read_text(encoding="utf-8").splitlines()]
    rows[0]["text"] = "granite marble slate"
    (tiny / "selftest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    writer.seal(tiny, read_manifest(tiny))
    assert "self-test fp32: labels" in failed(tiny)


def test_a_variant_for_another_machine_is_not_run(tiny: Path) -> None:
    manifest = read_manifest(tiny)
    variant = dataclasses.replace(manifest.variants["int8"], requires=("avx_of_the_future",))
    writer.seal(tiny, dataclasses.replace(manifest, variants={**manifest.variants, "int8": variant}))
    checks = {check.name: check for check in verify(tiny)}
    assert checks["self-test int8"].ok
    assert "not run" in checks["self-test int8"].detail


def test_an_unreadable_manifest_is_the_only_check(tiny: Path) -> None:
    (tiny / MANIFEST).write_text("{}", encoding="utf-8")
    (check,) = verify(tiny)
    assert (check.name, check.ok) == ("schema", False)


def test_no_bundle_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        verify(tmp_path)
