from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from hub.contract.errors import BundleError, UsageError
from hub.edge import Bundle, LabelsPrediction, VectorPrediction
from hub.edge.files import write_json
from hub.edge.foreign import UNVERIFIED, foreign_folder, max_length_of, open_any, read_foreign
from hub.edge.foreign_checks import MISSING, check_foreign, inputs_for
from hub.edge.graph_file import GraphFile, read_graph_file
from tests.support.foreign import MAKERS, make_foreign
from tests.support.tiny_answers import Node, Shapes, save_graph

ASKED: dict[str, Any] = {
    "text-classification": "cat dog",
    "multi-label": "cat dog",
    "token-classification": "ada saw new york",
    "question-answering": ("the river", "ada saw new york"),
    "fill-mask": "[MASK] cat cat",
    "embeddings": "cat",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("foreign")
    return {kind: make_foreign(folder / kind, kind) for kind in MAKERS}


def failed(folder: Path) -> dict[str, str]:
    return {check.name: check.detail for check in check_foreign(folder).checks if not check.ok}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_kind_is_told_by_the_class_and_by_the_outputs_alone(made: dict[str, Path], kind: str) -> None:
    manifest = read_foreign(made[kind])
    assert (manifest.kind, manifest.task, manifest.max_length) == (kind, kind, 64)
    document = json.loads((made[kind] / "config.json").read_text(encoding="utf-8"))
    without = {key: value for key, value in document.items() if key != "architectures"}
    try:
        write_json(made[kind] / "config.json", without)
        assert read_foreign(made[kind]).kind == kind
    finally:
        write_json(made[kind] / "config.json", document)


@pytest.mark.parametrize("kind", MAKERS)
def test_it_answers_and_says_that_nothing_is_verified(made: dict[str, Path], kind: str) -> None:
    bundle = open_any(made[kind])
    assert bundle.warnings == (UNVERIFIED,)
    (answer,) = bundle.predict([ASKED[kind]])
    shown = {
        "text-classification": lambda: answer.label == "animal",
        "multi-label": lambda: isinstance(answer, LabelsPrediction),
        "token-classification": lambda: [span.text for span in answer.spans] == ["new york"],
        "question-answering": lambda: answer.answer == "new york",
        "fill-mask": lambda: answer.fills[0][0][0] == "cat",
        "embeddings": lambda: isinstance(answer, VectorPrediction) and answer.vector[0] == 1.0,
    }
    assert shown[kind]()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_sound_folder_passes_and_what_is_missing_is_said(made: dict[str, Path], kind: str) -> None:
    found = check_foreign(made[kind])
    assert {check.name: check.detail for check in found.checks if not check.ok} == {}
    assert found.missing[: len(MISSING)] == MISSING
    names = [check.name for check in found.checks]
    assert {"config.json", "tokenizer.json", "onnx/model.onnx: runs", "onnx/model.onnx: versions"} <= set(names)


@pytest.mark.parametrize("kind", MAKERS)
def test_there_are_inputs_of_every_kind(made: dict[str, Path], kind: str) -> None:
    bundle = open_any(made[kind])
    assert len(bundle.predict(inputs_for(kind, bundle.encoder))) > 3


def test_a_model_beside_its_configuration_is_found(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "optimum", onnx=False)
    assert open_any(folder).predict(["cat"])[0].label == "animal"
    assert failed(folder) == {}


def test_files_are_variants_by_their_names(made: dict[str, Path]) -> None:
    manifest = read_foreign(made["text-classification"])
    precisions = {name: variant.precision for name, variant in manifest.variants.items()}
    assert precisions == {"model": "fp32", "model_quantized": "quantized"}
    assert manifest.default_variant == {"portable": "model"}
    assert manifest.variants["model"].batch_invariant
    assert not manifest.variants["model_quantized"].batch_invariant
    bundle = open_any(made["text-classification"], variant="model_quantized")
    assert bundle.predict(["cat"])[0].label == "animal"
    with pytest.raises(UsageError, match="model_quantized"):
        open_any(made["text-classification"], variant="quantized")


def test_a_bundle_is_opened_as_one(sealed: Path, tiny: Path) -> None:
    assert foreign_folder(sealed) is None
    assert open_any(sealed).warnings == ()
    (tiny / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BundleError) as caught:
        open_any(tiny)
    assert caught.value.code == "HUB-E004"


def test_a_bundle_that_is_being_replaced_is_no_folder_of_others(tiny: Path) -> None:
    tiny.rename(tiny.with_name(f".{tiny.name}.old"))
    make_foreign(tiny)
    assert foreign_folder(tiny) is None


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "onnx/model.onnx"])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    folder = make_foreign(tmp_path / "a")
    if name == "onnx/model.onnx":
        (folder / "onnx/model_quantized.onnx").unlink()
    (folder / name).unlink()
    with pytest.raises(BundleError) as caught:
        open_any(folder)
    assert caught.value.code == "HUB-E018"
    assert name.split("/")[-1].removeprefix("model.").replace("onnx", "ONNX") in caught.value.why
    assert list(failed(folder)) == ["folder"]


