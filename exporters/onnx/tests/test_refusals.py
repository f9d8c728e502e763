"""What the exporter refuses, what it does when its libraries fail, and what it keeps off the terminal."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import onnx
import onnx_ir
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from hub.contract import Exporter, ExportRequest, HubError, UsageError
from hub.contract.reference import resolve
from hub_onnx import decompose
from hub_onnx import export as module
from hub_onnx.export import export
from hub_onnx.graph import clean
from hub_onnx.log import into_log
from hub_onnx.plugin import hub_exporters
from hub_onnx.tasks import check_task
from hub_onnx.tracing import sample_inputs
from tests.support.tiny_models import tiny_bert

TEXTS = "text-classification"


def request(model: Any, folder: Path, kind: str = TEXTS, **options: Any) -> ExportRequest:
    return ExportRequest(model, folder / "model.onnx", kind, 64, options)


@pytest.fixture
def no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is refused before the slow part."""

    def never(*_: Any) -> None:
        raise AssertionError("the model was traced")

    monkeypatch.setattr(module, "trace_text", never)


@pytest.mark.usefixtures("no_trace")
@pytest.mark.parametrize(
    "kind", ["BertForTokenClassification", "BertForQuestionAnswering", "BertModel", "BertForMaskedLM"]
)
def test_model_for_another_task_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(request(tiny_bert(kind=kind), tmp_path))

    assert (caught.value.code, caught.value.exit_code) == ("HUB-X020", 2)
    assert kind in caught.value.what
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_trace")
def test_what_is_no_model_of_transformers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(request(torch.nn.Linear(2, 2), tmp_path))

    assert caught.value.code == "HUB-X020"
    assert "Linear" in caught.value.what


@pytest.mark.usefixtures("no_trace")
def test_unknown_kind_of_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(request(tiny_bert(), tmp_path, kind="image-classification"))

    assert caught.value.code == "HUB-X020"
    assert "'image-classification'" in caught.value.what
    assert TEXTS in caught.value.why


@pytest.mark.usefixtures("no_trace")
@pytest.mark.parametrize("options", [{"opsets": 20}, {"opset": 20, "dynamic": True}])
def test_unknown_option_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(request(tiny_bert(), tmp_path, **options))

    assert (caught.value.code, caught.value.exit_code) == ("HUB-X021", 2)
    assert repr(sorted(set(options) - {"opset"})[0]) in caught.value.what
    assert "opset" in caught.value.why


