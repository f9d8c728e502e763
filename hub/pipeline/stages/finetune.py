"""The teacher: the base model fine-tuned on the task's rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.compress import vocabulary
from hub.contract.recipe import Recipe
from hub.contract.results import TrainingResult
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.augmenting import variants_of
from hub.pipeline.stages.branch import weigh_branch, with_branch
from hub.pipeline.stages.checks import check_positions, check_side, check_windows
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.fewshot import fit_teacher, keep_score, refit_head, train_pairs
from hub.pipeline.stages.folds import Teachers, cross_validate
from hub.pipeline.stages.objectives import loss_help, teacher_objective
from hub.pipeline.stages.rows import Rows, rows_of, with_label_names
from hub.pipeline.stages.training import MODEL, tell_branch, train_model
from hub.train.adapters import ADAPTER, add_adapters, merge_adapters, save_adapter
from hub.train.augment import token_masking
from hub.train.base import (
    find_base,
    load_model,
    load_tokenizer,
    quiet_transformers,
    saved_class,
    tokenizer_document,
)
from hub.train.batches import EncodedRows
from hub.train.lexical import LexicalModel, train_lexical
from hub.train.loop import Objective
from hub.train.strategies import FITTED, LORA, PROBE, ever_learning, on_epoch, prepare, rate_of_each
from hub.train.student import check_depths, check_layers, check_student
from hub.train.students import LAYERS, check_form

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

TOKENIZER = "tokenizer.json"


def run(context: Context, folder: Path) -> str:
    """Fine-tune, and leave a transformers checkpoint with the full vocabulary in ``model/``."""
    if context.recipe.teacher.folds:
        cross_validate(context, folder, Teachers(run, _read_fold))
    train, validation, calibration = (rows_of(context, name) for name in ("train", "validation", "calibration"))
    recipe = context.recipe
    if recipe.strategy.label_names:
        train = with_label_names(train, context.prepared().labels)
    base = find_base(recipe.base)
    tokenizer = load_tokenizer(base)
    model = _checked_model(context, train.form.classes)
    check_side(tokenizer)
    encoder = teacher_encoder(context, tokenizer, folder / SCRATCH)
    train = finer_words(encoder, train)
    rows, held_out, apart = (encode_rows(encoder, each) for each in (train, validation, calibration))
    task = context.request.task
    known = loss_help(task, recipe.loss, train.form.classes)
    variants = variants_of(task, recipe, encoder, train, rows, recipe.seed)
    changed = variants.pieces(recipe.teacher.epochs) if variants else set()
    # Rows of the embedding table that no text here uses get no gradient: training without them is the same, faster.
    full = vocabulary.embedding_table(model).clone()
    special = {*tokenizer.all_special_ids, rows.pad_id, *vocabulary.placed_ids(model)}
    used = sorted({piece for row in (*rows.ids, *held_out.ids) for piece in row} | special | changed)
    vocabulary.trim_embeddings(model, used)
    trimmed = _renumber(rows, used)
    if variants:
        variants.renumber(used, trimmed)
    masking = token_masking(recipe.teacher.mask_tokens, tokenizer, used)
    validating = (validation, _renumber(held_out, used))
    head = None
    if recipe.strategy.name in FITTED:
        fit = fit_teacher if recipe.strategy.name == PROBE else train_pairs
        training, head = fit(context, folder, model, (train, trimmed), validating)
    else:
        aim = teacher_objective(
            recipe.teacher, train, trimmed, masking, loss=recipe.loss, known=known, variants=variants
        )
        each = variants.on_epoch if variants else None
        training = _train_weights(context, folder, model, trimmed, validating, aim, each)
    vocabulary.restore_embeddings(model, used, full)
    tell_branch(context, training)
    branch = weigh_branch(
        context,
        folder,
        model,
        _fit_lexical(context, rows, train, len(full)),
        (validation, held_out),
        (calibration, apart),
    )
    if head is not None and recipe.strategy.refit:
        keep_score(context, folder, model, (validation, held_out))
        refit_head(context, model, head, ((train, rows), (validation, held_out)))
    save_checkpoint(model, tokenizer, folder / MODEL)
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)


def _checked_model(context: Context, classes: Sequence[str]) -> PreTrainedModel:
    """Load the base model with a fresh head, and refuse what it cannot do before anything is trained."""
    recipe, options = context.recipe, context.recipe.teacher
    model = load_model(
        find_base(recipe.base),
        classes,
        context.kind.answers,
        seed=recipe.seed,
        dropout=options.dropout,
        pooling=options.pooling,
    )
    _check_fit(model.config, recipe, context.kind.name)
    if recipe.student.form == LAYERS:
        check_student(model, recipe.student.layers)
    check_windows(recipe, context.kind.answers)
    return model


def _train_weights(
    context: Context,
    folder: Path,
    model: PreTrainedModel,
    rows: EncodedRows,
    validation: tuple[Rows, EncodedRows],
    objective: Objective,
    each_epoch: Callable[[int], bool] | None,
) -> TrainingResult:
    """Train those weights that the strategy names; adapters are left in ``adapter/`` too, and merged."""
    recipe, strategy = context.recipe, context.recipe.strategy
    prepare(model, strategy)
    base = find_base(recipe.base)
    name = base.location if Path(recipe.base).expanduser().is_dir() else base.id
    adapted = add_adapters(model, strategy, name, recipe.seed, base.revision) if strategy.name == LORA else None
    learning = ever_learning(model, strategy)
    frozen = {key: value.detach().clone() for key, value in model.named_parameters() if key not in learning}

    def begin(epoch: int) -> bool:
        changed = each_epoch(epoch) if each_epoch else False
        return on_epoch(model, strategy, epoch) or changed

    training = train_model(
        context,
        folder,
        "teacher",
        recipe.teacher,
        model,
        rows,
        validation[1],
        validation[0],
        objective,
        rates=rate_of_each(model, strategy),
        on_epoch=begin if strategy.unfreeze_epochs else each_epoch,
        learning=learning.__contains__,
    )
    for key, value in model.named_parameters():
        if key in frozen:
            value.data.copy_(frozen[key])  # training in bf16 has rounded it
    if adapted is not None:
        save_adapter(adapted, folder / ADAPTER)
        merge_adapters(adapted)
    return training


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
    check_positions(config, recipe)


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


def _read_fold(context: Context, folder: Path) -> tuple[Any, Callable[[Rows], EncodedRows]]:
    """Load the teacher of a fold and what turns rows into its ids."""
    model, tokenizer = load_whole_teacher(context)
    encoder = teacher_encoder(context, tokenizer, folder / SCRATCH)
    return model, lambda rows: encode_rows(encoder, rows)


def load_whole_teacher(context: Context) -> tuple[Any, PreTrainedTokenizerBase]:
    """Load the teacher as it is judged: the encoder with its lexical branch, where that helps."""
    model, tokenizer = load_teacher(context)
    return with_branch(model, context.run.stage("finetune")), tokenizer


def load_teacher(context: Context) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the fine-tuned encoder of the teacher and its tokenizer."""
    from transformers import AutoTokenizer

    folder = context.run.stage("finetune") / MODEL
    with quiet_transformers():
        model = saved_class(folder, context.kind.answers).from_pretrained(folder, attn_implementation="eager")
        return model.eval(), AutoTokenizer.from_pretrained(folder)


def _renumber(rows: EncodedRows, used: list[int]) -> EncodedRows:
    new = {old: i for i, old in enumerate(used)}
    ids = tuple(tuple(new[i] for i in row) for row in rows.ids)
    return dataclasses.replace(rows, ids=ids, pad_id=new[rows.pad_id])
