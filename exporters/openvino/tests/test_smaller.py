"""Quantized and scaled files: smaller, close, the same everywhere; and what is refused."""

from __future__ import annotations

import dataclasses
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract import HubError, MissingError, QuantizedForm, QuantizeRequest, UsageError
from hub.testing.tiny_exports import calibration, feeds, logits, tiny_classifier
from hub_openvino.ir import cleaned, read_model, weights_of, write_model
from hub_openvino.plugin import FORMS
from hub_openvino.quantize import _Rows, quantize
from hub_openvino.runtime import OpenVinoRuntime
from hub_openvino.scale import scale

pytestmark = pytest.mark.slow

NAMES = tuple(form.name for form in FORMS)
LARGEST = {"int8": 0.35, "int8-weights": 0.1}
"""Largest difference of a logit of the tiny model, whose logits span about two."""


@pytest.mark.parametrize("name", NAMES)
def test_answers_stay_close(quantized: dict[str, Path], name: str) -> None:
    runtime, model = OpenVinoRuntime(quantized[name], {}), tiny_classifier()

    for rows, tokens in ((1, 2), (5, 17), (9, 40)):
        found, expected = runtime.run(feeds(rows, tokens)), logits(model, feeds(rows, tokens))
        assert 1e-4 < np.abs(found - expected).max() < LARGEST[name]


@pytest.mark.parametrize("name", NAMES)
def test_weights_take_a_byte_each(exported: Any, quantized: dict[str, Path], name: str) -> None:
    before, after = weights_of(exported.file).stat().st_size, weights_of(quantized[name]).stat().st_size

    assert after < 0.45 * before
    assert len(matrices(quantized[name])) >= 12


def matrices(file: Path) -> list[tuple[Any, bool]]:
    """Return the constants of 8 bits, each with whether it goes into a matrix product."""
    found = []
    for node in read_model(file).get_ops():
        if node.get_type_name() == "Constant" and node.get_element_type().get_type_name() == "i8":
            reader = node
            while reader.get_type_name() in ("Constant", "Convert", "Multiply"):
                (port,) = reader.output(0).get_target_inputs()
                reader = port.get_node()
            found.append((node.get_data().astype(int), reader.get_type_name() == "MatMul"))
    return found


def test_weights_of_the_calibrated_form_use_seven_bits(quantized: dict[str, Path]) -> None:
    found = matrices(quantized["int8"])

    products = [matrix for matrix, multiplied in found if multiplied]
    assert len(products) >= 12
    assert max(np.abs(matrix).max() for matrix in products) <= 64
    # Tables that are looked up are not added up: they have all 8 bits.
    assert max(np.abs(matrix).max() for matrix, multiplied in found if not multiplied) > 100


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_tools_is_in_the_file(quantized: dict[str, Path], name: str) -> None:
    content = quantized[name].read_text("utf-8")

    assert re.findall(r"nncf|subset_size|ignored_scope|fq_|\.py\b|/\w+/\w+", content) == []
    assert set(re.findall(r'names="([^"]*)"', content)) == {"input_ids", "attention_mask", "token_type_ids", "logits"}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_equal_inputs_give_equal_bytes(
    exported: Any, quantized: dict[str, Path], form: QuantizedForm, tmp_path: Path
) -> None:
    quantize(QuantizeRequest(exported.file, tmp_path / "again.xml", form, calibration))

    assert (tmp_path / "again.xml").read_bytes() == quantized[form.name].read_bytes()
    assert weights_of(tmp_path / "again.xml").read_bytes() == weights_of(quantized[form.name]).read_bytes()


@pytest.mark.parametrize("name", ["fp32", *NAMES])
@pytest.mark.parametrize("factor", [0.5, 1.7])
def test_temperature_is_folded_in(
    exported: Any, quantized: dict[str, Path], name: str, factor: float, tmp_path: Path
) -> None:
    source, batch = {"fp32": exported.file, **quantized}[name], feeds(5, 9)
    content = weights_of(source).read_bytes()

    scale(source, tmp_path / "scaled.xml", factor)

    expected = OpenVinoRuntime(source, {}).run(batch) * np.float32(factor)
    # Scales of the form without rows are stored in 16 bits.
    allowed = 1e-5 if name != "int8-weights" else 2e-3
    assert np.abs(OpenVinoRuntime(tmp_path / "scaled.xml", {}).run(batch) - expected).max() < allowed
    assert weights_of(source).read_bytes() == content


