"""``hub predict --input``: forms of files, streams, bad rows, stops and what is gone on with."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hub.edge import writer
from hub.edge.answering import Answering
from hub.edge.folder import read_manifest
from hub.edge.parts import Part
from tests.support.cli import Result, run_hub
from tests.support.tiny_answers import make_answers_bundle
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_kinds import make_spans_bundle, make_table_bundle

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("cat", "oak", "slate", "the old river", "dog near fern")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    makers = {
        "labels": make_tiny_bundle,
        "table": make_table_bundle,
        "spans": make_spans_bundle,
        "answers": make_answers_bundle,
    }
    return {name: str(make(folder / name)) for name, make in makers.items()}


@pytest.fixture(scope="module")
def tiny(made: dict[str, str]) -> str:
    return made["labels"]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def rows_file(folder: Path, count: int = 1000) -> Path:
    """A .csv with a bad row at every hundredth place, and texts over two lines."""
    path = folder / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("id,text\n")
        for i in range(count):
            stream.write("7\n" if i % 100 == 50 else f'{i},"{WORDS[i % 5]}{chr(10) if i % 7 == 0 else " "}x{i}"\n')
    return path


def counted(monkeypatch: pytest.MonkeyPatch, stop: int = 0) -> list[int]:
    """Count the inputs that are answered; after so many Ctrl-C is pressed."""
    counts: list[int] = []
    real = Answering.answers

    def answers(self: Answering, part: Part, *others: Any, **named: Any) -> list[Any]:
        if stop and sum(counts) >= stop:
            raise KeyboardInterrupt
        counts.append(len(part.inputs))
        return real(self, part, *others, **named)

    monkeypatch.setattr(Answering, "answers", answers)
    return counts


def partials(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.partial"))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_stopped_run_is_gone_on_with(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    source, whole, target = rows_file(tmp_path), tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    assert run_hub("predict", tiny, "--input", str(source), "--output", str(whole)).code == 3
    words = ("predict", tiny, "--input", str(source), "--output", str(target), "--threads", threads)
    with monkeypatch.context() as patch:
        counted(patch, stop=600)
        stopped = run_hub(*words)
    assert stopped.code == 130
    assert not target.exists()
    (partial,) = partials(tmp_path)
    kept = lines(partial.read_text(encoding="utf-8"))
    assert kept
    assert f"{len(kept)} rows are kept in {partial}" in stopped.err
    with partial.open("ab") as stream:
        stream.write(b'{"line": 99999, "label": "ani')  # a line that was half written
    with monkeypatch.context() as patch:
        counts = counted(patch)
        done = run_hub(*words)
    assert done.code == 3
    assert f"going on after {len(kept)} rows" in done.err
    assert "10 of 1000 rows could not be read" in done.err
    assert sum(counts) == 1000 - 10 - sum("error" not in record for record in kept)
    assert target.read_bytes() == whole.read_bytes()
    assert not partials(tmp_path)


def test_a_killed_run_is_gone_on_with(tiny: str, tmp_path: Path) -> None:
    source, whole, target = rows_file(tmp_path, 30_000), tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "hub.cli", "predict", tiny, "--input", str(source), "--output"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([*command, str(target)], env=environment, stderr=subprocess.DEVNULL) as child:
        end = time.monotonic() + 60
        while time.monotonic() < end and not any(path.stat().st_size for path in partials(tmp_path)):
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
    if target.exists():
        pytest.skip("this machine was done before it could be stopped")
    assert partials(tmp_path)
    done = run_hub("predict", tiny, "--input", str(source), "--output", str(target))
    assert "going on after" in done.err
    run_hub("predict", tiny, "--input", str(source), "--output", str(whole))
    assert target.read_bytes() == whole.read_bytes()


def test_other_rows_or_options_start_from_the_beginning(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = rows_file(tmp_path), tmp_path / "out.jsonl"
    words = ("predict", tiny, "--input", str(source), "--output", str(target))
    with monkeypatch.context() as patch:
        counted(patch, stop=300)
        assert run_hub(*words).code == 130
    (partial,) = partials(tmp_path)
    done = run_hub(*words, "--top", "1")
    assert "going on" not in done.err
    assert f"{partial} is left from another command" in done.err
    assert {len(record["top"]) for record in lines(target.read_text(encoding="utf-8")) if "top" in record} == {1}
    source.write_text(source.read_text(encoding="utf-8") + "8,cat\n", encoding="utf-8")
    assert "going on" not in run_hub(*words).err
    assert len(lines(target.read_text(encoding="utf-8"))) == 1001


def test_answers_that_do_not_fit_to_the_rows_are_not_used(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = rows_file(tmp_path), tmp_path / "out.jsonl"
    words = ("predict", tiny, "--input", str(source), "--output", str(target))
    with monkeypatch.context() as patch:
        counted(patch, stop=300)
        run_hub(*words)
    (partial,) = partials(tmp_path)
    kept = partial.read_text(encoding="utf-8").splitlines(keepends=True)
    partial.write_text("".join(kept[1:]), encoding="utf-8")  # a line is gone from its beginning
    done = run_hub(*words)
    assert "starting again" in done.err
    assert len(lines(target.read_text(encoding="utf-8"))) == 1000


def test_a_run_that_another_process_is_writing_is_refused(tiny: str, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    source, target = rows_file(tmp_path), tmp_path / "out.jsonl"
    words = ("predict", tiny, "--input", str(source), "--output", str(target))
    with pytest.MonkeyPatch.context() as patch:
        counted(patch, stop=300)
        run_hub(*words)
    (partial,) = partials(tmp_path)
    with partial.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        refused = run_hub(*words)
    assert refused.code == 2
    assert "HUB-U023" in refused.err
    assert run_hub(*words).code == 3


@pytest.mark.parametrize("name", ["labels", "table", "spans", "answers"])
def test_answers_as_csv(made: dict[str, str], tmp_path: Path, name: str) -> None:
    source, target, columns = tmp_path / "in.jsonl", tmp_path / "out.csv", []
    if name == "table":
        rows: list[Any] = [{"width": 2.5, "colour": "red"}, {"width": "x", "colour": "red"}]
    elif name == "answers":
        rows = [{"text": "the river", "context": "Ada saw\nNew York, near the river."}, {"text": 5, "context": ""}]
        columns = ["--pair-column", "context"]
    else:
        rows = [{"text": "cat, Ada saw New York"}, {"text": 5}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ("predict", made[name], "--input", str(source), *columns)
    done = run_hub(*words, "--output", str(target))
    assert done.code == 3
    text = target.read_text(encoding="utf-8")
    assert len(text.splitlines()) == 3
    good, bad = csv.DictReader(io.StringIO(text))
    assert (good["line"], good["error"], bad["line"]) == ("1", "", "2")
    assert bad["error"].startswith("HUB-")
    first, second = lines(run_hub(*words).out)
    assert bad["error"].startswith(f"{second['error']['code']}: {second['error']['what']}")
    for key, value in first.items():
        cell: Any = good[key]
        assert (cell if isinstance(value, str) else json.loads(cell)) == value


def test_csv_answers_are_gone_on_with(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, whole, target = rows_file(tmp_path), tmp_path / "whole.csv", tmp_path / "out.csv"
    run_hub("predict", tiny, "--input", str(source), "--output", str(whole))
    words = ("predict", tiny, "--input", str(source), "--output", str(target))
    with monkeypatch.context() as patch:
        counted(patch, stop=500)
        assert run_hub(*words).code == 130
    (partial,) = partials(tmp_path)
    with partial.open("ab") as stream:
        stream.write(b"99999,,animal")
    done = run_hub(*words)
    assert "going on after" in done.err
    assert "10 of 1000 rows" in done.err
    assert target.read_bytes() == whole.read_bytes()


def test_parquet(made: dict[str, str], tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    texts = [*("cat", None, "oak") * 400]
    parquet.write_table(pyarrow.table({"id": range(1200), "text": texts}), tmp_path / "a.parquet", row_group_size=100)
    done = run_hub("predict", made["labels"], "--input", str(tmp_path / "a.parquet"))
    assert done.code == 3
    found = lines(done.out)
    assert [record["line"] for record in found] == list(range(1, 1201))
    assert [record.get("label") for record in found[:3]] == ["animal", None, "plant"]
    assert found[1]["error"]["why"] == "'text' is no text"
    parquet.write_table(pyarrow.table({"colour": ["red", None], "width": [2.5, 1.0]}), tmp_path / "b.parquet")
    values = lines(run_hub("predict", made["table"], "--input", str(tmp_path / "b.parquet")).out)
    asked = run_hub("predict", made["table"], '{"colour": "red", "width": 2.5}', "--json")
    assert values[0]["value"] == pytest.approx(json.loads(asked.out)["value"])
    missing = run_hub("predict", made["labels"], "--input", str(tmp_path / "b.parquet"))
    assert (missing.code, "no column 'text'" in missing.err) == (3, True)
    (tmp_path / "c.parquet").write_bytes(b"no parquet")
    assert run_hub("predict", made["labels"], "--input", str(tmp_path / "c.parquet")).code == 3


def test_parquet_without_pyarrow_says_what_to_install(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.parquet").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = run_hub("predict", tiny, "--input", str(tmp_path / "a.parquet"), "--output", str(tmp_path / "out.jsonl"))
    assert done.code == 4
    assert "HUB-P030" in done.err
    assert "pip install pyarrow" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet"]


def with_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes, *words: str) -> Result:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
    return run_hub(*words)


def test_rows_come_from_the_standard_input_and_go_to_the_standard_output(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("predict", tiny, "--input", "-")
    done = with_stdin(monkeypatch, b'{"text": "cat"}\nno\n{"text": "oak"}\n', *words, "--output", "-")
    assert done.code == 3
    assert [record.get("label") for record in lines(done.out)] == ["animal", None, "plant"]
    as_csv = with_stdin(monkeypatch, b"\xef\xbb\xbfid,text\n1,cat\n", *words, "--format", "csv")
    assert [record["label"] for record in lines(as_csv.out)] == ["animal"]
    target = tmp_path / "out.jsonl"
    assert with_stdin(monkeypatch, b'{"text": "cat"}\n', *words, "--output", str(target)).code == 0
    assert lines(target.read_text(encoding="utf-8"))[0]["label"] == "animal"
    assert not partials(tmp_path)
    assert with_stdin(monkeypatch, b"", *words, "--format", "parquet").code == 2


def test_the_form_of_a_file_can_be_said(tiny: str, tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("text\ncat\n", encoding="utf-8")
    assert run_hub("predict", tiny, "--input", str(tmp_path / "rows.txt")).code == 3
    done = run_hub("predict", tiny, "--input", str(tmp_path / "rows.txt"), "--format", "csv")
    assert [record["label"] for record in lines(done.out)] == ["animal"]


def test_the_number_of_threads_changes_no_line(tiny: str, tmp_path: Path) -> None:
    source = rows_file(tmp_path, 700)
    one, two = (run_hub("predict", tiny, "--input", str(source), "--threads", n).out for n in ("1", "2"))
    assert one == two


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--input", "in.csv", "--output", "in.csv"), "the same file"),
        (("cat", "--format", "csv"), "--format was given without --input"),
        (("cat", "--engine", "ray"), "--engine was given without --input"),
        (("--input", "in.csv", "--threads", "0"), "--threads"),
        (("--input", "in.csv", "--engine", "spark"), "--engine"),
    ],
)
def test_wrong_use_is_said(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content = rows_file(tmp_path, 10).read_bytes()
    done = run_hub("predict", tiny, *words)
    assert done.code == 2
    assert why in done.err
    assert (tmp_path / "in.csv").read_bytes() == content
    assert not partials(tmp_path)


def test_a_variant_for_another_processor_falls_back_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    manifest = read_manifest(folder)
    fast = dataclasses.replace(manifest.variants["fp32"], requires=("avx512_vnni",))
    variants, defaults = {**manifest.variants, "fp32": fast}, {"portable": "int8", "x86-vnni": "fp32"}
    writer.seal(folder, dataclasses.replace(manifest, variants=variants, default_variant=defaults))
    monkeypatch.setattr("hub.edge.machine.instruction_sets", lambda: ("avx2",))
    done = run_hub("predict", str(folder), "cat", "--json", "--profile", "x86-vnni")
    assert done.code == 0
    assert "warning: the variant 'fp32' needs avx512_vnni" in done.err
    assert lines(done.out)[0]["label"] == "animal"
    refused = run_hub("predict", str(folder), "cat", "--variant", "fp32")
    assert refused.code == 3
    assert "HUB-E009" in refused.err


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_its_engine_says_what_to_install(tiny: str, tmp_path: Path) -> None:
    done = run_hub("predict", tiny, "--input", str(rows_file(tmp_path, 10)), "--engine", "ray")
    assert done.code == 4
    assert "domainhub[ray]" in done.err


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install domainhub[ray]")
def test_ray_gives_the_lines_that_threads_give(tiny: str, tmp_path: Path) -> None:
    source = rows_file(tmp_path, 3000)
    words = (sys.executable, "-m", "hub.cli", "predict", tiny, "--input", str(source), "--threads", "2", "--output")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    outputs = {}
    for engine in ("local", "ray"):
        target = tmp_path / f"{engine}.jsonl"
        done = subprocess.run(
            [*words, str(target), "--engine", engine], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 3, done.stderr
        outputs[engine] = target.read_text(encoding="utf-8")
    assert outputs["ray"] == outputs["local"]
    assert len(outputs["ray"].splitlines()) == 3000
