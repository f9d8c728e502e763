"""A made-up task that a tiny model learns in seconds, with two slices, and the tiny base model for it.

A text names things of one of four kinds, between words that say nothing; a word belongs to one kind only.
The texts of the slice ``short`` name two things, those of ``long`` four. Nothing here is real data.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.contract.data import Dataset, Example, LoadRequest
from hub.contract.domain import (
    CONTRACT_VERSION,
    CardText,
    DataSource,
    Domain,
    Label,
    Licence,
    Metric,
    Slice,
    Task,
)
from hub.contract.recipe import Compression, Distillation, Recipe, Training

WORDS = {
    "animal": ("badger", "heron", "otter", "lynx", "toad", "weasel", "stork", "marten", "newt", "bison"),
    "plant": ("fern", "clover", "birch", "nettle", "moss", "thistle", "juniper", "sedge", "poppy", "alder"),
    "stone": ("granite", "slate", "basalt", "chalk", "flint", "marble", "quartz", "gneiss", "tuff", "jasper"),
    "tool": ("hammer", "chisel", "pliers", "rasp", "anvil", "awl", "mallet", "spanner", "trowel", "gimlet"),
}
"""Label id to the words that name it."""

FILLER = ("the", "near", "and", "old", "small", "found", "under", "with", "another", "seen", "beside", "large")
"""Words that say nothing about the label."""

SPARE = tuple(f"{first}{last}" for first in ("bla", "gro", "mun", "ste") for last in ("ck", "nd", "rk", "th", "wn"))
"""Pieces of the base model's vocabulary that no text of the task uses: trimming drops them."""

SPLIT_ROWS = {"train": 50, "validation": 12, "calibration": 12, "test": 48}
"""Rows of each label in each split."""

SHORT, LONG = "short", "long"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load(request: LoadRequest) -> Dataset:
    """Make the rows: four labels in equal numbers, no text twice, half of the evaluation rows in each slice.

    Args:
        request: only the seed is used.
    """
    source = random.Random(request.seed)
    texts: dict[str, None] = {}
    rows: dict[str, list[Example]] = {}
    for split, count in SPLIT_ROWS.items():
        rows[split] = []
        for number in range(count):
            for label in WORDS:
                # The declared order is short, long; rows in another order must not change what comes first.
                part = LONG if number % 2 == 0 else SHORT
                text = next(text for text in _texts(label, part, source) if text not in texts)
                texts[text] = None
                rows[split].append(
                    Example(
                        text=text,
                        label=label,
                        slice="" if split == "train" else part,
                        origin=f"{split}-{len(rows[split]) + 1}",
                    )
                )
    return Dataset((), notes=("The rows are made up.",), counts={"texts": len(texts)}).with_splits(rows)


def _texts(label: str, part: str, source: random.Random) -> Iterator[str]:
    while True:
        things = source.sample(WORDS[label], 2 if part == SHORT else 4)
        words = [word for thing in things for word in (source.choice(FILLER), thing)]
        yield " ".join(words)


def examples() -> tuple[str, ...]:
    """Return texts that may be published; none of them is a row of any seed: they begin otherwise."""
    return tuple(f"a {word}, a {other}" for words in WORDS.values() for word, other in itertools.pairwise(words))


_HERE = "hub.testing.tiny"
_METRICS = "hub.contract.metrics"

RECIPE = Recipe(
    name="tiny",
    summary="Seconds, for tests",
    max_length=32,
    teacher=Training(epochs=4, learning_rate=3e-3, batch_size=8, precision="fp32", dropout=0.1),
    student=Distillation(layers=(0, 2), epochs=3, learning_rate=3e-3, batch_size=8, precision="fp32", least_share=0),
    compress=Compression(vocabulary=1),
)
"""Trains in fp32, so that nothing is measured before; its ``base`` must be set to the folder of `tiny_base`."""

TASK = Task(
    name="things",
    kind="text-classification",
    summary="What kind of thing a text names",
    labels=(
        Label("animal", "Animals"),
        Label("plant", "Plants and mosses"),
        Label("stone", "Stones & minerals"),
        Label("tool", "Tools"),
    ),
    sources=(
        DataSource(
            "made-up", "Texts of made-up combinations of words", f"{_HERE}:load", Licence("cc0-1.0"), version="1"
        ),
    ),
    recipes=(RECIPE,),
    metrics=(
        Metric("macro_f1", f"{_METRICS}:macro_f1", "Mean F1 over the labels", hub_name="f1"),
        Metric("accuracy", f"{_METRICS}:accuracy", "Share of right rows", hub_name="accuracy"),
        Metric("log_loss", f"{_METRICS}:log_loss", "Negative log-likelihood in nats", higher_is_better=False),
    ),
    slices=(Slice(SHORT, "Texts that name two things"), Slice(LONG, "Texts that name four things")),
    card=CardText(
        description="Says what kind of thing a made-up text names.",
        intended_use="Tests of software.",
        out_of_scope="Everything else.",
        limits="It knows forty words.",
    ),
    examples=f"{_HERE}:examples",
)

DOMAIN = Domain("tiny", "Made-up tasks for tests", (TASK,), CONTRACT_VERSION)


def tiny_base(folder: Path, seed: int = 0) -> Path:
    """Write a tiny BERT of random weights with its tokenizer, as transformers saves them.

    Three layers of width 32. Its vocabulary has every word of the task, words the task does not use, and every
    printable ASCII character in initial and continuing form.

    Args:
        folder: to write into; made when missing.
        seed: of the weights.

    Returns:
        ``folder``, for the recipe's ``base``.
    """
    import torch
    from transformers import BertConfig, BertModel

    from hub.train.base import quiet_transformers

    pieces = vocabulary()
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.05,  # wide enough to learn from in a hundred steps
        pad_token_id=pieces.index("[PAD]"),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(config)
    with quiet_transformers():
        model.save_pretrained(folder)
        _tokenizer(pieces).save_pretrained(folder)
    return folder


def vocabulary() -> list[str]:
    """Return the pieces of the base model in the order of their ids."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*FILLER, *(word for words in WORDS.values() for word in words), *SPARE]
    return [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *words]


def _tokenizer(pieces: list[str]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    unknown = SPECIAL[1]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(token, pieces.index(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    names = {f"{token.strip('[]').lower()}_token": token for token in SPECIAL}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **names)
