"""Built-in recipes of the medical tasks."""

from __future__ import annotations

from hub.contract import Compression, DataOptions, Distillation, Lexical, Recipe, Training

QUICK = Recipe(
    name="quick",
    summary="Minutes: 3 epochs of at most 1,000 terms a chapter, student of 2 layers",
    teacher=Training(epochs=3, learning_rate=3e-4, epoch_rows_per_label=1000, mask_tokens=0.1),
    student=Distillation(layers=(0, 5), epochs=5, learning_rate=5e-4, epoch_rows_per_label=1000, unlabelled_rows=0),
)

STANDARD = Recipe(
    name="standard",
    summary="Half an hour: 6 epochs of at most 2,000 terms a chapter, student of 3 layers",
    teacher=Training(epochs=6, learning_rate=3e-4, epoch_rows_per_label=2000, mask_tokens=0.1),
    student=Distillation(layers=(0, 2, 5), epochs=10, learning_rate=5e-4, epoch_rows_per_label=2000, unlabelled_rows=0),
)

# The lexical table would have a column for each of the 1,587 categories and be several times the encoder's size.
_NO_BRANCH = Lexical(use=False)

CATEGORY_QUICK = Recipe(
    name="quick",
    summary="Quarter of an hour: 4 epochs of at most 12 terms a category, student of 2 layers",
    data=DataOptions(max_rows_per_label=12),
    teacher=Training(epochs=4, learning_rate=3e-4),
    student=Distillation(layers=(0, 5), epochs=5, learning_rate=5e-4),
    lexical=_NO_BRANCH,
)

CATEGORY_STANDARD = Recipe(
    name="standard",
    summary="An hour: 8 epochs of at most 24 terms a category, drawn anew, student of 2 layers",
    teacher=Training(epochs=8, learning_rate=3e-4, epoch_rows_per_label=24),
    student=Distillation(layers=(0, 5), epochs=10, learning_rate=5e-4, epoch_rows_per_label=24),
    lexical=_NO_BRANCH,
)

TEXT_QUICK = Recipe(
    name="quick",
    summary="Minutes: 6 epochs, student of 3 layers, the first 128 tokens of a text",
    max_length=128,
    # Labelled notes are few and their topics uneven: small batches, and rare topics count more.
    teacher=Training(epochs=6, learning_rate=2e-4, batch_size=16, class_weights="sqrt"),
    student=Distillation(layers=(0, 2, 5), epochs=12, learning_rate=3e-4, batch_size=16),
    compress=Compression(vocabulary=16384),
)

TEXT_STANDARD = Recipe(
    name="standard",
    summary="Longer: 10 epochs, student of 3 layers, the first 256 tokens of a text",
    max_length=256,
    teacher=Training(epochs=10, learning_rate=2e-4, patience=3),
    student=Distillation(layers=(0, 2, 5), epochs=16, learning_rate=5e-4),
)

# A tag depends on the words around it, so the encoder alone decides.
_NO_BRANCH = Lexical(use=False)

ENTITY_QUICK = Recipe(
    name="quick",
    summary="Minutes: 3 epochs, student of 3 layers, sentences of at most 128 tokens",
    max_length=128,
    teacher=Training(epochs=3, learning_rate=3e-4, label_smoothing=0.0),
    student=Distillation(layers=(0, 2, 5), epochs=5, learning_rate=5e-4),
    lexical=_NO_BRANCH,
)

ENTITY_STANDARD = Recipe(
    name="standard",
    summary="Longer: 8 epochs, student of 3 layers, sentences of at most 128 tokens",
    max_length=128,
    teacher=Training(epochs=8, learning_rate=2e-4, label_smoothing=0.0, patience=3),
    student=Distillation(layers=(0, 2, 5), epochs=12, learning_rate=5e-4),
    lexical=_NO_BRANCH,
)
