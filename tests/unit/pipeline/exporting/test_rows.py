"""The rows that an export is measured on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.checkpoint import Checkpoint
from hub.contract.data import Dataset, Example
from hub.contract.domain import Label
from hub.contract.errors import DataError, UsageError
from hub.contract.recipe import DataOptions
from hub.contract.results import CleaningReport
from hub.data import Prepared, prepare, save
from hub.data.prepared import fingerprint
from hub.edge.encode import Encoder
from hub.pipeline.exporting import rows as module
from hub.pipeline.exporting.rows import Measured, check_kind, find_rows
from hub.pipeline.run import MANIFEST
from hub.pipeline.stages.rows import Words
from hub.testing import tiny
from tests.support.tiny_models import fast_tokenizer, wordpiece


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("tokenizer")
    fast_tokenizer(wordpiece()).save_pretrained(folder)
    return Encoder(folder / "tokenizer.json", 32)


def checkpoint(kind: str = "text-classification", labels: tuple[str, ...] = ("cat", "dog"), **more: Any) -> Checkpoint:
    values: dict[str, Any] = {
        "id": "tiny",
        "folder": Path("nowhere"),
        "revision": "",
        "source": "transformers",
        "architecture": "Bert",
        "model_type": "bert",
        "kind": kind,
        "labels": labels,
        "names": labels,
        "max_length": 32,
        "parameters": 1,
        "weight_bytes": 4,
    }
    return Checkpoint(**(values | more))


def jsonl(file: Path, *rows: dict[str, Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_without_data_the_shipped_sentences_are_read(encoder: Encoder) -> None:
    found = find_rows(None, DataOptions(), checkpoint(), encoder)

    assert len(found) == 200 and found.public and not found.examples
    assert sum(isinstance(entry, tuple) for entry in found.inputs) == module.PAIR_ROWS
    assert len(set(found.inputs)) == 200
    lengths = [len(encoder.encode([entry])[0].ids) for entry in found.inputs]
    assert max(lengths) == 32


def test_rows_of_a_run_are_measured_as_a_whole_where_the_slices_are_ones_own(encoder: Encoder, tmp_path: Path) -> None:
    wards = ("North", "South", "")
    lines = ({"text": f"{kind} {i}", "label": kind, "ward": wards[i % 3]} for i in range(60) for kind in ("cat", "dog"))
    jsonl(tmp_path / "own" / "train.jsonl", *lines)
    save(prepare(tiny.TASK, DataOptions(slice="ward"), folder=tmp_path / "own"), tmp_path / "run" / "data")
    (tmp_path / "run" / MANIFEST).write_text("{}", "utf-8")

    found = find_rows(None, DataOptions(), checkpoint(source="run", folder=tmp_path / "run" / "distill"), encoder)

    assert "validation rows of the run" in found.source
    assert {row.slice for row in found.examples} == {""}


@pytest.mark.parametrize("kind", ["text-classification", "question-answering", "fill-mask"])
def test_nothing_is_calibrated_on_the_rows_that_are_measured(encoder: Encoder, kind: str) -> None:
    of = checkpoint(kind, ("cat", "dog") if kind == "text-classification" else ())
    measured = find_rows(None, DataOptions(), of, encoder)

    found = module.calibration_inputs(measured, of, encoder)

    assert len(found) >= 100
    assert not set(found) & set(measured.inputs)


@pytest.mark.parametrize("kind", ["token-classification", "embeddings"])
def test_kinds_of_single_texts_get_no_pairs(encoder: Encoder, kind: str) -> None:
    labels = ("O", "B-A", "I-A") if kind == "token-classification" else ()

    assert all(isinstance(entry, str) for entry in module.shipped(checkpoint(kind, labels), encoder).inputs)


def test_labelled_rows(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "one", "label": "cat"}, {"text": "two", "label": "dog"})

    found = find_rows(file, DataOptions(), checkpoint(), encoder)

    assert found.inputs == ("one", "two")
    assert [row.label for row in found.examples] == ["cat", "dog"]
    assert found.origins == ("mine.jsonl:1", "mine.jsonl:2")
    assert found.source == "2 labelled rows of mine.jsonl" and not found.public


def test_readable_names_stand_for_labels(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "one", "label": "A cat"})

    found = find_rows(file, DataOptions(), checkpoint(names=("A cat", "A dog")), encoder)

    assert found.examples[0].label == "cat"


def test_numbers_stand_for_places_and_that_is_said(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "one", "label": 1}, {"text": "two", "label": 0})

    found = find_rows(file, DataOptions(), checkpoint(), encoder)

    assert [row.label for row in found.examples] == ["dog", "cat"]
    assert "numbers" in found.notes[0]


def test_a_number_beyond_the_labels_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "one", "label": 2})

    with pytest.raises(DataError, match="HUB-D009"):
        find_rows(file, DataOptions(), checkpoint(), encoder)


def test_rows_without_labels(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "one"}, {"text": "two"})

    found = find_rows(file, DataOptions(), checkpoint(), encoder)

    assert found.inputs == ("one", "two") and not found.examples
    assert found.source == "2 rows of mine.jsonl without labels"


def test_several_labels(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "one", "labels": ["cat", "dog"]}, {"text": "two", "labels": []})

    found = find_rows(file, DataOptions(), checkpoint("multi-label"), encoder)

    assert [row.labels for row in found.examples] == [("cat", "dog"), ()]


def test_words_and_tags_of_any_order_of_classes(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"tokens": ["the", "cat"], "ner_tags": ["O", "B-ANIMAL"]})

    found = find_rows(file, DataOptions(), checkpoint("token-classification", ("I-ANIMAL", "O", "B-ANIMAL")), encoder)

    assert isinstance(found.inputs[0], Words) and found.inputs[0].text == "the cat"
    assert found.examples[0].tags == ("O", "B-ANIMAL")


def test_texts_for_entities_without_tags(tmp_path: Path, encoder: Encoder) -> None:
    file = jsonl(tmp_path / "mine.jsonl", {"text": "the cat"})

    found = find_rows(file, DataOptions(), checkpoint("token-classification", ("O", "B-A", "I-A")), encoder)

    assert found.inputs == ("the cat",)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ({"question": "who", "context": "a cat"}, {}),
        ({"text": "who", "context": "a cat"}, {}),
        ({"ask": "who", "where": "a cat"}, {"text": "ask", "text_pair": "where"}),
    ],
)
def test_questions_with_their_contexts(
    tmp_path: Path, encoder: Encoder, row: dict[str, str], options: dict[str, Any]
) -> None:
    file = jsonl(tmp_path / "mine.jsonl", row)

    found = find_rows(file, DataOptions(**options), checkpoint("question-answering", ()), encoder)

    assert found.inputs == (("who", "a cat"),)


def test_a_folder_gives_its_test_rows_and_calibrates_on_train(tmp_path: Path, encoder: Encoder) -> None:
    for split in ("train", "validation", "test"):
        jsonl(tmp_path / f"{split}.jsonl", {"text": split, "label": "cat"})

    found = find_rows(tmp_path, DataOptions(), checkpoint(), encoder)

    assert (found.inputs, found.calibration) == (("test",), ("train",))


def test_many_rows_are_drawn_evenly(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 5)
    file = jsonl(tmp_path / "mine.jsonl", *({"text": str(number), "label": "cat"} for number in range(21)))

    found = find_rows(file, DataOptions(), checkpoint(), encoder)

    assert found.inputs == ("0", "5", "10", "15", "20")
    assert found.notes == ("5 of the 21 rows, drawn evenly, were measured.",)


def test_a_run_brings_its_validation_rows(tmp_path: Path, encoder: Encoder) -> None:
    rows = {name: (Example(f"{name} row", label="cat", origin=name),) for name in ("train", "validation", "test")}
    dataset = Dataset(()).with_splits(rows)
    labels = (Label("cat"), Label("dog"))
    print_ = fingerprint(dataset, labels, ())
    prepared = Prepared(dataset, labels, (), CleaningReport({}, {}, {}), None, print_)
    (tmp_path / "data").mkdir()
    save(prepared, tmp_path / "data")
    (tmp_path / "run.json").write_text("{}")

    found = find_rows(None, DataOptions(), checkpoint(source="run", folder=tmp_path), encoder)

    assert found.inputs == ("validation row",) and found.calibration == ("train row",)
    assert found.examples[0].label == "cat" and not found.public


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("rows.csv", "text,label\n", "HUB-D006"),
        ("rows.csv", "words,label\na,cat\n", "HUB-D003"),
        ("rows.csv", "text,label\na,cow\n", "HUB-D009"),
        ("rows.txt", "a", "HUB-D001"),
        ("rows.jsonl", "[]\n", "HUB-D005"),
    ],
)
def test_rows_that_cannot_be_read(tmp_path: Path, encoder: Encoder, name: str, text: str, code: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")

    with pytest.raises(DataError, match=code):
        find_rows(tmp_path / name, DataOptions(), checkpoint(), encoder)


def test_spread_keeps_rows_and_answers_together() -> None:
    examples = tuple(Example(str(number), label="cat") for number in range(10))
    rows = Measured(tuple(range(10)), tuple(map(str, range(10))), "", examples)

    found = rows.spread(4)

    assert found.inputs == (0, 3, 6, 9)
    assert [row.text for row in found.examples] == list(found.origins) == ["0", "3", "6", "9"]


@pytest.mark.parametrize("kind", ["tabular-regression", "text-clasification"])
def test_kinds_that_are_not_exported(kind: str) -> None:
    with pytest.raises(UsageError, match="HUB-V002"):
        check_kind(kind)
