"""Adapters of peft are merged into their base and answer as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hub.checkpoint import find_checkpoint, load_checkpoint, reference_scores
from hub.contract.errors import CheckpointError, NetworkError, UsageError
from hub.train.base import quiet_transformers
from tests.support.made_checkpoints import TEXTS, change, change_weights, feeds_of
from tests.unit.checkpoint.conftest import Copy


def adapt(model: Any, folder: Path, task: str | None, **settings: Any) -> tuple[Path, Any]:
    """Write an adapter with weights of its own, and return it with the model that wears it."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"], task_type=task, **settings)
    adapted = get_peft_model(model, config).eval()
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                weight.add_(torch.randn(weight.shape, generator=generator) * 0.3)
    adapted.save_pretrained(str(folder))
    return folder, adapted


def answers(model: Any) -> Any:
    feeds = {name: torch.from_numpy(array) for name, array in feeds_of(TEXTS).items()}
    with torch.inference_mode():
        return model(**feeds).logits.numpy()


@pytest.fixture(scope="module")
def made(encoder: Path, shared: Path) -> tuple[Path, Any]:
    """An adapter with a head of three labels for the bare encoder, and what it answers unmerged."""
    from transformers import AutoModelForSequenceClassification

    with quiet_transformers():
        base = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=3)
        folder, adapted = adapt(base, shared / "adapter", "SEQ_CLS")
        return folder, answers(adapted)


def test_an_adapter_answers_merged_as_it_does_unmerged(made: tuple[Path, Any]) -> None:
    found = find_checkpoint(str(made[0]))
    loaded = load_checkpoint(found)

    assert (found.source, found.kind, found.base) == ("peft", "text-classification", "encoder")
    assert found.architecture == type(loaded.model).__name__ == "BertForSequenceClassification"
    assert found.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert found.parameters == loaded.model.num_parameters()
    assert not any("lora" in name for name in loaded.model.state_dict())
    np.testing.assert_allclose(reference_scores(loaded, feeds_of(TEXTS)), made[1], atol=1e-5)


def test_the_adapter_changes_the_answers(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])
    change_weights(
        folder / "adapter_model.safetensors",
        lambda tensors: [tensor.zero_() for name, tensor in tensors.items() if "lora_B" in name],
    )

    without = reference_scores(load_checkpoint(find_checkpoint(str(folder))), feeds_of(TEXTS))

    assert np.abs(without - made[1]).max() > 0.01


def test_an_adapter_of_a_whole_classifier_keeps_its_labels(classifier: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    with quiet_transformers():
        base = AutoModelForSequenceClassification.from_pretrained(classifier)
        folder, adapted = adapt(base, tmp_path / "adapter", None)
        expected = answers(adapted)

    found = find_checkpoint(str(folder))

    assert (found.labels, found.kind) == (("billing", "delivery", "other"), "text-classification")
    np.testing.assert_allclose(reference_scores(load_checkpoint(found), feeds_of(TEXTS)), expected, atol=1e-5)


def test_labels_may_stand_beside_the_adapter(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])
    (folder / "config.json").write_text('{"id2label": {"0": "x", "1": "y", "2": "z"}}', "utf-8")

    found = find_checkpoint(str(folder))

    assert found.labels == ("x", "y", "z")
    assert load_checkpoint(found).model.config.id2label == {0: "x", 1: "y", 2: "z"}


def test_labels_beside_the_adapter_must_fit_its_head(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])
    (folder / "config.json").write_text('{"id2label": {"0": "x", "1": "y"}}', "utf-8")

    with pytest.raises(CheckpointError, match="the head gives 3 scores"):
        find_checkpoint(str(folder))


def test_an_adapter_without_a_head_leaves_a_random_one(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])

    def drop(tensors: dict[str, Any]) -> None:
        for name in [name for name in tensors if "lora_" not in name]:
            del tensors[name]

    change_weights(folder / "adapter_model.safetensors", drop)

    with pytest.raises(UsageError) as caught:
        load_checkpoint(find_checkpoint(str(folder)))

    assert caught.value.code == "HUB-X109"
    assert "classifier.weight" in caught.value.why


