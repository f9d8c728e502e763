"""Whole builds from base models that are no BERT: byte pairs and unigrams trimmed, opened by others with equal ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import UsageError
from hub.edge import Bundle
from hub.edge.encode import Encoder
from hub.edge.verify import verify
from hub.pipeline.build import Built
from hub.testing import tiny
from tests.support.builds import quick_build, tiny_request
from tests.support.tiny_checkpoints import make_checkpoint

CLASSES = {"roberta": "RobertaTokenizer", "deberta-v2": "DebertaV2Tokenizer"}
SPECIAL = {
    "roberta": {"pad_token": "<pad>", "mask_token": "<mask>", "cls_token": "<s>", "sep_token": "</s>"},
    "deberta-v2": {"pad_token": "[PAD]", "mask_token": "[MASK]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
}
SETTINGS = (
    *("student.layers=0,2", "teacher.epochs=2", "student.epochs=2", "gates.min_teacher_share=0"),
    *("gates.max_drop_points=100", "gates.label_drop_points=100", "gates.parity_rows=40"),
)
"""What a model of random weights learns is not asked here."""

TEXTS = (*tiny.examples()[:4], "the old GRANITE near moss", "漢字 😀 ﬁ à\u0301 <mask> [SEP] </s>", "", " \t\n")


@dataclass(frozen=True)
class Case:
    family: str
    base: Path
    built: Built
    out: Path

    def read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / name).read_text("utf-8"))
        return found


@pytest.fixture(scope="module", params=CLASSES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp(request.param)
    base = make_checkpoint(folder / "base", request.param, "text-classification", layers=3)
    asked = tiny_request(base, *SETTINGS, out=folder / "bundle")
    built = quick_build(asked, folder / "runs")
    yield Case(request.param, base, built, folder / "bundle")


def test_the_bundle_is_whole_and_answers(case: Case) -> None:
    assert case.built.result is not None
    assert [gate.name for gate in case.built.result.gates if not gate.passed] == []
    assert [check for check in verify(case.out) if not check.ok] == []
    for variant in ("fp32", "int8"):
        answers = Bundle.open(case.out, variant=variant).predict(list(TEXTS))
        assert {answer.label for answer in answers} <= {label.id for label in tiny.TASK.labels}
        assert len({answer.score for answer in answers}) > 1


def test_the_vocabulary_is_trimmed_and_its_ids_are_those_of_the_model(case: Case) -> None:
    tokenizer, config = case.read("tokenizer.json"), case.read("config.json")
    full = json.loads((case.base / "tokenizer.json").read_text("utf-8"))

    assert config["vocab_size"] == len(tokenizer["model"]["vocab"]) < len(full["model"]["vocab"])
    assert config["num_hidden_layers"] == 2
    numbers = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    named = case.read("tokenizer_config.json")
    for name in ("pad", "cls", "sep", "mask"):
        token = named[f"{name}_token"]
        assert token == SPECIAL[case.family][f"{name}_token"]
        if config.get(f"{name}_token_id") is not None:
            assert config[f"{name}_token_id"] == numbers[token]
    assert config["pad_token_id"] == numbers[named["pad_token"]]


def test_transformers_reads_the_same_ids(case: Case) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(case.out)
    encodings = Encoder(case.out / "tokenizer.json", 32).encode(TEXTS)

    assert case.read("tokenizer_config.json")["tokenizer_class"] == CLASSES[case.family]
    for text, encoding in zip(TEXTS, encodings, strict=True):
        assert tokenizer(text, truncation=True, max_length=32)["input_ids"] == encoding.ids
    assert max(i for encoding in encodings for i in encoding.ids) < case.read("config.json")["vocab_size"]


def test_no_text_has_a_new_unknown(case: Case) -> None:
    from transformers import AutoTokenizer

    full, trimmed = (AutoTokenizer.from_pretrained(folder) for folder in (case.base, case.out))

    for text in TEXTS:
        counts = [tokenizer(text)["input_ids"].count(tokenizer.unk_token_id) for tokenizer in (full, trimmed)]
        assert counts[0] == counts[1], text


def test_a_base_model_that_is_padded_on_the_left_is_refused(tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base", "xlnet", "text-classification", layers=3)
    with pytest.raises(UsageError) as caught:
        quick_build(tiny_request(base, *SETTINGS), tmp_path / "runs", until="finetune")

    assert caught.value.code == "HUB-T004"
    assert "left" in caught.value.why
