"""Built-in recipes of the legal tasks."""

from __future__ import annotations

from hub.contract import Compression, Distillation, Recipe, Training

# Most texts are longer than a window: each epoch reads one window of each, drawn anew, and every answer all of them.
# Windows of 512 tokens take three and a half times as long an epoch, and three such epochs teach an encoder nothing.
LICENCE_QUICK = Recipe(
    name="quick",
    summary="Some twelve minutes: 6 epochs of texts in windows of 256 tokens, student of 2 layers",
    max_length=256,
    window_stride=32,
    teacher=Training(epochs=6, learning_rate=8e-5, batch_size=8, class_weights="sqrt", mask_tokens=0.05),
    student=Distillation(layers=(0, 5), epochs=8, learning_rate=5e-4, batch_size=8),
)

LICENCE_STANDARD = Recipe(
    name="standard",
    summary="Half an hour: 5 epochs of whole texts in windows of 512 tokens, student of 2 layers",
    max_length=512,
    window_stride=64,
    teacher=Training(epochs=5, learning_rate=8e-5, batch_size=8, class_weights="sqrt", mask_tokens=0.05),
    student=Distillation(layers=(0, 5), epochs=8, learning_rate=5e-4, batch_size=8),
)

CLAUSE_QUICK = Recipe(
    name="quick",
    summary="Some ten minutes: 4 epochs of all clauses, student of 2 layers",
    max_length=128,
    teacher=Training(epochs=4, learning_rate=2e-4, batch_size=32, label_smoothing=0.0),
    student=Distillation(layers=(0, 5), epochs=6, learning_rate=5e-4, batch_size=32),
)

CLAUSE_STANDARD = Recipe(
    name="standard",
    summary="Half an hour: 8 epochs of all clauses, student of 2 layers",
    max_length=256,
    teacher=Training(epochs=8, learning_rate=2e-4, batch_size=32, label_smoothing=0.0, patience=3),
    student=Distillation(layers=(0, 5), epochs=12, learning_rate=5e-4, batch_size=32),
)

PRIVACY_QUICK = Recipe(
    name="quick",
    summary="Some ten minutes: 4 epochs of at most 800 sentences a label, student of 3 layers",
    max_length=96,
    teacher=Training(epochs=4, learning_rate=2e-4, batch_size=32, epoch_rows_per_label=800, class_weights="sqrt"),
    student=Distillation(layers=(0, 2, 5), epochs=12, learning_rate=5e-4, batch_size=32, epoch_rows_per_label=800),
    # The next policies use words that these do not; they are among the language's common ones.
    compress=Compression(vocabulary=16384),
)

PRIVACY_STANDARD = Recipe(
    name="standard",
    summary="Half an hour: 8 epochs of all sentences, student of 2 layers",
    max_length=128,
    teacher=Training(epochs=8, learning_rate=2e-4, batch_size=32, class_weights="sqrt", patience=3),
    student=Distillation(layers=(0, 5), epochs=12, learning_rate=5e-4, batch_size=32),
)
