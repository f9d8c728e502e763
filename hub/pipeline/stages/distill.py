"""The student: a few of the teacher's layers and a trimmed vocabulary, trained on the teacher's logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hub.compress import vocabulary
from hub.edge.encode import Encoder
from hub.edge.files import write_json, written_whole
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import LEXICAL, weigh_branch
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.finetune import TOKENIZER, load_teacher, teacher_encoder
from hub.pipeline.stages.objectives import Transfer, student_objective
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.training import MODEL, read_training, tell_branch, train_model
from hub.train.augment import token_masking
from hub.train.base import quiet_transformers, tokenizer_document, write_tokenizer_document
from hub.train.batches import EncodedRows
from hub.train.inference import scores_and_hidden
from hub.train.lexical import LexicalModel
from hub.train.precision import to_precision
from hub.train.student import make_student

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TRANSFER = "teacher.npz"

_SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


def run(context: Context, folder: Path) -> str:
    """Distil, and leave the student's checkpoint and tokenizer in ``model/``."""
    train, validation, calibration = (rows_of(context, name) for name in ("train", "validation", "calibration"))
    teacher, tokenizer = load_teacher(context)
    reader = teacher_encoder(context, tokenizer, folder / SCRATCH)
    train = finer_words(reader, train)
    read = encode_rows(reader, train)
    transfer = _read_teacher(context, folder, teacher, read)
    options = context.recipe.student
    student = make_student(teacher, options.layers)
    document, kept, note = _trim(context, student, tokenizer, read)
    write_json(folder / "vocabulary.json", {"pieces": len(document["model"]["vocab"]), "note": note})
    write_tokenizer(folder / MODEL, document, context.recipe.max_length)
    encoder = Encoder(folder / MODEL / TOKENIZER, context.recipe.max_length, context.recipe.window_stride)
    encoded, held_out = encode_rows(encoder, train), encode_rows(encoder, validation)
    masking = token_masking(options.mask_tokens, tokenizer, kept)
    training = train_model(
        context,
        folder,
        "student",
        options,
        student,
        encoded,
        held_out,
        validation,
        student_objective(options, train, encoded, transfer, masking),
    )
    tell_branch(context, training)
    branch = weigh_branch(
        context,
        folder,
        student,
        _student_lexical(context, kept),
        (validation, held_out),
        (calibration, encode_rows(encoder, calibration)),
    )
    with quiet_transformers():
        student.save_pretrained(folder / MODEL)
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)


def _student_lexical(context: Context, kept: Sequence[int] | None) -> LexicalModel | None:
    """The teacher's branch for the student's vocabulary; ``None`` when it has none."""
    if not (context.run.stage("finetune") / LEXICAL).is_file():
        return None
    lexical = LexicalModel.load(context.run.stage("finetune") / LEXICAL)
    return lexical if kept is None else lexical.keep_pieces(kept)


def write_tokenizer(folder: Path, document: dict[str, Any], max_length: int) -> None:
    """Write tokenizer.json and tokenizer_config.json as transformers 4 and 5 and Transformers.js read them."""
    write_tokenizer_document(folder / TOKENIZER, document, max_length)
    special = {token["content"] for token in document["added_tokens"]}
    config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_length}
    config.update({name: token for name, token in _SPECIAL.items() if token in special})
    write_json(folder / "tokenizer_config.json", config)


def _read_teacher(context: Context, folder: Path, teacher: PreTrainedModel, rows: EncodedRows) -> Transfer:
    """The teacher on the training rows, computed once, in the precision it was trained in."""
    file = folder / SCRATCH / _TRANSFER
    if file.is_file():
        with np.load(file) as stored:
            return Transfer(stored["scores"], stored["hidden"])
    context.reporter.tick(0, 1, "the teacher reads the training rows")
    precision = read_training(context, "finetune").precision
    found = Transfer(*scores_and_hidden(to_precision(teacher, precision), rows, batch_size=128))
    to_precision(teacher, "fp32")
    with written_whole(file) as path, path.open("wb") as stream:
        np.savez(stream, scores=found.scores, hidden=found.hidden)
    return found


def _trim(
    context: Context, student: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: EncodedRows
) -> tuple[dict[str, Any], tuple[int, ...] | None, str]:
    """Trim the student's vocabulary in place.

    Returns:
        Its tokenizer document, the kept ids (``None`` for all), and a note on what was done.
    """
    document = tokenizer_document(tokenizer)
    options = context.recipe.compress
    reason = vocabulary.can_trim(document) if options.trim_vocabulary else "the recipe asks for the whole vocabulary"
    if reason:
        return document, None, f"not trimmed: {reason}"
    counts = vocabulary.count_pieces(rows.ids)
    kept = vocabulary.choose_pieces(document, counts, options.min_piece_count, options.vocabulary)
    before = len(document["model"]["vocab"])
    vocabulary.trim_embeddings(student, kept)
    return vocabulary.trim_tokenizer(document, kept), kept, f"{len(kept)} of {before} pieces kept"
