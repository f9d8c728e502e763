"""One part of training_speed.py in a process of its own: `python training_speed_parts.py PART ROWS EPOCHS FILE`."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from int8_accuracy import read

from hub.edge.files import write_json
from hub.train.batches import EncodedRows, epoch_batches, make_batch
from hub.train.losses import classification_loss
from hub.train.optimizer import MasterOptimizer

BATCH, MAX_LENGTH, SEED = 64, 64, 13
RATE, WARMUP, DECAY, SMOOTHING, CLIP = 3e-4, 0.06, 0.01, 0.1, 1.0
"""Of both trainings: what is compared is how fast they are, not who has the better values."""

OURS, OURS_FP32, TRANSFORMERS, FACTORS, OPTIMIZERS, MEMORY = (
    "ours",
    "ours-fp32",
    "transformers",
    "factors",
    "optimizers",
    "memory",
)
PARTS = (OURS, OURS_FP32, FACTORS, OPTIMIZERS, MEMORY, TRANSFORMERS)
ROUNDS, MEMORY_ROWS, MEMORY_EPOCHS = 20, 1280, 12


@dataclass(frozen=True)
class Step:
    """How a training step is made; each entry of the ladder changes one thing of the one before.

    Args:
        name: what is changed.
        by_length: batches of rows of similar length, else random ones, padded to the longest.
        trimmed: the embedding table has the rows that the texts use, else all.
        dropout: 0..1, -1 for what the model brings.
        attention: of transformers, ``sdpa`` or ``eager``.
        precision: of the weights, ``fp32`` or ``bf16`` (with fp32 masters).
    """

    name: str
    by_length: bool = True
    trimmed: bool = True
    dropout: float = 0.0
    attention: str = "eager"
    precision: str = "bf16"


LADDER = (
    Step("as transformers trains", by_length=False, trimmed=False, dropout=-1, attention="sdpa", precision="fp32"),
    Step("batches of similar length", trimmed=False, dropout=-1, attention="sdpa", precision="fp32"),
    Step("trimmed embedding table", dropout=-1, attention="sdpa", precision="fp32"),
    Step("no dropout", attention="sdpa", precision="fp32"),
    Step("eager attention", precision="fp32"),
    Step("bf16 weights, fp32 masters"),
)
OTHER = Step("the last one with sdpa attention", attention="sdpa")
"""Timed beside the ladder: why attention is eager."""


@dataclass(frozen=True)
class Data:
    """Rows of banking77.

    Args:
        train: texts and labels.
        test: texts and labels, scored once.
        labels: in order.
    """

    train: list[tuple[str, str]]
    test: list[tuple[str, str]]
    labels: list[str]

    def truth(self, rows: list[tuple[str, str]]) -> npt.NDArray[np.int64]:
        """Return label indices."""
        places = {label: place for place, label in enumerate(self.labels)}
        return np.array([places[label] for _, label in rows], dtype=np.int64)


def load(folder: Path, rows: int) -> Data:
    """Read the set; ``rows`` above 0 takes so many of each split, spread evenly."""
    train, test = read(folder / "train.csv"), read(folder / "test.csv")
    if rows:
        train, test = (part[:: max(1, len(part) // rows)][:rows] for part in (train, test))
    return Data(train, test, sorted({label for _, label in train}))


def tokenized(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return token ids, special tokens included."""
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=MAX_LENGTH)["input_ids"]
    return ids


def encoded(ids: Sequence[Sequence[int]], pad_id: int, truth: npt.NDArray[np.int64]) -> EncodedRows:
    """Return rows as the training loop reads them."""
    return EncodedRows(tuple(tuple(row) for row in ids), pad_id, truth)


def trim(model: Any, tokenizer: Any, *parts: EncodedRows) -> tuple[EncodedRows, ...]:
    """Leave in the embedding table what the rows use, as the teacher's training does."""
    import dataclasses

    from hub.compress import vocabulary

    used = sorted({i for part in parts for row in part.ids for i in row} | set(tokenizer.all_special_ids))
    vocabulary.trim_embeddings(model, used)
    new = {old: place for place, old in enumerate(used)}
    return tuple(
        dataclasses.replace(part, ids=tuple(tuple(new[i] for i in row) for row in part.ids), pad_id=new[part.pad_id])
        for part in parts
    )


def accuracy(model: Any, rows: EncodedRows) -> float:
    """Return the percentage of right rows."""
    from hub.train.inference import scores

    return round(100 * float((scores(model.eval(), rows).argmax(axis=1) == rows.strata).mean()), 2)


def memory_mb() -> float:
    """Return the resident memory of this process."""
    import psutil

    return round(psutil.Process().memory_info().rss / 1e6, 1)


