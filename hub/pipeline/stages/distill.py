"""The student: layers of the teacher or sums of vectors, its vocabulary trimmed, trained on the teacher's scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.compress.vocabulary import count_pieces
from hub.contract.recipe import Distillation, Recipe
from hub.contract.results import TrainingResult
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import LEXICAL, MIXTURE, read_branch, teacher_branch, weigh_branch
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.finetune import TOKENIZER, load_teacher, teacher_encoder
from hub.pipeline.stages.instead import keep_teacher_instead
from hub.pipeline.stages.objectives import Transfer, states_of, student_objective
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.training import MODEL, read_training, tell_branch, train_model
from hub.pipeline.stages.transfer import (
    further_inputs,
    read_teacher,
    read_teacher_relations,
    with_further,
)
from hub.pipeline.stages.trimming import trim, write_tokenizer
from hub.train.augment import TokenMasking, token_masking
from hub.train.base import tokenizer_document
from hub.train.batches import EncodedRows
from hub.train.inference import by_unit
from hub.train.mixed import ALONE
from hub.train.relations import Relations
from hub.train.student import make_student, spread_layers
from hub.train.students import LIGHT, STATIC, check_form, new_student, save_student_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class _Lessons:
    """What a student learns from.

    Args:
        rows: training rows, and rows that only the teacher has labelled.
        read: the same as ids of the teacher.
        own: number of training rows among them.
        transfer: what the teacher says of them.
        frame: special tokens before and behind a text.
    """

    rows: Rows
    read: EncodedRows
    own: int
    transfer: Transfer
    frame: tuple[tuple[int, ...], tuple[int, ...]]


def run(context: Context, folder: Path) -> str:
    """Distil, and leave the student's checkpoint and tokenizer in ``model/``."""
    train_student(context, folder, context.recipe)
    keep_teacher_instead(context, folder)
    branch = (file for file in (folder / LEXICAL, folder / f"{MIXTURE}.json") if file.is_file())
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)


def train_student(context: Context, folder: Path, recipe: Recipe) -> None:
    """Train the student that a recipe describes, from the run's teacher.

    What the teacher says of the rows is computed once a run, whatever the student. A folder in which an equal recipe
    with fewer epochs was trained goes on from its last epoch.

    Args:
        context: of a run whose teacher stands.
        folder: takes ``model/``, ``vocabulary.json``, ``training.json``, ``mixture.json`` and, beside an encoder,
            ``lexical.npz``; checkpoints go to ``scratch/`` in it.
        recipe: that of the run, or one that differs in ``student`` and ``compress``.

    Raises:
        UsageError: HUB-R003, layers the teacher lacks; HUB-R009, a form that cannot do the task's kind; HUB-T031, the
            teacher's relations cannot be read.
        DataError: HUB-D003 or HUB-D004, unlabelled text that cannot be read.
    """
    options = recipe.student
    check_form(options.form, context.kind.name)
    if recipe is not context.recipe:
        context = dataclasses.replace(context, request=dataclasses.replace(context.request, recipe=recipe))
    (folder / SCRATCH).mkdir(parents=True, exist_ok=True)
    teacher, tokenizer = load_teacher(context)
    lessons = _lessons(context, folder, teacher, tokenizer)
    steps = _steps(teacher.config.num_hidden_layers, options)
    student = new_student(
        teacher,
        tokenizer_document(tokenizer),
        dataclasses.replace(options, layers=steps[0]),
        pairs=bool(lessons.read.types),
        seed=recipe.seed,
    )
    own = dataclasses.replace(lessons.read, ids=_own_ids(lessons))
    document, kept, note = trim(recipe.compress, student, tokenizer, own)
    write_json(folder / "vocabulary.json", {"pieces": len(document["model"]["vocab"]), "note": note})
    write_tokenizer(folder / MODEL, document, recipe.max_length, tokenizer)
    if options.form == STATIC:
        _start(context, student, teacher, kept, lessons, own)
    encoder = Encoder(folder / MODEL / TOKENIZER, recipe.max_length, recipe.window_stride)
    encoded = dataclasses.replace(encode_rows(encoder, lessons.rows), strata=lessons.rows.strata)
    share = options.light_mask_tokens if options.form in LIGHT else options.mask_tokens
    masking = token_masking(share, tokenizer, kept)
    relations = _relations(context, teacher, lessons, options)
    student, training = _train_steps(context, folder, student, steps, (lessons, encoded), masking, relations)
    _weigh(context, folder, student, training, kept, encoder)
    save_student_model(student, folder / MODEL)


