"""Built-in recipes of the education tasks."""

from __future__ import annotations

from hub.contract import Compression, Distillation, Recipe, Training

# A word that training never saw is one the model must know as a whole: spelled in letters it tells nothing.
_WHOLE_VOCABULARY = Compression(trim_vocabulary=False)

WORD_QUICK = Recipe(
    name="quick",
    summary="Minutes: 4 epochs of at most 2,500 rows a level, student of 2 layers",
    max_length=16,
    teacher=Training(epochs=4, learning_rate=3e-4, epoch_rows_per_label=2500),
    student=Distillation(layers=(0, 5), epochs=5, learning_rate=5e-4, epoch_rows_per_label=2500),
    compress=_WHOLE_VOCABULARY,
)

WORD_STANDARD = Recipe(
    name="standard",
    summary="Half an hour: 6 epochs of at most 8,000 rows a level, student of 2 layers",
    max_length=16,
    teacher=Training(epochs=6, learning_rate=3e-4, epoch_rows_per_label=8000),
    student=Distillation(layers=(0, 5), epochs=8, learning_rate=5e-4, epoch_rows_per_label=8000),
    compress=_WHOLE_VOCABULARY,
)

# Whole articles: few rows of many tokens, so small batches. Every part of a text has its level: each epoch reads one
# window of each text, drawn anew, and every answer all of them.
READING_QUICK = Recipe(
    name="quick",
    summary="Some ten minutes: 8 epochs over a few hundred texts in windows of 256 tokens, student of 3 layers",
    max_length=256,
    window_stride=32,
    teacher=Training(epochs=8, learning_rate=1e-4, batch_size=16),
    student=Distillation(layers=(0, 2, 5), epochs=16, learning_rate=3e-4, batch_size=8),
    compress=_WHOLE_VOCABULARY,
)

READING_STANDARD = Recipe(
    name="standard",
    summary="Longer: 15 epochs, the first 512 tokens of each text, student of 3 layers",
    max_length=512,
    teacher=Training(epochs=15, learning_rate=1e-4, batch_size=16, patience=4),
    student=Distillation(layers=(0, 2, 5), epochs=20, learning_rate=5e-4, batch_size=16),
)
