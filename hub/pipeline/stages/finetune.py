"""The teacher: the base model fine-tuned on the task's rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.compress import vocabulary
from hub.contract.errors import UsageError
from hub.contract.recipe import Recipe, Training
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.branch import weigh_branch, with_branch
from hub.pipeline.stages.rows import LabelledTexts, split
from hub.pipeline.stages.training import MODEL, tell_branch, train_model
from hub.train.augment import TokenMasking, token_masking
from hub.train.base import find_base, load_classifier, load_tokenizer, quiet_transformers
from hub.train.batches import EncodedRows
from hub.train.inference import encode
from hub.train.lexical import LexicalModel, train_lexical
from hub.train.loop import Objective
from hub.train.losses import class_weights, classification_loss
from hub.train.student import check_layers

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_SHIFTED = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Models that count positions from behind the padding id."""


def run(context: Context, folder: Path) -> str:
    """Fine-tune, and leave a transformers checkpoint with the full vocabulary in ``model/``."""
    prepared = context.prepared()
    train, validation = split(prepared, "train"), split(prepared, "validation")
    base = find_base(context.recipe.base)
    tokenizer = load_tokenizer(base)
    model = load_classifier(base, train.labels, seed=context.recipe.seed, dropout=context.recipe.teacher.dropout)
    _check_fit(model.config, context.recipe)
    rows = _encode(tokenizer, train, context)
    held_out = _encode(tokenizer, validation, context)
    # Rows of the embedding table that no text here uses get no gradient: training without them is the same, faster.
    full = vocabulary.embedding_table(model).clone()
    special = {*tokenizer.all_special_ids, rows.pad_id}
    used = sorted({piece for row in (*rows.ids, *held_out.ids) for piece in row} | special)
    vocabulary.trim_embeddings(model, used)
    options = context.recipe.teacher
    training = train_model(
        context,
        folder,
        "teacher",
        options,
        model,
        _renumber(rows, used),
        _renumber(held_out, used),
        validation,
        _objective(
            options,
            train.targets,
            len(train.labels),
            token_masking(options.mask_tokens, tokenizer, used),
        ),
    )
    vocabulary.restore_embeddings(model, used, full)
    tell_branch(context, training)
    calibration = split(prepared, "calibration")
    branch = weigh_branch(
        context,
        folder,
        model,
        _fit_lexical(context, rows, len(train.labels), len(full)),
        (validation, held_out),
        (calibration, _encode(tokenizer, calibration, context)),
    )
    save_checkpoint(model, tokenizer, folder / MODEL)
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)


def _check_fit(config: PretrainedConfig, recipe: Recipe) -> None:
    """Refuse, before anything is trained, what the base model cannot do.

    Raises:
        UsageError: HUB-R003, layers of the student; HUB-R006, the base model reads fewer tokens.
    """
    check_layers(config.num_hidden_layers, recipe.student.layers)
    positions = getattr(config, "max_position_embeddings", None)
    if positions and config.model_type in _SHIFTED:
        positions -= (config.pad_token_id or 0) + 1
    if positions and recipe.max_length > positions:
        raise UsageError(
            "HUB-R006",
            f"max_length cannot be {recipe.max_length}",
            f"the base model reads at most {positions} tokens",
            f"--set max_length={positions}",
        )


def _fit_lexical(context: Context, rows: EncodedRows, labels: int, pieces: int) -> LexicalModel | None:
    options = context.recipe.lexical
    if not options.use:
        return None
    return train_lexical(rows, labels, pieces, buckets=options.buckets, cost=options.cost, seed=context.recipe.seed)


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


def _objective(options: Training, targets: tuple[int, ...], labels: int, masking: TokenMasking) -> Objective:
    """Cross-entropy with the recipe's smoothing and class weights, on texts with some tokens masked."""
    import torch

    weights = class_weights(targets, labels, options.class_weights)
    truth = torch.tensor(targets)

    def objective(model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor, batch: list[int]) -> torch.Tensor:
        found = model(input_ids=masking.apply(ids), attention_mask=mask).logits.float()
        return classification_loss(found, truth[batch], options.label_smoothing, weights)

    return objective