@pytest.mark.usefixtures("no_trace")
@pytest.mark.parametrize("opset", ["20", 16, 27, 20.0, True, None])
def test_opset_that_runtimes_do_not_take_is_refused(opset: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(request(tiny_bert(), tmp_path, opset=opset))

    assert caught.value.code == "HUB-X021"
    assert repr(opset) in caught.value.what
    assert "from 17 to 26" in caught.value.why


def test_right_model_is_not_refused() -> None:
    check_task(tiny_bert(), TEXTS)


def test_sample_has_two_rows_of_several_tokens() -> None:
    from transformers import RobertaConfig, RobertaForSequenceClassification

    small = {
        "vocab_size": 20,
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "intermediate_size": 8,
    }
    roberta = RobertaForSequenceClassification(RobertaConfig(type_vocab_size=1, **small))

    found = sample_inputs(tiny_bert(vocabulary=25))

    assert list(found) == ["input_ids", "attention_mask", "token_type_ids"]
    assert {(tuple(value.shape), value.dtype) for value in found.values()} == {((2, 8), torch.int64)}
    assert int(found["input_ids"].max()) < 25
    assert list(sample_inputs(roberta)) == ["input_ids", "attention_mask"]


class Failing:
    """An exporter of transformers that raises."""

    error: Exception = RuntimeError("a dimension was specialised\nand much more")

    def export(self, model: Any, sample: Any, config: Any) -> None:
        assert config.dynamic
        raise self.error


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[Failing]:
    monkeypatch.setattr(decompose, "QuickOnnxExporter", Failing)
    return Failing


@pytest.mark.usefixtures("failing")
def test_failure_is_told_in_one_line_and_leaves_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_bert()

    with pytest.raises(HubError) as caught:
        export(request(model, tmp_path))

    assert caught.value.code == "HUB-X022"
    assert caught.value.why == "RuntimeError: a dimension was specialised"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert model.config._attn_implementation == "eager"
    assert list(tmp_path.iterdir()) == []
    assert "and much more" in caplog.text  # the whole trace is in the log


def test_failure_without_a_word_is_told(failing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failing, "error", KeyError())
    (tmp_path / "model.onnx").write_bytes(b"older")

    with pytest.raises(HubError) as caught:
        export(request(tiny_bert(), tmp_path))

    assert caught.value.why == "KeyError: no message"
    assert (tmp_path / "model.onnx").read_bytes() == b"older"


def program(shape: tuple[str | int, ...] = ("s1", "s2"), opset: int = 20) -> Any:
    """A traced program with everything in it that must not stay."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["inner"], "node_of_a_python_file"),
        helper.make_node("ReduceMean", ["inner", "one"], ["logits"], keepdims=0, doc_string="at line 3"),
    ]
    for node in nodes:
        node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value='File "/home/me/model.py", line 3')
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [shape[0], 3])],
        [
            numpy_helper.from_array(torch.randn(5, 3).numpy(), "table"),
            numpy_helper.from_array(torch.tensor([1]).numpy(), "one"),
        ],
        doc_string="from /home/me",
        value_info=[helper.make_tensor_value_info("inner", TensorProto.FLOAT, ["s1", "s2", 3])],
    )
    proto = helper.make_model(
        graph, ir_version=10, opset_imports=[helper.make_opsetid("", opset)], producer_name="torch"
    )
    proto.metadata_props.add(key="path", value="/home/me")
    proto.doc_string = "from /home/me"
    return onnx_ir.from_proto(proto)


def test_program_is_cleaned_and_still_valid() -> None:
    made = program()

    clean(made)

    proto = onnx_ir.to_proto(made)
    onnx.checker.check_model(proto)
    content = proto.SerializeToString()
    for left in (b"/home/me", b"stack_trace", b"line 3", b"python_file"):
        assert left not in content
    assert [node.name for node in proto.graph.node] == ["Gather_0", "ReduceMean_1"]


def with_program(monkeypatch: pytest.MonkeyPatch, made: Any) -> None:
    """Stand in for the tracing, and for the comparison, which would say that this is another model."""
    monkeypatch.setattr(module, "trace_text", lambda model, sample, opset, outputs: made)
    monkeypatch.setattr(module, "check_file", lambda file, probes, model: 0.0)


def test_traced_program_becomes_a_file_with_named_axes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_program(monkeypatch, program())

    done = export(request(tiny_bert(), tmp_path))

    proto = onnx.load(done.file)
    shapes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in proto.graph.input
    ]
    assert shapes == [["batch", "length"]]
    assert len(proto.graph.value_info) == 0
    assert b"s2" not in done.file.read_bytes()
    assert (done.inputs, done.outputs) == (("input_ids",), ("logits",))


@pytest.mark.parametrize(("shape", "axis"), [((1, "s2"), 0), (("s1", 8), 1)])
def test_fixed_axis_is_refused(
    shape: tuple[str | int, ...], axis: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_program(monkeypatch, program(shape))

    with pytest.raises(HubError) as caught:
        export(request(tiny_bert(), tmp_path))

    assert caught.value.code == "HUB-X022"
    assert f"axis {axis} of input 'input_ids'" in caught.value.what
    assert list(tmp_path.iterdir()) == []


def test_other_opset_than_asked_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_program(monkeypatch, program(opset=18))

    with pytest.raises(HubError) as caught:
        export(request(tiny_bert(), tmp_path, opset=24))

    assert caught.value.code == "HUB-X022"
    assert "opset 18 instead of 24" in caught.value.what


def test_libraries_reach_the_log_and_not_the_terminal(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    names = ("torch", "torch.onnx._internal.exporter", "transformers.exporters", "/lib/transformers/exporters/x.py")
    before = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).propagate) for name in names}

    with caplog.at_level(logging.INFO, "hub_onnx.export"), into_log():
        for name in names:
            logging.getLogger(name).warning("%s from the logger", name)
        sys.stdout.write("printed by a library\n")
        warnings.warn("warned by a library", UserWarning, stacklevel=1)
        assert caplog.records == []

    assert capfd.readouterr() == ("", "")
    lines = [record.getMessage() for record in caplog.records]
    assert {record.name for record in caplog.records} == {"hub_onnx.export"}
    assert len(lines) == 6
    for text in (
        *(f"{name} from the logger" for name in names),
        "printed by a library",
        "UserWarning: warned by a library",
    ):
        assert any(text in line for line in lines), text
    after = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).propagate) for name in names}
    assert after == before


def test_loggers_are_put_back_after_an_error() -> None:
    library = logging.getLogger("torch")
    before = library.handlers[:], library.propagate

    with pytest.raises(KeyError), into_log():
        raise KeyError

    assert (library.handlers, library.propagate) == before


def test_plugin_declares_one_exporter_whose_functions_exist() -> None:
    (declared,) = hub_exporters()

    assert isinstance(declared, Exporter)
    assert (declared.name, declared.suffix) == ("onnx", ".onnx")
    assert resolve(declared.export) is export
    assert callable(resolve(declared.runtime))


def test_plugin_module_loads_nothing_heavy() -> None:
    code = "import sys, hub_onnx.plugin as p; p.hub_exporters(); print(sorted(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "'hub_onnx.plugin'" in done.stdout
    for name in ("torch", "transformers", "onnx", "onnx_ir", "onnxruntime", "optimum", "hub_onnx.export"):
        assert f"'{name}'" not in done.stdout


def test_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_program(monkeypatch, program())

    done = export(ExportRequest(tiny_bert(), tmp_path / "a" / "model.onnx", TEXTS, 64))

    assert done.file.is_file()
