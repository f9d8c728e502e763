"""The lexical branch of teacher and student: fitted once, weighed for each by validation score."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.edge.files import write_json
from hub.edge.schema import read, to_json
from hub.pipeline.context import Context
from hub.pipeline.stages.rows import Rows
from hub.pipeline.stages.scoring import headline_score
from hub.train.batches import EncodedRows
from hub.train.inference import by_unit, scores
from hub.train.lexical import LexicalModel
from hub.train.mixed import ALONE, Mixture, choose_mixture, mixed_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LEXICAL = "lexical.npz"
MIXTURE = "mixture"
VALIDATION = "validation.json"
"""Says what the model with its branch scores on validation rows. Without a branch only a refitted model has it."""


def weigh_branch(
    context: Context,
    folder: Path,
    model: PreTrainedModel,
    lexical: LexicalModel | None,
    validation: tuple[Rows, EncodedRows],
    calibration: tuple[Rows, EncodedRows],
) -> tuple[Path, ...]:
    """Choose how much the branch counts and leave it, with its weight, in the stage's folder.

    Args:
        context: of the build.
        folder: of the stage, takes ``lexical.npz``, ``mixture.json`` and ``validation.json``.
        model: trained encoder, fp32.
        lexical: the fitted branch for the model's vocabulary; ``None`` when the recipe wants none.
        validation: rows that choose, as they are and as token ids.
        calibration: rows that bring both parts to one scale.

    Returns:
        The files it left.
    """
    mixture = ALONE
    if lexical is not None:
        form = validation[0].form
        headline = headline_score(validation[0], context.request.task.headline)
        truth = calibration[0].truth
        parts = [_both(model, lexical, rows) for _, rows in (validation, calibration)]
        temperatures = [form.fit_temperature(part, truth) for part in parts[1]]
        encoder, margins = parts[0]
        mixture = choose_mixture(encoder, margins, temperatures, lambda mixed: headline(form.probabilities(mixed)))
        mixed = mixture.encoder * encoder + mixture.lexical * margins
        write_json(folder / VALIDATION, {"score": headline(form.probabilities(mixed))})
        lexical.save(folder / LEXICAL)
    file = folder / f"{MIXTURE}.json"
    write_json(file, to_json(mixture))
    return (file,) if lexical is None else (folder / LEXICAL, file)


def teacher_branch(context: Context, kept: Sequence[int] | None) -> LexicalModel | None:
    """Return the teacher's branch for a smaller vocabulary; ``None`` when it has none.

    Args:
        context: of a run whose teacher stands.
        kept: ids of the pieces that stay, in their new order; ``None`` for all.
    """
    file = context.run.stage("finetune") / LEXICAL
    if not file.is_file():
        return None
    lexical = LexicalModel.load(file)
    return lexical if kept is None else lexical.keep_pieces(kept)


def read_branch(folder: Path) -> tuple[LexicalModel | None, Mixture]:
    """Read what `weigh_branch` left; the model is ``None`` when it counts nothing."""
    mixture: Mixture = read(Mixture, json.loads((folder / f"{MIXTURE}.json").read_text("utf-8")))
    return (LexicalModel.load(folder / LEXICAL) if mixture.share else None), mixture


def validation_score(folder: Path) -> float | None:
    """Read what the model in a stage's folder scored with its branch; ``None`` where that was not written."""
    file = folder / VALIDATION
    return float(json.loads(file.read_text("utf-8"))["score"]) if file.is_file() else None


def kept_draws(folder: Path) -> dict[str, Any] | None:
    """Read the ``score`` and ``draws`` that a refitted model had before; ``None`` for any other."""
    file = folder / VALIDATION
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found if "draws" in found else None


def with_branch(model: PreTrainedModel, folder: Path) -> Any:
    """Return the encoder with its branch as one PyTorch model; the encoder itself when it is better alone."""
    lexical, mixture = read_branch(folder)
    return mixed_model(model, lexical, mixture)


def _both(
    model: PreTrainedModel, lexical: LexicalModel, rows: EncodedRows
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    return scores(model, rows), by_unit(rows, lexical.margins(rows.ids).astype(np.float32))
