"""The part of a recipe that decides the networks of tabular tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tables:
    """The networks of tabular tasks; they are all that these tasks read beside ``data`` and ``gates``.

    The teacher is an ensemble of members that share most of their weights (Gorishniy et al. 2024, TabM, arXiv
    2410.24210) over piecewise-linear embeddings of numbers (Gorishniy et al. 2022, On Embeddings for Numerical
    Features, arXiv 2203.05556). The student is one smaller network that learns what the teacher answers.

    Args:
        width: of the teacher's hidden layers.
        depth: hidden layers of teacher and student.
        members: networks in the teacher's ensemble.
        bins: pieces a number is cut into, each with as many training rows.
        embedding: width of a number's embedding; that of a category follows from how many values it has.
        min_category_rows: training rows a category needs to be told from others; rarer ones count as unknown.
        epochs: passes of the teacher over the training rows.
        learning_rate: peak rate of AdamW.
        batch_size: rows a step at most; a small table takes fewer, so that an epoch has 20 steps.
        warmup: share of the steps with a rising rate, 0..1.
        weight_decay: of matrices; biases and embeddings have none.
        dropout: of hidden layers while training, 0..1.
        label_smoothing: 0..1; of labels only.
        class_weights: ``none``, ``sqrt`` or ``balanced`` (inverse frequency, its root).
        patience: epochs without a better validation score before stopping; 0 never stops early.
        clip_norm: largest gradient norm.
        student_width: of the student's hidden layers.
        student_epochs: passes of the student.
        student_learning_rate: peak rate of the student.
        teacher_weight: share of the teacher's answers in the student's loss; the rest is the truth.
        threshold_metric: name of a metric of the task; how probable the last label must be to be predicted is
            chosen by it on validation rows. Empty: the most probable label is predicted.
    """

    width: int = 128
    depth: int = 2
    members: int = 8
    bins: int = 16
    embedding: int = 8
    min_category_rows: int = 3
    epochs: int = 40
    learning_rate: float = 5e-3
    batch_size: int = 256
    warmup: float = 0.05
    weight_decay: float = 3e-4
    dropout: float = 0.1
    label_smoothing: float = 0.0
    class_weights: str = "none"
    patience: int = 0
    clip_norm: float = 1.0
    student_width: int = 64
    student_epochs: int = 60
    student_learning_rate: float = 5e-3
    teacher_weight: float = 0.9
    threshold_metric: str = ""