@pytest.mark.parametrize("base", ["/nowhere/at/all", "gone", ""])
def test_a_base_that_is_not_there_is_named(made: tuple[Path, Any], copy: Copy, base: str) -> None:
    folder = copy(made[0])
    change(folder / "adapter_config.json", base_model_name_or_path=base)

    with pytest.raises((UsageError, CheckpointError)) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == ("HUB-X115" if base else "HUB-X103")
    assert base in str(caught.value)


def test_a_base_on_the_hub_is_an_error_of_the_network(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])
    change(folder / "adapter_config.json", base_model_name_or_path="no-such-organisation/no-such-model")

    with pytest.raises(NetworkError) as caught:
        find_checkpoint(str(folder))

    assert (caught.value.code, caught.value.exit_code) == ("HUB-N030", 5)


def test_a_base_may_lie_inside_the_folder(made: tuple[Path, Any], encoder: Path, copy: Copy) -> None:
    import shutil

    folder = copy(made[0])
    shutil.copytree(encoder, folder / "base")
    change(folder / "adapter_config.json", base_model_name_or_path="base")

    assert find_checkpoint(str(folder)).base == "base"


def test_missing_adapter_weights_are_named(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])
    (folder / "adapter_model.safetensors").unlink()

    with pytest.raises(CheckpointError) as caught:
        find_checkpoint(str(folder))

    assert caught.value.code == "HUB-X102"
    assert "adapter_model.safetensors" in caught.value.what


def test_a_pickled_adapter_is_refused_unless_it_is_allowed(made: tuple[Path, Any], copy: Copy) -> None:
    from safetensors.torch import load_file

    folder = copy(made[0])
    file = folder / "adapter_model.safetensors"
    torch.save(load_file(file), folder / "adapter_model.bin")
    file.unlink()
    (folder / "config.json").write_text('{"id2label": {"0": "x", "1": "y", "2": "z"}}', "utf-8")
    found = find_checkpoint(str(folder))

    with pytest.raises(UsageError) as caught:
        load_checkpoint(found)

    assert caught.value.code == "HUB-X107"
    assert "adapter_model.bin" in caught.value.what
    loaded = load_checkpoint(found, allow_pickle=True)
    np.testing.assert_allclose(reference_scores(loaded, feeds_of(TEXTS)), made[1], atol=1e-5)
    assert any("pickle" in note for note in loaded.notes)


def test_an_adapter_that_lacks_some_of_its_weights_is_refused(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])

    def drop(tensors: dict[str, Any]) -> None:
        for name in [name for name in tensors if ".layer.1." in name and "lora_" in name]:
            del tensors[name]

    change_weights(folder / "adapter_model.safetensors", drop)

    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(find_checkpoint(str(folder)))

    assert caught.value.code == "HUB-X110"
    assert "lack some of the weights" in caught.value.why


def test_prompts_cannot_be_merged(encoder: Path, tmp_path: Path) -> None:
    from peft import PromptTuningConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    with quiet_transformers():
        base = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=3)
        config = PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=2)
        get_peft_model(base, config).save_pretrained(str(tmp_path / "prompts"))

    with pytest.raises(UsageError) as caught:
        load_checkpoint(find_checkpoint(str(tmp_path / "prompts")))

    assert caught.value.code == "HUB-X115"


def test_an_adapter_of_another_size_is_refused(made: tuple[Path, Any], copy: Copy) -> None:
    folder = copy(made[0])
    change_weights(
        folder / "adapter_model.safetensors",
        lambda tensors: tensors.update(
            {name: tensor[:, :16].clone() for name, tensor in tensors.items() if "lora_A" in name}
        ),
    )

    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(find_checkpoint(str(folder)))

    assert caught.value.code == "HUB-X110"