def test_a_file_may_be_scaled_in_place(exported: Any, tmp_path: Path) -> None:
    for path in (exported.file, weights_of(exported.file)):
        shutil.copy(path, tmp_path / path.name)
    file, batch = tmp_path / exported.file.name, feeds(3, 5)

    scale(file, file, 0.25)

    expected = OpenVinoRuntime(exported.file, {}).run(batch) / 4
    assert np.abs(OpenVinoRuntime(file, {}).run(batch) - expected).max() < 1e-6


def test_scaling_adds_no_operator(exported: Any, tmp_path: Path) -> None:
    scale(exported.file, tmp_path / "scaled.xml", 0.5)

    def kinds(file: Path) -> list[str]:
        return [node.get_type_name() for node in read_model(file).get_ordered_ops()]

    assert sorted(kinds(tmp_path / "scaled.xml")) == sorted(kinds(exported.file))


def test_an_output_that_is_not_there_cannot_be_scaled(exported: Any, tmp_path: Path) -> None:
    with pytest.raises(HubError, match=r"HUB-X011: model\.xml has no output 'scores'"):
        scale(exported.file, tmp_path / "scaled.xml", 0.5, "scores")
    assert list(tmp_path.iterdir()) == []


def test_a_head_that_is_not_linear_cannot_be_scaled(tmp_path: Path) -> None:
    from hub_openvino.libraries import openvino

    ops = openvino().opset14
    given = ops.parameter([-1, 3], np.float32, name="x")
    result = ops.tanh(ops.matmul(given, ops.constant(np.ones((3, 2), np.float32)), False, False))
    model = openvino().Model([result], [given], "model")
    model.inputs[0].get_tensor().set_names({"x"})
    model.outputs[0].get_tensor().set_names({"logits"})
    write_model(cleaned(model), tmp_path / "tanh.xml")

    with pytest.raises(HubError, match=r"HUB-X011: cannot fold the temperature(.|\n)*Tanh"):
        scale(tmp_path / "tanh.xml", tmp_path / "scaled.xml", 0.5)


def request(exported: Any, folder: Path, **changes: Any) -> QuantizeRequest:
    return QuantizeRequest(exported.file, folder / "small.xml", dataclasses.replace(FORMS[0], **changes), calibration)


def test_calibration_needs_rows(exported: Any, tmp_path: Path) -> None:
    empty = dataclasses.replace(request(exported, tmp_path), feeds=tuple)

    with pytest.raises(HubError, match=r"HUB-X010: cannot quantize model\.xml without rows"):
        quantize(empty)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{}, {"method": "guess"}, {"method": "quantize", "bits": 4}])
def test_unknown_forms_are_refused(exported: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="HUB-X021: the form 'int8' cannot be made"):
        quantize(request(exported, tmp_path, options=options))


def test_rows_that_do_not_fit_are_an_error_of_ours(exported: Any, tmp_path: Path) -> None:
    wrong = dataclasses.replace(
        request(exported, tmp_path), feeds=lambda: iter([{"words": np.zeros((1, 3), np.int64)}])
    )

    with pytest.raises(HubError, match=r"HUB-X010: cannot quantize model\.xml"):
        quantize(wrong)
    assert list(tmp_path.iterdir()) == []


def test_without_nncf(exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "nncf"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])

    with pytest.raises(MissingError, match=r"HUB-P080: nncf is not installed(.|\n)*domainhub-openvino\[export\]"):
        quantize(request(exported, tmp_path))


def test_rows_are_read_without_their_padding(exported: Any, tmp_path: Path) -> None:
    names = ["input_ids", "attention_mask"]
    given = dataclasses.replace(request(exported, tmp_path), feeds=lambda: iter([feeds(3, 6), feeds(1, 4)]))
    rows = _Rows(given, names)

    for _ in range(2):  # from the start each time
        found = list(rows)
        assert [row["input_ids"].shape for row in found] == [(1, 6), (1, 5), (1, 4), (1, 4)]
        assert all(list(row) == names and row["attention_mask"].all() for row in found)
        assert (found[1]["input_ids"] == feeds(3, 6)["input_ids"][1:2, :5]).all()


def test_a_full_disk_leaves_nothing(exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub_openvino import ir

    real = ir.openvino()

    class Full:
        """OpenVINO does not notice when a file cannot be written to its end."""

        Core, Model = real.Core, real.Model

        @staticmethod
        def serialize(model: Any, graph: Path, data: Path) -> None:
            real.serialize(model, graph, data)
            data.write_bytes(data.read_bytes()[:1000])

    monkeypatch.setattr(ir, "openvino", lambda: Full)

    with pytest.raises(HubError, match=r"HUB-X014: cannot write scaled\.xml"):
        scale(exported.file, tmp_path / "scaled.xml", 0.5)
    assert list(tmp_path.iterdir()) == []
