"""``hub export`` when graphs are wrong, variants lose too much, or rows carry labels."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from hub.edge import Bundle
from hub.edge.folder import read_manifest
from tests.support.cli import Result, run_hub
from tests.support.exporting import SAME, SPOILT, TinyExport, exporter, quick_timing, shared_export, use

KIND = "text-classification"
LABELS = ("billing", "delivery", "other")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyExport:
    """A real export, whose graph the exporters of these tests hand out."""
    return shared_export(KIND, tmp_path_factory)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_timing(monkeypatch)


def export(tiny: TinyExport, tmp_path: Path, *options: str) -> Result:
    runs = tmp_path / "runs"
    return run_hub("export", str(tiny.checkpoint), "--out", str(tmp_path / "out"), "--runs", str(runs), *options)


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir())


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_graph_that_is_not_the_model_fails_and_leaves_nothing(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(SAME, export="perturbed"))

    done = export(tiny, tmp_path)

    assert done.code == 1
    assert "HUB-G003" in done.err and "parity" in done.err
    assert "parity  missed" in " ".join(done.out.split(" ")).replace("   ", "  ")
    assert "bundle: none was written" in done.out
    assert left(tmp_path) == ["runs"]


def test_json_of_a_failed_export_has_figures_and_error(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(export="perturbed"))

    done = export(tiny, tmp_path, "--json")

    document = done.json()
    assert done.code == 1
    assert document["error"]["code"] == "HUB-G003"
    assert document["bundle"] is None and document["default_variant"] is None
    assert document["variants"]["fp32"]["max_difference"] > 1e-4
    (missed,) = (gate for gate in document["gates"] if not gate["passed"])
    assert (missed["name"], missed["limit"]) == ("parity", 1e-4)


def test_a_bundle_that_stood_before_stays_when_the_export_fails(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter())
    assert export(tiny, tmp_path).code == 0
    before = digests(tmp_path / "out")
    use(monkeypatch, exporter(export="perturbed"))

    assert export(tiny, tmp_path).code == 1

    assert digests(tmp_path / "out") == before


def test_keep_writes_a_bundle_that_says_it_failed(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(SAME, export="perturbed"))

    done = export(tiny, tmp_path, "--keep")

    out = tmp_path / "out"
    assert done.code == 1
    assert f"the bundle at {out} is marked as failed" in done.err
    manifest = read_manifest(out)
    assert manifest.failed
    assert list(manifest.variants) == ["fp32"]  # nothing is made of a graph that is wrong
    card = (out / "README.md").read_text("utf-8")
    assert card.split("---\n")[2].lstrip().splitlines()[2].startswith("> **1 of 2 gates missed: parity.")
    assert "do not rely on it" in card
    assert run_hub("verify", str(out)).code == 1
    assert "gates" in Bundle.open(out).warnings[0]


def test_auto_keeps_what_loses_nothing(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first form misses and the second one passes: the second one ships, and both are told of."""
    use(monkeypatch, exporter(SPOILT, SAME))

    done = export(tiny, tmp_path, "--json")

    document = done.json()
    assert done.code == 0
    assert document["default_variant"] == "int8"
    int8 = document["variants"]["int8"]
    assert (int8["form"], int8["agreement"], int8["max_difference"]) == ("same", 1.0, 0.0)
    assert document["tried"]["spoilt"]["agreement"] < 0.5
    assert document["tried"]["spoilt"]["worst"][0]["detail"].count("→") == 1
    assert read_manifest(tmp_path / "out").provenance["forms"]["int8"]["form"] == "same"


