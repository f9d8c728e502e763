"""How the teacher is fine-tuned: the course of the training, which weights learn, and what it lowers."""

from __future__ import annotations

from dataclasses import dataclass

LOSSES = ("auto", "cross-entropy", "focal", "class-balanced", "mse", "ordinal", "asymmetric", "hierarchical")
"""Losses of the host, by the names that `Loss` takes."""


@dataclass(frozen=True)
class Training:
    """How the teacher is fine-tuned.

    Args:
        epochs: passes over the training rows.
        learning_rate: peak rate of the optimizer.
        batch_size: rows a step.
        epoch_rows_per_label: rows of a label shown in one epoch, other ones in the next; 0 shows all.
        warmup: share of the steps with a rising rate, 0..1.
        weight_decay: of matrices; biases, norms, embeddings and the factors of IA3 have none.
        label_smoothing: 0..1.
        class_weights: ``none``, ``balanced`` (inverse frequency) or ``sqrt`` (its root).
        dropout: of the encoder while training, 0..1.
        mask_tokens: share of the tokens replaced by the mask token in each step, against overfitting, 0..1.
        patience: epochs without a better validation score before stopping; 0 never stops early.
        clip_norm: largest gradient norm.
        precision: ``auto`` measures bf16 against fp32 on this machine; ``fp32``, ``bf16``.
        optimizer: ``adamw``, ``sgd``, ``rmsprop`` or ``adafactor``.
        momentum: of ``sgd`` and ``rmsprop``, 0..1.
        schedule: of the rate after the warm-up: ``cosine``, ``linear``, ``constant``, ``restarts`` (cosine with warm
            restarts) or ``plateau`` (a tenth of the rate after an epoch without a better score).
        cycles: of ``restarts``: how many cosines there are; 1 is ``cosine``.
        accumulation: batches whose gradients make one step.
        average_decay: of the moving average of the weights that is scored and kept; 0 keeps the weights themselves.
        device: ``auto`` trains on a GPU where PyTorch has one; ``cpu``, ``cuda``, ``mps``.
        mixup: alpha of the Beta distribution that mixes the embeddings of two rows, at least 0.01; 0 mixes none.
        rdrop: weight of the difference between two passes with different dropout; 0 makes one pass.
        augment: ``typos``, ``numbers``, or an augmentation that the task offers; several with commas between them,
            ``""`` for none.
        augment_share: of the texts of an epoch that are changed, 0..1; other ones in each epoch.
        pooling: what the head reads: ``model`` as the architecture has it, most often the first token; ``mean`` of all
            tokens, which tells more where rows are few, and takes longer in the last layer; ``unit``, that mean at
            one length for all texts, as sentence encoders are compared.
        folds: parts of a k-fold training that gives out-of-fold predictions, at least 2; 0 trains once.
    """

    epochs: int = 3
    learning_rate: float = 3e-4
    batch_size: int = 64
    epoch_rows_per_label: int = 0
    warmup: float = 0.06
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    class_weights: str = "none"
    dropout: float = 0.0
    mask_tokens: float = 0.0
    patience: int = 0
    clip_norm: float = 1.0
    precision: str = "auto"
    optimizer: str = "adamw"
    momentum: float = 0.9
    schedule: str = "cosine"
    cycles: int = 1
    accumulation: int = 1
    average_decay: float = 0.0
    device: str = "auto"
    mixup: float = 0.0
    rdrop: float = 0.0
    augment: str = ""
    augment_share: float = 0.5
    folds: int = 0
    pooling: str = "model"


@dataclass(frozen=True)
class Strategy:
    """Which weights of the teacher learn.

    Args:
        name: ``full``, ``freeze``, ``lora`` (adapters of peft, merged when trained), ``probe`` (a linear head on the
            frozen encoder) or ``fewshot`` (contrastive pairs first, then a head: SetFit's method).
        layer_decay: rate of a layer over that of the layer above it, 0..1; 1 trains all at one rate.
        frozen_layers: first layers that ``freeze`` keeps as they are.
        freeze_embeddings: ``freeze`` keeps the embeddings as they are.
        head_only: ``freeze`` keeps everything but the head, embeddings whatever ``freeze_embeddings`` says.
        unfreeze_epochs: epochs after which ``freeze`` releases the next layer, from the top; 0 never does.
        adapter: of ``lora``: ``lora``, ``dora`` or ``ia3``.
        rank: of the adapters.
        alpha: scale of the adapters.
        targets: modules that get adapters; empty for the projections of attention and feed-forward layers.
        pairs: of ``fewshot``: positive and as many negative pairs made of each row.
        label_names: the name of every label is one more training row of it, of texts with one label or several.
        refit: of ``probe`` and ``fewshot``: once its strength and the weight of the lexical branch are chosen, the
            head is fitted on the rows for validation too. Not of several labels a row, whose thresholds need them.
    """

    name: str = "full"
    layer_decay: float = 1.0
    frozen_layers: int = 0
    freeze_embeddings: bool = True
    head_only: bool = False
    unfreeze_epochs: int = 0
    adapter: str = "lora"
    rank: int = 16
    alpha: float = 32.0
    targets: tuple[str, ...] = ()
    pairs: int = 20
    label_names: bool = False
    refit: bool = False


@dataclass(frozen=True)
class Loss:
    """What the teacher's training lowers.

    Args:
        name: ``auto`` (cross-entropy, for several labels binary cross-entropy), ``cross-entropy``, ``focal``,
            ``class-balanced``, ``mse`` (the Brier score), ``ordinal`` (squared earth mover's distance), ``asymmetric``
            (several labels), ``hierarchical``, or a loss that the task offers.
        gamma: of ``focal`` and, for absent labels, of ``asymmetric``.
        beta: of ``class-balanced``, 0..1: the effective number of rows.
        shift: of ``asymmetric``, 0..1: absent labels below this probability cost nothing.
        parent_share: of ``hierarchical``, 0..1: weight of what the labels are part of.
    """

    name: str = "auto"
    gamma: float = 2.0
    beta: float = 0.999
    shift: float = 0.05
    parent_share: float = 0.3
