"""The encoder against transformers' own tokenizers: equal arrays, alone, in pairs and in padded batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import BundleError
from hub.edge.encode import INPUTS, Encoder
from hub.edge.files import write_json, write_text
from hub.edge.special import SpecialTokens, token_text
from tests.support.tiny_bundle import SPECIAL, make_vocabulary, write_tokenizer
from tests.support.tiny_tokenizers import make_tokenizer

LENGTH = 24
TEXTS = (
    "The parcel arrived late.",
    "Ü ñ 漢字 👍🏽 don't  stop",
    "",
    "a" * 30,
    "line\nbreak\ttab",
    "The parcel that was ordered in May arrived two days late, and the box was open when it came here.",
)
PADS = {
    "bert": 0, "mpnet": 1, "roberta": 1, "modernbert": 1000, "xlm-roberta": 1, "camembert": 1, "albert": 0,
    "deberta-v2": 0, "xlnet": 5,
}  # fmt: skip


@pytest.mark.parametrize("architecture", PADS)
def test_arrays_are_those_of_transformers(architecture: str, tmp_path: Path) -> None:
    tokenizer: Any = make_tokenizer(architecture, LENGTH)
    tokenizer.save_pretrained(tmp_path)
    encoder = Encoder(tmp_path / "tokenizer.json", LENGTH)
    asked = {"padding": True, "truncation": True, "max_length": LENGTH, "return_tensors": "np"}
    seconds = TEXTS[::-1]
    for wanted, texts in (
        (tokenizer(list(TEXTS), return_token_type_ids=True, **asked), list(TEXTS)),
        (tokenizer(list(TEXTS), list(seconds), return_token_type_ids=True, **asked), list(zip(TEXTS, seconds))),  # noqa: B905
        (tokenizer([TEXTS[0]], return_token_type_ids=True, **asked), [TEXTS[0]]),
    ):
        found = encoder.feeds(encoder.encode(texts), INPUTS)
        for name in INPUTS:
            assert found[name].tolist() == wanted[name].tolist(), name
    assert encoder.special.pad_id == tokenizer.pad_token_id == PADS[architecture]
    assert encoder.special.mask == tokenizer.mask_token
    assert encoder.special.mask_id == tokenizer.mask_token_id


def made(folder: Path, config: dict[str, Any] | None = None, **padding: Any) -> Encoder:
    from tokenizers import Tokenizer

    write_tokenizer(folder, make_vocabulary(), 16)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if padding:
        tokenizer.enable_padding(**padding)
    write_text(folder / "tokenizer.json", tokenizer.to_str())
    (folder / "tokenizer_config.json").unlink()
    if config is not None:
        write_json(folder / "tokenizer_config.json", config)
    return Encoder(folder / "tokenizer.json", 16)


@pytest.mark.parametrize(
    ("config", "padding", "pad_id"),
    [
        (None, {}, 0),  # by its usual name
        (None, {"pad_id": 3, "pad_token": "[SEP]"}, 3),
        ({"pad_token": "[SEP]"}, {}, 3),
        ({"pad_token": {"content": "[SEP]", "lstrip": False}}, {"pad_id": 1, "pad_token": "[UNK]"}, 3),
        ({"pad_token": "not a token"}, {"pad_id": 1, "pad_token": "[UNK]"}, 1),
        ({"pad_token": None}, {}, 0),
        ({"pad_token": 5}, {}, 0),
    ],
)
def test_the_padding_is_found(tmp_path: Path, config: Any, padding: dict[str, Any], pad_id: int) -> None:
    assert made(tmp_path, config, **padding).pad_id == pad_id


def test_padding_may_stand_on_the_left(tmp_path: Path) -> None:
    encoder = made(tmp_path, {"padding_side": "left", "pad_token_type_id": 3})
    assert encoder.special == SpecialTokens(0, 3, True, "[MASK]", SPECIAL.index("[MASK]"))
    feeds = encoder.feeds(encoder.encode(["cat", "cat cat"]), INPUTS)
    assert feeds["attention_mask"].tolist() == [[0, 1, 1, 1], [1, 1, 1, 1]]
    assert feeds["token_type_ids"][0].tolist() == [3, 0, 0, 0]
    assert feeds["input_ids"][0, 1] == SPECIAL.index("[CLS]")
    assert encoder.place(3, 4) == slice(1, 4)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"5"])
def test_a_configuration_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    made(tmp_path)
    (tmp_path / "tokenizer_config.json").write_bytes(content)
    with pytest.raises(BundleError) as caught:
        Encoder(tmp_path / "tokenizer.json", 16)
    assert caught.value.code == "HUB-E011"


@pytest.mark.parametrize(("entry", "text"), [("a", "a"), ({"content": "a"}, "a"), (None, ""), ({}, ""), (["a"], "")])
def test_tokens_are_texts_or_objects(entry: Any, text: str) -> None:
    assert token_text(entry) == text
