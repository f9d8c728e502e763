"""Rules about exporters: a tiny model, exported and run without PyTorch, gives the numbers it gave before."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import HubError
from hub.contract.exporter import Exported, Exporter, ExportRequest, Runtime
from hub.contract.reference import resolve
from hub.testing.checks import BrokenError, Check, expect
from hub.testing.declared import contract, one_line

TOLERANCE = 1e-4
"""Largest difference between two logits."""

SHAPES = ((1, 2), (1, 19), (3, 7), (5, 32))
"""Batches that every exported file has to take: rows, tokens."""

VOCABULARY, LABELS, MAX_LENGTH = 64, 4, 48

Arrays = dict[str, npt.NDArray[np.int64]]


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
        "one-file": lambda: _one_file(exporter, made()),
        "same-numbers": lambda: _same_numbers(exporter, made()),
        "missing-file-refused": lambda: _refused(exporter, None),
        "wrong-file-refused": lambda: _refused(exporter, b"this is no model"),
        "wrong-input-refused": lambda: _wrong_input(exporter, made()),
    }
    return [Check(rule, exporter.name, function) for rule, function in rules.items()]


def tiny_classifier() -> Any:
    """Return a BERT of two layers and four labels with fixed random weights, in evaluation mode."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    settings: dict[str, Any] = {"num_labels": LABELS}
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=MAX_LENGTH,
        **settings,
    )
    config._attn_implementation = "eager"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = BertForSequenceClassification(config)
        with torch.no_grad():
            for weight in model.parameters():
                # Fresh biases are all zero and fresh weights small: mistakes would not show.
                weight.add_(torch.randn(weight.shape) * 0.2)
    return model.eval()


def feeds(rows: int, tokens: int) -> Arrays:
    """Return a batch in which every row but the first ends with padding.

    Args:
        rows: 1 or more.
        tokens: of the longest row, 2 or more.
    """
    numbers = np.random.default_rng(rows * 1000 + tokens)
    mask = np.ones((rows, tokens), dtype=np.int64)
    for row in range(1, rows):
        mask[row, max(2, tokens - row) :] = 0
    ids = numbers.integers(5, VOCABULARY, size=(rows, tokens)) * mask
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


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
    for reference in (exporter.export, exporter.runtime):
        expect(callable(resolve(reference)), f"{reference} is not a function")
    return f"{exporter.name}, files {exporter.suffix}"


def _one_file(exporter: Exporter, made: _Made) -> str:
    file = made.exported.file
    expect(file == made.folder.path / f"model{exporter.suffix}", f"it wrote {file.name}, not the target")
    expect(file.is_file(), f"{file.name} is not there")
    others = sorted(path.name for path in file.parent.iterdir() if path != file)
    expect(not others, f"beside the target it left {', '.join(others)}")
    return f"{file.stat().st_size:,} bytes"


def _same_numbers(exporter: Exporter, made: _Made) -> str:
    runtime = _runtime(exporter, made.exported.file)
    expect(tuple(runtime.inputs) == made.exported.inputs, f"the runtime takes {runtime.inputs}, the export said other")
    worst = 0.0
    for rows, tokens in SHAPES:
        batch = feeds(rows, tokens)
        expected = _logits(made.model, batch)
        found = runtime.run({name: batch[name] for name in runtime.inputs})
        where = f"{rows} row(s) of {tokens} tokens"
        expect(found.shape == expected.shape, f"{where}: logits of shape {found.shape}, not {expected.shape}")
        expect(found.dtype == np.float32, f"{where}: logits are {found.dtype}, not float32")
        worst = max(worst, float(np.abs(found - expected).max()))
        expect(worst <= TOLERANCE, f"{where}: a logit differs by {worst:.2g}, {TOLERANCE:g} is allowed")
    return f"largest difference {worst:.1g} over {len(SHAPES)} shapes"


def _logits(model: Any, batch: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        logits = model(**{name: torch.from_numpy(values) for name, values in batch.items()}).logits
    values: npt.NDArray[np.float32] = logits.numpy()
    return values


def _runtime(exporter: Exporter, file: Path) -> Runtime:
    runtime: Runtime = resolve(exporter.runtime)(file, {})
    return runtime


def _refused(exporter: Exporter, content: bytes | None) -> str:
    with tempfile.TemporaryDirectory(prefix="domainhub-") as folder:
        file = Path(folder) / f"model{exporter.suffix}"
        if content is not None:
            file.write_bytes(content)
        return _raises(lambda: _runtime(exporter, file), "opening it")


def _wrong_input(exporter: Exporter, made: _Made) -> str:
    runtime = _runtime(exporter, made.exported.file)
    return _raises(lambda: runtime.run({"no_such_input": np.zeros((1, 2), np.int64)}), "running it")


def _raises(function: Callable[[], object], what: str) -> str:
    try:
        function()
    except HubError as error:
        return f"{error.code}: {error.what}"
    # Whatever else comes, the rule is about which error it is.
    except Exception as error:
        raise BrokenError(f"{what} raised {type(error).__name__}, not an error of hub.contract") from error
    raise BrokenError(f"{what} raised nothing")
