"""Each rule for exporters: kept by the tutorial's exporter, and broken by one that breaks it alone. No ONNX here."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hub.contract import Exporter, QuantizedForm
from hub.testing import exporter_checks
from hub.testing.tiny_exports import LABELS, feeds, logits, margins, tiny_branch, tiny_classifier, tiny_reader
from tests.support.numpy_exporter import install

BROKEN = '''
"""Exporters that are wrong, each in one way."""

import dataclasses
import shutil

import numpy as np
from hub.contract import Exported, GraphDescription
from hub_numpy import export as sound_export, files, runtime, smaller


class Noisy(runtime.NumpyRuntime):
    def run(self, batch):
        return super().run(batch) + np.float32(1e-3)


class OneRow(runtime.NumpyRuntime):
    def run(self, batch):
        return super().run(batch)[:1]


class Double(runtime.NumpyRuntime):
    def run(self, batch):
        return super().run(batch).astype(np.float64)


class ForgetsMask(runtime.NumpyRuntime):
    def run(self, batch):
        full = np.ones_like(batch["attention_mask"]) if "attention_mask" in batch else None
        return super().run(batch if full is None else {**batch, "attention_mask": full})


class Raw(runtime.NumpyRuntime):
    def __init__(self, file, options):
        with np.load(file, allow_pickle=False) as stored:
            self._arrays = files.unpacked(dict(stored))
        self._heads = int(self._arrays["heads"])

    def run(self, batch):
        return self._logits(batch)


class Careless(runtime.NumpyRuntime):
    def __init__(self, file, options):
        pass

    def run(self, batch):
        return np.zeros((1, 4), dtype=np.float32)


class NeedsTorch(runtime.NumpyRuntime):
    def run(self, batch):
        import sklearn
        return super().run(batch)


class OneThread(runtime.NumpyRuntime):
    def __init__(self, file, options):
        super().__init__(file, options)
        self.threads = options.get("threads", 1)

    def run(self, batch):
        return super().run(batch) * np.float32(self.threads)


class Neighbours(runtime.NumpyRuntime):
    def run(self, batch):
        return super().run(batch) + np.float32(0.5) * (len(batch["input_ids"]) > 20)


def export_elsewhere(request):
    done = sound_export.export(request)
    return dataclasses.replace(done, file=request.target.with_suffix(".bin"))


def export_with_litter(request):
    (request.target.parent / "weights.data").write_bytes(b"weights")
    return sound_export.export(request)


def export_with_weights(request):
    request.target.with_name(request.target.name + "_data").write_bytes(b"weights")
    return sound_export.export(request)


def export_path(request):
    return sound_export.export(request).file


def export_anything(request):
    return sound_export.export(dataclasses.replace(request, options={}))


def export_swapped(request):
    """Writes another model than the one with two outputs, and says otherwise."""
    from hub.testing.tiny_exports import tiny_classifier

    done = sound_export.export(dataclasses.replace(request, model=tiny_classifier(), kind="text-classification"))
    return dataclasses.replace(done, outputs=request.outputs or done.outputs)


def describe_fixed(file):
    found = files.describe(file)
    fixed = tuple(dataclasses.replace(value, shape=("batch", 8)) for value in found.inputs)
    return GraphDescription(fixed, found.outputs)


def describe_float(file):
    found = files.describe(file)
    return GraphDescription(tuple(dataclasses.replace(v, dtype="float32") for v in found.inputs), found.outputs)


def describe_other(file):
    found = files.describe(file)
    return GraphDescription(found.inputs, tuple(dataclasses.replace(v, name="scores") for v in found.outputs))


def describe_nothing(file):
    return None


def quantize_head_away(request):
    arrays = files.read(request.source)
    arrays["classifier.weight"] = -arrays["classifier.weight"]
    arrays["classifier.bias"] = -arrays["classifier.bias"]
    files.write(request.target, arrays)


def quantize_nothing(request):
    pass


def quantize_in_place(request):
    smaller.quantize(request)
    shutil.copy(request.target, request.source)


def scale_weight_only(source, target, factor, output):
    arrays = files.read(source)
    arrays["classifier.weight"] = arrays["classifier.weight"] * np.float32(factor)
    files.write(target, arrays)


def branch_bias_only(file, branch, output):
    arrays = files.read(file)
    arrays["classifier.bias"] = arrays["classifier.bias"] + branch.bias
    files.write(file, arrays)
'''

Rules = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """The exporter of the tutorial; beside it a module of broken parts."""
    folder = install(tmp_path_factory.mktemp("installed"))
    (folder / "broken_numpy.py").write_text(BROKEN, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        (exporter,) = importlib.import_module("hub_numpy.plugin").hub_exporters()
        yield exporter
    for name in [name for name in sys.modules if name.partition(".")[0] in ("hub_numpy", "broken_numpy")]:
        del sys.modules[name]


def broken(exporter: Exporter, *rules: str) -> dict[str, str]:
    """Return the rules that an exporter breaks, and how.

    Args:
        exporter: to check.
        rules: that are tried; none: all but those that start a process.
    """
    tried = [each for each in exporter_checks(exporter) if each.rule in rules or not rules]
    tried = [each for each in tried if rules or each.rule != "runtime-without-torch"]
    assert tried
    return {result.rule: result.detail for result in (each.run() for each in tried) if not result.ok}


def changed(exporter: Exporter, **parts: Any) -> Exporter:
    """Return the exporter with functions of the broken module."""
    return dataclasses.replace(exporter, **{part: f"broken_numpy:{name}" for part, name in parts.items()})


def test_sound_exporter_keeps_every_rule(sound: Exporter) -> None:
    checks = exporter_checks(sound)

    assert [result for result in (each.run() for each in checks) if not result.ok] == []
    assert len({each.rule for each in checks}) == 16  # it has no branch


@pytest.mark.parametrize(
    ("runtime", "rules", "words"),
    [
        ("Noisy", {"same-numbers", "edge-finds-runtime", "sessions-open", "output-scaled"}, "a logit differs by 0.001"),
        ("OneRow", {"same-numbers", "edge-finds-runtime", "sessions-open"}, "3 row(s) of 7 tokens: logits of shape"),
        ("Double", {"same-numbers", "sessions-open"}, "logits are float64"),
        ("ForgetsMask", {"same-numbers", "edge-finds-runtime", "sessions-open"}, "3 row(s) of 7 tokens: a logit"),
        ("OneThread", {"sessions-open"}, ""),
        ("Neighbours", {"quantized-runs"}, ""),
        (
            "Raw",
            {"missing-file-refused", "wrong-file-refused", "wrong-input-refused", "wrong-output-refused"},
            "",
        ),
    ],
)
def test_broken_runtime(sound: Exporter, runtime: str, rules: set[str], words: str) -> None:
    found = broken(changed(sound, runtime=runtime))

    assert rules <= set(found)
    assert set(found) <= rules | {"quantized-runs", "output-scaled"}
    assert words in found.get("same-numbers", "")


def test_errors_of_other_libraries_are_named(sound: Exporter) -> None:
    found = broken(changed(sound, runtime="Raw"), "missing-file-refused", "wrong-input-refused")

    assert found["missing-file-refused"] == "opening it raised FileNotFoundError, not an error of hub.contract"
    assert found["wrong-input-refused"] == "running it raised KeyError, not an error of hub.contract"


def test_refusing_nothing_is_named(sound: Exporter) -> None:
    found = broken(changed(sound, runtime="Careless"), "wrong-file-refused", "wrong-output-refused")

    assert found == {
        "wrong-file-refused": "opening it raised nothing",
        "wrong-output-refused": "opening it raised nothing",
    }


def test_what_the_runtime_loads_is_named(sound: Exporter) -> None:
    found = broken(changed(sound, runtime="NeedsTorch"), "runtime-without-torch")

    assert "sklearn" in found["runtime-without-torch"]


def test_a_runtime_that_nobody_declares(sound: Exporter) -> None:
    found = broken(dataclasses.replace(sound, name="elsewhere"), "edge-finds-runtime")

    assert "nothing here runs the format 'elsewhere'" in found["edge-finds-runtime"]


@pytest.mark.parametrize(
    ("parts", "rule", "words"),
    [
        ({"export": "export_elsewhere"}, "files-named", "wrote model.bin, not the target"),
        ({"export": "export_with_litter"}, "files-named", "beside the target it left weights.data"),
        ({"export": "export_path"}, "files-named", "not an Exported"),
        ({"export": "nowhere"}, "exporter-complete", "nowhere"),
        ({"export": "export_anything"}, "unknown-option-refused", "raised nothing"),
        ({"export": "export_swapped"}, "outputs-stacked", ""),
        ({"describe": "describe_fixed"}, "described", "['batch', 8]; both axes move"),
        ({"describe": "describe_float"}, "described", "is float32, not int64"),
        ({"describe": "describe_other"}, "described", "scores"),
        ({"describe": "describe_nothing"}, "described", "not a GraphDescription"),
        ({"quantize": "quantize_head_away"}, "quantized-runs", "12 of the 12 clearest rows have another label"),
        ({"quantize": "quantize_nothing"}, "quantized-runs", "wrote no file"),
        ({"quantize": "quantize_in_place"}, "quantized-runs", "changed the file that it was to read"),
        ({"scale": "scale_weight_only"}, "output-scaled", "a logit differs"),
        ({"branch": "branch_bias_only"}, "branch-added", "a logit differs"),
    ],
)
def test_broken_function(sound: Exporter, parts: dict[str, str], rule: str, words: str) -> None:
    assert words in broken(changed(sound, **parts), rule)[rule]


@pytest.mark.parametrize(
    ("changes", "rule", "words"),
    [
        ({"summary": ""}, "exporter-complete", "no summary"),
        ({"suffix": "npz"}, "exporter-complete", "has no dot"),
        ({"sessions": ()}, "exporter-complete", "no sessions"),
        ({"forms": (QuantizedForm("a", "int8", "One"),) * 2}, "exporter-complete", "one name"),
        ({"forms": (QuantizedForm("a", "int8", ""),)}, "exporter-complete", "the form 'a' has no summary"),
        ({"contract": "2.0"}, "contract-version", "another major version"),
    ],
)
def test_broken_declaration(sound: Exporter, changes: dict[str, Any], rule: str, words: str) -> None:
    assert words in broken(dataclasses.replace(sound, **changes), rule)[rule]


def test_weights_may_stand_beside_the_file(sound: Exporter) -> None:
    assert broken(changed(sound, export="export_with_weights"), "files-named") == {}


def test_a_form_that_this_machine_cannot_run_is_not_tried(sound: Exporter) -> None:
    form = QuantizedForm("far", "int8", "Elsewhere", requires=("no-such-instructions",))
    elsewhere = dataclasses.replace(changed(sound, quantize="quantize_nothing"), forms=(form,))
    (check,) = (each for each in exporter_checks(elsewhere) if each.rule == "quantized-runs")

    assert check() == "not tried: this machine has no no-such-instructions"


@pytest.mark.parametrize(("rows", "tokens"), [(1, 2), (3, 7), (5, 32)])
def test_batches_end_with_padding(rows: int, tokens: int) -> None:
    batch = feeds(rows, tokens)

    assert {values.shape for values in batch.values()} == {(rows, tokens)}
    assert batch["attention_mask"][0].all()
    assert (batch["attention_mask"].sum(axis=1) >= min(2, tokens)).all()
    assert rows == 1 or not batch["attention_mask"].all()
    assert (batch["input_ids"][batch["attention_mask"] == 0] == 0).all()


def test_reader_sees_what_is_not_masked_only() -> None:
    model, batch = tiny_reader(), feeds(3, 7)
    chosen = {name: batch[name] for name in ("input_ids", "attention_mask")}
    found = logits(model, chosen)
    other = np.where(chosen["attention_mask"] == 1, chosen["input_ids"], 9)

    assert found.shape == (3, 7, 2)
    assert np.abs(logits(model, chosen | {"input_ids": other}) - found).max() < 1e-6
    assert set(model.sample_inputs()) == {"input_ids", "attention_mask"}


def test_margins_are_those_of_the_lexical_model() -> None:
    from hub.train.lexical import FIRST, SECOND, LexicalModel

    branch, batch = tiny_branch(), feeds(4, 9)
    assert branch.multipliers == (FIRST, SECOND)
    model = LexicalModel(branch.table, branch.bias, branch.seeds, len(branch.table) - len(branch.seeds))
    rows = [ids[mask == 1].tolist() for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)]

    found = margins(branch, batch)

    assert found.shape == (4, LABELS)
    assert np.abs(found - model.margins(rows)).max() < 1e-6


def test_clear_rows_exist() -> None:
    """The kit looks at rows whose two best labels are far apart; the tiny model must have several labels on top."""
    top = logits(tiny_classifier(), feeds(24, 12)).argmax(axis=1)

    assert len(set(top.tolist())) > 1
