"""Is the graph the model? Both answer batches whose shapes the trace never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract import HubError, Kind, UsageError
from hub_onnx.graph import Axes

if TYPE_CHECKING:
    import torch

Arrays = Mapping[str, npt.NDArray[Any]]

SHAPES = ((1, 2), (3, 7))
"""Rows and tokens; a sample for tracing has at least two of each, and never three rows of seven."""

TOLERANCE = 2e-4
"""Largest difference, of the largest number the model gave (at least 1)."""

_BY_TOKEN = ("spans", "answer", "fill")
"""Answers for every token; what stands at padding has no meaning."""

_SEED = 0
_SILENT = 4


@dataclass(frozen=True)
class Probe:
    """One batch and the model's answer.

    Args:
        feeds: arrays by input name.
        answers: float32 arrays by output name; 0 where there is padding.
        kind: of the task.
    """

    feeds: Arrays
    answers: Arrays
    kind: Kind


def probe_model(
    model: Any, sample: Mapping[str, torch.Tensor], returned: Sequence[str], wanted: Sequence[str], kind: Kind
) -> list[Probe]:
    """Ask the model in PyTorch.

    Args:
        model: in evaluation mode.
        sample: valid inputs; batches are made of their values.
        returned: names of what a module returns, in order; a transformers model names its own.
        wanted: outputs to keep.
        kind: of the task.

    Raises:
        UsageError: HUB-X020, the model does not return one of them, or returns what is no number.
    """
    random = np.random.default_rng(_SEED)
    found = []
    for rows, tokens in SHAPES:
        feeds = _feeds(sample, rows, tokens, kind, random)
        answers = _answers(model, feeds, returned)
        missing = [name for name in wanted if name not in answers]
        if missing:
            why = f"{kind.name} needs {', '.join(wanted)}"
            raise UsageError("HUB-X020", f"{type(model).__name__} returns no {missing[0]}", why)
        for name in wanted:
            if np.isnan(answers[name]).any():
                what = f"{type(model).__name__} answers with what is no number"
                raise UsageError("HUB-X020", what, f"in {name}", "check its weights")
        found.append(Probe(feeds, {name: _meant(answers[name], name, kind, feeds) for name in wanted}, kind))
    return found


def output_axes(probes: Sequence[Probe]) -> dict[str, Axes]:
    """Return the axes of each output, those that move by name."""
    axes: dict[str, Axes] = {}
    for name, answer in probes[-1].answers.items():
        moving = ("batch", "length") if _by_token(name, probes[-1].kind) else ("batch",)
        axes[name] = (*moving, *answer.shape[len(moving) :])
    return axes


def check_file(file: Path, probes: Sequence[Probe], model: Any) -> float:
    """Compare a model file in ONNX Runtime with the model in PyTorch.

    Args:
        file: the model.
        probes: from `probe_model`.
        model: whose name an error says.

    Returns:
        The largest difference, relative to the largest number of the output.

    Raises:
        HubError: HUB-X022, the graph cannot be run, or gives other answers.
    """
    worst = 0.0
    for probe, answers in zip(probes, _run(file, probes, model), strict=True):
        where = " x ".join(str(size) for size in next(iter(probe.feeds.values())).shape)
        for name, expected in probe.answers.items():
            apart = _difference(answers[name], expected)
            if not apart <= TOLERANCE:  # also when it is no number
                raise HubError(
                    "HUB-X022",
                    f"the exported graph is not {type(model).__name__}",
                    f"{name} of a batch of {where} differs by {apart:.2g}, {TOLERANCE:g} is allowed",
                    "export with another opset, or report the model's architecture",
                )
            worst = max(worst, apart)
    return worst


def _feeds(
    sample: Mapping[str, torch.Tensor], rows: int, tokens: int, kind: Kind, random: np.random.Generator
) -> dict[str, npt.NDArray[Any]]:
    if kind.reads == "row":
        return {name: np.resize(value.numpy(), (rows, *value.shape[1:])) for name, value in sample.items()}
    feeds = {name: random.choice(value.numpy().ravel(), (rows, tokens)) for name, value in sample.items()}
    if "attention_mask" in feeds:
        lengths = np.maximum(tokens - 2 * np.arange(rows), 1)[:, None]
        feeds["attention_mask"] = (np.arange(tokens) < lengths).astype(np.int64)
    return feeds


def _answers(model: Any, feeds: Arrays, returned: Sequence[str]) -> Arrays:
    """Return the tensors that a model returns, by name."""
    import torch

    with torch.inference_mode():
        found = model(**{name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in feeds.items()})
    if isinstance(found, torch.Tensor):
        found = (found,)
    named = dict(zip(returned, found, strict=False)) if isinstance(found, tuple) else dict(found)
    return {name: value.numpy() for name, value in named.items() if isinstance(value, torch.Tensor)}


def _meant(answer: npt.NDArray[Any], name: str, kind: Kind, feeds: Arrays) -> npt.NDArray[Any]:
    """Return an answer with 0 where it says nothing: at padding."""
    mask = feeds.get("attention_mask")
    if mask is None or not _by_token(name, kind) or answer.shape[:2] != mask.shape:
        return answer
    return np.where(mask.reshape(*mask.shape, *(1,) * (answer.ndim - 2)) == 1, answer, 0)


def _by_token(name: str, kind: Kind) -> bool:
    """Return whether an output has something for each token."""
    return kind.answers in _BY_TOKEN or (kind.answers == "vector" and name not in kind.outputs)


def _run(file: Path, probes: Sequence[Probe], model: Any) -> list[Arrays]:
    """Return what ONNX Runtime makes of a file, by output name. The graph is run as it is: fusing takes time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        takes = [entry.name for entry in session.get_inputs()]
        gives = [entry.name for entry in session.get_outputs()]
        found = [session.run(gives, {name: probe.feeds[name] for name in takes}) for probe in probes]
    except Exception as error:  # ONNX Runtime has a dozen classes of its own with no common base
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise HubError(
            "HUB-X022", f"the exported graph of {type(model).__name__} cannot be run", reason, "export is unusable"
        ) from error
    return [
        {name: _meant(answer, name, probe.kind, probe.feeds) for name, answer in zip(gives, answers, strict=True)}
        for probe, answers in zip(probes, found, strict=True)
    ]


def _difference(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    if found.shape != expected.shape:
        return float("inf")
    largest = max(1.0, float(np.abs(expected).max(initial=0)))
    return float(np.abs(found - expected).max(initial=0)) / largest
