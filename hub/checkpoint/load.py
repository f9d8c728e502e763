"""Load a checkpoint that was found, and refuse one whose answers would mean nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.checkpoint import adapter, sentence
from hub.checkpoint.describe import Checkpoint, Loaded
from hub.checkpoint.errors import not_a_checkpoint, pickled_only
from hub.checkpoint.fetch import CODE, PICKLES_AND_MODULES, fetch
from hub.checkpoint.files import Weights, find_weights, read_optional
from hub.checkpoint.find import HEAD, HEAD_CONFIG
from hub.checkpoint.javascript import javascript_notes
from hub.checkpoint.kinds import AUTO_CLASSES, EMBEDDINGS, remote_code
from hub.checkpoint.pretrained import Allowed, check_finite, load_pretrained
from hub.checkpoint.runs import read_run
from hub.checkpoint.tokenizer import load_checked_tokenizer
from hub.contract.errors import CheckpointError
from hub.contract.kinds import KINDS

if TYPE_CHECKING:
    import torch

    from hub.checkpoint.modules import SentenceEncoder
    from hub.checkpoint.setfit import SetFitHead

_EMBEDDINGS = ("sentence_embedding", "token_embeddings")
_PICKLE_NOTE = (
    "the weights were read from a pickle: tensors alone, none of the code that may be in it was run; "
    "safetensors would need no such trust"
)


def load_checkpoint(
    checkpoint: Checkpoint,
    *,
    allow_pickle: bool = False,
    allow_random_head: bool = False,
    trust_remote_code: bool = False,
) -> Loaded:
    """Load a checkpoint: fp32, evaluation mode, eager attention, every weight read from its files and finite.

    Args:
        checkpoint: from `hub.checkpoint.find_checkpoint`.
        allow_pickle: weights may come from a pickle, which is read without running code.
        allow_random_head: a head whose weights are missing stays random.
        trust_remote_code: code that comes with the checkpoint may run.

    Raises:
        UsageError: HUB-X107 its weights are pickles, HUB-X108 it needs code of its own, HUB-X109 its head is random.
        UsageError: HUB-T001 and HUB-T003, it has no tokenizer that the edge can run.
        CheckpointError: HUB-X102 it is incomplete, HUB-X109 weights below the head are missing, HUB-X110 it cannot be
            loaded, HUB-X111 a weight is no number, HUB-X112 its tokenizer knows more tokens than its model,
            HUB-X114 the head of a SetFit model is of another form.
    """
    if checkpoint.details.get("remote") and not trust_remote_code:
        raise remote_code(checkpoint.architecture)
    allowed = Allowed(allow_pickle, allow_random_head, trust_remote_code)
    _fetch_rest(checkpoint, allowed)
    load = {
        "run": _load_run,
        "transformers": _load_transformers,
        "peft": _load_adapter,
        "sentence-transformers": _load_sentence,
        "setfit": _load_setfit,
    }[checkpoint.source]
    loaded = load(checkpoint, allowed)
    check_finite(loaded.model)
    told = javascript_notes(checkpoint.model_type, checkpoint.kind)
    return dataclasses.replace(loaded, notes=(*loaded.notes, *told))


def _fetch_rest(checkpoint: Checkpoint, allowed: Allowed) -> None:
    """Fetch from the Hub what was left there until it was allowed: code, and pickled weights.

    Raises:
        UsageError: HUB-X107, there are no safetensors.
        NetworkError: HUB-N030.
    """
    repository = checkpoint.details.get("repository")
    if not repository or checkpoint.source == "peft":
        return
    if allowed.remote_code:
        fetch(repository, checkpoint.revision, CODE)
    folder = Path(checkpoint.details.get("body", checkpoint.folder))
    if not find_weights(folder).files:
        if not allowed.pickle:
            raise pickled_only(f"{repository} has no safetensors: what there may be of weights")
        fetch(repository, checkpoint.revision, PICKLES_AND_MODULES)


def _found_weights(folder: Path, allowed: Allowed) -> Weights:
    """Return the weight files, if they may be read.

    Raises:
        UsageError: HUB-X101 there are none, HUB-X107 they are pickles.
        CheckpointError: HUB-X102.
    """
    weights = find_weights(folder)
    if not weights.files:
        raise not_a_checkpoint(folder, "it has no weights")
    if weights.pickled and not allowed.pickle:
        raise pickled_only(weights.files[0].name)
    return weights


def _load_run(checkpoint: Checkpoint, allowed: Allowed) -> Loaded:
    from hub.train.lexical import LexicalModel
    from hub.train.mixed import Mixture, mixed_model
    from hub.train.student import scale_last_linear

    parts = read_run(Path(checkpoint.details["run"]))
    loaded = _load_transformers(checkpoint, allowed)
    if parts.branch is None:
        scale_last_linear(loaded.model, parts.encoder)
        return loaded
    from hub.checkpoint.modules import MixedClassifier

    mixture = Mixture(parts.encoder, parts.lexical, 1.0)
    mixed = mixed_model(loaded.model, LexicalModel.load(parts.branch), mixture)
    return dataclasses.replace(loaded, model=MixedClassifier(mixed).eval(), outputs=KINDS[checkpoint.kind].outputs)


def _load_transformers(checkpoint: Checkpoint, allowed: Allowed) -> Loaded:
    weights = _found_weights(checkpoint.folder, allowed)
    model, notes = load_pretrained(checkpoint.folder, _class_name(checkpoint), checkpoint, weights, allowed)
    return _loaded(checkpoint, model, checkpoint.folder, (*notes, *_pickle_notes(weights)))


def _load_adapter(checkpoint: Checkpoint, allowed: Allowed) -> Loaded:
    parts = adapter.read_adapter(checkpoint.folder)
    weights = _found_weights(parts.base, allowed)
    supplied = adapter.supplied_names(parts, allow_pickle=allowed.pickle)
    base, notes = load_pretrained(parts.base, _class_name(checkpoint), checkpoint, weights, allowed, supplied)
    model = adapter.merge_adapter(base, parts)
    notes = (*notes, *(_pickle_notes(weights) or _pickle_notes(parts.weights)))
    return _loaded(checkpoint, model.eval(), Path(checkpoint.details["tokenizer"]), notes)


def _class_name(checkpoint: Checkpoint) -> str:
    """Return the class to load: for embeddings the encoder alone, and that of the checkpoint where it is one."""
    if checkpoint.details.get("remote"):
        return AUTO_CLASSES[checkpoint.kind]
    bare = checkpoint.kinds == (EMBEDDINGS,)
    return AUTO_CLASSES[EMBEDDINGS] if checkpoint.kind == EMBEDDINGS and not bare else checkpoint.architecture


def _loaded(checkpoint: Checkpoint, model: Any, folder: Path, notes: tuple[str, ...]) -> Loaded:
    """Put model and tokenizer together; of an encoder alone the tokens' vectors become one."""
    tokenizer, told = load_checked_tokenizer(checkpoint, folder, model)
    outputs: tuple[str, ...] = ()
    if checkpoint.kind == EMBEDDINGS:
        from hub.checkpoint.modules import SentenceEncoder, UnitLength

        model, outputs = SentenceEncoder(model, ("mean",), [UnitLength()]).eval(), _EMBEDDINGS
    return Loaded(checkpoint, model, tokenizer, outputs, (*checkpoint.notes, *notes, *told))


