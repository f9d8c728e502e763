"""Students of every form: made, saved and loaded through one door, and called like an encoder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import UsageError
from hub.contract.recipe import Distillation
from hub.edge.files import write_json, written_whole
from hub.train.base import quiet_transformers, saved_class
from hub.train.student import make_student

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LAYERS, STATIC, LEXICAL = "layers", "static", "lexical"
LIGHT = (STATIC, LEXICAL)
"""Forms without attention."""

MODEL_TYPE = "domainhub-bag"
"""What config.json calls students without attention; transformers has no class for them, and none is needed to run."""

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
_ONE_ANSWER = ("text-classification", "multi-label")


def student_kinds(form: str) -> tuple[str, ...]:
    """Return the kinds of task that a form of student can do."""
    return _ONE_ANSWER if form in LIGHT else (*_ONE_ANSWER, "token-classification")


def check_form(form: str, kind: str) -> None:
    """Refuse a form that cannot do a kind of task; also called before the teacher is trained for long.

    Raises:
        UsageError: HUB-R009.
    """
    if kind not in student_kinds(form):
        raise UsageError(
            "HUB-R009",
            f"student.form cannot be {form} for {kind}",
            "a student without attention sums a text up, and has nothing to say of a single word",
            "--set student.form=layers",
        )


def new_student(
    teacher: PreTrainedModel,
    tokenizer_document: Mapping[str, Any],
    options: Distillation,
    *,
    pairs: bool = False,
    seed: int = 0,
) -> Any:
    """Make an untrained student with the teacher's whole vocabulary.

    Args:
        teacher: encoder with its head, fp32; not changed.
        tokenizer_document: its parsed tokenizer.json.
        options: the recipe's section.
        pairs: texts come in pairs.
        seed: of random weights.

    Returns:
        A ``torch.nn.Module`` that is called like the teacher and has ``config`` and ``get_input_embeddings``: a
        ``PreTrainedModel``, or one without attention that has ``sample_inputs()``. The vectors of a static student
        are filled by `hub.train.bag.start_from_teacher` once its vocabulary is trimmed.

    Raises:
        UsageError: HUB-R003, layers that the teacher lacks.
    """
    if options.form == LAYERS:
        return make_student(teacher, options.layers)
    from hub.train.bag import BagConfig, BagModel

    padding = getattr(teacher.config, "pad_token_id", None)
    table: Any = teacher.get_input_embeddings()
    pieces = tokenizer_document["model"].get("vocab", {})
    numbers = pieces.values() if isinstance(pieces, dict) else range(len(pieces))  # a Unigram vocabulary is a list
    vocabulary = max(len(table.weight), 1 + max(numbers, default=0))
    config = BagConfig(
        id2label={int(number): str(name) for number, name in (teacher.config.id2label or {}).items()},
        vocab_size=vocabulary,
        width=options.width,
        buckets=options.buckets if options.ngrams > 1 else 0,
        ngrams=options.ngrams,
        hidden=options.hidden_units,
        form=options.form,
        pairs=pairs,
        pad_token_id=padding or 0,
        problem_type=teacher.config.problem_type,
    )
    return BagModel(config, seed)


def save_student_model(model: Any, folder: Path) -> None:
    """Write config.json and model.safetensors, each whole."""
    from hub.train.bag import BagModel

    folder.mkdir(parents=True, exist_ok=True)
    if not isinstance(model, BagModel):
        with quiet_transformers():
            model.save_pretrained(folder)
        return
    from safetensors.torch import save_file

    write_json(folder / _CONFIG, model.config.to_dict())
    with written_whole(folder / _WEIGHTS) as path:
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)


def load_student_model(folder: Path, answers: str = "label") -> Any:
    """Load a student in fp32 and evaluation mode.

    Args:
        folder: what `save_student_model` wrote.
        answers: form of the answer, as `hub.contract.Kind` names it.

    Raises:
        UsageError: HUB-T030, its files are no student of any form.
    """
    if not is_light(folder):
        with quiet_transformers():
            return saved_class(folder, answers).from_pretrained(folder, attn_implementation="eager").eval()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from hub.train.bag import BagConfig, BagModel

    model = BagModel(BagConfig.from_dict(_config(folder)))
    try:
        model.load_state_dict(load_file(folder / _WEIGHTS))
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise UsageError("HUB-T030", "cannot read the student's weights", reason, "build it again") from error
    return model.eval()


def is_light(folder: Path) -> bool:
    """Return whether a folder holds a student without attention."""
    return form_of_student(folder) in LIGHT


def form_of_student(folder: Path) -> str:
    """Return the form of the student that a folder holds."""
    config = _config(folder)
    return str(config.get("form", LEXICAL)) if config.get("model_type") == MODEL_TYPE else LAYERS


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        values = json.loads((folder / _CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError("HUB-T030", "cannot read the student's config.json", str(error), "build it again") from error
    if not isinstance(values, dict):
        raise UsageError("HUB-T030", "cannot read the student's config.json", "it holds no mapping", "build it again")
    return values
