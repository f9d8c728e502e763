from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hub.train.table_network import (
    NumberEmbeddings,
    TableNetwork,
    TableShape,
    category_width,
    fill_unseen,
    load_network,
    new_network,
    save_network,
    scale_outputs,
)

EDGES = [np.array([-1.0, 0.0, 2.0]), np.array([0.5])]


def shape(**changes: object) -> TableShape:
    values = {
        "numbers": 2,
        "bins": (2, 0),
        "cardinalities": (4, 3),
        "outputs": 3,
        "width": 8,
        "depth": 2,
        "members": 4,
        "embedding": 3,
    }
    return TableShape(**{**values, **changes})  # type: ignore[arg-type]


NUMBERS = torch.tensor([[0.3, -1.0], [5.0, 2.0], [-3.0, 0.5]])
CATEGORIES = torch.tensor([[0, 1], [3, 2], [2, 0]])


def answers(network: TableNetwork) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = network.eval()(NUMBERS, CATEGORIES)
    return found


def test_pieces_fill_in_order_and_go_on_beyond_the_ends() -> None:
    embeddings = NumberEmbeddings((2, 0), 1)
    embeddings.set_edges(EDGES)
    with torch.no_grad():
        embeddings.straight.zero_()
        embeddings.bias.fill_(10.0)  # above what relu cuts
        embeddings.pieces[0, :, 0] = torch.tensor([1.0, 1.0])
        found = embeddings(torch.tensor([[-2.0, 9.0], [-1.0, 9.0], [-0.5, 9.0], [0.0, 9.0], [1.0, 9.0], [4.0, 9.0]]))

    assert found[:, 0].tolist() == pytest.approx([9.0, 10.0, 10.5, 11.0, 11.5, 13.0])
    assert found[:, 1].tolist() == [10.0] * 6


def test_answer_is_the_mean_of_the_members() -> None:
    network = new_network(shape(), EDGES, seed=1).eval()
    with torch.no_grad():
        members = network.members(NUMBERS, CATEGORIES)

    assert members.shape == (3, 4, 3)
    assert torch.allclose(answers(network), members.mean(1), atol=1e-6)
    assert not torch.allclose(members[:, 0], members[:, 1])


def test_equal_seeds_give_equal_weights() -> None:
    assert torch.equal(answers(new_network(shape(), EDGES, 5)), answers(new_network(shape(), EDGES, 5)))
    assert not torch.equal(answers(new_network(shape(), EDGES, 5)), answers(new_network(shape(), EDGES, 6)))


def test_rows_do_not_look_at_each_other() -> None:
    network = new_network(shape(), EDGES, 2).eval()
    with torch.no_grad():
        alone = network(NUMBERS[1:2], CATEGORIES[1:2])
    assert torch.allclose(alone[0], answers(network)[1], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "inputs"),
    [
        ({"cardinalities": ()}, {"numbers": NUMBERS}),
        ({"numbers": 0, "bins": ()}, {"categories": CATEGORIES}),
        ({"members": 1, "depth": 1}, {"numbers": NUMBERS, "categories": CATEGORIES}),
        ({"outputs": 1, "depth": 3}, {"numbers": NUMBERS, "categories": CATEGORIES}),
    ],
)
def test_every_shape_answers(changes: dict[str, object], inputs: dict[str, torch.Tensor]) -> None:
    network = new_network(shape(**changes), EDGES, 1).eval()

    assert network.input_names == tuple(inputs)
    assert list(network.sample_inputs()) == list(inputs)
    assert network(**inputs).shape == (3, network.shape.outputs)
    assert network(**network.sample_inputs()).shape == (2, network.shape.outputs)


def test_scale_is_folded_into_the_last_layer() -> None:
    network = new_network(shape(), EDGES, 1)
    before = answers(network)

    scale_outputs(network, 0.5, 3.0)

    assert torch.allclose(answers(network), before * 0.5 + 3.0, atol=1e-6)


def test_unseen_categories_get_the_mean_of_the_seen_ones() -> None:
    network = new_network(shape(cardinalities=(4,)), EDGES, 1)
    table = network.category_embeddings[0].weight.detach().clone()

    fill_unseen(network, np.array([[2], [2], [2], [3]]))

    found = network.category_embeddings[0].weight.detach()
    assert torch.allclose(found[0], (3 * table[2] + table[3]) / 4)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[2:], table[2:])


def test_dropout_only_while_training() -> None:
    network = new_network(shape(dropout=0.5), EDGES, 1)
    network.train()
    assert not torch.equal(network(NUMBERS, CATEGORIES), network(NUMBERS, CATEGORIES))
    assert torch.equal(answers(network), answers(network))


def test_saved_network_is_the_same(tmp_path: Path) -> None:
    network = new_network(shape(), EDGES, 4)

    files = save_network(network, tmp_path / "model")

    assert {file.name for file in files} == {"table.json", "model.safetensors"}
    found = load_network(tmp_path / "model")
    assert found.shape == network.shape
    assert not found.training
    assert torch.equal(answers(found), answers(network))


def test_width_of_category_embeddings() -> None:
    assert [category_width(size) for size in (2, 3, 10, 100, 1002)] == [2, 3, 6, 21, 32]
