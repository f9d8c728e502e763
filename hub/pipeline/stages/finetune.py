"""The teacher: the base model fine-tuned on the task's rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.compress import vocabulary
from hub.contract.errors import UsageError
from hub.contract.recipe import Recipe
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import weigh_branch, with_branch
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.objectives import teacher_objective
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.training import MODEL, tell_branch, train_model
from hub.train.augment import token_masking
from hub.train.base import (
    find_base,
    load_model,
    load_tokenizer,
    model_class,
    quiet_transformers,
    tokenizer_document,
)
from hub.train.batches import EncodedRows
from hub.train.lexical import LexicalModel, train_lexical
from hub.train.student import check_depths, check_layers, check_student
from hub.train.students import LAYERS, check_form

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

TOKENIZER = "tokenizer.json"

_SHIFTED = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Models that count positions from behind the padding id."""


def run(context: Context, folder: Path) -> str:
    """Fine-tune, and leave a transformers checkpoint with the full vocabulary in ``model/``."""
    train, validation, calibration = (rows_of(context, name) for name in ("train", "validation", "calibration"))
    recipe = context.recipe
    base = find_base(recipe.base)
    tokenizer = load_tokenizer(base)
    model = load_model(base, train.form.classes, context.kind.answers, seed=recipe.seed, dropout=recipe.teacher.dropout)
    _check_fit(model.config, recipe, context.kind.name)
    if recipe.student.form == LAYERS:
        check_student(model, recipe.student.layers)
    _check_windows(context)
    _check_side(tokenizer)
    encoder = teacher_encoder(context, tokenizer, folder / SCRATCH)
    train = finer_words(encoder, train)
    rows, held_out = encode_rows(encoder, train), encode_rows(encoder, validation)
    # Rows of the embedding table that no text here uses get no gradient: training without them is the same, faster.
    full = vocabulary.embedding_table(model).clone()
    special = {*tokenizer.all_special_ids, rows.pad_id, *vocabulary.placed_ids(model)}
    used = sorted({piece for row in (*rows.ids, *held_out.ids) for piece in row} | special)
    vocabulary.trim_embeddings(model, used)
    trimmed = _renumber(rows, used)
    masking = token_masking(recipe.teacher.mask_tokens, tokenizer, used)
    training = train_model(
        context,
        folder,
        "teacher",
        recipe.teacher,
        model,
        trimmed,
        _renumber(held_out, used),
        validation,
        teacher_objective(recipe.teacher, train, trimmed, masking),
    )
    vocabulary.restore_embeddings(model, used, full)
    tell_branch(context, training)
    branch = weigh_branch(
        context,
        folder,
        model,
        _fit_lexical(context, rows, train, len(full)),
        (validation, held_out),
        (calibration, encode_rows(encoder, calibration)),
    )
    save_checkpoint(model, tokenizer, folder / MODEL)
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)


def teacher_encoder(context: Context, tokenizer: PreTrainedTokenizerBase, scratch: Path) -> Encoder:
    """Return the base model's tokenizer as the edge reads it; ``scratch`` takes its file."""
    document = tokenizer_document(tokenizer)
    write_json(scratch / TOKENIZER, document)
    return Encoder(scratch / TOKENIZER, context.recipe.max_length, context.recipe.window_stride)


def _check_fit(config: PretrainedConfig, recipe: Recipe, kind: str) -> None:
    """Refuse, before anything is trained, what the base model cannot do.

    Raises:
        UsageError: HUB-R003, layers of the student; HUB-R006, the base model reads fewer tokens; HUB-R009, the form of
            the student.
    """
    check_form(recipe.student.form, kind)
    if recipe.student.form == LAYERS:
        check_layers(config.num_hidden_layers, recipe.student.layers)
        check_depths(config.num_hidden_layers, recipe.student.progressive, len(recipe.student.layers))
    positions = getattr(config, "max_position_embeddings", None)
    if positions and config.model_type in _SHIFTED:
        positions -= (config.pad_token_id or 0) + 1
    if positions and 0 < positions < recipe.max_length:
        raise UsageError(
            "HUB-R006",
            f"max_length cannot be {recipe.max_length}",
            f"the base model reads at most {positions} tokens",
            f"--set max_length={positions}",
        )


def _check_side(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a base model that reads padding before the text, as XLNet does: its batches here have it behind.

    Raises:
        UsageError: HUB-T004.
    """
    if tokenizer.padding_side != "right":
        raise UsageError(
            "HUB-T004",
            "this base model cannot be fine-tuned",
            f"it wants padding on the {tokenizer.padding_side} of a text",
            "name a base model of another family, such as BERT, RoBERTa or DeBERTa",
        )


def _check_windows(context: Context) -> None:
    """Refuse windows that would not get ahead, and windows of words, whose neighbours would be scored twice.

    Raises:
        UsageError: HUB-R007.
    """
    recipe = context.recipe
    if not recipe.window_stride:
        return
    if recipe.window_stride > recipe.max_length // 2:
        why = f"windows of {recipe.max_length} tokens may share at most half of them"
        raise UsageError("HUB-R007", f"window_stride cannot be {recipe.window_stride}", why)
    if context.kind.answers == "spans":
        raise UsageError(
            "HUB-R007",
            "window_stride is for texts with one answer",
            "entities are learnt from texts that fit the model",
            "cut long texts into sentences, or raise max_length",
        )


def _fit_lexical(context: Context, rows: EncodedRows, train: Rows, pieces: int) -> LexicalModel | None:
    """Fit the branch, where the recipe wants it and there is one answer a row: a word needs its neighbours."""
    options = context.recipe.lexical
    if not options.use or rows.places:
        return None
    return train_lexical(
        rows,
        train.truth,
        train.form.outputs,
        pieces,
        buckets=options.buckets,
        cost=options.cost,
        seed=context.recipe.seed,
    )


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a transformers checkpoint: config, safetensors, tokenizer."""
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def load_whole_teacher(context: Context) -> tuple[Any, PreTrainedTokenizerBase]:
    """Load the teacher as it is judged: the encoder with its lexical branch, where that helps."""
    model, tokenizer = load_teacher(context)
    return with_branch(model, context.run.stage("finetune")), tokenizer


def load_teacher(context: Context) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the fine-tuned encoder of the teacher and its tokenizer."""
    from transformers import AutoTokenizer

    folder = context.run.stage("finetune") / MODEL
    with quiet_transformers():
        model = model_class(context.kind.answers).from_pretrained(folder, attn_implementation="eager")
        return model.eval(), AutoTokenizer.from_pretrained(folder)


def _renumber(rows: EncodedRows, used: list[int]) -> EncodedRows:
    new = {old: i for i, old in enumerate(used)}
    ids = tuple(tuple(new[i] for i in row) for row in rows.ids)
    return dataclasses.replace(rows, ids=ids, pad_id=new[rows.pad_id])
