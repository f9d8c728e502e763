"""The longest input follows from the table of positions, the tokenizer, or sentence-transformers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.checkpoint.lengths import find_max_length
from hub.contract.errors import CheckpointError

NO_LIMIT = {"model_max_length": 1000000000000000019884624838656}


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 8194, "pad_token_id": 1}, 8192),
        ({"model_type": "mpnet", "max_position_embeddings": 514}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 513, "pad_token_id": 0}, 512),
        ({"model_type": "modernbert", "max_position_embeddings": 8192}, 8192),
        ({"model_type": "deberta-v2", "max_position_embeddings": 256, "position_biased_input": False}, 512),
        ({"model_type": "deberta-v2", "max_position_embeddings": 256, "position_biased_input": True}, 256),
        ({"model_type": "deberta", "max_position_embeddings": 256}, 256),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, 512),
        ({"model_type": "t5", "n_positions": 128}, 512),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({}, 512),
    ],
)
def test_a_tokenizer_without_a_limit_leaves_it_to_the_model(config: dict[str, Any], length: int) -> None:
    assert find_max_length(config, NO_LIMIT) == length
    assert find_max_length(config, {}) == length
    assert find_max_length(config, {"model_max_length": 100}) == 100


def test_relative_models_follow_their_tokenizer() -> None:
    config = {"model_type": "deberta-v2", "max_position_embeddings": 512, "position_biased_input": False}

    assert find_max_length(config, {"model_max_length": 2048}) == 2048


@given(st.integers(2, 10_000), st.integers(2, 10_000), st.integers(2, 10_000))
def test_sentence_transformers_takes_the_place_of_the_tokenizer(positions: int, tokenizer: int, limit: int) -> None:
    config = {"model_type": "bert", "max_position_embeddings": positions}

    found = find_max_length(config, {"model_max_length": tokenizer}, limit)

    assert found == min(positions, limit)


@pytest.mark.parametrize("positions", [1, 2])
def test_a_length_without_room_is_refused(positions: int) -> None:
    with pytest.raises(CheckpointError, match="HUB-X103"):
        find_max_length({"model_type": "roberta", "max_position_embeddings": positions, "pad_token_id": 0}, {})