def ours(data: Data, epochs: int, precision: str) -> dict[str, Any]:
    """Train as the teacher of a build is trained; the choice of the precision counts as training time."""
    import torch

    from hub.pipeline.stages.training import median_batch
    from hub.train.base import find_base, load_model, load_tokenizer
    from hub.train.loop import Plan, Trainer
    from hub.train.precision import choose_precision

    base = find_base("packaged")
    tokenizer = load_tokenizer(base)
    model = load_model(base, data.labels, "label", seed=SEED, dropout=0.0)
    pad_id = tokenizer.pad_token_id
    splits = [(split, data.truth(split)) for split in (data.train, data.test)]
    rows, test = (encoded(tokenized(tokenizer, [text for text, _ in split]), pad_id, y) for split, y in splits)
    rows, test = trim(model, tokenizer, rows, test)
    truth = torch.from_numpy(rows.strata)
    memory: list[float] = []

    def objective(trained: Any, inputs: list[int]) -> Any:
        found = trained(**make_batch(rows, inputs).inputs).logits.float()
        return classification_loss(found, truth[inputs], SMOOTHING, None)

    def score(_: Any) -> float:
        memory.append(memory_mb())
        return float(len(memory))  # the last epoch's weights are kept, as there

    def batches(epoch: int) -> list[list[int]]:
        return epoch_batches(rows, epoch, batch_size=BATCH, most_per_label=0, seed=SEED)

    start = time.perf_counter()
    ordinary = median_batch(rows, BATCH)
    found, step_ms = choose_precision(precision, model, lambda trial: objective(trial, ordinary))
    plan = Plan("teacher", epochs, len(rows), RATE, WARMUP, DECAY, CLIP, 0, found, SEED, step_ms)
    checkpoint = Path(sys.argv[4]).with_suffix(".pt")
    checkpoint.unlink(missing_ok=True)
    Trainer(model, batches, objective, score, plan, checkpoint, lambda tick: None).run()
    seconds = time.perf_counter() - start
    checkpoint.unlink()
    return {
        **speed(seconds, len(rows), epochs),
        "score": accuracy(model, test),
        "precision": found,
        "memory_mb": memory,
    }


def speed(seconds: float, rows: int, epochs: int) -> dict[str, Any]:
    """Return what is recorded of the time of a training."""
    import torch

    per_second = round(rows * epochs / seconds, 2)
    return {"seconds": round(seconds, 2), "rows_per_second": per_second, "threads": torch.get_num_threads()}


