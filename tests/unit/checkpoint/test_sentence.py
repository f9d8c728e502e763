"""Folders of sentence-transformers become one module that gives the library's own vectors."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hub.checkpoint import find_checkpoint, load_checkpoint, reference_scores
from hub.checkpoint.modules import pool
from hub.checkpoint.sentence import POOLINGS
from hub.contract.errors import CheckpointError, UsageError
from hub.train.base import find_base
from tests.support.made_checkpoints import DENSE, TEXTS, change, change_weights, feeds_of, save_sentence
from tests.unit.checkpoint.conftest import Copy

HAS_LIBRARY = importlib.util.find_spec("sentence_transformers") is not None
needs_library = pytest.mark.skipif(not HAS_LIBRARY, reason="sentence-transformers is not installed")


def library_vectors(folder: Path, texts: tuple[str, ...]) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu").encode(list(texts), convert_to_numpy=True)


def our_vectors(folder: Path, texts: tuple[str, ...]) -> Any:
    """The vectors of one batch, tokenized as the bundle will."""
    loaded = load_checkpoint(find_checkpoint(str(folder)))
    limit = loaded.checkpoint.max_length
    found = loaded.tokenizer(list(texts), padding=True, truncation=True, max_length=limit, return_tensors="np")
    return reference_scores(loaded, {name: np.asarray(array, dtype=np.int64) for name, array in found.items()})


def test_a_folder_is_described_by_its_modules(sentence: Path) -> None:
    found = find_checkpoint(str(sentence))

    assert (found.source, found.kind, found.kinds) == ("sentence-transformers", "embeddings", ("embeddings",))
    assert (found.max_length, found.architecture, found.labels) == (24, "BertModel", ())
    loaded = load_checkpoint(found)
    assert sum(weight.numel() for weight in loaded.model.parameters()) == found.parameters


def test_pooling_dense_and_unit_length_follow_the_encoder(sentence: Path, encoder: Path) -> None:
    from safetensors.torch import load_file

    feeds = feeds_of(TEXTS)
    plain = load_checkpoint(find_checkpoint(str(encoder)))
    with torch.inference_mode():
        tokens = plain.model(**{name: torch.from_numpy(array) for name, array in feeds.items()})[1].numpy()
    mask = feeds["attention_mask"][..., None]
    dense = {name: tensor.numpy() for name, tensor in load_file(sentence / "2_Dense" / "model.safetensors").items()}
    mean = (tokens * mask).sum(axis=1) / mask.sum(axis=1)
    expected = np.tanh(mean @ dense["linear.weight"].T + dense["linear.bias"])

    found = reference_scores(load_checkpoint(find_checkpoint(str(sentence))), feeds)

    assert found.shape == (len(TEXTS), DENSE)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5)


@needs_library
@pytest.mark.parametrize("mode", POOLINGS)
def test_each_pooling_is_that_of_the_library(encoder: Path, tmp_path: Path, mode: str) -> None:
    pooling = {"embedding_dimension": 32, "pooling_mode": mode}
    folder = save_sentence(tmp_path / "st", encoder, pooling=pooling, dense="", normalise=False)

    np.testing.assert_allclose(our_vectors(folder, TEXTS), library_vectors(folder, TEXTS), atol=1e-5)


@needs_library
@pytest.mark.parametrize("dense", ["Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid"])
def test_several_poolings_and_each_activation_are_those_of_the_library(
    encoder: Path, tmp_path: Path, dense: str
) -> None:
    folder = save_sentence(tmp_path / "st", encoder, dense=dense, settings={"max_seq_length": 6, "do_lower_case": True})
    texts = (*TEXTS, "THE OLD HOUSE", "the old house the old house the old house")

    np.testing.assert_allclose(our_vectors(folder, texts), library_vectors(folder, texts), atol=1e-5)


@needs_library
def test_the_packaged_model_gives_the_vectors_of_the_library() -> None:
    folder = Path(find_base("packaged").location)
    texts = ("A heron stands in the river.", "Überraschung!", "word " * 300, "x")

    np.testing.assert_allclose(our_vectors(folder, texts), library_vectors(folder, texts), atol=1e-5)


VECTORS = np.array([[[1.0, -2.0], [3.0, 4.0], [5.0, 0.0]], [[7.0, -8.0], [9.0, 9.0], [9.0, 9.0]]], dtype=np.float32)
MASK = np.array([[1, 1, 1], [1, 0, 0]])
KNOWN = {
    "cls": [[1, -2], [7, -8]],
    "max": [[5, 4], [7, -8]],
    "mean": [[3, 2 / 3], [7, -8]],
    "mean_sqrt_len_tokens": [[9 / 3**0.5, 2 / 3**0.5], [7, -8]],
    "weightedmean": [[22 / 6, 1], [7, -8]],
    "lasttoken": [[5, 0], [7, -8]],
}


@pytest.mark.parametrize("mode", POOLINGS)
def test_pooling_of_known_vectors(mode: str) -> None:
    found = pool(torch.from_numpy(VECTORS), torch.from_numpy(MASK), mode)

    np.testing.assert_allclose(found.numpy(), KNOWN[mode], rtol=1e-6)


def test_flags_of_earlier_versions_are_read_in_their_order(encoder: Path, tmp_path: Path) -> None:
    flags = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}
    both = save_sentence(tmp_path / "both", encoder, pooling=flags, dense="", normalise=False)
    new = {"embedding_dimension": 32, "pooling_mode": ["cls", "mean"]}
    named = save_sentence(tmp_path / "named", encoder, pooling=new, dense="", normalise=False)

    found = our_vectors(both, TEXTS)

    assert found.shape == (len(TEXTS), 64)
    np.testing.assert_array_equal(found, our_vectors(named, TEXTS))


def test_vectors_that_are_not_of_unit_length_stay_so_with_a_note(encoder: Path, tmp_path: Path) -> None:
    folder = save_sentence(tmp_path / "st", encoder, dense="", normalise=False)

    assert any("not of unit length" in note for note in find_checkpoint(str(folder)).notes)
    assert np.abs(np.linalg.norm(our_vectors(folder, TEXTS), axis=1) - 1).min() > 0.01


def test_a_prompt_before_every_text_is_noted(sentence: Path, copy: Copy) -> None:
    folder = copy(sentence)
    prompts = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), "utf-8")

    assert "'query: '" in find_checkpoint(str(folder)).notes[0]


def modules(*entries: tuple[str, str]) -> str:
    return json.dumps([{"idx": 0, "name": "0", "path": path, "type": kind} for kind, path in entries])


ST = "sentence_transformers.models."


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        (modules((f"{ST}Transformer", ""), (f"{ST}Pooling", "1_Pooling"), (f"{ST}LSTM", "2")), "a module LSTM"),
        (modules((f"{ST}Transformer", ""), ("their.Pooling", "1_Pooling")), "not part of sentence-transformers"),
        (modules((f"{ST}StaticEmbedding", "")), "begins with StaticEmbedding"),
        (modules((f"{ST}Transformer", "")), "no Pooling follows"),
        ("[]", "begins with nothing"),
    ],
)
def test_modules_without_a_counterpart_are_refused(sentence: Path, copy: Copy, listed: str, why: str) -> None:
    folder = copy(sentence)
    (folder / "modules.json").write_text(listed, "utf-8")

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X113"
    assert why in caught.value.why


@pytest.mark.parametrize(
    "listed", ["", "{", "{}", "[1]", modules((f"{ST}Transformer", "../x")), modules((f"{ST}Transformer", "/x"))]
)
def test_a_list_that_makes_no_sense_is_refused(sentence: Path, copy: Copy, listed: str) -> None:
    folder = copy(sentence)
    (folder / "modules.json").write_text(listed, "utf-8")

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X103"


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "median"}),
        ("1_Pooling/config.json", {"pooling_mode": []}),
        ("2_Dense/config.json", {"activation_function": "os.system"}),
        ("2_Dense/config.json", {"activation_function": "torch.nn.modules.activation.Softmax"}),
        ("2_Dense/config.json", {"use_residual": True}),
        ("2_Dense/config.json", {"module_input_name": "token_embeddings"}),
        ("sentence_bert_config.json", {"transformer_task": "text-generation"}),
    ],
)
def test_settings_without_a_counterpart_are_refused(
    sentence: Path, copy: Copy, file: str, changes: dict[str, Any]
) -> None:
    folder = copy(sentence)
    change(folder / file, **changes)

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X113"


@pytest.mark.parametrize("gone", ["1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors"])
def test_a_missing_file_of_a_module_is_named(sentence: Path, copy: Copy, gone: str) -> None:
    folder = copy(sentence)
    (folder / gone).unlink()

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X102"
    assert Path(gone).name in caught.value.what


def test_an_adapter_for_an_encoder_is_refused(sentence: Path, copy: Copy) -> None:
    folder = copy(sentence)
    (folder / "adapter_config.json").write_text("{}", "utf-8")

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X113"
    assert "adapter" in caught.value.why


def test_a_dense_layer_of_another_size_is_refused(sentence: Path, copy: Copy) -> None:
    folder = copy(sentence)
    change(folder / "2_Dense" / "config.json", out_features=13)

    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(find_checkpoint(str(folder)))

    assert caught.value.code == "HUB-X110"


def test_a_broken_weight_of_a_dense_layer_is_refused(sentence: Path, copy: Copy) -> None:
    folder = copy(sentence)
    change_weights(folder / "2_Dense" / "model.safetensors", lambda tensors: tensors["linear.bias"].fill_(float("nan")))

    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(find_checkpoint(str(folder)))

    assert caught.value.code == "HUB-X111"