@pytest.mark.parametrize("make", ["nothing", "file", "empty"])
def test_what_is_no_model_at_all_is_no_bundle(tmp_path: Path, make: str) -> None:
    path = tmp_path / "a"
    if make == "file":
        path.write_text("a", encoding="utf-8")
    if make == "empty":
        path.mkdir()
    with pytest.raises(BundleError) as caught:
        open_any(path)
    assert caught.value.code == "HUB-E001"


@pytest.mark.parametrize(
    "config",
    [
        {"id2label": {"a": "x"}},
        {"id2label": {"0": "x", "2": "y"}},
        {"id2label": {"0": "x", "1": "x", "2": "y"}},
        {"id2label": ["x"]},
    ],
)
def test_a_wrong_map_of_labels_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    folder = make_foreign(tmp_path / "a", **config)
    with pytest.raises(BundleError, match="id2label"):
        open_any(folder)
    assert "id2label" in failed(folder)["folder"]


def test_labels_without_names_are_numbered(tmp_path: Path) -> None:
    assert open_any(make_foreign(tmp_path / "a", id2label=None)).labels == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_another_number_of_labels_is_found(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "a", id2label={"0": "x", "1": "y"})
    assert failed(folder)["onnx/model.onnx: labels"] == "3 outputs, 2 labels in config.json"
    with pytest.raises(BundleError, match="shape"):
        open_any(folder).predict(["cat"])


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"architectures": ["BertForMultipleChoice"], "problem_type": "regression"}, "number"),
        ({"architectures": ["BertForQuestionAnswering"]}, "start_logits"),
    ],
)
def test_a_model_of_no_kind_is_checked_but_not_run(tmp_path: Path, config: dict[str, Any], why: str) -> None:
    folder = make_foreign(tmp_path / "a", **config)
    with pytest.raises(BundleError, match=why) as caught:
        open_any(folder)
    assert caught.value.code == "HUB-E006"
    found = check_foreign(folder)
    assert all(check.ok for check in found.checks)
    assert any(sentence.startswith("answers:") and why in sentence for sentence in found.missing)