def _load_sentence(checkpoint: Checkpoint, allowed: Allowed) -> Loaded:
    parts = sentence.read_parts(checkpoint.folder)
    body, notes = _sentence_encoder(checkpoint, parts, allowed, normalise=False)
    tokenizer, told = load_checked_tokenizer(checkpoint, parts.body, body.encoder, lower=parts.lower)
    return Loaded(checkpoint, body, tokenizer, _EMBEDDINGS, (*checkpoint.notes, *notes, *told))


def _sentence_encoder(
    checkpoint: Checkpoint, parts: sentence.SentenceParts, allowed: Allowed, *, normalise: bool
) -> tuple[SentenceEncoder, tuple[str, ...]]:
    from hub.checkpoint.modules import SentenceEncoder, UnitLength, dense_layer

    weights = _found_weights(parts.body, allowed)
    encoder, notes = load_pretrained(parts.body, AUTO_CLASSES[EMBEDDINGS], checkpoint, weights, allowed)
    steps: list[torch.nn.Module] = []
    for step in parts.steps:
        if not isinstance(step, sentence.Dense):
            steps.append(UnitLength())
            continue
        try:
            steps.append(dense_layer(step, _read_tensors(step.weights, allowed)))
        except RuntimeError as error:
            raise CheckpointError(
                "HUB-X110", "the Dense layer has weights of another form", str(error).splitlines()[0]
            ) from error
    if normalise:
        steps.append(UnitLength())
    return SentenceEncoder(encoder, parts.poolings, steps).eval(), (*notes, *_pickle_notes(weights))


