"""From a model that reads text to an ONNX program, by transformers' own exporter."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub_onnx.log import translated
from hub_onnx.tasks import input_names, is_pretrained

if TYPE_CHECKING:
    import onnx_ir
    import torch

_ROWS, _TOKENS = 2, 8
"""A sample with one row or one token would silently fix that axis to 1."""

_SPECIAL = 5
"""Ids below it are those of special tokens in most vocabularies; RoBERTa counts no position for its padding."""

_MODELS = "transformers.models."


def sample_inputs(model: Any) -> dict[str, torch.Tensor]:
    """Make inputs for tracing: 2 rows of 8 tokens, the second one with padding.

    Returns:
        int64 tensors [2, 8] for those of input_ids, attention_mask and token_type_ids the model takes.
    """
    import torch

    vocabulary = int(model.config.vocab_size)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(min(_SPECIAL, vocabulary - 1), vocabulary, (_ROWS, _TOKENS), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, -2:] = 0
    types = torch.zeros_like(ids)
    types[:, _TOKENS // 2 :] = 1
    values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    return {name: values[name] for name in input_names(model)}


def trace_text(model: Any, sample: Mapping[str, torch.Tensor], opset: int, outputs: Sequence[str]) -> onnx_ir.Model:
    """Trace a model that reads text, with both axes of every input dynamic.

    Args:
        model: a transformers model, or a module around one, in evaluation mode.
        sample: tensors by input name.
        opset: to write.
        outputs: names of what a module returns, in order; a transformers model names its own.

    Raises:
        HubError: HUB-X022, it cannot be traced.
    """
    from transformers.exporters import OnnxConfig  # type: ignore[attr-defined]  # lazy module

    from hub_onnx.decompose import QuickOnnxExporter

    config = OnnxConfig(dynamic=True, opset_version=opset)
    traced = model if is_pretrained(model) else _named(model, tuple(outputs))
    with translated(model), _eager_attention(model), _short_masks(), _fewer_patches(), _no_stacks():
        exported = QuickOnnxExporter().export(traced.eval(), dict(sample), config=config)
    program: onnx_ir.Model = exported.program
    return program


@contextmanager
def _eager_attention(model: Any) -> Iterator[None]:
    """Use eager attention inside the block: a smaller graph than that of sdpa, and the same numbers."""
    parts = [part for part in model.modules() if is_pretrained(part)]
    before = [part.config._attn_implementation for part in parts]
    try:
        for part in parts:
            part.set_attn_implementation("eager")
        yield
    finally:
        for part, attention in zip(parts, before, strict=True):
            part.set_attn_implementation(attention)


@contextmanager
def _short_masks() -> Iterator[None]:
    """Write the mask of padding as [batch, 1, 1, length] inside the block.

    transformers writes it as [batch, 1, length, length] with an index for each of its numbers, which takes twenty
    operators. Masks of another kind are made as ever.
    """
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, bidirectional_mask_function, eager_mask

    def short_mask(**arguments: Any) -> Any:
        import torch

        mask = arguments.get("attention_mask")
        plain = arguments.get("mask_function") is bidirectional_mask_function and not arguments.get("use_vmap")
        if not plain or mask is None or mask.dim() != 2 or arguments.get("q_offset") or arguments.get("kv_offset"):
            return eager_mask(**arguments)
        dtype = arguments.get("dtype", torch.float32)
        seen = mask[:, None, None, :].to(torch.bool)
        return torch.where(seen, torch.zeros((), device=mask.device, dtype=dtype), torch.finfo(dtype).min)

    ALL_MASK_ATTENTION_FUNCTIONS["eager"] = short_mask
    try:
        yield
    finally:
        del ALL_MASK_ATTENTION_FUNCTIONS["eager"]


@contextmanager
def _no_stacks() -> Iterator[None]:
    """Trace, inside the block, without the lines of code behind each operator: they take time and name folders."""
    from torch.fx import config

    before = config.do_not_emit_stack_traces
    config.do_not_emit_stack_traces = True
    try:
        yield
    finally:
        config.do_not_emit_stack_traces = before


@contextmanager
def _fewer_patches() -> Iterator[None]:
    """Leave out, inside the block, transformers' changes to models that are not loaded: it would load them first."""
    from transformers.exporters import utils

    def needed(place: str) -> bool:
        return not place.startswith(_MODELS) or ".".join(place.split(".")[:4]) in sys.modules

    before = dict(utils._PATCHES)
    utils._PATCHES.update({name: [patch for patch in patches if needed(patch[0])] for name, patches in before.items()})
    try:
        yield
    finally:
        utils._PATCHES.update(before)


def _named(model: Any, outputs: tuple[str, ...]) -> Any:
    """Return a module that gives what ``model`` returns by name, as models of transformers do."""
    import torch

    class Named(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
            found = self.model(**inputs)
            return dict(zip(outputs, found if isinstance(found, tuple) else (found,), strict=True))

    return Named()
