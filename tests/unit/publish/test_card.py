from __future__ import annotations

import dataclasses
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData

from hub.contract.results import (
    BuildResult,
    CardNote,
    CleaningReport,
    Finding,
    GateResult,
    LabelName,
    LicenceNote,
    SliceName,
)
from hub.edge import Bundle
from hub.edge.schema import SessionOptions
from hub.publish.card import card_text, notice_text
from tests.support.results import build_result, manifest, models
from tests.support.tiny_bundle import TEXTS, make_tiny_bundle

HOSTILE = "x | y\n---\n# <script>alert(1)</script> `z` [a](javascript:b) $$ \\( *b* \x00\ud800"


@pytest.fixture(scope="module")
def result() -> BuildResult:
    return build_result()


@pytest.fixture(scope="module")
def card(result: BuildResult) -> str:
    return card_text(result, manifest(result))


def body(text: str) -> str:
    return text.split("\n---\n", 1)[1]


def metadata_of(text: str) -> ModelCardData:
    data = ModelCard(text).data
    assert isinstance(data, ModelCardData)
    return data


def tables(text: str) -> dict[str, list[list[str]]]:
    """Every table of the body by its first two headings: rows of cells."""
    found = {}
    for block in re.findall(r"(?:^\|.*\|$\n?)+", body(text), flags=re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block.strip().split("\n")]
        found[f"{rows[0][0]}, {rows[0][1]}"] = rows[2:]
    return found


def code(text: str, language: str) -> str:
    """The last block of a language: of Python the one without the hub."""
    return re.findall(rf"```{language}\n(.*?)\n```", text, flags=re.DOTALL)[-1]


def test_result_table_equals_the_measured(card: str, result: BuildResult) -> None:
    rows = tables(card)["Model, Macro F1, unseen"]
    teacher = result.models[1]
    for model, cells in zip(result.models, rows, strict=True):
        assert cells[0].removesuffix(" (default)") == model.name
        for index, part in ((1, "unseen"), (3, "known-codes")):
            shown = model.evaluations[part]
            score, interval = shown.metrics["macro_f1"], shown.intervals["macro_f1"]
            assert cells[index] == f"{score:.3f} ({interval.low:.3f}–{interval.high:.3f})"
            assert cells[index + 1] == f"{100 * score / teacher.evaluations[part].metrics['macro_f1']:.1f} %"
    assert rows[3][0] == "student int8 (default)"
    assert rows[3][5:] == ["7.62 MB", "0.59 ms / 0.77 ms", "1.73 ms / 2.27 ms"]
    assert rows[0][5:] == ["38.4 MB", "–", "–"]


def test_other_tables_equal_the_measured(card: str, result: BuildResult) -> None:
    found = tables(card)
    int8 = result.models[3]
    names = ["macro_f1", "accuracy", "top_3_accuracy", "log_loss"]
    for name, cells in zip(names, found["Metric, Unseen"], strict=True):
        for cell, part in zip(cells[1:], ("unseen", "known-codes"), strict=True):
            assert cell.split(" ")[0] == f"{int8.evaluations[part].metrics[name]:.3f}"
    for label, cells in zip(result.labels, found["Label, Name"], strict=True):
        scores = [int8.evaluations[part].per_label[label.id] for part in ("unseen", "known-codes")]
        expected = [str(scores[0].rows), f"{scores[0].f1:.3f}", str(scores[1].rows), f"{scores[1].f1:.3f}"]
        assert cells == [label.id, label.name, *expected]
    assert found["Variant, Precision aimed at"][1] == ["int8", "95.0 %", "0.621", "78.1 %", "95.0 %"]
    assert found["Gate, Result"][3] == ["size", "passed", "bytes of the default variant", "12,000,000", "7,624,113"]
    assert "Test Processor 3000, avx2 avx512f avx512_vnni, 2 cores, Linux 6.1, Python 3.11.9, 2026-04-01" in card


