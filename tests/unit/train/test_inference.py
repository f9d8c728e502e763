"""Many rows at once give what each row gives alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from hub.train.batches import CUT_OFF, EncodedRows
from hub.train.inference import scores, scores_and_hidden
from hub.train.precision import to_precision
from tests.support.tiny_models import tiny_bert


def ids(count: int = 23) -> tuple[tuple[int, ...], ...]:
    draw = random.Random(0)
    return tuple((2, *(draw.randrange(5, 40) for _ in range(draw.randrange(12))), 3) for _ in range(count))


def rows(given: tuple[tuple[int, ...], ...] | None = None, pad_id: int = 0) -> EncodedRows:
    given = ids() if given is None else given
    return EncodedRows(given, pad_id, np.zeros(len(given), dtype=np.int64))


def alone(model: torch.nn.Module, row: tuple[int, ...]) -> np.ndarray:
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([row])).logits[0].float().numpy()
    return np.asarray(found)


@pytest.mark.parametrize("batch_size", [1, 4, 23, 64])
def test_rows_keep_their_order_and_their_scores(batch_size: int) -> None:
    model = tiny_bert()

    found = scores(model, rows(), batch_size)

    assert found.shape == (23, 3)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.stack([alone(model, row) for row in ids()]), abs=1e-5)


@pytest.mark.parametrize("pad_id", [0, 7])
def test_padding_has_no_influence(pad_id: int) -> None:
    model = tiny_bert()
    short, long = (2, 5, 3), (2, 5, 6, 7, 8, 9, 10, 3)

    found = scores(model, rows((long, short), pad_id))

    assert found[1] == pytest.approx(alone(model, short), abs=1e-5)
    assert found[0] == pytest.approx(alone(model, long), abs=1e-5)


def test_bf16_model_gives_fp32_scores() -> None:
    model = tiny_bert()
    expected = scores(model, rows())

    found = scores(to_precision(model, "bf16"), rows())

    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=0.2)
    assert not np.array_equal(found, expected)


def test_no_rows() -> None:
    found = scores(tiny_bert(labels=5), rows(()))

    assert found.shape == (0, 5)
    assert found.dtype == np.float32


def test_a_row_of_several_inputs_has_their_mean() -> None:
    model, given = tiny_bert(), ids(5)
    owners = np.array([0, 0, 0, 1, 2])

    found = scores(model, EncodedRows(given, 0, np.zeros(3, dtype=np.int64), owners=owners))

    each = np.stack([alone(model, row) for row in given])
    assert found == pytest.approx(np.stack([each[:3].mean(axis=0), each[3], each[4]]), abs=1e-5)


def test_types_reach_the_model() -> None:
    model = tiny_bert()
    row = (2, 7, 3, 8, 3)
    encoded = EncodedRows((row,), 0, np.zeros(1, dtype=np.int64), types=((0, 0, 0, 1, 1),))

    found = scores(model, encoded)

    with torch.inference_mode():
        typed = model(input_ids=torch.tensor([row]), token_type_ids=torch.tensor([[0, 0, 0, 1, 1]])).logits
    assert found == pytest.approx(typed.numpy(), abs=1e-5)
    assert found != pytest.approx(scores(model, rows((row,))), abs=1e-5)


class Tagger(torch.nn.Module):
    """Gives at each token its id, and one more."""

    def __init__(self) -> None:
        super().__init__()
        self.config = type("Config", (), {"num_labels": 2})()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: object) -> object:
        wide = input_ids.float().unsqueeze(-1)
        found = torch.cat([wide, wide + 1], dim=2)
        return type("Output", (), {"logits": found, "hidden_states": [found, -found]})()


def test_words_are_read_at_their_first_tokens() -> None:
    encoded = EncodedRows(
        ((2, 10, 11, 12, 3), (2, 20, 3)), 0, np.zeros(2, dtype=np.int64), places=((1, 3), (1, CUT_OFF))
    )

    found, hidden = scores_and_hidden(Tagger(), encoded)

    assert found.tolist() == [[10, 11], [12, 13], [20, 21], [1, 0]]
    assert scores(Tagger(), encoded).tolist() == found.tolist()
    assert hidden[:3].tolist() == [[[-10, -11]], [[-12, -13]], [[-20, -21]]]


def test_hidden_states_are_those_of_the_first_token() -> None:
    model = tiny_bert()

    found, hidden = scores_and_hidden(model, rows(), 4)

    assert np.array_equal(found, scores(model, rows(), 4))
    with torch.inference_mode():
        expected = [model.bert(input_ids=torch.tensor([row])).last_hidden_state[0, 0].numpy() for row in ids()]
    assert hidden[:, 0] == pytest.approx(np.stack(expected), abs=1e-5)


@pytest.mark.parametrize(
    ("layers", "states", "read"),
    [(6, 1, [6]), (6, 2, [3, 6]), (6, 6, [1, 2, 3, 4, 5, 6]), (5, 2, [2, 5]), (2, 3, [1, 1, 2])],
)
def test_hidden_states_are_spread_over_the_layers(layers: int, states: int, read: list[int]) -> None:
    model = tiny_bert(layers=layers)
    row = ids()[0]

    _, hidden = scores_and_hidden(model, EncodedRows((row,), 0, np.zeros(1, dtype=np.int64)), states=states)

    with torch.inference_mode():
        every = model.bert(input_ids=torch.tensor([row]), output_hidden_states=True).hidden_states
    assert hidden[0] == pytest.approx(np.stack([every[layer][0, 0].numpy() for layer in read]), abs=1e-5)
