"""The teacher: the base model fine-tuned on the task's rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hub.compress import vocabulary
from hub.contract.recipe import Training
from hub.pipeline.context import Context
from hub.pipeline.stages.rows import LabelledTexts, split
from hub.pipeline.stages.training import MODEL, forget_checkpoint, train_model
from hub.train.base import find_base, load_classifier, load_tokenizer, quiet_transformers
from hub.train.batches import EncodedRows
from hub.train.inference import encode
from hub.train.loop import Objective
from hub.train.losses import class_weights, classification_loss

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def run(context: Context, folder: Path) -> str:
    """Fine-tune, and leave a transformers checkpoint with the full vocabulary in ``model/``."""
    prepared = context.prepared()
    train, validation = split(prepared, "train"), split(prepared, "validation")
    base = find_base(context.recipe.base)
    tokenizer = load_tokenizer(base)
    model = load_classifier(base, train.labels, seed=context.recipe.seed, dropout=context.recipe.teacher.dropout)
    rows = _encode(tokenizer, train, context)
    held_out = _encode(tokenizer, validation, context)
    # Rows of the embedding table that no text here uses get no gradient: training without them is the same, faster.
    full = vocabulary.embedding_table(model).clone()
    used = sorted({piece for row in (*rows.ids, *held_out.ids) for piece in row} | {rows.pad_id})
    vocabulary.trim_embeddings(model, used)
    options = context.recipe.teacher
    train_model(
        context,
        folder,
        "teacher",
        options,
        model,
        _renumber(rows, used),
        _renumber(held_out, used),
        validation,
        _objective(options, train.targets, len(train.labels)),
    )
    vocabulary.restore_embeddings(model, used, full)
    save_checkpoint(model, tokenizer, folder / MODEL)
    forget_checkpoint(folder)
    return ""


def save_checkpoint(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a transformers checkpoint: config, safetensors, tokenizer."""
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def load_teacher(context: Context) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the fine-tuned teacher and its tokenizer."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = context.run.stage("finetune") / MODEL
    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
        return model.eval(), AutoTokenizer.from_pretrained(folder)


def _encode(tokenizer: PreTrainedTokenizerBase, rows: LabelledTexts, context: Context) -> EncodedRows:
    return encode(tokenizer, rows.texts, rows.targets, context.recipe.max_length)


def _renumber(rows: EncodedRows, used: list[int]) -> EncodedRows:
    new = {old: i for i, old in enumerate(used)}
    return EncodedRows(tuple(tuple(new[i] for i in row) for row in rows.ids), rows.targets, new[rows.pad_id])


def _objective(options: Training, targets: tuple[int, ...], labels: int) -> Objective:
    """Cross-entropy with the recipe's smoothing and class weights."""
    import torch

    weights = class_weights(targets, labels, options.class_weights)
    truth = torch.tensor(targets)

    def objective(model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor, batch: list[int]) -> torch.Tensor:
        found = model(input_ids=ids, attention_mask=mask).logits.float()
        return classification_loss(found, truth[batch], options.label_smoothing, weights)

    return objective
