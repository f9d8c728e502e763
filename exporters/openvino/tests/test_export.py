"""The exported graph: PyTorch's answers at every shape, nothing of the machine inside, the same bytes each time."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hub.contract import ExportRequest, GraphValue, HubError, UsageError
from hub.testing.tiny_exports import MAX_LENGTH, feeds, logits, tiny_classifier, tiny_reader
from hub_openvino.export import export
from hub_openvino.ir import describe, weights_of
from hub_openvino.libraries import openvino
from hub_openvino.runtime import OpenVinoRuntime

pytestmark = pytest.mark.slow

SHAPES = [(1, 2), (1, 1), (5, 17), (2, 8), (3, 1), (1, 48), (9, 2)]
"""Rows and tokens; the trace saw 2 x 8."""


def batch(rows: int, tokens: int) -> dict[str, Any]:
    return {name: values[:, :tokens] for name, values in feeds(rows, max(2, tokens)).items()}


@pytest.mark.parametrize("shape", SHAPES)
def test_logits_are_those_of_pytorch(exported: Any, shape: tuple[int, int]) -> None:
    runtime, given = OpenVinoRuntime(exported.file, {}), batch(*shape)

    found, expected = runtime.run(given), logits(tiny_classifier(), given)

    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5


def test_every_input_counts(exported: Any) -> None:
    runtime, given = OpenVinoRuntime(exported.file, {}), batch(1, 6)
    before = runtime.run(given)

    for place in range(6):
        ids = given["input_ids"].copy()
        ids[0, place] = 5 + (ids[0, place] - 4) % 59
        assert np.abs(runtime.run(given | {"input_ids": ids}) - before).max() > 1e-4, place
    types = np.array([[0, 0, 0, 1, 1, 1]])
    mask = np.array([[1, 1, 1, 1, 1, 0]])
    assert np.abs(runtime.run(given | {"token_type_ids": types}) - before).max() > 1e-3
    assert np.abs(runtime.run(given | {"attention_mask": mask}) - before).max() > 1e-3


def test_inputs_are_int64_with_free_axes(exported: Any) -> None:
    found = describe(exported.file)

    assert [value.name for value in found.inputs] == ["input_ids", "attention_mask", "token_type_ids"]
    assert {(value.dtype, value.shape) for value in found.inputs} == {("int64", ("?", "?"))}
    assert found.outputs == (GraphValue("logits", "float32", ("?", 4)),)
    assert exported.facts["inputs"] == ["input_ids", "attention_mask", "token_type_ids"]
    assert exported.facts["outputs"] == ["logits"]


def test_equal_models_give_equal_bytes(exports: Any) -> None:
    first, second = exports

    assert first.file != second.file
    assert first.file.read_bytes() == second.file.read_bytes()
    assert weights_of(first.file).read_bytes() == weights_of(second.file).read_bytes()
    assert first.facts["details"] == second.facts["details"]


def test_nothing_of_the_building_machine_is_in_the_file(exported: Any) -> None:
    content = exported.file.read_text("utf-8")

    telling = re.compile(r"\.py\b|site-packages|stack_trace|torch|transformers|aten|bert|[A-Za-z]:\\|/\w+/\w+|__module")
    assert telling.findall(content) == []
    assert sorted(path.name for path in exported.file.parent.iterdir()) == ["model.xml", "model.xml_data"]


def test_only_inputs_and_outputs_have_names_of_their_own(exported: Any) -> None:
    content = exported.file.read_text("utf-8")

    assert set(re.findall(r'names="([^"]*)"', content)) == {"input_ids", "attention_mask", "token_type_ids", "logits"}
    assert re.findall(r"<rt_info>.*?</rt_info>", content, re.DOTALL)[-1].split() == [
        "<rt_info>", "<runtime_options>", "<INFERENCE_PRECISION_HINT", 'value="f32"', "/>", "</runtime_options>",
        "</rt_info>",
    ]  # fmt: skip


def test_nothing_is_printed_or_reported(exports: Any) -> None:
    for each in exports:
        assert each.printed == ""
        assert each.facts["telemetry"] == []
        assert each.facts["logger_class"] == "Logger"


def test_model_is_left_as_it_was(exported: Any) -> None:
    assert exported.facts["unchanged"] is True
    assert exported.facts["attention"] == "eager"
    assert exported.facts["training"] is False


def test_details_say_what_was_written(exported: Any) -> None:
    details = exported.facts["details"]

    assert details["precision"] == "f32"
    assert details["openvino"] == openvino().__version__.partition("-")[0]
    assert details["operators"]["Parameter"] == 3
    assert details["operators"]["Result"] == 1
    assert details["operators"]["MatMul"] >= 14


def request(model: Any, folder: Path, kind: str, **changes: Any) -> ExportRequest:
    return dataclasses.replace(ExportRequest(model, folder / "model.xml", kind, MAX_LENGTH), **changes)


class Table(nn.Module):
    """Two numbers and one category to three answers."""

    def __init__(self, rows: int = 2) -> None:
        super().__init__()
        self.rows = rows
        self.categories = nn.Embedding(4, 3)
        self.head = nn.Linear(5, 3)

    def forward(self, numbers: Any, categories: Any) -> Any:
        return self.head(torch.cat([numbers, self.categories(categories)[:, 0]], dim=1))

    def sample_inputs(self) -> dict[str, Any]:
        return {"numbers": torch.zeros(self.rows, 2), "categories": torch.zeros(self.rows, 1, dtype=torch.int64)}


def test_tables_have_rows_that_move_and_columns_that_do_not(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Table().eval()

    done = export(request(model, tmp_path, "tabular-classification", max_length=0))

    found = describe(done.file)
    assert [(value.name, value.dtype, value.shape) for value in found.inputs] == [
        ("numbers", "float32", ("?", 2)),
        ("categories", "int64", ("?", 1)),
    ]
    assert done.outputs == ("logits",)
    runtime, random = OpenVinoRuntime(done.file, {}), np.random.default_rng(0)
    for rows in (1, 2, 3, 200):
        given = {
            "numbers": random.normal(size=(rows, 2)).astype(np.float32),
            "categories": random.integers(0, 4, (rows, 1)),
        }
        with torch.inference_mode():
            expected = model(**{name: torch.from_numpy(values) for name, values in given.items()}).numpy()
        assert np.abs(runtime.run(given) - expected).max() < 1e-5


def test_a_model_for_another_kind_is_refused(tmp_path: Path) -> None:
    for kind, words in {
        "token-classification": "its output has 2 axes",
        "question-answering": "gives no start_logits",
        "astrology": "does not know the kind",
    }.items():
        with pytest.raises(UsageError, match="HUB-X020") as caught:
            export(request(tiny_classifier(), tmp_path, kind))
        assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (object(), "must be a torch.nn.Module"),
        (nn.Linear(2, 2), "must be a torch.nn.Module with sample_inputs"),
        (Table(rows=1), "have 1 rows"),
    ],
)
def test_what_cannot_be_traced_is_refused(model: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"HUB-X020(.|\n)*{words}"):
        export(request(model, tmp_path, "tabular-classification"))


def test_each_output_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HUB-X020: the model gives 2 outputs"):
        export(request(tiny_reader(), tmp_path, "question-answering", outputs=("start_logits",)))


def test_unknown_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HUB-X021: unknown export option 'opset'"):
        export(request(None, tmp_path, "text-classification", options={"opset": 20}))


class OneBatch(Table):
    """Takes two rows and no other number, which the tracer notes without a word."""

    def forward(self, numbers: Any, categories: Any) -> Any:
        return super().forward(numbers, categories).reshape(2, 3)


def test_an_axis_that_the_tracer_fixed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="HUB-X022: the exporter fixed axis 0 of output 'logits'"):
        export(request(OneBatch(), tmp_path, "tabular-classification"))
    assert list(tmp_path.iterdir()) == []


class Branches(Table):
    """Reads a value to decide what it does, which no graph can say."""

    def forward(self, numbers: Any, categories: Any) -> Any:
        return super().forward(numbers, categories) if numbers.sum() > 1 else numbers


def test_a_failure_of_the_exporter_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="HUB-X022: cannot export Branches to OpenVINO"):
        export(request(Branches(), tmp_path, "tabular-classification"))
    assert list(tmp_path.iterdir()) == []
