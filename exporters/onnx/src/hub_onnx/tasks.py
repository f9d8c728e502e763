"""Whether a model does what its task needs, and what its graph takes and gives."""

from __future__ import annotations

import inspect
from typing import Any

from hub.contract import KINDS, ExportRequest, Kind, UsageError

TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids")

_TASKS = {
    "text-classification": "text-classification",
    "multi-label": "text-classification",
    "token-classification": "token-classification",
    "question-answering": "question-answering",
    "fill-mask": "fill-mask",
}
"""Kind to optimum's name of the task."""


_MEAN_POOLED = "MeanPooled"
"""In front of the names of such classes; see `hub.train.pooled`."""


def is_pretrained(model: Any) -> bool:
    """Return whether a model is one of transformers, which has an exporter of its own."""
    from transformers import PreTrainedModel

    return isinstance(model, PreTrainedModel)


def kind_of(name: str) -> Kind:
    """Return a kind that can be exported.

    Raises:
        UsageError: HUB-X020, nobody knows it.
    """
    if name not in KINDS:
        raise UsageError("HUB-X020", f"the ONNX exporter does not know the kind {name!r}", f"known: {', '.join(KINDS)}")
    return KINDS[name]


def check_task(model: Any, kind: str) -> None:
    """Ask optimum's TasksManager, by the class of a transformers model, whether it does this kind of task.

    Raises:
        UsageError: HUB-X020.
    """
    from optimum.exporters.tasks import TasksManager

    kind_of(kind)
    name = type(model).__name__
    wanted = _TASKS.get(kind)
    if wanted is None:
        why = "its pooling is not part of the model" if kind == "embeddings" else "it reads text"
        raise UsageError(
            "HUB-X020", f"{name} alone does not do {kind}", why, "give a torch.nn.Module with sample_inputs()"
        )
    # The hub's heads on the mean of the tokens are subclasses of transformers' own.
    known = type(model).__mro__[1] if name.startswith(_MEAN_POOLED) else type(model)
    try:
        found = TasksManager.infer_task_from_model(known)
    except (KeyError, ValueError) as error:
        raise UsageError("HUB-X020", f"no task is known for the model class {name}", str(error)) from error
    if found != wanted:
        raise UsageError("HUB-X020", f"{name} is made for {found}", f"the task needs {wanted}", "name another model")
    config = model.config
    if wanted == "text-classification" and (
        config.problem_type == "regression" or (config.num_labels == 1 and kind != "multi-label")
    ):
        raise UsageError(
            "HUB-X020",
            f"{name} predicts a number",
            f"its head has {config.num_labels} output(s) and its problem type is {config.problem_type}",
            "texts are given labels, not numbers: name a model with two labels or more",
        )


def input_names(model: Any) -> list[str]:
    """Return which inputs a transformers model takes."""
    takes = inspect.signature(model.forward).parameters
    names = [name for name in TEXT_INPUTS if name in takes]
    if getattr(model.config, "type_vocab_size", 2) < 2 and "token_type_ids" in names:
        names.remove("token_type_ids")  # RoBERTa takes the argument, but knows one type only
    return names


def output_names(request: ExportRequest, kind: Kind) -> tuple[str, ...]:
    """Return the names of the graph's outputs, those with scores first.

    Raises:
        UsageError: HUB-X020, a module does not return what the kind needs.
    """
    if not request.outputs or is_pretrained(request.model):
        return kind.outputs
    missing = [name for name in kind.outputs if name not in request.outputs]
    if missing:
        raise UsageError(
            "HUB-X020",
            f"{type(request.model).__name__} returns no {missing[0]}",
            f"{kind.name} needs {', '.join(kind.outputs)}; it returns {', '.join(request.outputs)}",
        )
    return (*kind.outputs, *(name for name in request.outputs if name not in kind.outputs))