def test_auto_without_a_form_that_passes_gives_fp32_and_says_so_first(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(SPOILT))

    done = export(tiny, tmp_path)

    assert done.code == 0
    assert done.out.splitlines()[0].startswith("No int8 form passed, so the bundle holds fp32 only (spoilt: int8-agree")
    manifest = read_manifest(tmp_path / "out")
    assert list(manifest.variants) == ["fp32"]
    assert manifest.default_variant == {"portable": "fp32"}
    assert sorted(path.name for path in (tmp_path / "out" / "onnx").iterdir()) == ["model.onnx"]
    assert "No int8 form passed" in (tmp_path / "out" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("named", ["int8", "spoilt", "fp32,int8"])
def test_a_variant_that_was_asked_for_must_pass(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    use(monkeypatch, exporter(SPOILT))

    done = export(tiny, tmp_path, "--variants", named)

    assert done.code == 1
    assert "-agreement is" in done.err
    assert "changed answers" in done.out
    assert left(tmp_path) == ["runs"]


def test_keep_writes_the_variant_that_missed(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, exporter(SPOILT))

    assert export(tiny, tmp_path, "--variants", "int8", "--keep").code == 1

    manifest = read_manifest(tmp_path / "out")
    assert manifest.failed and set(manifest.variants) == {"fp32", "int8"}
    assert [gate.name for gate in manifest.gates if not gate.passed] == ["int8-agreement"]


def test_only_fp32_when_nothing_else_is_named(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(SAME))

    done = export(tiny, tmp_path, "--variants", "fp32", "--json")

    assert list(done.json()["variants"]) == ["fp32"]


def write_rows(file: Path, tiny: TinyExport, rows: int = 60, **columns: str) -> list[str]:
    """Write rows that are labelled as the model itself answers, but for every tenth one; return the texts."""
    bundle = Bundle.open(tiny.out, variant="fp32")
    texts = [f"Row {number} about a parcel, a refund and {number * 7} trains" for number in range(rows)]
    answers = [answer.label for answer in bundle.predict(texts)]
    labels = [label if number % 10 else LABELS[LABELS.index(label) - 1] for number, label in enumerate(answers)]
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([columns.get("text", "text"), columns.get("label", "label")])
        writer.writerows(zip(texts, labels, strict=True))
    return texts


def test_labelled_rows_give_scores_and_score_gates(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(SPOILT, SAME))
    texts = write_rows(tmp_path / "mine.csv", tiny)

    done = export(tiny, tmp_path, "--data", str(tmp_path / "mine.csv"), "--json")

    document = done.json()
    assert done.code == 0, done.err
    assert document["labelled_rows"] == 60 and document["headline_metric"] == "macro_f1"
    # Nine of ten rows carry the model's own answer.
    assert document["variants"]["fp32"]["scores"]["all"]["accuracy"] == pytest.approx(0.9)
    assert document["variants"]["int8"]["scores"] == document["variants"]["fp32"]["scores"]
    assert document["tried"]["spoilt"]["scores"]["all"]["accuracy"] < 0.5
    assert {"int8-drop/all", "int8-label-drop/all"} <= {gate["name"] for gate in document["gates"]}
    assert not any("no score" in note for note in document["notes"])
    manifest = read_manifest(tmp_path / "out")
    assert manifest.headline == {"slice": "all", "metric": "macro_f1"}
    whole = "".join(path.read_text("utf-8") for path in (tmp_path / "out").glob("*.*") if path.suffix != ".onnx")
    assert not any(text in whole for text in texts)  # the user's rows go nowhere


def test_own_rows_may_stand_in_the_self_test_when_allowed(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter())
    texts = write_rows(tmp_path / "mine.csv", tiny)

    export(tiny, tmp_path, "--data", str(tmp_path / "mine.csv"), "--selftest-from-data")

    lines = (tmp_path / "out" / "selftest.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["text"] for line in lines} <= set(texts)


def test_columns_are_named_and_rows_without_labels_are_compared(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter(SAME))
    write_rows(tmp_path / "mine.csv", tiny, text="message", label="who knows")

    done = export(tiny, tmp_path, "--data", str(tmp_path / "mine.csv"), "--set", "data.text=message", "--json")

    document = done.json()
    assert document["measured_on"] == "60 rows of mine.csv without labels"
    assert document["variants"]["int8"]["rows"] == 60
    assert document["labelled_rows"] == 0


def test_of_a_folder_the_test_rows_are_measured(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, exporter())
    data = tmp_path / "data"
    data.mkdir()
    write_rows(data / "train.csv", tiny, rows=20)
    write_rows(data / "test.csv", tiny, rows=10)

    done = export(tiny, tmp_path, "--data", str(data), "--json")

    assert done.json()["measured_on"] == "10 labelled rows of test.csv"
