"""``hub export`` on what cannot be exported: a clear error, the right exit code, and nothing written."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Result, run_hub
from tests.support.exporting import TinyExport, exporter, quick_timing, shared_export, use

KIND = "text-classification"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyExport:
    """A real export, whose graph the exporters of these tests hand out."""
    return shared_export(KIND, tmp_path_factory)


@pytest.fixture(autouse=True)
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_timing(monkeypatch)
    use(monkeypatch, exporter())


@pytest.fixture
def checkpoint(tiny: TinyExport, tmp_path: Path) -> Path:
    """A copy of a good checkpoint, to be broken."""
    return Path(shutil.copytree(tiny.checkpoint, tmp_path / "checkpoint"))


def export(name: Path | str, tmp_path: Path, *options: str) -> Result:
    return run_hub("export", str(name), "--out", str(tmp_path / "out"), "--runs", str(tmp_path / "runs"), *options)


def refused(done: Result, tmp_path: Path, code: int, *words: str) -> None:
    """Assert exit code and message, and that neither a bundle nor a part of one is there."""
    assert done.code == code, done.err + done.out
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]


def change_config(checkpoint: Path, **values: object) -> None:
    file = checkpoint / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), "utf-8")


def change_weights(checkpoint: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    from safetensors.torch import load_file, save_file

    file = checkpoint / "model.safetensors"
    weights = load_file(file)
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})


def test_a_name_that_is_nothing(tmp_path: Path) -> None:
    refused(export("no-such-thing", tmp_path), tmp_path, 2, "no-such-thing")


def test_an_unknown_architecture(checkpoint: Path, tmp_path: Path) -> None:
    change_config(checkpoint, model_type="made-up", architectures=["MadeUpForSequenceClassification"])

    refused(export(checkpoint, tmp_path), tmp_path, 2, "MadeUp")


def test_a_head_with_random_weights(checkpoint: Path, tmp_path: Path) -> None:
    change_weights(checkpoint, lambda weights: weights.pop("classifier.weight"))

    refused(export(checkpoint, tmp_path), tmp_path, 2, "classifier.weight", "--allow-random-head")


def test_a_download_that_was_cut_short(checkpoint: Path, tmp_path: Path) -> None:
    file = checkpoint / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])

    refused(export(checkpoint, tmp_path), tmp_path, 3, "model.safetensors")


def test_a_wrong_label_map(checkpoint: Path, tmp_path: Path) -> None:
    change_config(checkpoint, id2label={"0": "a", "2": "b", "3": "c"}, label2id={"a": 0, "b": 2, "c": 3})

    refused(export(checkpoint, tmp_path), tmp_path, 3, "label")


def test_weights_that_are_no_numbers(checkpoint: Path, tmp_path: Path) -> None:
    def spoil(weights: dict[str, Any]) -> None:
        weights["classifier.bias"][0] = float("nan")

    change_weights(checkpoint, spoil)

    refused(export(checkpoint, tmp_path), tmp_path, 3, "classifier.bias")


def test_a_regression_head(checkpoint: Path, tmp_path: Path) -> None:
    def one_output(weights: dict[str, Any]) -> None:
        weights |= {name: weights[name][:1].clone() for name in ("classifier.weight", "classifier.bias")}

    change_weights(checkpoint, one_output)
    change_config(checkpoint, id2label={"0": "score"}, label2id={"score": 0}, problem_type="regression")

    refused(export(checkpoint, tmp_path), tmp_path, 2, "regression")


def test_a_full_disk_in_the_middle(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, exporter(export="full_disk"))

    refused(export(tiny.checkpoint, tmp_path), tmp_path, 2, "HUB-X061", "the disk is full")


def test_a_disk_that_is_full_when_the_bundle_is_sealed(
    tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hub.pipeline.exporting.assemble.write_selftest", full)

    refused(export(tiny.checkpoint, tmp_path), tmp_path, 2, "HUB-X061", "the disk is full")


def test_a_place_that_cannot_be_written(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> str:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("hub.edge.writer.tempfile.mkdtemp", read_only)

    refused(export(tiny.checkpoint, tmp_path), tmp_path, 2, "HUB-X062", "Read-only file system")


def test_a_place_below_a_file(tiny: TinyExport, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    done = run_hub("export", str(tiny.checkpoint), "--out", str(tmp_path / "file" / "out"), "--runs", str(tmp_path))

    assert done.code == 2 and "HUB-E014" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_with_other_things_in_it(tiny: TinyExport, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x")

    done = export(tiny.checkpoint, tmp_path)

    assert done.code == 2 and "HUB-E014" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert (tmp_path / "out" / "thesis.txt").read_text() == "x"


def test_ctrl_c(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, exporter(export="interrupted"))

    done = export(tiny.checkpoint, tmp_path)

    refused(done, tmp_path, 130, "nothing was written", "interrupted")
    (log,) = tmp_path.glob("runs/export-*/log.txt")
    assert str(log) in done.err


WRONG_USE = {
    "no place": (("--runs", "r"), "HUB-U070"),
    "no variant": (("--variants", ",", "--out", "x"), "HUB-U070"),
    "unknown variant": (("--variants", "int9", "--out", "x"), "HUB-X060"),
    "unknown profile": (("--profile", "toaster", "--out", "x"), "HUB-E008"),
    "unknown kind": (("--task", "text-clasification", "--out", "x"), "HUB-V002"),
    "a kind of tables": (("--task", "tabular-regression", "--out", "x"), "HUB-V002"),
    "a key of a recipe": (("--set", "teacher.epochs=3", "--out", "x"), "HUB-U070"),
    "slices": (("--set", "data.slice=ward", "--out", "x"), "HUB-U070"),
    "an unknown column key": (("--set", "data.texd=a", "--out", "x"), "HUB-R001"),
    "a drop beyond all": (("--max-drop", "101", "--out", "x"), "HUB-U000"),
    "an opset that is none": (("--opset", "new", "--out", "x"), "HUB-U000"),
}


@pytest.mark.parametrize("case", WRONG_USE)
def test_wrong_use(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    options, code = WRONG_USE[case]
    monkeypatch.chdir(tmp_path)

    done = run_hub("export", str(tiny.checkpoint), *options)

    assert done.code == 2 and code in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_opset_that_runtimes_do_not_take(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real exporter
    monkeypatch.setenv("HUB_PLUGINS", "domainhub-onnx")

    refused(export(tiny.checkpoint, tmp_path, "--opset", "9"), tmp_path, 2, "HUB-X021")


def test_a_format_that_is_not_installed(tiny: TinyExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("HUB_PLUGINS", "domainhub-onnx")

    refused(export(tiny.checkpoint, tmp_path, "--format", "made-up"), tmp_path, 4, "made-up")


ROWS = {
    "no such file": (None, 3, "HUB-D001"),
    "no rows": ("text,label\n", 3, "HUB-D006"),
    "another column": ("message,label\nhello,billing\n", 3, "HUB-D003"),
    "an unknown label": ("text,label\nhello,biling\n", 3, "HUB-D009"),
    "an empty text": ("text,label\n ,billing\n", 3, "HUB-D007"),
}


@pytest.mark.parametrize("case", ROWS)
def test_rows_that_cannot_be_used(tiny: TinyExport, tmp_path: Path, case: str) -> None:
    text, exit_code, code = ROWS[case]
    file = tmp_path / "rows.csv"
    if text is not None:
        file.write_text(text, "utf-8")

    refused(export(tiny.checkpoint, tmp_path, "--data", str(file)), tmp_path, exit_code, code)


def test_a_folder_without_rows(tiny: TinyExport, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    refused(export(tiny.checkpoint, tmp_path, "--data", str(tmp_path / "data")), tmp_path, 3, "HUB-D002")


def test_errors_are_json_where_json_is_asked_for(tmp_path: Path) -> None:
    done = export("no-such-thing", tmp_path, "--json")

    assert done.code == 2
    assert set(done.json()["error"]) == {"code", "what", "why", "fix"}


def test_a_dry_run_writes_nothing(tiny: TinyExport, tmp_path: Path) -> None:
    done = export(tiny.checkpoint, tmp_path, "--dry-run", "--json")

    document = done.json()
    assert done.code == 0
    assert document["kind"] == KIND and document["labels"] == ["billing", "delivery", "other"]
    # Four bytes a parameter, and what stands beside the weights.
    assert document["variants"]["fp32"]["bytes_estimated"] > 4 * document["checkpoint"]["parameters"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_in_words(tiny: TinyExport, tmp_path: Path) -> None:
    done = export(tiny.checkpoint, tmp_path, "--dry-run")

    assert done.code == 0
    assert "BertForSequenceClassification" in done.out and "3: billing, delivery, other" in done.out


def test_the_kinds_of_a_checkpoint_are_listed(tiny: TinyExport, tmp_path: Path) -> None:
    done = export(tiny.checkpoint, tmp_path, "--list-tasks", "--json")

    document = done.json()
    assert document["kinds"][0] == KIND
    assert {"embeddings", "fill-mask", "question-answering", KIND} <= set(document["known"])
    assert "tabular-regression" not in document["known"]
    assert list(tmp_path.iterdir()) == []