def test_hidden_padding_and_a_hidden_cut_are_found(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    folder = make_foreign(tmp_path / "a")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(length=32)
    tokenizer.enable_truncation(16)
    tokenizer.save(str(folder / "tokenizer.json"))
    found = failed(folder)
    assert set(found) == {"tokenizer: no hidden padding", "tokenizer: no hidden cut"}
    assert "32" in found["tokenizer: no hidden padding"]
    assert "16" in found["tokenizer: no hidden cut"]


@pytest.mark.parametrize("settings", [{"tokenizer_class": "TokenizersBackend"}, {"model_max_length": 64}])
def test_a_tokenizer_class_that_transformers_4_lacks_is_found(tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = make_foreign(tmp_path / "a")
    write_json(folder / "tokenizer_config.json", settings)
    assert list(failed(folder)) == ["tokenizer class"]


def test_without_a_tokenizer_configuration_its_class_is_not_checked(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "a")
    (folder / "tokenizer_config.json").unlink()
    found = check_foreign(folder)
    assert all(check.ok for check in found.checks)
    assert any("tokenizer_config.json" in sentence for sentence in found.missing)


def test_no_model_type_is_found(tmp_path: Path) -> None:
    assert "model_type" in failed(make_foreign(tmp_path / "a", model_type=None))["config.json"]


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model.onnx"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xff"])
def test_a_broken_file_fails_a_check_and_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    folder = make_foreign(tmp_path / "a")
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError):
        open_any(folder)
    assert failed(folder)


def axis_graph(folder: Path, axes: tuple[int | str, ...], scale: float = 1.0) -> None:
    nodes: list[Node] = [
        ("Cast", ["input_ids"], ["plain"], {"to": 1}),
        ("ReduceMean", ["plain", "middle"], ["mean"], {"keepdims": 1}),
        ("Mul", ["mean", "scale"], ["logits"], {}),
    ]
    constants = {"middle": np.array([1]), "scale": np.array([[scale, 0.0, 0.0]], dtype=np.float32)}
    save_graph(folder / "onnx/model.onnx", nodes, constants, ["input_ids"], {"logits": [axes[0], 3]}, axes=axes)


@pytest.mark.parametrize("axes", [(1, "length"), ("batch", 8)])
def test_a_fixed_axis_is_found(tmp_path: Path, axes: tuple[int | str, ...]) -> None:
    folder = make_foreign(tmp_path / "a")
    axis_graph(folder, axes)
    assert {"onnx/model.onnx: batch and length move", "onnx/model.onnx: runs"} == set(failed(folder))


def test_scores_that_are_no_numbers_are_found(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "a")
    axis_graph(folder, ("batch", "length"), float("nan"))
    assert list(failed(folder)) == ["onnx/model.onnx: finite scores"]


def test_versions_that_the_web_cannot_read_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_foreign(tmp_path / "a")
    monkeypatch.setattr("hub.edge.foreign_checks.MAX_OPSET", 19)
    found = failed(folder)
    assert set(found) == {"onnx/model.onnx: versions", "onnx/model_quantized.onnx: versions"}
    assert "opset 20" in found["onnx/model.onnx: versions"]


def test_operators_of_one_engine_are_said(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "a")
    model = onnx.load(folder / "onnx/model.onnx")
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, folder / "onnx/model.onnx")
    assert any("com.microsoft" in sentence for sentence in check_foreign(folder).missing)


def test_missing_external_data_is_found(tmp_path: Path) -> None:
    folder = make_foreign(tmp_path / "a", "embeddings")
    file = folder / "onnx/model.onnx"
    onnx.save(onnx.load(file), file, save_as_external_data=True, location="model.onnx_data", size_threshold=99)
    assert read_graph_file(file).external == ("model.onnx_data",)
    assert failed(folder) == {}
    assert "model.onnx_data" in {check.detail for check in check_foreign(folder).checks}
    (folder / "onnx/model.onnx_data").unlink()
    assert failed(folder)["onnx/model.onnx: external data"] == "model.onnx_data is missing"


def test_a_graph_file_says_its_versions(made: dict[str, Path]) -> None:
    found = read_graph_file(made["embeddings"] / "onnx/model.onnx")
    assert "Gather" in found.operators
    assert found == GraphFile(10, {"": 20}, (), found.operators)


@pytest.mark.parametrize("size", [1, 2, 5, 50, 1000])
def test_a_cut_graph_file_is_refused_or_read(made: dict[str, Path], tmp_path: Path, size: int) -> None:
    content = (made["embeddings"] / "onnx/model.onnx").read_bytes()[:size]
    (tmp_path / "model.onnx").write_bytes(content)
    try:
        read_graph_file(tmp_path / "model.onnx")
    except BundleError as error:
        assert error.code == "HUB-E010"
    else:
        assert size == 2  # the version alone is whole


