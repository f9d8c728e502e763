"""Rules about exporters: tiny models, exported and run without PyTorch, give the numbers they gave before."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import HubError, UsageError
from hub.contract.exporter import Exported, Exporter, ExportRequest, GraphDescription, GraphValue, Runtime
from hub.contract.reference import resolve
from hub.testing.checks import BrokenError, Check, expect
from hub.testing.declared import contract, one_line
from hub.testing.runtimes import same_by_name, without_torch
from hub.testing.smaller import adds_branch, keeps, quantizes, scales
from hub.testing.tiny_exports import (
    LABELS,
    MAX_LENGTH,
    READER_OUTPUTS,
    feeds,
    logits,
    tiny_classifier,
    tiny_reader,
)

TOLERANCE = 1e-4
"""Largest difference between two logits."""

SHAPES = ((1, 2), (1, 19), (3, 7), (5, 32))
"""Batches that every exported file has to take: rows, tokens."""


class _Folder:
    """A temporary folder that goes when this object does: a check may be called long after it was made."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="domainhub-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True)
class _Made:
    """A model, what was exported of it, and the folder that holds the file."""

    model: Any
    exported: Exported
    folder: _Folder


def exporter_checks(exporter: Exporter) -> list[Check]:
    """Return the checks of an exporter. The first one that is called exports a model, which takes some seconds."""
    kept: list[_Made] = []

    def made() -> _Made:
        if not kept:
            kept.append(_make(exporter))
        return kept[0]

    rules: dict[str, Callable[[], str]] = {
        "exporter-complete": lambda: _complete(exporter),
        "contract-version": lambda: contract(exporter.contract),
        "files-named": lambda: _files(exporter, made()),
        "same-numbers": lambda: _same_numbers(exporter, made()),
        "runtime-without-torch": lambda: without_torch(exporter, made().exported),
        "edge-finds-runtime": lambda: same_by_name(exporter, made().exported),
        "outputs-stacked": lambda: _stacked(exporter),
        "sessions-open": lambda: _sessions(exporter, made()),
        "missing-file-refused": lambda: _refused(exporter, None),
        "wrong-file-refused": lambda: _refused(exporter, b"this is no model"),
        "wrong-input-refused": lambda: _wrong_input(exporter, made()),
        "wrong-output-refused": lambda: _wrong_output(exporter, made()),
        "unknown-option-refused": lambda: _unknown_option(exporter, made()),
    }
    if exporter.describe:
        rules["described"] = lambda: _described(exporter, made())
    if exporter.parts:
        rules["parts-kept"] = lambda: keeps(exporter, made().model, made().exported)
    if exporter.scale:
        rules["output-scaled"] = lambda: scales(exporter, made().model, made().exported)
    if exporter.branch:
        rules["branch-added"] = lambda: adds_branch(exporter, made().model, made().exported)
    checks = [Check(rule, exporter.name, function) for rule, function in rules.items()]
    for form in exporter.forms:
        function = partial(lambda form: quantizes(exporter, form, made().model, made().exported), form)
        checks.append(Check("quantized-runs", f"{exporter.name} {form.name}", function))
    return checks


def _make(exporter: Exporter) -> _Made:
    folder = _Folder()
    model = tiny_classifier()
    target = folder.path / f"model{exporter.suffix}"
    exported = resolve(exporter.export)(ExportRequest(model, target, "text-classification", MAX_LENGTH))
    if not isinstance(exported, Exported):
        raise BrokenError(f"its export returned a {type(exported).__name__}, not an Exported")
    return _Made(model, exported, folder)


def _complete(exporter: Exporter) -> str:
    one_line(exporter.summary, "the exporter")
    expect(exporter.suffix.startswith(".") and len(exporter.suffix) > 1, f"suffix {exporter.suffix!r} has no dot")
    references = (exporter.export, exporter.runtime, exporter.describe, exporter.quantize)
    for reference in (*references, exporter.scale, exporter.branch, exporter.parts):
        expect(not reference or callable(resolve(reference)), f"{reference} is not a function")
    names = [form.name for form in exporter.forms]
    expect(len(set(names)) == len(names), f"two of its forms have one name: {', '.join(names)}")
    for form in exporter.forms:
        one_line(form.summary, f"the form {form.name!r}")
    expect(exporter.sessions, "it has no sessions; the usual one is {}")
    return f"{exporter.name}, files {exporter.suffix}"


def _files(exporter: Exporter, made: _Made) -> str:
    file = made.exported.file
    expect(file == made.folder.path / f"model{exporter.suffix}", f"it wrote {file.name}, not the target")
    expect(file.is_file(), f"{file.name} is not there")
    found = sorted(path for path in file.parent.iterdir() if path.name.startswith(file.stem))
    others = sorted(path.name for path in file.parent.iterdir() if path not in (file, _beside(file)))
    expect(not others, f"beside the target it left {', '.join(others)}; only {_beside(file).name} may be there")
    return ", ".join(f"{path.name} {path.stat().st_size:,} bytes" for path in found)


def _beside(file: Path) -> Path:
    """Return the only other file that an exporter may write."""
    return file.with_name(f"{file.name}_data")


def _same_numbers(exporter: Exporter, made: _Made) -> str:
    runtime = _runtime(exporter, made.exported.file)
    expect(tuple(runtime.inputs) == made.exported.inputs, f"the runtime takes {runtime.inputs}, the export said other")
    worst = _compare(runtime, made.model)
    return f"largest difference {worst:.1g} over {len(SHAPES)} shapes"


