"""The made-up words of `hub.testing.tiny` as tasks of other kinds. Nothing here is real data."""

from __future__ import annotations

import random

from hub.contract.data import Dataset, Example, LoadRequest
from hub.contract.domain import DataSource, Label, Licence, Metric, Task
from hub.contract.recipe import Distillation, Gates, Recipe, Training
from hub.testing.tiny import FILLER, RECIPE, TASK, WORDS

_HERE = "hub.testing.tiny_kinds"
_ROWS = {"train": 320, "validation": 60, "calibration": 60, "test": 120}


def _draw(request: LoadRequest) -> dict[str, list[list[tuple[str, str]]]]:
    """Return texts of each split as words with the kind of thing they name, ``""`` for those that say nothing."""
    source = random.Random(request.seed)
    seen: set[str] = set()
    found: dict[str, list[list[tuple[str, str]]]] = {}
    for split, count in _ROWS.items():
        found[split] = []
        while len(found[split]) < count:
            kinds = source.sample(list(WORDS), source.choice((0, 1, 1, 2, 2, 3)))
            words = [(source.choice(FILLER), "") for _ in range(4)]
            for kind in kinds:
                words.insert(source.randrange(len(words) + 1), (source.choice(WORDS[kind]), kind))
            text = " ".join(word for word, _ in words)
            if text not in seen:
                seen.add(text)
                found[split].append(words)
    return found


def load_labels(request: LoadRequest) -> Dataset:
    """Make rows that have every kind of thing their text names as a label; some name nothing.

    Args:
        request: only the seed is used.
    """
    rows = {
        split: [
            Example(" ".join(word for word, _ in words), labels=tuple(sorted({kind for _, kind in words if kind})))
            for words in texts
        ]
        for split, texts in _draw(request).items()
    }
    return Dataset(()).with_splits(rows)


def load_entities(request: LoadRequest) -> Dataset:
    """Make rows whose entities are the words that name a thing, with the word before an old one.

    Args:
        request: only the seed is used.
    """
    return Dataset(()).with_splits(
        {split: [_tagged(words) for words in texts] for split, texts in _draw(request).items()}
    )


def _tagged(words: list[tuple[str, str]]) -> Example:
    tags = [f"B-{kind}" if kind else "O" for _, kind in words]
    for place in range(1, len(words)):
        if words[place - 1][0] == "old" and words[place][1]:
            tags[place - 1 : place + 1] = [f"B-{words[place][1]}", f"I-{words[place][1]}"]
    plain = tuple(word for word, _ in words)
    return Example(" ".join(plain), words=plain, tags=tuple(tags))


def load_pairs(request: LoadRequest) -> Dataset:
    """Make pairs of texts and say what kind of thing the second one names; the first one names another kind.

    Args:
        request: only the seed is used.
    """
    source = random.Random(request.seed)
    rows: dict[str, list[Example]] = {}
    seen: set[tuple[str, str]] = set()
    for split, count in _ROWS.items():
        rows[split] = []
        while len(rows[split]) < count:
            first, second = source.sample(("animal", "tool"), 2)
            pair = (source.choice(WORDS[first]), source.choice(WORDS[second]))
            texts = (f"{source.choice(FILLER)} {pair[0]}", f"{source.choice(FILLER)} {pair[1]}")
            if texts not in seen:
                seen.add(texts)
                rows[split].append(Example(texts[0], second, text_pair=texts[1]))
    return Dataset(()).with_splits(rows)


def _source(loader: str) -> tuple[DataSource, ...]:
    return (DataSource("made-up", "Made-up rows", f"{_HERE}:{loader}", Licence("CC0-1.0")),)


_RECIPE = Recipe(
    name="tiny",
    summary="Seconds, for tests",
    max_length=32,
    teacher=Training(epochs=4, learning_rate=3e-3, batch_size=8, precision="fp32"),
    student=Distillation(layers=(0, 2), epochs=4, learning_rate=3e-3, batch_size=8, precision="fp32", least_share=0),
    compress=RECIPE.compress,
    gates=Gates(min_teacher_share=80),
)

SEVERAL = Task(
    name="several-things",
    kind="multi-label",
    summary="Which kinds of things a text names",
    labels=tuple(Label(name) for name in WORDS),
    sources=_source("load_labels"),
    recipes=(_RECIPE,),
    metrics=(
        Metric("macro_f1", "hub.contract.metrics_labels:macro_f1"),
        Metric("exact_match", "hub.contract.metrics_labels:exact_match"),
    ),
    card=TASK.card,
)
ENTITIES = Task(
    name="named-things",
    kind="token-classification",
    summary="The things that a text names",
    labels=tuple(Label(name) for name in WORDS),
    sources=_source("load_entities"),
    recipes=(_RECIPE,),
    metrics=(Metric("entity_f1", "hub.contract.metrics_spans:entity_f1"),),
    card=TASK.card,
)
PAIRS = Task(
    name="two-things",
    kind="text-classification",
    summary="What kind of thing the second of two texts names",
    labels=(Label("animal"), Label("tool")),
    sources=_source("load_pairs"),
    recipes=(_RECIPE,),
    metrics=(Metric("macro_f1", "hub.contract.metrics:macro_f1"),),
    card=TASK.card,
)
