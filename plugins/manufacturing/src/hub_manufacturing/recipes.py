"""Built-in recipes of the manufacturing tasks."""

from __future__ import annotations

from hub.contract import Compression, Distillation, Lexical, Recipe, Tables, Training

# A few thousand short texts use few words; those that the next texts use are among the language's common ones.
_MANY_PIECES = Compression(vocabulary=16384)

FAILURE_QUICK = Recipe(
    name="quick",
    summary="Under a minute: an ensemble of 8 small networks, 40 epochs; one small student",
    table=Tables(epochs=40, threshold_metric="cost_per_row"),
)

FAILURE_STANDARD = Recipe(
    name="standard",
    summary="A few minutes: an ensemble of 16 wider networks, 60 epochs; one small student for longer",
    table=Tables(width=192, members=16, epochs=60, learning_rate=4e-3, threshold_metric="cost_per_row"),
)

TYPE_QUICK = Recipe(
    name="quick",
    summary="Under a minute: an ensemble of 8 small networks, 40 epochs; one small student",
    table=Tables(epochs=40),
)

TYPE_STANDARD = Recipe(
    name="standard",
    summary="A few minutes: an ensemble of 16 wider networks, 60 epochs; one small student for longer",
    table=Tables(width=192, members=16, epochs=60, learning_rate=4e-3),
)

TEXT_QUICK = Recipe(
    name="quick",
    summary="Minutes: 6 epochs of at most 500 work orders a label, student of 3 layers",
    max_length=64,
    teacher=Training(epochs=6, learning_rate=2e-4, batch_size=16, epoch_rows_per_label=500, mask_tokens=0.1),
    student=Distillation(
        layers=(0, 2, 5), epochs=16, learning_rate=3e-4, batch_size=16, epoch_rows_per_label=500, mask_tokens=0.1
    ),
    compress=_MANY_PIECES,
)

TEXT_STANDARD = Recipe(
    name="standard",
    summary="About half an hour: 8 epochs of all work orders, student of 2 layers",
    max_length=96,
    teacher=Training(epochs=8, learning_rate=2e-4, mask_tokens=0.1, patience=3),
    student=Distillation(layers=(0, 5), epochs=12, learning_rate=5e-4),
)

ENTITY_QUICK = Recipe(
    name="quick",
    summary="Minutes: 4 epochs, student of 3 layers",
    max_length=96,
    teacher=Training(epochs=4, learning_rate=3e-4, batch_size=32, label_smoothing=0.0),
    student=Distillation(layers=(0, 2, 5), epochs=8, learning_rate=5e-4, batch_size=32),
    lexical=Lexical(use=False),
)

ENTITY_STANDARD = Recipe(
    name="standard",
    summary="About half an hour: up to 10 epochs, student of 3 layers",
    max_length=128,
    teacher=Training(epochs=10, learning_rate=2e-4, batch_size=32, label_smoothing=0.0, patience=3),
    student=Distillation(layers=(0, 2, 5), epochs=15, learning_rate=4e-4, batch_size=32),
    lexical=Lexical(use=False),
)
