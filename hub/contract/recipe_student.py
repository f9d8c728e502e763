"""The part of a recipe that decides the student."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Distillation:
    """How the student is made from the teacher.

    Args:
        form: ``layers``, some of the teacher's layers; or, without attention and for kinds with one answer a text,
            ``static``, the teacher's vectors of pieces, summed; ``lexical``, vectors of pieces and of hashed runs of
            pieces that are learnt from nothing.
        layers: the teacher's layers the student starts from, 0 is the first.
        progressive: depths of further students between teacher and student, each made of the one before; ``3`` on
            the way from 6 layers to 1. Each costs as much training as the student itself.
        width: of the forms without attention: length of their vectors.
        buckets: of the forms without attention: rows of the table of runs.
        ngrams: of the forms without attention: pieces of the longest run, 1 for none. Runs of a static student are
            those of two pieces or more, its pieces are the teacher's.
        hidden_units: of the forms without attention: units of a hidden layer before the labels; 0 for none.
        light_learning_rate: of the forms without attention, in place of ``learning_rate``.
        light_mask_tokens: of the forms without attention, in place of ``mask_tokens``.
        light_temperature: of the forms without attention, in place of ``temperature``. Their teacher is calibrated.
        light_teacher_weight: of the forms without attention, in place of ``teacher_weight``.
        passes: of the forms without attention: times that an epoch reads the rows; a step of theirs costs little.
        epochs: passes over the transfer rows.
        learning_rate: peak rate of AdamW.
        batch_size: rows a step.
        epoch_rows_per_label: as for the teacher.
        warmup: share of the steps with a rising rate, 0..1.
        weight_decay: of matrices; biases, norms and embeddings have none.
        temperature: of both softmaxes in the distillation loss (Hinton et al. 2015, arXiv 1503.02531).
        teacher_weight: share of the distillation loss; the rest is cross-entropy with the labels.
        hidden_weight: of the mean squared difference between hidden states of student and teacher where the head
            reads them, added to the loss; 0 leaves it out (Jiao et al. 2020, TinyBERT, arXiv 1909.10351).
        hidden_layers: whose states these are: ``last``, or ``all``: each layer of the student learns what the teacher
            gives at the same share of its depth (Sun et al. 2019, arXiv 1908.09355). A student is as wide as its
            teacher, so that no projection is needed.
        relation_weight: of the divergence between the relations of queries, of keys and of values in the last layers
            of student and teacher (Wang et al. 2020, MiniLMv2, arXiv 2012.15828); 0 leaves it out.
        unlabelled_rows: most rows of unlabelled text, of the plugin and of ``unlabelled`` files beside the user's
            training rows, that the teacher labels for the student; 0 reads none.
        transfer_rows: further rows for the student that are made of training rows, by joining the beginning of one to
            the end of another, by leaving out words and by the augmentations that ``teacher.augment`` names; the
            teacher labels them.
        mask_tokens: as for the teacher; the teacher has read the whole text.
        clip_norm: largest gradient norm.
        precision: as for the teacher.
        device: as `Training.device`.
        least_share: percent of the teacher's score on validation rows below which the student is given up, and the
            whole teacher, small in its vocabulary and its numbers only, takes its place; 0 keeps any student.
    """

    form: str = "layers"
    layers: tuple[int, ...] = (0, 5)
    progressive: tuple[int, ...] = ()
    width: int = 64
    buckets: int = 16384
    ngrams: int = 2
    hidden_units: int = 0
    light_learning_rate: float = 5e-3
    light_mask_tokens: float = 0.1
    light_temperature: float = 1.0
    light_teacher_weight: float = 0.5
    passes: int = 5
    epochs: int = 6
    learning_rate: float = 5e-4
    batch_size: int = 64
    epoch_rows_per_label: int = 0
    warmup: float = 0.06
    weight_decay: float = 0.01
    temperature: float = 2.0
    teacher_weight: float = 0.9
    hidden_weight: float = 5.0
    hidden_layers: str = "last"
    relation_weight: float = 0.0
    unlabelled_rows: int = 100_000
    transfer_rows: int = 0
    mask_tokens: float = 0.0
    clip_norm: float = 1.0
    precision: str = "auto"
    device: str = "auto"
    least_share: float = 90.0
