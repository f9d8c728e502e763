"""``hub predict``, ``verify``, ``bench`` and ``evaluate`` on vectors, answers, gaps, and on folders of other tools."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.edge import writer
from hub.edge.folder import read_manifest
from tests.support.cli import run_hub
from tests.support.foreign import MAKERS, make_foreign
from tests.support.tiny_answers import make_answers_bundle, make_gaps_bundle, make_vectors_bundle
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.tiny_kinds import make_table_bundle


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("made")
    makers: dict[str, Callable[[Path], Path]] = {
        "vectors": make_vectors_bundle,
        "answers": make_answers_bundle,
        "gaps": make_gaps_bundle,
        "labels": make_tiny_bundle,
        "table": make_table_bundle,
    }
    return {name: str(make(folder / name)) for name, make in makers.items()}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("foreign")
    return {kind: str(make_foreign(folder / kind, kind)) for kind in MAKERS}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.edge.bench.ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)


CONTEXT = "Ada saw New York, near the river."


def test_a_question_has_an_answer(made: dict[str, str]) -> None:
    done = run_hub("predict", made["answers"], "what is the river", "and the cat", "--pair", CONTEXT, "--json")
    assert (done.code, done.err) == (0, "")
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert first == second | {"score": first["score"]}
    assert (first["answer"], first["start"], first["end"]) == ("New York", 8, 16)
    assert 0.5 < first["score"] <= 1
    shown = run_hub("predict", made["answers"], "what is the river", "--pair", CONTEXT)
    assert "New York" in shown.out
    assert "8-16" in shown.out
    empty = run_hub("predict", made["answers"], "the river", "--pair", "the old cat", "--min-confidence", "0.99")
    assert "the context holds no answer" in empty.out
    assert "ask a person" in empty.out


def test_a_question_without_a_context_is_wrong_use(made: dict[str, str]) -> None:
    done = run_hub("predict", made["answers"], "what is the river")
    assert done.code == 2
    assert "--pair" in done.err


def test_gaps_are_filled(made: dict[str, str]) -> None:
    done = run_hub("predict", made["gaps"], "[MASK] cat cat [MASK] dog", "--top", "2", "--json")
    assert (done.code, done.err) == (0, "")
    (document,) = (json.loads(line) for line in done.out.splitlines())
    assert list(document) == ["fills"]
    assert [gap[0][0] for gap in document["fills"]] == ["cat", "cat"]
    assert all(len(gap) == 2 and gap[0][1] > gap[1][1] > 0 for gap in document["fills"])
    assert "cat" in run_hub("predict", made["gaps"], "[MASK] cat cat").out
    refused = run_hub("predict", made["gaps"], "the cat")
    assert refused.code == 2
    assert "[MASK]" in refused.err


def test_a_text_has_an_embedding(made: dict[str, str]) -> None:
    done = run_hub("predict", made["vectors"], "cat", "--json")
    assert json.loads(done.out) == {"embedding": [1.0, *[0.0] * 15]}
    shown = run_hub("predict", made["vectors"], "cat", "--pair", "oak")
    assert shown.code == 0
    assert "0.707, 0.707, 0.000, 0.000, ..." in shown.out
    assert run_hub("predict", made["vectors"], "cat", "--min-confidence", "0.5").code == 2


def test_pairs_are_read_by_classifiers_and_from_the_standard_input(
    made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    from types import SimpleNamespace

    done = run_hub("predict", made["labels"], "cat", "--pair", "oak oak", "--json")
    assert json.loads(done.out)["label"] == "plant"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"the cat\nthe river\n")))
    lines = run_hub("predict", made["answers"], "-", "--pair", CONTEXT, "--json").out.splitlines()
    assert [json.loads(line)["answer"] for line in lines] == ["New York", "New York"]


def test_pairs_of_a_file_are_questions_and_contexts(made: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    rows = [{"question": "the river", "context": CONTEXT}, {"question": "cat " * 100, "context": CONTEXT * 9}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    columns = ["--column", "question", "--pair-column", "context"]
    done = run_hub("predict", made["answers"], "--input", str(source), *columns)
    assert done.code == 3
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert first["answer"] == "New York"
    assert second["error"]["code"] == "HUB-E012"


@pytest.mark.parametrize(
    "words",
    [("labels", "--input", "rows.csv", "--pair", "a"), ("table", "{}", "--pair", "a"), ("labels", "--pair", "a")],
)
def test_a_pair_that_cannot_be_is_wrong_use(made: dict[str, str], words: tuple[str, ...]) -> None:
    assert run_hub("predict", made[words[0]], *words[1:]).code == 2


@pytest.mark.parametrize("name", ["vectors", "answers", "gaps"])
def test_other_answers_are_verified_and_measured(made: dict[str, str], name: str) -> None:
    document = run_hub("verify", made[name], "--json").json()
    assert document["ok"] is True
    assert document["missing"] == []
    measured = run_hub("bench", made[name], "--calls", "2", "--json")
    assert (measured.code, measured.err) == (0, "")
    figures = measured.json()["variants"]["fp32"]
    assert set(figures["lengths"]) == {"16", "64"}
    assert figures["rss_mb"] > 0


@pytest.mark.parametrize("name", ["vectors", "answers", "gaps"])
def test_other_answers_have_no_scores(made: dict[str, str], name: str, tmp_path: Path) -> None:
    done = run_hub("evaluate", made[name], "--data", str(tmp_path / "rows.csv"))
    assert done.code == 2
    assert "HUB-U022" in done.err


def test_a_bundle_that_was_kept_fails_and_says_so(tmp_path: Path) -> None:
    folder = make_vectors_bundle(tmp_path / "kept")
    writer.seal(folder, dataclasses.replace(read_manifest(folder), failed=True))
    done = run_hub("predict", str(folder), "cat", "--json")
    assert done.code == 0
    assert "missed gates" in done.err
    assert "embedding" in json.loads(done.out)
    verified = run_hub("verify", str(folder))
    assert verified.code == 1
    assert "FAILED  kept" in verified.out


ASKED: dict[str, tuple[str, ...]] = {
    "question-answering": ("the river", "--pair", CONTEXT),
    "fill-mask": ("[MASK] cat",),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_folder_of_another_tool_is_run_checked_and_measured(foreign: dict[str, str], kind: str) -> None:
    words = ASKED.get(kind, ("cat dog",))
    done = run_hub("predict", foreign[kind], *words, "--json")
    assert done.code == 0
    assert len(done.err.splitlines()) == 1
    assert "nothing of this folder is verified" in done.err
    assert len(done.out.splitlines()) == 1
    verified = run_hub("verify", foreign[kind], "--json")
    assert verified.code == 0
    document = verified.json()
    assert document["ok"] is True
    assert any(sentence.startswith("self-test") for sentence in document["missing"])


def test_what_is_not_verified_is_listed(foreign: dict[str, str]) -> None:
    done = run_hub("verify", foreign["text-classification"])
    assert done.code == 0
    assert "checks passed" in done.out
    assert done.out.count("not verified: ") >= 3


def test_a_flaw_of_a_folder_exits_1(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "a", id2label={"0": "x", "1": "y"})
    done = run_hub("verify", str(folder))
    assert done.code == 1
    assert "FAILED  onnx/model.onnx: labels" in done.out


def test_a_folder_is_measured_against_a_bundle(foreign: dict[str, str], made: dict[str, str]) -> None:
    words: list[Any] = ["--variant", "all", "--against", made["labels"], "--calls", "2", "--json"]
    done = run_hub("bench", foreign["text-classification"], *words)
    assert done.code == 0
    assert "nothing of this folder is verified" in done.err
    document = done.json()
    assert set(document["variants"]) == {"model", "model_quantized"}
    assert document["variants"]["model"]["rss_mb"] > 0
    assert set(document["ratios"]["model"]) == {made["labels"]}


def test_a_folder_is_scored_on_labelled_rows(foreign: dict[str, str], tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\ncat,animal\noak,plant\ncat,stone\n", encoding="utf-8")
    done = run_hub("evaluate", foreign["text-classification"], "--data", str(rows), "--json")
    assert done.code == 0
    assert done.json()["metrics"]["accuracy"] == pytest.approx(2 / 3)


def test_no_folder_at_all_is_an_error(tmp_path: Path) -> None:
    for command in (("predict", str(tmp_path / "no"), "a"), ("verify", str(tmp_path / "no")), ("bench", str(tmp_path))):
        done = run_hub(*command)
        assert done.code == 3
        assert "HUB-E001" in done.err