def transformers(data: Data, epochs: int) -> dict[str, Any]:
    """Train with transformers' Trainer: fp32, random batches, padded to the longest of the batch."""
    import tempfile

    import torch
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    from hub.train.base import find_base, load_tokenizer, quiet_transformers

    base = find_base("packaged")
    tokenizer = load_tokenizer(base)
    torch.manual_seed(SEED)
    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(base.location, num_labels=len(data.labels))
    texts = [text for text, _ in data.train]
    columns = {**tokenizer(texts, truncation=True, max_length=MAX_LENGTH), "labels": data.truth(data.train).tolist()}
    steps = epochs * -(-len(texts) // BATCH)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            lr_scheduler_type="cosine",
            warmup_steps=round(WARMUP * steps),
            weight_decay=DECAY,
            label_smoothing_factor=SMOOTHING,
            max_grad_norm=CLIP,
            seed=SEED,
            use_cpu=True,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        collator = DataCollatorWithPadding(tokenizer)
        trainer = Trainer(model, arguments, collator, Dataset.from_dict(dict(columns)))
        start = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - start
    test = encoded(tokenized(tokenizer, [text for text, _ in data.test]), tokenizer.pad_token_id, data.truth(data.test))
    return {**speed(seconds, len(texts), epochs), "score": accuracy(model, test), "precision": "fp32"}


def stepper(step: Step, data: Data, rounds: int) -> Callable[[int], None]:
    """Return a function that makes the training step of one of ``rounds`` batches, the same rows in every ladder."""
    import torch

    from hub.train.base import find_base, load_model, load_tokenizer
    from hub.train.precision import to_precision

    base = find_base("packaged")
    tokenizer = load_tokenizer(base)
    dropout = 0.1 if step.dropout < 0 else step.dropout  # what all-MiniLM-L6-v2 brings
    model: Any = load_model(base, data.labels, "label", seed=SEED, dropout=dropout)
    model.set_attn_implementation(step.attention)
    chosen = random.Random(SEED).sample(range(len(data.train)), min(len(data.train), rounds * BATCH))
    ids = tokenized(tokenizer, [data.train[i][0] for i in chosen])
    rows = encoded(ids, tokenizer.pad_token_id, data.truth([data.train[i] for i in chosen]))
    if step.trimmed:
        # The table of the whole set, as in the training.
        whole = encoded(tokenized(tokenizer, [text for text, _ in data.train]), rows.pad_id, data.truth(data.train))
        rows, _ = trim(model, tokenizer, rows, whole)
    order = list(range(len(rows)))
    plain = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    batches = epoch_batches(rows, 0, batch_size=BATCH, most_per_label=0, seed=SEED) if step.by_length else plain
    to_precision(model, step.precision)
    model.train()
    optimizer = MasterOptimizer(model, RATE, DECAY, CLIP)
    truth = torch.from_numpy(rows.strata)

    def run(number: int) -> None:
        batch = batches[number % len(batches)]
        found = model(**make_batch(rows, batch).inputs).logits.float()
        classification_loss(found, truth[batch], SMOOTHING, None).backward()
        optimizer.step()

    return run


def factors(data: Data) -> dict[str, Any]:
    """Time the steps of the ladder in turn, so that whatever else the machine does hits all of them."""
    callers = {step.name: stepper(step, data, ROUNDS) for step in (*LADDER, OTHER)}
    seconds = dict.fromkeys(callers, 0.0)
    for run in callers.values():
        run(0)  # allocates
    for number in range(ROUNDS):
        for name, run in callers.items():
            start = time.perf_counter()
            run(number)
            seconds[name] += time.perf_counter() - start
    step_ms = {name: round(1000 * value / ROUNDS, 1) for name, value in seconds.items()}
    return {"step_ms": step_ms, "steps": ROUNDS, **time_tokens(data)}


def time_tokens(data: Data) -> dict[str, float]:
    """Time what is done once before the training: cutting the texts of a batch into tokens."""
    from hub.train.base import find_base, load_tokenizer

    tokenizer = load_tokenizer(find_base("packaged"))
    texts = [text for text, _ in data.train]
    start = time.perf_counter()
    for first in range(0, len(texts), BATCH):
        tokenized(tokenizer, texts[first : first + BATCH])
    return {"tokens_ms": round(1000 * (time.perf_counter() - start) / -(-len(texts) // BATCH), 2)}


def optimizers() -> dict[str, Any]:
    """Time AdamW alone on the model's weights: its forms, the whole and a trimmed table, and decayed state."""
    import torch

    from hub.train.base import find_base, load_model

    model = load_model(find_base("packaged"), ["a", "b"], "label", seed=SEED, dropout=0.0)
    weights = [weight.detach().clone() for weight in model.parameters()]
    found = {}
    forms = {"fused": {"fused": True}, "foreach": {"foreach": True}, "one by one": {"foreach": False}}
    for name, form in forms.items():
        own = [weight.clone().requires_grad_() for weight in weights]
        for weight in own:
            weight.grad = torch.randn_like(weight) * 1e-3
        found[name] = median_ms(torch.optim.AdamW(own, lr=1e-5, **form).step)
    return {"adamw_ms": found, "denormal_ms": denormals(torch.nn.Parameter(torch.randn(30522, 384)))}


def denormals(table: Any) -> dict[str, float]:
    """Time a step over a table whose state has decayed as that of rows that no text uses any more, flushed or not."""
    import torch

    found = {}
    for name, flush in {"kept": False, "flushed": True}.items():
        optimizer = torch.optim.AdamW([table], lr=1e-5, fused=True)
        table.grad = torch.zeros_like(table)
        torch.set_flush_denormal(False)
        optimizer.step()
        for value in optimizer.state[table].values():
            if value.dim():
                value.fill_(1e-40)
        torch.set_flush_denormal(flush)
        found[name] = median_ms(optimizer.step)
        torch.set_flush_denormal(False)
    return found


def median_ms(call: Callable[[], Any], calls: int = 15) -> float:
    """Return the median milliseconds of a call, after two more."""
    times = []
    for number in range(calls + 2):
        start = time.perf_counter()
        call()
        if number > 1:
            times.append(1000 * (time.perf_counter() - start))
    return round(float(np.median(times)), 2)


def memory(data: Data) -> dict[str, Any]:
    """Train for many short epochs and record the memory after each."""
    some = Data(data.train[:: max(1, len(data.train) // MEMORY_ROWS)][:MEMORY_ROWS], data.test[:BATCH], data.labels)
    return {"memory_mb": ours(some, MEMORY_EPOCHS, "fp32")["memory_mb"]}


def main() -> None:
    """Run a part and write what it found."""
    import os

    part, rows, epochs, file = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    data = load(Path(os.environ["HUB_BENCH_DATA"]) / "finance" / "banking77", rows)
    run: Mapping[str, Callable[[], dict[str, Any]]] = {
        OURS: lambda: ours(data, epochs, "auto"),
        OURS_FP32: lambda: ours(data, epochs, "fp32"),
        TRANSFORMERS: lambda: transformers(data, epochs),
        FACTORS: lambda: factors(data),
        OPTIMIZERS: optimizers,
        MEMORY: lambda: memory(data),
    }
    found = run[part]()
    write_json(file, found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
