from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import run_hub
from tests.support.tiny_bundle import FP32, make_tiny_bundle


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bench") / "tiny")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.edge.bench.ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)


def test_all_variants_against_a_bundle_and_a_file(tiny: Path, tmp_path: Path) -> None:
    other = str(make_tiny_bundle(tmp_path / "other"))
    file = str(tiny / FP32)
    words = ["bench", str(tiny), "--variant", "all", "--against", other, "--against", file, "--calls", "3", "--json"]
    done = run_hub(*words)
    assert (done.code, done.err) == (0, "")
    document = done.json()
    assert set(document["variants"]) == {"fp32", "int8"}
    assert set(document["against"]) == {other, file}
    int8 = document["variants"]["int8"]
    assert {"p50_ms", "p95_ms", "cold_ms", "rows_per_s", "rss_mb", "start_ms", "lengths", "sha256"} == set(int8)
    manifest = json.loads((tiny / "bundle.json").read_text("utf-8"))
    assert int8["sha256"] == manifest["files"][manifest["variants"]["int8"]["file"]]["sha256"]
    assert set(int8["lengths"]) == {"16", "64"}
    assert int8["lengths"]["64"]["threads"] == 1
    assert document["against"][file]["rss_mb"] is None
    quotient = document["ratios"]["int8"][file]["16"]
    assert quotient == pytest.approx(document["against"][file]["p50_ms"] / int8["p50_ms"], rel=0.01)
    assert document["machine"]["cores"] >= 1
    low, high = document["ratio_bounds"]["int8"][file]["16"]
    assert low <= high
    assert document["disagreement_percent"]["inputs"]["fp32"] == {other: 0.0, file: 0.0}
    assert set(document["compared"]) == set(document["disagreement_percent"]) == {"inputs", "timed"}


def test_the_table_has_a_line_for_each_length(tiny: Path) -> None:
    done = run_hub("bench", str(tiny), "--calls", "2", "--against", str(tiny / FP32))
    assert done.code == 0
    heading = done.out.splitlines()[1]
    assert " ".join(heading.split()) == "model tokens p50 ms p95 ms cold ms rows/s memory MB start ms"
    assert done.out.splitlines()[2].split()[:2] == ["int8", "16"]
    assert done.out.splitlines()[3].split()[0] == "64"
    assert f"int8 against {tiny / FP32}: " in done.out


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--variant", "int9"), 2, "did you mean"),
        (("--against", "nowhere"), 3, "nowhere"),
        (("--against", "a", "--against", "a"), 2, "measured twice"),
        (("--threads", "0"), 2, "--threads"),
    ],
)
def test_wrong_use_is_said(tiny: Path, words: tuple[str, ...], code: int, why: str) -> None:
    done = run_hub("bench", str(tiny), *words)
    assert done.code == code
    assert why in done.err


def test_a_file_that_is_no_model_is_named(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no model")
    done = run_hub("bench", str(tiny), "--against", str(tmp_path / "x.onnx"))
    assert done.code == 3
    assert "x.onnx" in done.err