def _read_tensors(weights: Weights, allowed: Allowed) -> dict[str, torch.Tensor]:
    """Read a small weight file."""
    (file,) = weights.files
    if not weights.pickled:
        from safetensors.torch import load_file

        return load_file(file)
    if not allowed.pickle:
        raise pickled_only(file.name)
    import torch

    found: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return found


def _load_setfit(checkpoint: Checkpoint, allowed: Allowed) -> Loaded:
    import torch

    from hub.checkpoint.modules import SentenceClassifier
    from hub.checkpoint.setfit import read_head

    head = read_head(checkpoint.folder / HEAD, allow_pickle=allowed.pickle)
    labels, named = _setfit_labels(checkpoint, head)
    parts = sentence.read_parts(checkpoint.folder)
    normalise = bool(read_optional(checkpoint.folder / HEAD_CONFIG).get("normalize_embeddings"))
    body, notes = _sentence_encoder(checkpoint, parts, allowed, normalise=normalise)
    size = body.output_size
    if head.weight.shape[1] != size:
        why = f"it takes vectors of {head.weight.shape[1]} numbers, the body gives {size}"
        raise CheckpointError("HUB-X114", f"the head in {HEAD} does not fit its body", why)
    model = SentenceClassifier(
        body,
        torch.from_numpy(head.weight),
        torch.from_numpy(head.bias),
        one_against_rest=head.one_against_rest,
    ).eval()
    tokenizer, told = load_checked_tokenizer(checkpoint, parts.body, body.encoder, lower=parts.lower)
    whole = dataclasses.replace(
        checkpoint, labels=labels, names=labels, parameters=checkpoint.parameters + head.weight.size + head.bias.size
    )
    read = "the head was read from a pickle, by a reader that takes a logistic regression and nothing else"
    notes = (*checkpoint.notes, *notes, read, *named, *told)
    return Loaded(whole, model, tokenizer, KINDS[checkpoint.kind].outputs, notes)


def _setfit_labels(checkpoint: Checkpoint, head: SetFitHead) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the classes of a head: by themselves, or as numbers of the labels in config_setfit.json.

    Raises:
        CheckpointError: HUB-X106, a class has no label.
    """
    labels = checkpoint.labels
    if not labels:
        return head.classes, (f"{HEAD_CONFIG} names no labels: those of the head are used",)
    named = []
    for entry in head.classes:
        if entry not in labels and not (entry.isdecimal() and int(entry) < len(labels)):
            raise CheckpointError(
                "HUB-X106",
                "the labels of the checkpoint are wrong",
                f"the head has a class {entry!r}, {HEAD_CONFIG} has {len(labels)} labels without it",
                f"correct the labels in {HEAD_CONFIG}",
            )
        named.append(entry if entry in labels else labels[int(entry)])
    return tuple(named), ()


def _pickle_notes(weights: Weights) -> tuple[str, ...]:
    return (_PICKLE_NOTE,) if weights.pickled else ()
