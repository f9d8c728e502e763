"""The card and the notice of an exported bundle."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from huggingface_hub import ModelCard, ModelCardData

from hub.contract.results import GateResult
from hub.publish.exported import export_card, export_notice
from tests.support.export_results import export_manifest, export_result


def data_of(card: str) -> ModelCardData:
    data = ModelCard(card).data
    assert isinstance(data, ModelCardData)
    return data


def test_the_card_states_what_was_measured() -> None:
    result = export_result()

    card = export_card(result, export_manifest(result))

    assert "| `fp32` | PyTorch | 100.0 % of 200 | 8.0e-7 |" in card
    assert "| `int8` (default) | fp32 | 99.5 % of 200 | 0.031 |" in card
    assert "1.90 ms / 2.40 ms" in card
    assert "No labelled rows were given: there is no score." in card
    assert "Tried and left out:" in card and "int8-agreement is 4, the limit is 1" in card
    assert str(ModelCard(card)) == card


def test_metadata_names_the_checkpoint_and_its_licence() -> None:
    result = export_result()
    data: Any = data_of(export_card(result, export_manifest(result)))

    assert (data.license, data.base_model, data.base_model_relation) == ("apache-2.0", "org/model", "quantized")
    assert data.pipeline_tag == "text-classification"
    assert data.tags is not None and {"onnx", "int8", "edge", "transformers.js"} <= set(data.tags)


def test_a_folder_is_no_base_model_and_a_licence_may_be_unknown() -> None:
    result = export_result(id="model", revision="", licence="")
    card = export_card(result, export_manifest(result))

    assert data_of(card).base_model is None and data_of(card).license is None
    assert "Unknown: the checkpoint's card names none." in card
    assert "Licence: unknown" in export_notice(result)


def test_a_bundle_that_failed_says_so_first() -> None:
    gate = GateResult("parity", 1e-4, 0.02, False, "largest difference")
    result = dataclasses.replace(export_result(), gates=(gate,), failed=True)

    card = export_card(result, export_manifest(result))

    first = card.split("---\n")[2].strip().splitlines()[2]
    assert first == "> **1 of 1 gates missed: parity. This bundle was kept all the same: do not rely on it.**"


def test_notes_stand_before_everything_else() -> None:
    result = dataclasses.replace(export_result(), notes=("No int8 form passed.",))

    card = export_card(result, export_manifest(result))

    assert card.index("No int8 form passed.") < card.index("Kind:")


@pytest.mark.parametrize(
    ("kind", "words", "tag"),
    [
        ("embeddings", "Mean cosine", "feature-extraction"),
        ("question-answering", "Same span", "question-answering"),
        ("fill-mask", "Same top token", "fill-mask"),
        ("token-classification", "Same tags", "token-classification"),
        ("multi-label", "Same labels", "text-classification"),
    ],
)
def test_other_kinds(kind: str, words: str, tag: str) -> None:
    result = export_result(kind=kind)

    card = export_card(result, export_manifest(result))

    assert words in card and data_of(card).pipeline_tag == tag


def test_names_cannot_become_markup() -> None:
    result = export_result(id="a](javascript:x)|<b>", revision="")

    card = export_card(result, export_manifest(result))

    outside = re.sub(r"`[^`\n]*`", "", card.split("---\n")[2])  # what stands in code stays what it is
    assert "<b>" not in outside
    assert "](javascript:" not in outside