def _compare(runtime: Runtime, model: Any, output: int | None = None) -> float:
    """Run every shape and return the largest difference to PyTorch.

    Args:
        runtime: of the exported file.
        model: that was exported.
        output: which of the stacked outputs the runtime gives; ``None``: all that there are.

    Raises:
        BrokenError: a shape, a type or a number differs.
    """
    worst = 0.0
    for rows, tokens in SHAPES:
        batch = feeds(rows, tokens)
        chosen = {name: batch[name] for name in runtime.inputs}
        expected = logits(model, chosen)
        expected = expected if output is None else expected[..., output]
        found = runtime.run(chosen)
        where = f"{rows} row(s) of {tokens} tokens"
        expect(found.shape == expected.shape, f"{where}: logits of shape {found.shape}, not {expected.shape}")
        expect(found.dtype == np.float32, f"{where}: logits are {found.dtype}, not float32")
        worst = max(worst, float(np.abs(found - expected).max()))
        expect(worst <= TOLERANCE, f"{where}: a logit differs by {worst:.2g}, {TOLERANCE:g} is allowed")
    return worst


def _described(exporter: Exporter, made: _Made) -> str:
    found = resolve(exporter.describe)(made.exported.file)
    expect(isinstance(found, GraphDescription), f"describe returned a {type(found).__name__}, not a GraphDescription")
    names = (tuple(value.name for value in found.inputs), tuple(value.name for value in found.outputs))
    said = (made.exported.inputs, made.exported.outputs)
    expect(names == said, f"it describes {names}, the export said {said}")
    for value in found.inputs:
        expect(value.dtype == "int64", f"input {value.name} is {value.dtype}, not int64")
        expect(len(value.shape) == 2 and _moves(value, 0) and _moves(value, 1), _shape(value, "both axes move"))
    for value in found.outputs:
        expect(value.dtype == "float32", f"output {value.name} is {value.dtype}, not float32")
        expect(_moves(value, 0) and value.shape[1:] == (LABELS,), _shape(value, f"it is [batch, {LABELS}]"))
    return f"{', '.join(names[0])} to {', '.join(names[1])}"


def _moves(value: GraphValue, axis: int) -> bool:
    return len(value.shape) > axis and isinstance(value.shape[axis], str)


def _shape(value: GraphValue, wanted: str) -> str:
    return f"{value.name} is described as {list(value.shape)}; {wanted}"


def _stacked(exporter: Exporter) -> str:
    """Export a model of two outputs and open it by one name and by both."""
    folder = _Folder()
    model, target = tiny_reader(), folder.path / f"reader{exporter.suffix}"
    request = ExportRequest(model, target, "question-answering", MAX_LENGTH, outputs=READER_OUTPUTS)
    try:
        exported: Exported = resolve(exporter.export)(request)
    except UsageError as error:
        return f"it refuses a module with two outputs: {error.code}"
    expect(exported.outputs == READER_OUTPUTS, f"the outputs are {exported.outputs}, asked for {READER_OUTPUTS}")
    opened = resolve(exporter.runtime)
    for place, name in enumerate(READER_OUTPUTS):
        _compare(opened(target, {"output": name}), model, place)
    worst = _compare(opened(target, {"output": READER_OUTPUTS}), model)
    return f"[batch, length, {len(READER_OUTPUTS)}], largest difference {worst:.1g}"


def _sessions(exporter: Exporter, made: _Made) -> str:
    for options in exporter.sessions:
        for threads in (1, 2):
            try:
                _compare(resolve(exporter.runtime)(made.exported.file, {**options, "threads": threads}), made.model)
            except (BrokenError, HubError) as error:
                raise BrokenError(f"with {dict(options)} and {threads} thread(s): {error}") from error
    return f"{len(exporter.sessions)} with 1 and 2 threads"


def _runtime(exporter: Exporter, file: Path) -> Runtime:
    runtime: Runtime = resolve(exporter.runtime)(file, {})
    return runtime


def _refused(exporter: Exporter, content: bytes | None) -> str:
    with tempfile.TemporaryDirectory(prefix="domainhub-") as folder:
        file = Path(folder) / f"model{exporter.suffix}"
        if content is not None:
            file.write_bytes(content)
            _beside(file).write_bytes(content)
        return _raises(lambda: _runtime(exporter, file), "opening it")


def _wrong_input(exporter: Exporter, made: _Made) -> str:
    runtime = _runtime(exporter, made.exported.file)
    wrong: dict[str, npt.NDArray[Any]] = {"no_such_input": np.zeros((1, 2), np.int64)}
    return _raises(lambda: runtime.run(wrong), "running it")


def _wrong_output(exporter: Exporter, made: _Made) -> str:
    opened = resolve(exporter.runtime)
    return _raises(lambda: opened(made.exported.file, {"output": "no_such_output"}), "opening it")


def _unknown_option(exporter: Exporter, made: _Made) -> str:
    folder = _Folder()
    target = folder.path / f"model{exporter.suffix}"
    options = {"no_such_option": 1}
    request = ExportRequest(made.model, target, "text-classification", MAX_LENGTH, options)
    said = _raises(lambda: resolve(exporter.export)(request), "exporting with an unknown option")
    expect(not any(folder.path.iterdir()), "it refused an unknown option, but wrote a file")
    return said


def _raises(function: Callable[[], object], what: str) -> str:
    try:
        function()
    except HubError as error:
        return f"{error.code}: {error.what}"
    # Whatever else comes, the rule is about which error it is.
    except Exception as error:
        raise BrokenError(f"{what} raised {type(error).__name__}, not an error of hub.contract") from error
    raise BrokenError(f"{what} raised nothing")
