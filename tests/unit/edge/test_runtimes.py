from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract.errors import BundleError, MissingError, UsageError
from hub.edge import Bundle, writer
from hub.edge.files import write_text
from hub.edge.folder import read_manifest
from hub.edge.onnx import OnnxRuntime
from hub.edge.runtimes import open_file
from hub.edge.schema import SessionOptions, from_json, to_json
from hub.edge.verify import verify
from tests.support.tiny_answers import make_answers_bundle, save_graph

SOURCE = '''
import numpy as np


class Runtime:
    """Scores 9 for the first label of every text; the options it was given are kept."""

    inputs = ("input_ids",)

    def __init__(self, file, options):
        if file.read_text() == "broken":
            raise KeyError("no weights")
        self.options, self.labels = options, 3

    def run(self, feeds):
        if self.options.get("fails"):
            raise OSError("the device is gone\\nand more")
        scores = np.zeros((len(feeds["input_ids"]), self.labels))
        scores[:, 0] = 9
        return scores


def nothing(file, options):
    raise ImportError("no such library")
'''


def install(site: Path, name: str, value: str) -> None:
    """Write a distribution that declares a runtime."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[hub.runtimes]\n{value}\n", encoding="utf-8")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for distributions, with one that runs the format ``toy``."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "toy_of_the_tests.py").write_text(SOURCE, encoding="utf-8")
    install(site, "domainhub_toy", "toy = toy_of_the_tests:Runtime")
    monkeypatch.syspath_prepend(str(site))
    return site


def bundle_of(folder: Path, options: Mapping[str, Any], content: str = "model") -> Path:
    """Give a bundle the variant ``toy``."""
    manifest = read_manifest(folder)
    write_text(folder / "toy/model.toy", content)
    variant = dataclasses.replace(
        manifest.variants["int8"], file="toy/model.toy", format="toy", session=SessionOptions(2, (), options)
    )
    writer.seal(folder, dataclasses.replace(manifest, variants={**manifest.variants, "toy": variant}))
    return folder


def test_a_runtime_of_another_distribution_runs_its_variant(toy: Path, tiny: Path) -> None:
    bundle = Bundle.open(bundle_of(tiny, {"precision": "f32", "threads": 99, "output": "other"}), variant="toy")
    (answer,) = bundle.predict(["cat"])
    assert (answer.label, round(answer.score, 3)) == ("animal", 1.0)
    ((runtime,),) = [sessions._opened.values() for sessions in [bundle._model._runtime]]
    runtime = runtime._runtime  # type: ignore[attr-defined]
    # The bundle's own options cannot replace those that every format knows.
    assert runtime.options == {"precision": "f32", "threads": 2, "output": "logits"}


def test_a_format_without_a_runtime_names_the_distribution(tiny: Path) -> None:
    with pytest.raises(MissingError) as caught:
        Bundle.open(bundle_of(tiny, {}), variant="toy")
    assert caught.value.code == "HUB-E007"
    assert "domainhub-toy" in caught.value.fix
    assert "onnx" in caught.value.why


@pytest.mark.parametrize("form", ["", "../toy", "Toy", "a b", "a\nb", "x" * 40])
def test_a_strange_format_names_no_distribution(tmp_path: Path, form: str) -> None:
    with pytest.raises(MissingError) as caught:
        open_file(form, tmp_path / "model", {})
    assert "pip" not in caught.value.fix


def test_two_distributions_with_one_format_are_refused(toy: Path, tmp_path: Path) -> None:
    install(toy, "domainhub_toy_again", "toy = toy_of_the_tests:nothing")
    with pytest.raises(MissingError, match="several declare it"):
        open_file("toy", tmp_path / "model", {})


def test_a_distribution_that_cannot_be_imported_is_missing(toy: Path, tmp_path: Path) -> None:
    install(toy, "domainhub_none", "none = a_module_that_nobody_has:Runtime")
    with pytest.raises(MissingError, match="a_module_that_nobody_has"):
        open_file("none", tmp_path / "model", {})


def test_its_own_errors_become_bundle_errors(toy: Path, tiny: Path) -> None:
    with pytest.raises(BundleError, match="no weights") as caught:
        Bundle.open(bundle_of(tiny, {}, content="broken"), variant="toy")
    assert caught.value.code == "HUB-E010"
    bundle = Bundle.open(bundle_of(tiny, {"fails": True}), variant="toy")
    with pytest.raises(BundleError) as caught:
        bundle.predict(["cat"])
    assert caught.value.why == "the device is gone"


def test_errors_of_the_hub_stay_what_they_are(toy: Path, tmp_path: Path) -> None:
    source = "from hub.contract.errors import UsageError\n\n\n"
    source += "def refuse(file, options):\n    raise UsageError('HUB-X999', 'no')\n"
    (toy / "refusing_of_the_tests.py").write_text(source, encoding="utf-8")
    install(toy, "domainhub_refusing", "refusing = refusing_of_the_tests:refuse")
    with pytest.raises(UsageError, match="HUB-X999"):
        open_file("refusing", tmp_path / "model", {})


@pytest.fixture(scope="module")
def two_outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outputs") / "model.onnx"
    nodes = [
        ("Cast", ["input_ids"], ["plain"], {"to": 1}),
        ("Mul", ["plain", "two"], ["double"], {}),
        ("ReduceSum", ["plain"], ["sum"], {"keepdims": 0}),
    ]
    outputs = {"plain": ["batch", "length"], "double": ["batch", "length"], "sum": []}
    save_graph(file, nodes, {"two": np.float32(2.0)}, ["input_ids"], outputs)
    return file


FEEDS = {"input_ids": np.array([[1, 2, 3], [4, 5, 6]])}


def test_several_outputs_are_stacked_on_a_new_last_axis(two_outputs: Path) -> None:
    found = OnnxRuntime(two_outputs, {"output": ("plain", "double")}).run(FEEDS)
    assert found.shape == (2, 3, 2)
    assert found[..., 0].tolist() == FEEDS["input_ids"].tolist()
    assert found[..., 1].tolist() == (2 * FEEDS["input_ids"]).tolist()
    turned = OnnxRuntime(two_outputs, {"output": ["double", "plain"]}).run(FEEDS)
    assert turned[..., ::-1].tolist() == found.tolist()


@pytest.mark.parametrize("output", ["plain", ("plain",), None, ""])
def test_one_output_keeps_its_shape(two_outputs: Path, output: Any) -> None:
    assert OnnxRuntime(two_outputs, {"output": output}).run(FEEDS).shape == (2, 3)


def test_outputs_of_several_shapes_are_refused(two_outputs: Path) -> None:
    runtime = OnnxRuntime(two_outputs, {"output": ("plain", "sum")})
    with pytest.raises(BundleError, match=r"plain \[2, 3\], sum \[\]"):
        runtime.run(FEEDS)


def test_an_unknown_one_of_several_outputs_is_refused(two_outputs: Path) -> None:
    with pytest.raises(BundleError, match="no output 'other'"):
        OnnxRuntime(two_outputs, {"output": ("plain", "other")})


def test_a_graph_says_what_it_takes_and_gives(two_outputs: Path) -> None:
    described = OnnxRuntime(two_outputs, {}).describe()
    assert [(value.name, value.dtype, value.shape) for value in described.inputs] == [
        ("input_ids", "int64", ("batch", "length"))
    ]
    assert [value.name for value in described.outputs] == ["plain", "double", "sum"]
    assert described.outputs[2].shape == ()


def test_older_bundles_keep_their_bytes(sealed: Path) -> None:
    text = (sealed / "bundle.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert not {"outputs", "failed"} & set(document)
    assert set(document["variants"]["int8"]["session"]) == {"threads", "disabled_optimizers"}
    assert json.dumps(to_json(from_json(document)), indent=2, ensure_ascii=False) + "\n" == text


def test_what_came_later_is_written_and_read(sealed: Path) -> None:
    manifest = read_manifest(sealed)
    variants = {"int8": dataclasses.replace(manifest.variants["int8"], session=SessionOptions(1, (), {"a": [1, "b"]}))}
    changed = dataclasses.replace(
        manifest, outputs=("a", "b"), failed=True, variants={**manifest.variants, **variants}, task=manifest.kind
    )
    assert from_json(json.loads(json.dumps(to_json(changed)))) == changed


@pytest.mark.parametrize("outputs", [["a", "a"], [1], "a", [str(i) for i in range(17)]])
def test_wrong_outputs_are_refused(sealed: Path, outputs: Any) -> None:
    document = json.loads((sealed / "bundle.json").read_text(encoding="utf-8"))
    with pytest.raises(BundleError, match="outputs"):
        from_json(document | {"outputs": outputs})


def test_a_bundle_that_was_kept_although_gates_were_missed_says_so(tmp_path: Path) -> None:
    folder = make_answers_bundle(tmp_path / "tiny")
    assert Bundle.open(folder).warnings == ()
    assert all(check.ok for check in verify(folder))
    writer.seal(folder, dataclasses.replace(read_manifest(folder), failed=True))
    write_text(folder / "README.md", "changed")
    bundle = Bundle.open(folder)
    assert "missed gates" in bundle.warnings[0]
    assert "README.md" in bundle.warnings[1]
    assert bundle.predict([("the", "saw paris")])[0].answer == "paris"
    assert [check.name for check in verify(folder) if not check.ok] == ["kept"]
