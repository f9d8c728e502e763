"""Built-in recipes of the finance tasks."""

from __future__ import annotations

from hub.contract import Compression, DataOptions, Distillation, Recipe, Tables, Training

# A few thousand sentences use few words; those that the next ones use are among the language's common ones.
_MANY_PIECES = Compression(vocabulary=16384)

MERCHANT_QUICK = Recipe(
    name="quick",
    summary="A few minutes: 10 epochs of some 600 short rows, student of 2 layers",
    max_length=48,
    teacher=Training(
        epochs=10,
        learning_rate=1e-4,
        batch_size=32,
        class_weights="sqrt",
        dropout=0.1,
        mask_tokens=0.1,
        patience=4,
    ),
    student=Distillation(layers=(0, 5), epochs=16, learning_rate=5e-4, batch_size=32, mask_tokens=0.1),
)

MERCHANT_STANDARD = Recipe(
    name="standard",
    summary="About ten minutes: up to 30 slower epochs of the same rows, student of 2 layers",
    max_length=64,
    teacher=Training(
        epochs=30,
        learning_rate=5e-5,
        batch_size=32,
        class_weights="sqrt",
        dropout=0.1,
        mask_tokens=0.15,
        patience=8,
    ),
    student=Distillation(layers=(0, 5), epochs=30, learning_rate=3e-4, batch_size=32, mask_tokens=0.1),
)

TEXT_QUICK = Recipe(
    name="quick",
    summary="Minutes: 4 epochs of at most 150 rows a label, student of 2 layers",
    max_length=64,
    teacher=Training(epochs=4, learning_rate=3e-4, epoch_rows_per_label=150),
    student=Distillation(layers=(0, 5), epochs=8, learning_rate=5e-4, epoch_rows_per_label=150),
)

TEXT_STANDARD = Recipe(
    name="standard",
    summary="About half an hour: 6 epochs of all rows, student of 2 layers",
    max_length=96,
    teacher=Training(epochs=6, learning_rate=3e-4),
    student=Distillation(layers=(0, 5), epochs=10, learning_rate=5e-4),
)

SENTIMENT_QUICK = Recipe(
    name="quick",
    summary="Minutes: 4 epochs of at most 1,000 sentences a label, student of 3 layers",
    max_length=64,
    teacher=Training(epochs=4, learning_rate=2e-4, batch_size=32, epoch_rows_per_label=1000, class_weights="sqrt"),
    student=Distillation(layers=(0, 2, 5), epochs=16, learning_rate=5e-4, batch_size=32, epoch_rows_per_label=1000),
    compress=_MANY_PIECES,
)

SENTIMENT_STANDARD = Recipe(
    name="standard",
    summary="About a quarter of an hour: 8 epochs of all sentences, student of 2 layers",
    max_length=96,
    teacher=Training(epochs=8, learning_rate=2e-4, batch_size=32, class_weights="sqrt", patience=3),
    student=Distillation(layers=(0, 5), epochs=15, learning_rate=5e-4, batch_size=32),
)

# Who counts as bad is decided by cost: a bad credit granted costs five times a good one refused.
RISK_QUICK = Recipe(
    name="quick",
    summary="Minutes: an ensemble of 8 small networks, 40 epochs of at most 20,000 rows a label; one small student",
    data=DataOptions(max_rows_per_label=20_000),
    table=Tables(epochs=40, threshold_metric="risk_cost"),
)

RISK_STANDARD = Recipe(
    name="standard",
    summary="All rows: an ensemble of 16 wider networks, 60 epochs; one small student for longer",
    table=Tables(width=192, members=16, epochs=60, learning_rate=4e-3, threshold_metric="risk_cost"),
)
