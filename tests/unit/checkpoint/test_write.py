"""What is written opens in transformers with equal tokens, and says nothing of the machine it was made on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.checkpoint import find_checkpoint, load_checkpoint, write_files
from hub.checkpoint.javascript import opens
from hub.checkpoint.tokenizer import is_path
from hub.edge.encode import Encoder
from hub.train.base import quiet_transformers
from tests.support.made_checkpoints import change
from tests.support.tiny_checkpoints import ARCHITECTURES, make_checkpoint
from tests.unit.checkpoint.conftest import LABELS, Copy

TEXTS = ["The heron's nest, near Zürich!", "running", "  two  spaces and CAPITALS ", "naïve café 7.5%", "日本 ok"]


def written(folder: Path, out: Path, kind: str | None = None) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Write a checkpoint's files and return config, tokenizer document and tokenizer configuration."""
    write_files(load_checkpoint(find_checkpoint(str(folder), kind=kind)), out)
    names = ("config.json", "tokenizer.json", "tokenizer_config.json")
    first, second, third = (json.loads((out / name).read_text("utf-8")) for name in names)
    return first, second, third


def test_the_configuration_keeps_the_model_and_leaves_the_machine(classifier: Path, copy: Copy, tmp_path: Path) -> None:
    folder = copy(classifier)
    change(folder / "config.json", _name_or_path="/home/someone/model", cache="/home/someone/cache", problem_type=None)

    config, _, _ = written(folder, tmp_path / "out")

    assert (config["model_type"], config["architectures"]) == ("bert", ["BertForSequenceClassification"])
    assert config["id2label"] == {"0": "billing", "1": "delivery", "2": "other"}
    assert config["label2id"] == {label: number for number, label in enumerate(LABELS)}
    assert config["problem_type"] == "single_label_classification"
    assert not {"_name_or_path", "transformers_version", "dtype", "torch_dtype", "cache"} & set(config)
    text = "".join((tmp_path / "out" / name).read_text("utf-8") for name in ("config.json", "tokenizer_config.json"))
    assert "/home" not in text
    assert str(tmp_path) not in text


def test_the_kind_decides_the_problem(classifier: Path, tmp_path: Path) -> None:
    config, _, _ = written(classifier, tmp_path / "labels", "multi-label")
    assert config["problem_type"] == "multi_label_classification"

    config, _, _ = written(classifier, tmp_path / "vectors", "embeddings")
    assert config["architectures"] == ["BertModel"]
    assert not {"id2label", "label2id", "problem_type"} & set(config)


def test_fixed_padding_and_a_short_cut_are_gone(classifier: Path, copy: Copy, tmp_path: Path) -> None:
    folder = copy(classifier)
    padding = {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    cut = {"max_length": 16, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    change(folder / "tokenizer.json", padding=padding | {"pad_type_id": 0, "pad_token": "[PAD]"}, truncation=cut)
    change(folder / "tokenizer_config.json", max_length=16, name_or_path="/home/x", pad_to_multiple_of=8)

    _, document, config = written(folder, tmp_path / "out")

    assert document["padding"] is None
    assert document["truncation"]["max_length"] == config["model_max_length"] == 64
    assert not {"max_length", "name_or_path", "pad_to_multiple_of", "backend", "is_local"} & set(config)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_transformers_and_the_edge_read_equal_tokens(tmp_path: Path, architecture: str) -> None:
    from transformers import AutoTokenizer

    with quiet_transformers():
        folder = make_checkpoint(tmp_path / "made", architecture, "text-classification")
        before = AutoTokenizer.from_pretrained(folder)
        _, _, config = written(folder, tmp_path / "out")
        after = AutoTokenizer.from_pretrained(tmp_path / "out")
    edge = Encoder(tmp_path / "out" / "tokenizer.json", 128)

    assert config["tokenizer_class"] not in ("TokenizersBackend", "")
    assert config["model_input_names"][:2] == ["input_ids", "attention_mask"]
    for text in TEXTS:
        ids = before(text)["input_ids"]
        assert after(text)["input_ids"] == ids
        assert list(edge.encode([text])[0].ids) == ids
    assert after(TEXTS[0], TEXTS[1])["input_ids"] == before(TEXTS[0], TEXTS[1])["input_ids"]
    assert after.model_max_length == 128
    assert (after.pad_token, after.mask_token) == (before.pad_token, before.mask_token)


def test_a_class_of_transformers_5_alone_is_written_as_one_that_4_knows(tmp_path: Path) -> None:
    with quiet_transformers():
        folder = make_checkpoint(tmp_path / "made", "modernbert", "fill-mask")
        _, _, config = written(folder, tmp_path / "out")

    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert config["model_input_names"] == ["input_ids", "attention_mask"]


def test_equal_checkpoints_give_equal_bytes(classifier: Path, copy: Copy, tmp_path: Path) -> None:
    written(classifier, tmp_path / "one")
    written(copy(classifier), tmp_path / "two")

    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("value", "expected"),
    [("/home/x", True), ("C:\\Users\\x", True), ("bert", False), ("org/model", False), ("/", False), (3, False)],
)
def test_paths_are_known(value: object, expected: bool) -> None:
    assert is_path(value) is expected


def test_what_transformers_js_opens() -> None:
    assert opens("bert", "fill-mask")
    assert opens("albert", "text-classification")
    assert not opens("albert", "token-classification")
    assert not opens("xlnet", "text-classification")