def _lessons(context: Context, folder: Path, teacher: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> _Lessons:
    """Gather the rows, and let the teacher read them."""
    reader = teacher_encoder(context, tokenizer, folder / SCRATCH)
    train = finer_words(reader, rows_of(context, "train"))
    rows = with_further(train, further_inputs(context, context.recipe, train))
    read = encode_rows(reader, rows)
    precision = read_training(context, "finetune").precision
    transfer = read_teacher(context, teacher, read, precision, max(1, states_of(context.recipe.student)))
    if len(rows) > len(train) and train.truth.ndim == 1:
        # A cap per label counts unlabelled rows by what the teacher says, apart from the labelled ones.
        said = by_unit(read, transfer.scores)[len(train) :].argmax(axis=1) + train.form.outputs
        rows = dataclasses.replace(rows, strata=np.concatenate([train.strata, said.astype(np.int64)]))
    if context.recipe.student.form in LIGHT:
        transfer = dataclasses.replace(transfer, scores=_whole_scores(context, read, transfer))
    alone = reader.encode(["a"])[0]
    inside = [place for place, special in enumerate(alone.special_tokens_mask) if not special] or [0]
    frame = (tuple(alone.ids[: inside[0]]), tuple(alone.ids[inside[-1] + 1 :]))
    return _Lessons(rows, read, len(train), transfer, frame)


def _whole_scores(context: Context, read: EncodedRows, transfer: Transfer) -> Any:
    """Return the scores of the teacher with its lexical branch: a student without attention has none beside it."""
    lexical, mixture = read_branch(context.run.stage("finetune"))
    if lexical is None:
        return transfer.scores
    return (mixture.encoder * transfer.scores + mixture.lexical * lexical.margins(read.ids)).astype(np.float32)


def _own_ids(lessons: _Lessons) -> tuple[tuple[int, ...], ...]:
    """Return the inputs of the training rows alone: they decide which pieces are kept."""
    read = lessons.read
    if not len(read.owners):
        return read.ids[: lessons.own]
    return tuple(ids for ids, row in zip(read.ids, read.owners.tolist(), strict=True) if row < lessons.own)


def _start(
    context: Context,
    student: Any,
    teacher: PreTrainedModel,
    kept: Sequence[int] | None,
    lessons: _Lessons,
    own: EncodedRows,
) -> None:
    from hub.train.bag import start_from_teacher

    context.reporter.tick(0, 1, "the teacher reads its vocabulary")
    start_from_teacher(student, teacher, kept, count_pieces(own.ids), lessons.frame)


def _steps(depth: int, options: Distillation) -> list[tuple[int, ...]]:
    """Return the layers that each student on the way takes of the one before; the last entry is the student's."""
    if options.form in LIGHT or not options.progressive:
        return [options.layers]
    found = []
    for wanted in (*options.progressive, len(options.layers)):
        found.append(spread_layers(depth, wanted))
        depth = wanted
    return found


def _relations(
    context: Context, teacher: PreTrainedModel, lessons: _Lessons, options: Distillation
) -> Relations | None:
    if options.form in LIGHT or not options.relation_weight:
        return None
    return read_teacher_relations(context, teacher, lessons.read)


def _train_steps(
    context: Context,
    folder: Path,
    student: Any,
    steps: Sequence[tuple[int, ...]],
    material: tuple[_Lessons, EncodedRows],
    masking: TokenMasking,
    relations: Relations | None,
) -> tuple[Any, TrainingResult]:
    """Train the student and those on the way to it; each one is made of the one before."""
    options, (lessons, encoded) = context.recipe.student, material
    light = options.form in LIGHT
    if light:
        options = dataclasses.replace(
            options,
            learning_rate=options.light_learning_rate,
            temperature=options.light_temperature,
            teacher_weight=options.light_teacher_weight,
            precision="fp32",
        )
    validation = rows_of(context, "validation")
    encoder = Encoder(folder / MODEL / TOKENIZER, context.recipe.max_length, context.recipe.window_stride)
    held_out = encode_rows(encoder, validation)
    for number, layers in enumerate(steps):
        last = number == len(steps) - 1
        place = folder if last else folder / SCRATCH / f"depth-{len(layers)}"
        (place / SCRATCH).mkdir(parents=True, exist_ok=True)
        student = make_student(student, layers) if number else student
        training = train_model(
            context,
            place,
            "student",
            options,
            student,
            encoded,
            held_out,
            validation,
            student_objective(options, lessons.rows, encoded, lessons.read, lessons.transfer, masking, relations),
            options.passes if light else 1,
        )
    return student, training


def _weigh(
    context: Context, folder: Path, student: Any, training: TrainingResult, kept: Sequence[int] | None, encoder: Encoder
) -> None:
    """Choose how much the lexical branch counts; a student without attention has no branch, it is one."""
    if context.recipe.student.form in LIGHT:
        write_json(folder / f"{MIXTURE}.json", to_json(ALONE))
        return
    tell_branch(context, training)
    validation, calibration = rows_of(context, "validation"), rows_of(context, "calibration")
    weigh_branch(
        context,
        folder,
        student,
        teacher_branch(context, kept),
        (validation, encode_rows(encoder, validation)),
        (calibration, encode_rows(encoder, calibration)),
    )
