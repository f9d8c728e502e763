"""Checkpoints are found, and described without their weights; what is none is refused with the reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.checkpoint import find_checkpoint, list_kinds
from hub.contract.errors import CheckpointError, UsageError
from hub.train.base import quiet_transformers
from tests.support.made_checkpoints import change, save_classifier
from tests.support.tiny_checkpoints import CELLS, make_checkpoint
from tests.unit.checkpoint.conftest import LABELS, Copy


def test_a_classifier_is_described_by_its_files(classifier: Path) -> None:
    found = find_checkpoint(str(classifier))

    assert (found.id, found.source, found.kind) == ("classifier", "transformers", "text-classification")
    assert (found.architecture, found.model_type) == ("BertForSequenceClassification", "bert")
    assert found.labels == found.names == LABELS
    assert found.max_length == 64
    assert found.weight_bytes == (classifier / "model.safetensors").stat().st_size
    assert found.kinds == ("text-classification", "multi-label", "embeddings")
    assert found.notes == ()


def test_parameters_are_those_of_the_model(classifier: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(classifier)

    assert find_checkpoint(str(classifier)).parameters == model.num_parameters()


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [cell for cell in CELLS if cell[1] in ("multi-label", "embeddings", "question-answering", "fill-mask")],
)
def test_class_and_kind_of_every_architecture(tmp_path: Path, architecture: str, kind: str) -> None:
    with quiet_transformers():
        folder = make_checkpoint(tmp_path / "made", architecture, kind)

    found = find_checkpoint(str(folder))

    assert (found.kind, found.model_type) == (kind, architecture)
    assert list_kinds(folder)[0] == kind
    assert found.max_length == 128


def test_the_kind_can_be_another_one_that_the_class_can_do(classifier: Path) -> None:
    assert find_checkpoint(str(classifier), kind="multi-label").labels == LABELS
    embeddings = find_checkpoint(str(classifier), kind="embeddings")

    assert (embeddings.kind, embeddings.labels) == ("embeddings", ())
    assert "head of BertForSequenceClassification is left out" in embeddings.notes[0]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("token-classification", "no head"), ("text-classifcation", ""), ("tabular-regression", ""), ("", "")],
)
def test_a_kind_it_cannot_do_is_refused(classifier: Path, kind: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(classifier), kind=kind)

    assert caught.value.code == "HUB-X105"
    assert reason in caught.value.why
    assert "text-classification" in caught.value.fix


def test_a_bare_encoder_gives_embeddings(encoder: Path) -> None:
    found = find_checkpoint(str(encoder))

    assert (found.kind, found.kinds, found.labels) == ("embeddings", ("embeddings",), ())
    assert "mean of its tokens' vectors" in found.notes[0]


def test_of_several_classes_the_first_with_a_head_counts(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    change(
        folder / "config.json",
        architectures=["BertModel", "Unheard", "BertForSequenceClassification", "BertForMaskedLM"],
    )

    assert find_checkpoint(str(folder)).architecture == "BertForSequenceClassification"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"architectures": ["HalOfNine"]}, "HalOfNine is no class of transformers"),
        ({"architectures": ["BertLMHeadModel"]}, "made for text-generation"),
        ({"architectures": ["T5ForConditionalGeneration"]}, "made for text2text-generation"),
        ({"architectures": ["ViTModel"]}, "does not read text"),
        ({"architectures": ["T5Model"], "is_encoder_decoder": True}, "an encoder and a decoder"),
        ({"architectures": None}, "has no 'architectures'"),
        ({"architectures": [7]}, "has no 'architectures'"),
        ({"architectures": ["PreTrainedModel"]}, "no task is known"),
    ],
)
def test_a_class_that_is_of_no_use_is_refused(
    classifier: Path, copy: Copy, changes: dict[str, object], why: str
) -> None:
    folder = copy(classifier)
    change(folder / "config.json", **changes)

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X104"
    assert why in caught.value.why


@pytest.mark.parametrize(
    "changes",
    [{"problem_type": "regression"}, {"problem_type": "regression", "id2label": {"0": "x"}, "label2id": {"x": 0}}],
)
def test_a_model_of_numbers_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with quiet_transformers():
        folder = save_classifier(tmp_path / "n", ("x",) if len(changes) > 1 else ("x", "y"))
    change(folder / "config.json", **changes)

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X105"
    assert "predicts a number" in caught.value.what


def test_one_label_may_be_a_question_of_yes_or_no(tmp_path: Path) -> None:
    with quiet_transformers():
        folder = save_classifier(tmp_path / "spam", ("spam",), problem_type="multi_label_classification")

    found = find_checkpoint(str(folder))

    assert (found.kind, found.labels) == ("multi-label", ("spam",))


def test_the_length_is_the_smaller_one_of_tokenizer_and_model(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    for limit, length in ((48, 48), (1_000, 64), (10**30, 64), (None, 64), (0, 64), (True, 64)):
        change(folder / "tokenizer_config.json", model_max_length=limit)

        assert find_checkpoint(str(folder)).max_length == length, limit


def test_a_model_card_tells_licence_language_and_base(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    card = "---\nlicense: other\nlicense_name: acme-1\nlanguage:\n- en\n- de\nbase_model: org/base\n---\n# Words\n"
    (folder / "README.md").write_text(card, "utf-8")

    found = find_checkpoint(str(folder))

    assert (found.licence, found.language, found.base) == ("acme-1", "en, de", "org/base")


@pytest.mark.parametrize(
    "card", ["", "# no metadata", "---\n- a list\n---\n", "---\na: [\n---\n", "---\nlicense: 7\n---"]
)
def test_a_card_that_says_nothing_takes_nothing(classifier: Path, copy: Copy, card: str) -> None:
    folder = copy(classifier)
    (folder / "README.md").write_text(card, "utf-8")

    assert find_checkpoint(str(folder)).licence == ""


@pytest.mark.parametrize("name", ["minilm", "./nowhere", "a/b/c", "org/mo del", "", "@v1"])
def test_what_names_nothing_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as caught:
        find_checkpoint(name)

    assert caught.value.code == "HUB-X100"


def test_a_near_run_is_suggested(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "medical-icd10-1a2b"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}", "utf-8")

    with pytest.raises(UsageError) as caught:
        find_checkpoint("medical-icd10-1a2c", runs=tmp_path / "runs")

    assert "medical-icd10-1a2b" in caught.value.fix


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(tmp_path))

    assert caught.value.code == "HUB-X101"
    assert "config.json" in caught.value.why


def test_a_bundle_is_no_checkpoint(classifier: Path, copy: Copy) -> None:
    folder = copy(classifier)
    (folder / "bundle.json").write_text("{}", "utf-8")

    with pytest.raises(UsageError) as caught:
        find_checkpoint(str(folder))

    assert "it is a bundle" in caught.value.why


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a":' * 3000])
def test_a_configuration_that_makes_no_sense_is_refused(classifier: Path, copy: Copy, text: str) -> None:
    folder = copy(classifier)
    (folder / "config.json").write_text(text, "utf-8")

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == ("HUB-X103" if text else "HUB-X102")
    assert caught.value.exit_code == 3
    assert "config.json" in caught.value.what


def test_finding_loads_no_weights(classifier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import safetensors

    monkeypatch.delattr(safetensors, "safe_open")
    monkeypatch.delitem(sys.modules, "safetensors.torch", raising=False)

    assert find_checkpoint(str(classifier)).parameters > 0
    assert "safetensors.torch" not in sys.modules
