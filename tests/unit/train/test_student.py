"""Students: the teacher's layers that were asked for, and the same head."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from hub.contract.errors import UsageError
from hub.train.student import check_student, make_student, scale_last_linear
from tests.support.tiny_models import shake, tiny_bert

IDS = torch.tensor([[2, 7, 9, 3], [2, 8, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


def logits_of(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=IDS, attention_mask=MASK).logits
    return found


def distilbert(**changes: Any) -> Any:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(0)
    settings = {"vocab_size": 20, "dim": 32, "hidden_dim": 64, "n_heads": 2, "n_layers": 3, "num_labels": 4}
    model = DistilBertForSequenceClassification(DistilBertConfig(**(settings | changes)))
    shake(model, 0)
    return model.eval()


def roberta() -> Any:
    from transformers import RobertaConfig, RobertaForSequenceClassification

    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, num_labels=4, type_vocab_size=1,
    )  # fmt: skip
    model = RobertaForSequenceClassification(config)
    shake(model, 0)
    return model.eval()


def albert(**changes: Any) -> Any:
    from transformers import AlbertConfig, AlbertForSequenceClassification

    torch.manual_seed(0)
    settings = {
        "vocab_size": 20, "embedding_size": 8, "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2,
        "intermediate_size": 16, "num_labels": 4, "classifier_dropout_prob": 0.0,
    }  # fmt: skip
    model = AlbertForSequenceClassification(AlbertConfig(**(settings | changes)))
    shake(model, 0)
    return model.eval()


def modernbert() -> Any:
    from transformers import ModernBertConfig, ModernBertForSequenceClassification

    torch.manual_seed(0)
    config = ModernBertConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64, num_labels=4,
        pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3,
    )  # fmt: skip
    model = ModernBertForSequenceClassification(config)
    shake(model, 0)
    return model.eval()


@pytest.mark.parametrize("layers", [(0,), (2,), (0, 3), (3, 1), (0, 1, 2, 3)])
def test_student_has_the_layers_that_were_asked_for_in_that_order(layers: tuple[int, ...]) -> None:
    teacher = tiny_bert(layers=4)

    student = make_student(teacher, layers)

    assert student.config.num_hidden_layers == len(layers)
    assert len(student.bert.encoder.layer) == len(layers)
    for found, layer in zip(student.bert.encoder.layer, layers, strict=True):
        expected = teacher.bert.encoder.layer[layer].state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in found.state_dict().items())
    assert torch.equal(student.classifier.weight, teacher.classifier.weight)
    assert torch.equal(student.bert.embeddings.word_embeddings.weight, teacher.bert.embeddings.word_embeddings.weight)


def test_student_of_all_layers_is_the_teacher() -> None:
    teacher = tiny_bert(layers=3)

    assert torch.allclose(logits_of(make_student(teacher, (0, 1, 2))), logits_of(teacher), atol=1e-6)


def test_student_of_one_layer_computes_that_layer() -> None:
    teacher = tiny_bert(layers=3)

    found = logits_of(make_student(teacher, (1,)))

    by_hand = copy.deepcopy(teacher)
    by_hand.bert.encoder.layer = nn.ModuleList([by_hand.bert.encoder.layer[1]])
    assert torch.allclose(found, logits_of(by_hand), atol=1e-6)
    assert not torch.allclose(found, logits_of(teacher), atol=1e-3)


def test_teacher_shares_nothing_and_does_not_change() -> None:
    teacher = tiny_bert(layers=3)
    before = logits_of(teacher)

    student = make_student(teacher, (0, 2))
    with torch.no_grad():
        for weight in student.parameters():
            weight.zero_()

    assert teacher.config.num_hidden_layers == len(teacher.bert.encoder.layer) == 3
    assert torch.equal(logits_of(teacher), before)


@pytest.mark.parametrize("make", [distilbert, roberta])
def test_other_architectures(make: Any) -> None:
    teacher = make()

    student = make_student(teacher, (0, 2))

    assert student.config.num_hidden_layers == 2
    kept = sum(weight.numel() for weight in student.parameters())
    stack = next(m for m in teacher.modules() if isinstance(m, nn.ModuleList) and len(m) == 3)
    assert sum(w.numel() for w in teacher.parameters()) - kept == sum(w.numel() for w in stack[1].parameters())
    assert torch.isfinite(logits_of(student)).all()


@pytest.mark.parametrize(
    "make",
    [lambda: tiny_bert(layers=4), distilbert, roberta, albert, modernbert],
    ids=["bert", "distilbert", "roberta", "albert", "modernbert"],
)
def test_student_is_saved_and_loaded(make: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    student = make_student(make(), (0, 2))
    student.save_pretrained(tmp_path)

    again = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()

    assert torch.allclose(logits_of(again), logits_of(student), atol=1e-5)


@pytest.mark.parametrize("layers", [(), (4,), (-1,), (0, 7), (0, 0)])
def test_layers_the_teacher_lacks_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        make_student(tiny_bert(layers=4), layers)

    assert caught.value.code == "HUB-R003"
    assert str(list(layers)) in caught.value.what
    assert "0 to 3" in caught.value.why


def test_model_whose_layers_cannot_be_told_is_refused() -> None:
    model = tiny_bert(layers=2)
    model.other = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])

    with pytest.raises(UsageError) as caught:
        make_student(model, (0,))

    assert caught.value.code == "HUB-T020"
    assert "2 lists of 2 modules" in caught.value.why


def test_model_whose_layers_are_shared_in_groups_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        make_student(albert(num_hidden_groups=2), (0,))

    assert caught.value.code == "HUB-T020"


def test_student_of_one_shared_layer_passes_it_less_often() -> None:
    teacher = albert()

    student = make_student(teacher, (0, 3))

    twice = albert(num_hidden_layers=2)
    twice.load_state_dict(teacher.state_dict())
    assert torch.allclose(logits_of(student), logits_of(twice), atol=1e-6)
    assert not torch.allclose(logits_of(student), logits_of(teacher), atol=1e-3)
    assert teacher.config.num_hidden_layers == 4


def test_layer_that_cannot_stand_in_another_place_is_refused() -> None:
    teacher = modernbert()

    for check in (make_student, check_student):
        with pytest.raises(UsageError) as caught:
            check(teacher, (1, 2))
        assert caught.value.code == "HUB-R003"
        assert "layers.0" in caught.value.why


@pytest.mark.parametrize("make", [lambda: tiny_bert(layers=3), distilbert, roberta, albert, modernbert])
def test_layers_are_checked_without_the_weights(make: Any) -> None:
    model = make()
    before = copy.deepcopy(model.config.to_dict())

    check_student(model, (0, 2))
    with pytest.raises(UsageError) as caught:
        check_student(model, (0, 7))

    assert caught.value.code == "HUB-R003"
    assert model.config.to_dict() == before


@pytest.mark.parametrize("make", [tiny_bert, distilbert, roberta])
@pytest.mark.parametrize("factor", [0.25, 1 / 1.7])
def test_scaling_the_head_scales_the_logits(make: Any, factor: float) -> None:
    model = make()
    before = logits_of(model)

    scale_last_linear(model, factor)

    assert torch.allclose(logits_of(model), before * factor, atol=1e-5)


def test_last_linear_is_found_among_others_of_the_same_width() -> None:
    model = tiny_bert(labels=32)  # as wide as the hidden states
    before = logits_of(model)
    dense = model.bert.pooler.dense.weight.clone()

    scale_last_linear(model, 0.5)

    assert torch.equal(logits_of(model), before * 0.5)
    assert torch.equal(model.bert.pooler.dense.weight, dense)


def test_head_without_bias_is_scaled() -> None:
    model = tiny_bert()
    model.classifier = nn.Linear(32, 3, bias=False)
    before = logits_of(model)

    scale_last_linear(model, 2.0)

    assert torch.equal(logits_of(model), before * 2)


def test_model_without_a_linear_head_is_refused() -> None:
    model = tiny_bert()
    model.classifier = nn.Identity()

    with pytest.raises(UsageError) as caught:
        scale_last_linear(model, 0.5)

    assert caught.value.code == "HUB-T021"
