"""Relations: what they are by hand, and that padding and unequal tokens count nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hub.contract.errors import UsageError
from hub.train.batches import EncodedRows, make_batch
from hub.train.relations import projections, read_relations, relation_loss, watched
from tests.support.tiny_models import tiny_bert

ROWS = EncodedRows(ids=((2, 7, 9, 3), (2, 8, 3)), pad_id=0, strata=np.zeros(2, dtype=np.int64))


def test_equal_relations_cost_nothing_whatever_stands_at_padding() -> None:
    values = torch.randn(3, 2, 4, 12, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    other = values.clone()
    other[:, 1, 2:] = 100.0
    assert float(relation_loss(other, values, mask)) == pytest.approx(0.0, abs=1e-6)


def test_relations_by_hand() -> None:
    """Two tokens of width 1: one head, whose products are the scores of a softmax."""
    student = torch.tensor([1.0, 2.0]).reshape(1, 1, 2, 1).expand(3, 1, 2, 1)
    teacher = torch.tensor([0.5, -1.0]).reshape(1, 1, 2, 1).expand(3, 1, 2, 1)
    expected = 0.0
    for place in range(2):
        wanted, found = (
            np.exp(values) / np.exp(values).sum()
            for values in (
                np.array([0.5, -1.0]) * (0.5, -1.0)[place],
                np.array([1.0, 2.0]) * (1.0, 2.0)[place],
            )
        )
        expected += float((wanted * np.log(wanted / found)).sum()) / 2
    assert float(relation_loss(student, teacher, torch.ones(1, 2, dtype=torch.long))) == pytest.approx(expected)


def test_a_student_of_another_width_can_learn_them() -> None:
    source = torch.Generator().manual_seed(0)
    student = torch.randn(3, 2, 5, 24, generator=source).requires_grad_()
    teacher = torch.randn(3, 2, 5, 36, generator=source)
    loss = relation_loss(student, teacher, torch.ones(2, 5, dtype=torch.long))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) > 0
    assert student.grad is not None and float(student.grad.abs().sum()) > 0


def test_the_teacher_is_read_token_by_token_and_left_as_it_was() -> None:
    teacher = tiny_bert(layers=2)
    found = read_relations(teacher, ROWS)
    assert found.starts.tolist() == [0, 4, 7]
    batch = make_batch(ROWS, [0, 1])
    with torch.inference_mode(), watched(teacher) as projected:
        teacher(**batch.inputs)
    values, counted = found.of([0, 1], batch.mask)
    assert counted.tolist() == batch.mask.tolist()
    for kind in range(3):
        torch.testing.assert_close(values[kind, 0], projected[kind][0].float(), atol=2e-3, rtol=1e-2)
    assert not values[:, 1, 3].any()
    assert not any(module._forward_hooks for module in projections(teacher))


def test_an_input_that_the_student_cuts_otherwise_does_not_count() -> None:
    found = read_relations(tiny_bert(layers=1), ROWS)
    _, counted = found.of([0, 1], torch.tensor([[1, 1, 1, 1], [1, 1, 1, 1]]))
    assert counted.tolist() == [[1, 1, 1, 1], [0, 0, 0, 0]]


def test_an_architecture_without_projections_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        projections(torch.nn.Linear(2, 2))
    assert caught.value.code == "HUB-T031"
