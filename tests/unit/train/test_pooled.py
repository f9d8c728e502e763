"""Heads on the mean of the tokens: the mean itself, every architecture, saved and loaded, exported, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import UsageError
from hub.contract.exporter import ExportRequest
from hub.contract.kinds import KINDS
from hub.edge.onnx import OnnxRuntime
from hub.train.base import find_base, load_model
from hub.train.batches import EncodedRows, make_batch
from hub.train.inference import scores_and_hidden
from hub.train.pooled import check_pooling, is_pooled
from hub.train.probe import head_vectors, linear_head
from hub.train.student import make_student
from hub.train.students import load_student_model, save_student_model
from tests.support.tiny_checkpoints import ARCHITECTURES, make_checkpoint

LABELS = ("a", "b", "c")


def pooled(folder: Path, architecture: str = "bert", pooling: str = "mean", **options: Any) -> Any:
    base = find_base(str(make_checkpoint(folder / "base", architecture, "embeddings", **options)))
    return load_model(base, LABELS, "label", seed=1, dropout=0.0, pooling=pooling).eval()


def batch(model: Any) -> dict[str, Any]:
    """Two texts, of 9 and of 5 tokens, padded on the right."""
    import torch

    ids = torch.randint(5, model.config.vocab_size, (2, 9), generator=torch.Generator().manual_seed(2))
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    ids[1, 5:] = model.config.pad_token_id or 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_reads_the_mean_of_the_tokens(tmp_path: Path, architecture: str) -> None:
    import torch
    from transformers import AutoModel

    model = pooled(tmp_path, architecture)
    given = batch(model)
    with torch.inference_mode():
        tokens = AutoModel.from_pretrained(tmp_path / "base").eval()(**given).last_hidden_state
        means = torch.stack([tokens[0].mean(dim=0), tokens[1, :5].mean(dim=0)])
        found = model(**given).logits
        head = model.head if architecture == "modernbert" else torch.nn.Identity()
        expected = linear_head(model)(head(means))
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
        alone = model(**{name: value[1:, :5] for name, value in given.items()}).logits
        torch.testing.assert_close(found[1:], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "modernbert"])
def test_at_unit_length_only_the_direction_of_the_mean_counts(tmp_path: Path, architecture: str) -> None:
    import torch
    from torch.nn import functional
    from transformers import AutoModel

    model = pooled(tmp_path, architecture, pooling="unit")
    save_student_model(model, tmp_path / "saved")
    given = batch(model)
    with torch.inference_mode():
        tokens = AutoModel.from_pretrained(tmp_path / "base").eval()(**given).last_hidden_state
        mean = tokens[1, :5].mean(dim=0)
        expected = model.classifier(functional.normalize(mean, dim=0) * len(mean) ** 0.5)
        torch.testing.assert_close(model(**given).logits[1], expected, atol=1e-4, rtol=0)
        assert torch.equal(load_student_model(tmp_path / "saved")(**given).logits, model(**given).logits)


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "roberta", "modernbert"])
def test_a_saved_model_is_the_same_and_so_is_its_graph(tmp_path: Path, architecture: str) -> None:
    import torch

    from hub_onnx.export import export

    model = pooled(tmp_path, architecture)
    save_student_model(model, tmp_path / "saved")
    loaded = load_student_model(tmp_path / "saved")
    given = batch(model)
    with torch.inference_mode():
        expected = model(**given).logits
        assert torch.equal(loaded(**given).logits, expected)
    kind = "text-classification"
    written = export(ExportRequest(model=loaded, target=tmp_path / "model.onnx", kind=kind, max_length=64))
    feeds = {name: given.get(name, torch.zeros_like(given["input_ids"])).numpy() for name in written.inputs}
    answers = OnnxRuntime(written.file, {}).run(feeds)
    np.testing.assert_allclose(answers, expected.numpy(), atol=1e-4)


def test_a_student_of_fewer_layers_pools_too(tmp_path: Path) -> None:
    import torch

    model = pooled(tmp_path, layers=3)
    student = make_student(model, (0, 2))
    save_student_model(student, tmp_path / "saved")
    given = batch(model)
    with torch.inference_mode():
        assert torch.equal(load_student_model(tmp_path / "saved")(**given).logits, student(**given).logits)
    assert student.config.num_hidden_layers == 2


def test_its_head_vector_is_the_mean_of_the_tokens(tmp_path: Path) -> None:
    """What fewshot trains and probe fits."""
    import torch
    from transformers import AutoModel

    model = pooled(tmp_path)
    rows = EncodedRows(((5, 9, 7), (8, 6, 5, 11, 20)), 0, np.zeros(2, dtype=np.int64))
    read = make_batch(rows, [0, 1])
    encoder = AutoModel.from_pretrained(tmp_path / "base").eval()
    with torch.inference_mode():
        for place, ids in enumerate(rows.ids):
            tokens = encoder(input_ids=torch.tensor([ids])).last_hidden_state[0]
            torch.testing.assert_close(head_vectors(model, read)[place], tokens.mean(dim=0), atol=1e-5, rtol=0)


def test_another_program_sees_that_the_class_is_none_of_transformers(tmp_path: Path) -> None:
    save_student_model(pooled(tmp_path), tmp_path / "saved")
    config = json.loads((tmp_path / "saved" / "config.json").read_text("utf-8"))
    assert config["architectures"] == ["MeanPooledBertForSequenceClassification"]
    assert is_pooled(config)
    assert not is_pooled({"architectures": ["BertForSequenceClassification"]})
    assert not is_pooled({})


def test_equal_seeds_give_equal_heads(tmp_path: Path) -> None:
    import torch

    first, second = pooled(tmp_path / "a"), pooled(tmp_path / "b")
    assert torch.equal(first.classifier.weight, second.classifier.weight)
    assert 0 < float(first.classifier.weight.detach().std()) < 0.1
    assert not first.classifier.bias.any()


@pytest.mark.parametrize("kind", ["token-classification", "tabular-classification", "tabular-regression"])
def test_a_mean_is_refused_where_there_is_no_text_to_answer_as_a_whole(kind: str) -> None:
    check_pooling("model", KINDS[kind], "full")
    with pytest.raises(UsageError, match="HUB-R036"):
        check_pooling("mean", KINDS[kind], "full")


def test_a_mean_is_refused_for_adapters_which_stand_alone_too() -> None:
    for kind in ("text-classification", "multi-label"):
        check_pooling("mean", KINDS[kind], "fewshot")
        with pytest.raises(UsageError, match="HUB-R036"):
            check_pooling("mean", KINDS[kind], "lora")


def test_a_trained_model_stays_pooled_as_the_base_of_another(tmp_path: Path) -> None:
    save_student_model(pooled(tmp_path), tmp_path / "saved")
    again = load_model(find_base(str(tmp_path / "saved")), LABELS, "label", seed=1, dropout=0.0)
    assert is_pooled(again.config)
    assert type(again).__name__ == "MeanPooledBertForSequenceClassification"


def test_the_state_that_students_learn_is_the_one_the_head_reads(tmp_path: Path) -> None:
    import torch

    model = pooled(tmp_path)
    rows = EncodedRows(((5, 9, 7), (8, 6, 5, 11, 20)), 0, np.zeros(2, dtype=np.int64))
    found, hidden = scores_and_hidden(model, rows)
    np.testing.assert_allclose(linear_head(model)(torch.from_numpy(hidden[:, 0])).detach().numpy(), found, atol=1e-5)
