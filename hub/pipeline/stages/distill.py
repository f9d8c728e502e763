"""The student: a few of the teacher's layers and a trimmed vocabulary, trained on the teacher's logits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.compress import vocabulary
from hub.contract.recipe import Distillation
from hub.edge.encode import Encoder
from hub.edge.files import write_json, write_text, written_whole
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages.branch import LEXICAL, weigh_branch
from hub.pipeline.stages.finetune import load_teacher
from hub.pipeline.stages.rows import LabelledTexts, split
from hub.pipeline.stages.training import MODEL, read_training, tell_branch, train_model
from hub.train.augment import TokenMasking, token_masking
from hub.train.base import quiet_transformers, tokenizer_document
from hub.train.batches import EncodedRows
from hub.train.inference import encode, logits_and_hidden
from hub.train.lexical import LexicalModel
from hub.train.loop import Objective
from hub.train.losses import distillation_loss, hidden_loss
from hub.train.precision import to_precision
from hub.train.student import make_student

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TRANSFER = "teacher.npz"
TOKENIZER = "tokenizer.json"

_SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


def run(context: Context, folder: Path) -> str:
    """Distil, and leave the student's checkpoint and tokenizer in ``model/``."""
    prepared = context.prepared()
    train, validation = split(prepared, "train"), split(prepared, "validation")
    teacher, tokenizer = load_teacher(context)
    transfer = _read_teacher(context, folder, teacher, tokenizer, train)
    student = make_student(teacher, context.recipe.student.layers)
    document, kept, note = _trim(context, student, tokenizer, train)
    write_json(folder / "vocabulary.json", {"pieces": len(document["model"]["vocab"]), "note": note})
    write_tokenizer(folder / MODEL, document, context.recipe.max_length)
    encoder = Encoder(folder / MODEL / TOKENIZER, context.recipe.max_length)
    options = context.recipe.student
    held_out = encode_rows(encoder, validation)
    training = train_model(
        context,
        folder,
        "student",
        options,
        student,
        encode_rows(encoder, train),
        held_out,
        validation,
        _objective(options, train.targets, transfer, token_masking(options.mask_tokens, tokenizer, kept)),
    )
    tell_branch(context, training)
    calibration = split(prepared, "calibration")
    lexical = _student_lexical(context, kept)
    branch = weigh_branch(
        context,
        folder,
        student,
        lexical,
        (validation, held_out),
        (calibration, encode_rows(encoder, calibration)),
    )
    with quiet_transformers():
        student.save_pretrained(folder / MODEL)
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)


def _student_lexical(context: Context, kept: Sequence[int] | None) -> LexicalModel | None:
    """The teacher's branch for the student's vocabulary; ``None`` when the recipe wants none."""
    if not context.recipe.lexical.use:
        return None
    lexical = LexicalModel.load(context.run.stage("finetune") / LEXICAL)
    return lexical if kept is None else lexical.keep_pieces(kept)


def encode_rows(encoder: Encoder, rows: LabelledTexts) -> EncodedRows:
    """Turn texts into the ids the student and its exported graph read."""
    ids = tuple(tuple(encoding.ids) for encoding in encoder.encode(rows.texts))
    return EncodedRows(ids, rows.targets, encoder.pad_id)


def write_tokenizer(folder: Path, document: dict[str, Any], max_length: int) -> None:
    """Write tokenizer.json and tokenizer_config.json as transformers 4 and 5 and Transformers.js read them.

    Padding is off and truncation is at the model's length: files of sentence-transformers ask for other
    values, which bare ``tokenizers`` users obey and pay for.
    """
    document["padding"] = None
    document["truncation"] = {
        "direction": "Right",
        "max_length": max_length,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    # Written compact: the vocabulary is most of it, and its size is part of what a device fetches.
    write_text(folder / TOKENIZER, json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    special = {token["content"] for token in document["added_tokens"]}
    config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": max_length}
    config.update({name: token for name, token in _SPECIAL.items() if token in special})
    write_json(folder / "tokenizer_config.json", config)


@dataclass(frozen=True)
class _Transfer:
    """What the student learns from: float32 [rows, labels] and float32 [rows, hidden] of the teacher."""

    logits: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.float32]


def _read_teacher(
    context: Context,
    folder: Path,
    teacher: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: LabelledTexts,
) -> _Transfer:
    """The teacher on the training rows, computed once, in the precision it was trained in."""
    file = folder / SCRATCH / _TRANSFER
    if file.is_file():
        with np.load(file) as stored:
            return _Transfer(stored["logits"], stored["hidden"])
    context.reporter.tick(0, 1, "the teacher reads the training rows")
    precision = read_training(context, "finetune").precision
    rows = encode(tokenizer, train.texts, train.targets, context.recipe.max_length)
    found = _Transfer(*logits_and_hidden(to_precision(teacher, precision), rows.ids, rows.pad_id, batch_size=128))
    to_precision(teacher, "fp32")
    with written_whole(file) as path, path.open("wb") as stream:
        np.savez(stream, logits=found.logits, hidden=found.hidden)
    return found


def _trim(
    context: Context, student: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, train: LabelledTexts
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
    rows = encode(tokenizer, train.texts, train.targets, context.recipe.max_length)
    counts = vocabulary.count_pieces(rows.ids)
    kept = vocabulary.choose_pieces(document, counts, options.min_piece_count, options.vocabulary)
    before = len(document["model"]["vocab"])
    vocabulary.trim_embeddings(student, kept)
    return vocabulary.trim_tokenizer(document, kept), kept, f"{len(kept)} of {before} pieces kept"


def _objective(
    options: Distillation, targets: tuple[int, ...], transfer: _Transfer, masking: TokenMasking
) -> Objective:
    """The teacher on the whole text and the labels, mixed as the recipe says; some tokens are masked."""
    import torch

    truth = torch.tensor(targets)
    soft, hidden = torch.from_numpy(transfer.logits), torch.from_numpy(transfer.hidden)

    def objective(model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor, batch: list[int]) -> torch.Tensor:
        found = model(input_ids=masking.apply(ids), attention_mask=mask, output_hidden_states=options.hidden_weight > 0)
        loss = distillation_loss(
            found.logits.float(), soft[batch], truth[batch], options.temperature, options.teacher_weight
        )
        if options.hidden_weight > 0:
            loss = loss + options.hidden_weight * hidden_loss(found.hidden_states[-1][:, 0].float(), hidden[batch])
        return loss

    return objective
