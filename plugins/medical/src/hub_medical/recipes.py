"""Built-in recipes of the medical tasks."""

from __future__ import annotations

from hub.contract import Distillation, Recipe, Training

QUICK = Recipe(
    name="quick",
    summary="Minutes: 3 epochs of at most 1,000 terms a chapter, student of 2 layers",
    teacher=Training(epochs=3, learning_rate=3e-4, epoch_rows_per_label=1000, mask_tokens=0.1),
    student=Distillation(layers=(0, 5), epochs=5, learning_rate=5e-4, epoch_rows_per_label=1000),
)

STANDARD = Recipe(
    name="standard",
    summary="Half an hour: 6 epochs of at most 2,000 terms a chapter, student of 2 layers",
    teacher=Training(epochs=6, learning_rate=3e-4, epoch_rows_per_label=2000, mask_tokens=0.1),
    student=Distillation(layers=(0, 5), epochs=8, learning_rate=5e-4, epoch_rows_per_label=2000),
)
