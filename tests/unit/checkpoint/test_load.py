"""Loaded models answer as their files say; those whose answers would mean nothing are refused."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hub.checkpoint import find_checkpoint, load_checkpoint, reference_scores
from hub.contract.errors import CheckpointError, UsageError
from hub.train.base import quiet_transformers
from tests.support.made_checkpoints import TEXTS, change, change_weights, feeds_of, save_encoder
from tests.support.tiny_checkpoints import CELLS, make_checkpoint
from tests.unit.checkpoint.conftest import Copy


def load(folder: Path, kind: str | None = None, **allowed: bool) -> Any:
    return load_checkpoint(find_checkpoint(str(folder), kind=kind), **allowed)


def test_a_classifier_is_loaded_ready_to_export(classifier: Path) -> None:
    loaded = load(classifier)

    assert type(loaded.model).__name__ == "BertForSequenceClassification"
    assert (loaded.outputs, loaded.model.training, loaded.model.dtype) == ((), False, torch.float32)
    assert loaded.model.config._attn_implementation == "eager"
    assert loaded.tokenizer.is_fast
    assert loaded.notes == ()


def test_the_reference_is_what_transformers_answers(classifier: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    feeds = feeds_of(TEXTS)
    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(classifier).eval()
    with torch.inference_mode():
        expected = model(**{name: torch.from_numpy(array) for name, array in feeds.items()}).logits.numpy()

    found = reference_scores(load(classifier), feeds)

    assert (found.dtype, found.shape) == (np.float32, (len(TEXTS), 3))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_head_on_the_mean_of_the_tokens_is_known(tmp_path: Path) -> None:
    from hub.train.base import find_base, load_model, load_tokenizer
    from hub.train.students import save_student_model

    with quiet_transformers():
        base = find_base(str(make_checkpoint(tmp_path / "base", "bert", "embeddings")))
        model = load_model(base, ("a", "b", "c"), "label", seed=3, dropout=0.0, pooling="mean").eval()
        save_student_model(model, tmp_path / "saved")
        load_tokenizer(base).save_pretrained(tmp_path / "saved")
    feeds = feeds_of(TEXTS)
    with torch.inference_mode():
        expected = model(**{name: torch.from_numpy(array) for name, array in feeds.items()}).logits.numpy()

    loaded = load(tmp_path / "saved")

    assert loaded.checkpoint.kinds == ("text-classification", "multi-label", "embeddings")
    np.testing.assert_allclose(reference_scores(loaded, feeds), expected, atol=1e-5)
    change(tmp_path / "saved" / "config.json", architectures=["MeanPooledNothing"])
    with pytest.raises(UsageError, match="HUB-X104"):
        load(tmp_path / "saved")


OUTPUT_AXES = {
    "text-classification": (3,),
    "multi-label": (4,),
    "token-classification": (9, 5),
    "question-answering": (9, 2),
    "embeddings": (32,),
}
CHOSEN = [cell for cell in CELLS if cell[0] in ("bert", "distilbert", "roberta", "deberta-v2", "modernbert")]


@pytest.mark.parametrize(("architecture", "kind"), CHOSEN)
def test_scores_have_the_shape_of_their_kind(tmp_path: Path, architecture: str, kind: str) -> None:
    with quiet_transformers():
        folder = make_checkpoint(tmp_path / "made", architecture, kind)
    loaded = load(folder)
    ids = np.arange(18, dtype=np.int64).reshape(2, 9) + 5
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}

    found = reference_scores(loaded, feeds)

    axes = OUTPUT_AXES.get(kind) or (9, loaded.model.get_input_embeddings().num_embeddings)
    assert found.shape == (2, *axes)
    assert np.isfinite(found).all()
    assert not np.allclose(found[0], found[1])


def test_a_bare_encoder_gives_the_mean_of_its_tokens_at_unit_length(encoder: Path) -> None:
    from transformers import AutoModel

    feeds = feeds_of(TEXTS)
    with quiet_transformers():
        model = AutoModel.from_pretrained(encoder).eval()
    with torch.inference_mode():
        tokens = model(**{name: torch.from_numpy(array) for name, array in feeds.items()}).last_hidden_state.numpy()
    mask = feeds["attention_mask"][..., None]
    mean = (tokens * mask).sum(axis=1) / mask.sum(axis=1)

    loaded = load(encoder)
    found = reference_scores(loaded, feeds)

    np.testing.assert_allclose(found, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=1e-5)
    assert loaded.outputs == ("sentence_embedding", "token_embeddings")


def test_padding_changes_no_vector(encoder: Path) -> None:
    loaded = load(encoder)
    batch = reference_scores(loaded, feeds_of(TEXTS))

    alone = np.concatenate([reference_scores(loaded, feeds_of([text])) for text in TEXTS])

    np.testing.assert_allclose(alone, batch, atol=1e-5)


def test_the_encoder_below_a_head_gives_vectors(classifier: Path) -> None:
    loaded = load(classifier, "embeddings")

    assert type(loaded.model.encoder).__name__ == "BertModel"
    np.testing.assert_allclose(np.linalg.norm(reference_scores(loaded, feeds_of(TEXTS)), axis=1), 1, atol=1e-5)


def test_samples_to_trace_have_two_rows_of_two_tokens_at_least(encoder: Path) -> None:
    loaded = load(encoder)

    sample = loaded.model.sample_inputs()

    assert set(sample) == {"input_ids", "attention_mask", "token_type_ids"}
    assert all(value.shape == (2, 8) and value.dtype == torch.int64 for value in sample.values())
    assert 0 < int(sample["attention_mask"].sum()) < 16
    sentences, tokens = loaded.model(**sample)
    assert (sentences.shape, tokens.shape) == ((2, 32), (2, 8, 32))


def test_half_precision_is_loaded_as_fp32(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change_weights(
        folder / "model.safetensors", lambda t: t.update({name: value.bfloat16() for name, value in t.items()})
    )
    change(folder / "config.json", dtype="bfloat16")

    assert load(folder).model.dtype == torch.float32


@pytest.fixture
def headless(encoder: Path, copy: Copy) -> Path:
    """An encoder that says it is a classifier."""
    folder = copy(encoder)
    names = {"0": "a", "1": "b"}
    change(folder / "config.json", architectures=["BertForSequenceClassification"], id2label=names, label2id=None)
    return folder


def test_a_random_head_is_refused_by_name(headless: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(headless)

    assert (caught.value.code, caught.value.exit_code) == ("HUB-X109", 2)
    assert "classifier.bias, classifier.weight" in caught.value.why
    assert "--allow-random-head" in caught.value.fix


def test_a_random_head_may_be_allowed(headless: Path) -> None:
    loaded = load(headless, allow_random_head=True)

    assert loaded.model.config.num_labels == 2
    assert any("random weights" in note for note in loaded.notes)


def test_of_many_missing_weights_three_are_named(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)

    def drop(tensors: dict[str, Any]) -> None:
        for name in [name for name in tensors if ".layer.1." in name]:
            del tensors[name]

    change_weights(folder / "model.safetensors", drop)

    with pytest.raises(CheckpointError) as caught:
        load(folder, allow_random_head=True)

    assert (caught.value.code, caught.value.exit_code) == ("HUB-X109", 3)
    assert "lacks weights of its encoder" in caught.value.what
    assert caught.value.why.count("encoder.layer.1.") == 3
    assert "and 13 more" in caught.value.why


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_broken_weight_is_refused_by_name(classifier: Path, copy: Copy, value: float) -> None:
    folder = copy(classifier)
    name = "bert.encoder.layer.1.output.dense.weight"
    change_weights(folder / "model.safetensors", lambda tensors: tensors[name][3].fill_(value))

    with pytest.raises(CheckpointError) as caught:
        load(folder)

    assert caught.value.code == "HUB-X111"
    assert name in caught.value.what
    assert "64 of its" in caught.value.why


def test_a_weight_of_another_shape_is_refused(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change(folder / "config.json", intermediate_size=48)

    with pytest.raises(CheckpointError) as caught:
        load(folder)

    assert caught.value.code == "HUB-X110"
    assert "has shape [64" in caught.value.why
    assert "[48" in caught.value.why


def test_weights_of_nothing_are_noted(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change_weights(folder / "model.safetensors", lambda tensors: tensors.update({"extra.weight": torch.ones(2)}))

    assert any("extra.weight" in note for note in load(folder).notes)


def test_a_model_gives_its_answers_and_nothing_else(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change(folder / "config.json", output_hidden_states=True, output_attentions=True, return_dict=False)

    loaded = load(folder)

    assert list(loaded.model(**loaded.model.dummy_inputs)) == ["logits"]
    np.testing.assert_array_equal(
        reference_scores(loaded, feeds_of(TEXTS)), reference_scores(load(classifier), feeds_of(TEXTS))
    )


def test_quantized_weights_are_refused(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change(folder / "config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True})

    with pytest.raises(CheckpointError, match="quantized already"):
        load(folder)


def test_a_tokenizer_that_knows_more_tokens_than_the_model_is_refused(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)

    def cut(tensors: dict[str, Any]) -> None:
        name = "bert.embeddings.word_embeddings.weight"
        tensors[name] = tensors[name][:50].clone()

    change_weights(folder / "model.safetensors", cut)
    change(folder / "config.json", vocab_size=50)

    with pytest.raises(CheckpointError) as caught:
        load(folder)

    assert caught.value.code == "HUB-X112"
    assert "the model has 50" in caught.value.why


def test_a_checkpoint_without_tokenizer_is_refused(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()

    with pytest.raises(UsageError) as caught:
        load(folder)

    assert caught.value.code in ("HUB-T001", "HUB-T003")


@pytest.fixture
def pickled(classifier: Path, copy: Copy) -> Path:
    """The classifier with its weights in a pickle."""
    from safetensors.torch import load_file

    folder = copy(classifier)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def test_pickles_are_refused(pickled: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(pickled)

    assert (caught.value.code, caught.value.exit_code) == ("HUB-X107", 2)
    assert "pytorch_model.bin" in caught.value.what
    assert "--allow-pickle" in caught.value.fix


def test_an_allowed_pickle_gives_the_same_model(pickled: Path, classifier: Path) -> None:
    loaded = load(pickled, allow_pickle=True)

    assert any("pickle" in note for note in loaded.notes)
    np.testing.assert_array_equal(
        reference_scores(loaded, feeds_of(TEXTS)), reference_scores(load(classifier), feeds_of(TEXTS))
    )


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.file),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_an_allowed_pickle_is_not_run(pickled: Path, tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "it-ran"
    if zipped:
        torch.save({"a": Bomb(str(mark))}, pickled / "pytorch_model.bin")
    else:
        (pickled / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Bomb(str(mark))}))

    with pytest.raises(CheckpointError) as caught:
        load(pickled, allow_pickle=True)

    assert caught.value.code == "HUB-X110"
    assert not mark.exists()


@pytest.fixture
def foreign(classifier: Path, copy: Copy) -> Path:
    """A checkpoint whose class is code beside it."""
    folder = copy(classifier)
    (folder / "theirs.py").write_text(
        "from pathlib import Path\n"
        "Path(__file__).parent.joinpath('it-ran').touch()\n"
        "from transformers import BertConfig, BertForSequenceClassification\n"
        "class TheirConfig(BertConfig):\n    model_type = 'theirs'\n"
        "class TheirModel(BertForSequenceClassification):\n    config_class = TheirConfig\n",
        "utf-8",
    )
    registered = {"AutoConfig": "theirs.TheirConfig", "AutoModelForSequenceClassification": "theirs.TheirModel"}
    change(folder / "config.json", model_type="theirs", architectures=["TheirModel"], auto_map=registered)
    return folder


def test_code_of_a_checkpoint_is_not_run(foreign: Path, tmp_path: Path) -> None:
    found = find_checkpoint(str(foreign))
    with pytest.raises(UsageError) as caught:
        load_checkpoint(found)

    assert (found.kind, found.model_type) == ("text-classification", "theirs")
    assert caught.value.code == "HUB-X108"
    assert "--trust-remote-code" in caught.value.fix
    assert not list(tmp_path.rglob("it-ran"))


def test_code_of_a_checkpoint_may_be_allowed(
    foreign: Path, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))

    loaded = load(foreign, trust_remote_code=True)

    assert type(loaded.model).__name__ == "TheirModel"
    np.testing.assert_array_equal(
        reference_scores(loaded, feeds_of(TEXTS)), reference_scores(load(classifier), feeds_of(TEXTS))
    )


def test_a_type_that_transformers_js_does_not_know_is_noted(tmp_path: Path) -> None:
    with quiet_transformers():
        folder = make_checkpoint(tmp_path / "made", "xlnet", "text-classification")

    notes = load(folder).notes

    assert any("Transformers.js has no text-classification" in note for note in notes)
    assert any("pads on the left" in note for note in notes)


def test_an_encoder_is_saved_for_these_tests_without_a_head(tmp_path: Path) -> None:
    from hub.checkpoint.files import find_weights

    with quiet_transformers():
        folder = save_encoder(tmp_path / "e")

    assert not any("classifier" in name for name in find_weights(folder).shapes)
