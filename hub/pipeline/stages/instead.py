"""The whole teacher in the place of a student that lost too much: small data teaches a small student too little."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from hub.contract.recipe import Compression
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.pipeline.context import Context
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import (
    LEXICAL,
    MIXTURE,
    VALIDATION,
    kept_draws,
    teacher_branch,
    validation_score,
    with_branch,
)
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.finetune import TOKENIZER, load_teacher, load_whole_teacher, teacher_encoder
from hub.pipeline.stages.rows import Rows, rows_of
from hub.pipeline.stages.scoring import headline_score
from hub.pipeline.stages.training import INSTEAD, MODEL
from hub.pipeline.stages.trimming import trim, write_tokenizer
from hub.train.inference import scores
from hub.train.students import LAYERS, load_student_model, save_student_model


def keep_teacher_instead(context: Context, folder: Path) -> None:
    """Put the teacher in the place of a student that keeps less of its validation score than the recipe wants.

    Its vocabulary is trimmed as the recipe says; where even that costs too much it stays whole. A student without
    attention stays: whoever asks for one wants its size.

    Args:
        context: of the build.
        folder: of the stage, with a trained student in it; ``instead.json`` says what was done.
    """
    recipe = context.recipe
    if recipe.student.form != LAYERS or not recipe.student.least_share:
        return
    validation = rows_of(context, "validation")
    whole = validation_score(context.run.stage("finetune"))
    if whole is None:
        whole = _teacher_score(context, folder, validation)
    if whole <= 0:
        return
    found = _student_share(context, folder, validation, whole)
    if found >= recipe.student.least_share:
        return
    # A refitted head knows these rows: what trimming costs is measured against that head, not against the one before.
    own = whole if kept_draws(context.run.stage("finetune")) is None else _teacher_score(context, folder, validation)
    for options in (recipe.compress, dataclasses.replace(recipe.compress, trim_vocabulary=False)):
        _put_teacher(context, folder, options)
        if _student_share(context, folder, validation, own) >= recipe.student.least_share:
            break
    layers = len(recipe.student.layers)
    sentence = (
        f"The student of {layers} {'layer' if layers == 1 else 'layers'} kept {found:.1f} % of the teacher's score on "
        f"validation rows, less than student.least_share ({recipe.student.least_share:g}): the teacher itself, with "
        "all its layers, was compressed instead."
    )
    write_json(folder / INSTEAD, {"share_percent": round(found, 2), "note": sentence})


def _student_share(context: Context, folder: Path, validation: Rows, whole: float) -> float:
    recipe, known = context.recipe, validation_score(folder)
    if known is not None:
        return 100 * known / whole
    student = with_branch(load_student_model(folder / MODEL, context.kind.answers), folder)
    encoder = Encoder(folder / MODEL / TOKENIZER, recipe.max_length, recipe.window_stride)
    return 100 * _score(context, student, validation, encoder) / whole


def _teacher_score(context: Context, folder: Path, validation: Rows) -> float:
    teacher, tokenizer = load_whole_teacher(context)
    return _score(context, teacher, validation, teacher_encoder(context, tokenizer, folder / SCRATCH))


def _score(context: Context, model: Any, validation: Rows, encoder: Encoder) -> float:
    headline = headline_score(validation, context.request.task.headline)
    return headline(validation.form.probabilities(scores(model, encode_rows(encoder, validation))))


def _put_teacher(context: Context, folder: Path, options: Compression) -> None:
    """Write the teacher, its vocabulary trimmed, and its branch, as a student is written."""
    recipe, finished = context.recipe, context.run.stage("finetune")
    teacher, tokenizer = load_teacher(context)
    read = encode_rows(teacher_encoder(context, tokenizer, folder / SCRATCH), rows_of(context, "train"))
    document, kept, note = trim(options, teacher, tokenizer, read)
    shutil.rmtree(folder / MODEL)
    (folder / VALIDATION).unlink(missing_ok=True)
    save_student_model(teacher, folder / MODEL)
    write_json(folder / "vocabulary.json", {"pieces": len(document["model"]["vocab"]), "note": note})
    write_tokenizer(folder / MODEL, document, recipe.max_length, tokenizer)
    shutil.copyfile(finished / f"{MIXTURE}.json", folder / f"{MIXTURE}.json")
    lexical = teacher_branch(context, kept)
    if lexical is not None:
        lexical.save(folder / LEXICAL)