def test_every_byte_may_be_wrong(made: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray((made["embeddings"] / "onnx/model.onnx").read_bytes())
    random = np.random.default_rng(0)
    for _ in range(100):
        broken = bytearray(content)
        broken[random.integers(len(broken))] = int(random.integers(256))
        (tmp_path / "model.onnx").write_bytes(broken)
        try:
            read_graph_file(tmp_path / "model.onnx")
        except BundleError as error:
            assert error.code == "HUB-E010"


@pytest.mark.parametrize(
    ("config", "settings", "length"),
    [
        ({}, {}, 512),
        ({"max_position_embeddings": 128}, {}, 128),
        ({"max_position_embeddings": 514, "model_type": "roberta", "pad_token_id": 1}, {}, 512),
        ({"max_position_embeddings": 514, "model_type": "mpnet"}, {"model_max_length": 10**30}, 512),
        ({"max_position_embeddings": 512}, {"model_max_length": 256}, 256),
        ({"max_position_embeddings": "x"}, {"model_max_length": -1}, 512),
    ],
)
def test_the_length_is_that_of_model_and_tokenizer(
    config: dict[str, Any], settings: dict[str, Any], length: int
) -> None:
    assert max_length_of(config, settings) == length


def token_vectors(folder: Path) -> Path:
    """Make the model of a folder give vectors of tokens: (id, 1) each."""
    nodes: list[Node] = [
        ("Cast", ["input_ids"], ["plain"], {"to": 1}),
        ("Unsqueeze", ["plain", "last"], ["column"], {}),
        ("Mul", ["column", "pattern"], ["scaled"], {}),
        ("Add", ["scaled", "one"], ["last_hidden_state"], {}),
    ]
    constants = {
        "last": np.array([2]),
        "pattern": np.array([1.0, 0.0], dtype=np.float32),
        "one": np.array([0.0, 1.0], dtype=np.float32),
    }
    outputs: Shapes = {"last_hidden_state": ["batch", "length", 2]}
    save_graph(folder / "onnx/model.onnx", nodes, constants, ["input_ids"], outputs)
    return folder


@pytest.mark.parametrize("pooling", [None, "mean", "cls"])
def test_vectors_of_tokens_are_pooled_as_the_folder_says(tmp_path: Path, pooling: str | None) -> None:
    folder = token_vectors(make_foreign(tmp_path / "a", "embeddings"))
    if pooling:
        modes = {"pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": pooling == "cls"}
        write_json(folder / "1_Pooling/config.json", {"word_embedding_dimension": 2, **modes})
    bundle = open_any(folder)
    assert ("the mean is taken" in bundle.warnings[0]) is (pooling is None)
    found = bundle.vectors(["cat", "the old river near a cat"])
    ids = [encoding.ids for encoding in bundle.encoder.encode(["cat", "the old river near a cat"])]
    raw = np.array([[row[0] if pooling == "cls" else np.mean(row), 1.0] for row in ids])
    assert found == pytest.approx(raw / np.linalg.norm(raw, axis=1, keepdims=True), abs=1e-5)
    assert failed(folder) == {}


@pytest.mark.parametrize("modes", [{"pooling_mode_max_tokens": True}, {"pooling_mode_mean_tokens": False}, {"a": 1}])
def test_an_unknown_pooling_is_refused(tmp_path: Path, modes: dict[str, Any]) -> None:
    folder = token_vectors(make_foreign(tmp_path / "a", "embeddings"))
    write_json(folder / "1_Pooling/config.json", modes)
    with pytest.raises(BundleError) as caught:
        open_any(folder)
    assert caught.value.code == "HUB-E018"


def test_the_folder_may_be_opened_with_threads(made: dict[str, Path]) -> None:
    assert isinstance(open_any(made["embeddings"], threads=2), Bundle)