def test_metadata_is_read_back_by_the_hub_client(card: str, result: BuildResult) -> None:
    data = metadata_of(card)
    assert data.license == "apache-2.0"
    assert data.language == ["en"]
    assert data.library_name == "domainhub"
    assert data.pipeline_tag == "text-classification"
    assert data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert data["base_model_relation"] == "finetune"
    assert data.datasets is None
    assert data.metrics == ["f1", "accuracy"]
    assert {"medical", "icd-10", "onnx", "int8", "fp32", "edge", "transformers.js"} == set(data.tags or [])
    assert data.model_name == "icd10-chapter"
    found = {(entry.dataset_config, entry.metric_name): entry for entry in data.eval_results or []}
    assert len(found) == 2 * 2 * 4
    for model in result.models[2:]:
        for part in ("unseen", "known-codes"):
            entry = found[part, f"Macro F1 ({model.variant})"]
            assert entry.metric_type == "f1"
            assert entry.metric_value == round(model.evaluations[part].metrics["macro_f1"], 4)
            assert entry.dataset_split == "test"
            assert entry.task_type == "text-classification"
    assert found["unseen", "Log loss (int8)"].metric_type == "log_loss"
    assert next(iter(found)) == ("unseen", "Macro F1 (int8)")  # headline slice, default variant


def test_card_survives_the_hub_client_unchanged(card: str) -> None:
    assert str(ModelCard(card)) == card


def test_first_lines_warn(card: str, result: BuildResult) -> None:
    lines = [line for line in body(card).split("\n") if line]
    assert lines[0] == "# icd10-chapter"
    assert lines[1].startswith("> **The linear baseline is not beaten on known codes: macro F1 ")
    gates = (GateResult("int8-drop", 1.0, 1.4, False, "points"),)
    changed = build_result(slices=("unseen",), gates=gates)
    lines = [line for line in body(card_text(changed, manifest(changed))).split("\n") if line]
    assert lines[1] == "> **1 of 1 gates missed: int8-drop.**"
    good = build_result(slices=("unseen",))
    assert not any(line.startswith(">") for line in body(card_text(good, manifest(good))).split("\n"))


def test_authors_words_and_data_are_there(card: str) -> None:
    for words in (
        "Sorts short diagnosis texts into the chapters of ICD-10-CM.",
        "## Intended use\n\nPre-sorting of diagnosis lists that a person checks.",
        "## Out of scope\n\nDecisions about patients.",
        "## Limits and risks\n\nNot a medical device. English only.",
        "- Source: [packaged](https://example.org/simple-icd-10-cm), version 2026-04",
        "- Rows after cleaning: train 20,973, validation 1,900, calibration 1,850, test 2,100",
        "- Note: The chapter of special purposes has 5 codes and is left out.",
        "- **unseen**: whole three-character categories the model has never seen",
        "- Base model: ID `sentence-transformers/all-MiniLM-L6-v2`, version `0.1.0`",
        "| base model | all-MiniLM-L6-v2 | [Apache License 2.0 (Apache-2.0)](https://example.org/apache) | – |",
    ):
        assert words in card


def test_equal_input_gives_equal_text(card: str) -> None:
    result = build_result()
    assert card_text(result, manifest(result)) == card


def test_python_of_the_card_gives_the_bundles_answers(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    bundle = Bundle.open(folder)
    program = code(card_text(build_result(labels=3), bundle.manifest), "python")
    assert program.count("Write your own text here") == 1
    for text in TEXTS[::7]:
        done = subprocess.run(
            [sys.executable, "-c", program.replace("Write your own text here", text)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        names = {label.id: label.name for label in bundle.manifest.labels}
        top = bundle.predict([text], top=3)[0].top
        assert done.stdout.splitlines() == [f"{score:.3f} {names[label]}" for label, score in top]


def test_python_of_the_card_without_disabled_optimizers(tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny", token_type_ids=False)
    manifest_ = Bundle.open(folder).manifest
    plain = {name: dataclasses.replace(v, session=SessionOptions(2, ())) for name, v in manifest_.variants.items()}
    program = code(card_text(build_result(labels=3), dataclasses.replace(manifest_, variants=plain)), "python")
    assert "intra_op_num_threads = 2" in program
    assert "disable_specified_optimizers" not in program
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 3


def test_commands_of_the_card_exist(card: str) -> None:
    commands = re.findall(r"^hub (\w+) \.", code(card, "sh"), flags=re.MULTILINE)
    assert commands == ["predict", "verify", "bench"]
    assert all(importlib.util.find_spec(f"hub.cli.{name}") for name in commands)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_of_the_card_is_javascript(card: str, tmp_path: Path) -> None:
    program = tmp_path / "card.mjs"
    program.write_text(code(card, "js"), encoding="utf-8")
    subprocess.run(["node", "--check", str(program)], check=True, capture_output=True)
    assert 'dtype: "q8"' in code(card, "js")


def test_no_node_for_a_file_that_transformers_js_does_not_find(result: BuildResult) -> None:
    plain = manifest(result)
    renamed = {**plain.variants, "int8": dataclasses.replace(plain.variants["int8"], file="onnx/x86.onnx")}
    text = card_text(result, dataclasses.replace(plain, variants=renamed))
    assert "```js" not in text
    assert '"onnx/x86.onnx"' in code(text, "python")


def test_hostile_text_stays_text() -> None:
    names = tuple(LabelName(f"{HOSTILE}{index}", HOSTILE) for index in range(2))
    result = dataclasses.replace(
        build_result(labels=2),
        task=HOSTILE,
        summary=HOSTILE,
        run=HOSTILE,
        created=HOSTILE,
        labels=names,
        slices=(SliceName("unseen", HOSTILE),),
        models=models(names, ("unseen",)),
        notes=(HOSTILE,),
        gates=(GateResult(HOSTILE, 1.0, 2.0, False, HOSTILE),),
        abstention={HOSTILE: {}},
        licences=(LicenceNote("base model", HOSTILE, HOSTILE, HOSTILE, "javascript:alert(1)", HOSTILE),),
        card=CardNote(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, (HOSTILE,)),
        base_model={HOSTILE: HOSTILE},
        data_source={"name": HOSTILE, "url": HOSTILE, "version": HOSTILE},
        machine={"processor": HOSTILE, "packages": {HOSTILE: HOSTILE}},
        cleaning=CleaningReport({}, {HOSTILE: 1}, {}, notes=(HOSTILE,)),
    )
    plain = manifest(build_result(labels=2))
    text = card_text(result, dataclasses.replace(plain, name=HOSTILE))
    text.encode("utf-8")
    shown = body(text)
    assert "<script" not in shown
    assert "](javascript:" not in shown
    assert shown.count("alert(1)") > 20
    data = metadata_of(text)
    assert data.license == "other"
    assert data.model_name is not None and "script" in data.model_name
    blocks = re.findall(r"(?:^\|.*\|$\n?)+", shown, flags=re.MULTILINE)
    assert len(blocks) == 6
    # Text with pipes and line ends adds neither cells nor rows.
    assert all(len({line.count("|") for line in block.strip().split("\n")}) == 1 for block in blocks)
    notice_text(result).encode("utf-8")


def test_missing_parts() -> None:
    result = build_result(labels=2, slices=())
    bare = dataclasses.replace(
        result,
        models=tuple(dataclasses.replace(model, latency={}, bytes=0) for model in result.models),
        gates=(),
        abstention={},
        licences=(),
        metrics=(),
        base_model={},
        data_source={},
        machine={},
        recipe={},
        card=CardNote("", "", "", "", ""),
        cleaning=CleaningReport({}, {}, {}),
        run="",
        created="",
    )
    plain = dataclasses.replace(manifest(result), gates=())
    data = metadata_of(card_text(bare, plain))
    assert data.license is None and data.base_model is None and data.language is None
    assert data.metrics == ["f1", "accuracy"]
    empty = dataclasses.replace(bare, models=())
    assert metadata_of(card_text(empty, plain)).eval_results is None


def test_many_labels() -> None:
    result = build_result(labels=150)
    assert len(tables(card_text(result, manifest(result)))["Label, Name"]) == 150


def test_no_folder_of_the_machine_in_card_or_notice(result: BuildResult) -> None:
    changed = dataclasses.replace(
        result,
        base_model={"id": "/home/somebody/models/mine"},
        data_source={"name": "/home/somebody/data", "url": "file:///home/somebody/data"},
        licences=(LicenceNote("data", "/home/somebody/data", "other", notice="see /home/somebody/data/LICENSE"),),
        cleaning=dataclasses.replace(
            result.cleaning,
            notes=("Read from /home/somebody/data.",),
            findings=(Finding("empty", 1, "x", ("/home/somebody/a.csv:1",)),),
        ),
    )
    text = card_text(changed, manifest(changed)) + notice_text(changed)
    assert "/home" not in text
    assert metadata_of(card_text(changed, manifest(changed))).base_model is None


def test_notice(result: BuildResult) -> None:
    assert notice_text(result) == (
        "medical/icd10-chapter\n\nThis bundle was made from the works named below.\n\n"
        "Data: ICD-10-CM tabular list\nLicence: public domain (other)\nhttps://example.org/icd\nUS government work.\n\n"
        "Base model: all-MiniLM-L6-v2\nLicence: Apache License 2.0 (Apache-2.0)\nhttps://example.org/apache\n"
    )
