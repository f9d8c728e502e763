"""int8 of three makers on banking77: `HUB_BENCH_DATA=DIR python benchmarks/int8_accuracy.py [--checkpoint DIR]`.

One fine-tuned checkpoint is exported by `hub export`, by optimum (avx512_vnni, dynamic) and by transformers with its
default dynamic int8. All three answer the test rows one at a time, unpadded, with the same tokenizer and the same ONNX
Runtime, and are timed in one run, alternating, at one thread.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import common
import numpy as np
import optimum_venv
from common import Figure

from hub.edge.encode import Encoder
from hub.edge.onnx import OnnxRuntime
from hub.edge.timing import measure
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length

NAME = "int8-accuracy"
COMMAND = "HUB_BENCH_DATA=DIR python benchmarks/int8_accuracy.py"
FOLDER = common.WORK / NAME
RUNS = common.WORK / "runs" / "own-finance-banking77"
SET = "finance/banking77"
TASK = "finance/banking-intent"
ROWS_WORSE, TIMES_FASTER = 3, 1.3
EXPORT_ROWS = 600
"""Training rows on which `hub export` chooses; the test rows choose nothing."""

CALLS = 1000
"""Timed calls of each: twenty blocks, so that a moment of other work on the machine weighs little."""

OURS, OPTIMUM, DEFAULT = "hub export", "optimum, avx512_vnni", "transformers, default dynamic"

Caller = Callable[[str], Any]


def main() -> None:
    """Make the three files, then compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", metavar="DIR", type=Path, help="fine-tuned on banking77, with its tokenizer")
    parser.add_argument("--optimum-python", metavar="PATH", help="a Python that has optimum-onnx 0.1.0")
    parser.add_argument("--rows", type=int, default=0, help="test rows to read, for a trial; 0 for all")
    chosen = parser.parse_args()
    home = common.bench_data()
    if home is None:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = optimum_venv.find(chosen.optimum_python)
    checkpoint = chosen.checkpoint or trained(home / SET)
    training = read(home / SET / "train.csv")
    bundle = export(checkpoint, training)
    callers = open_all(bundle, by_optimum(program, checkpoint), by_transformers(checkpoint))
    rows = read(home / SET / "test.csv")[: chosen.rows or None]
    found, details = compare(callers, rows, bundle, checkpoint, optimum_venv.versions(program))
    if chosen.rows:
        common.say(found)  # a trial is no result
    else:
        common.write(NAME, COMMAND, found, details)


def read(file: Path) -> list[tuple[str, str]]:
    """Return texts with labels."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [(row["text"], row["label"]) for row in csv.DictReader(lines)]


def trained(data: Path) -> Path:
    """Return the teacher of the benchmark's run, trained now if there is none."""
    found = sorted(RUNS.glob("*/finetune/model/model.safetensors"))
    if not found:
        words = ["train", TASK, "--recipe", "quick", "--data", str(data), "--runs", str(RUNS)]
        subprocess.run([*common.HUB, *words], check=True)
        found = sorted(RUNS.glob("*/finetune/model/model.safetensors"))
    return found[-1].parent


def export(checkpoint: Path, training: Sequence[tuple[str, str]]) -> Path:
    """Run `hub export` on training rows; int8 is chosen as it always is."""
    rows = FOLDER / "rows.csv"
    step = max(1, len(training) // EXPORT_ROWS)
    with rows.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("text", "label"), *training[::step]])
    bundle = FOLDER / "bundle"
    words = ["export", str(checkpoint), "--out", str(bundle), "--data", str(rows), "--runs", str(FOLDER / "runs")]
    subprocess.run([*common.HUB, *words, "--json"], check=True, stdout=subprocess.DEVNULL)
    return bundle


def by_optimum(program: Path, checkpoint: Path) -> Path:
    """Export and quantize with optimum's commands."""
    shutil.rmtree(FOLDER / "optimum", ignore_errors=True)
    with (FOLDER / "optimum.log").open("w", encoding="utf-8") as log:
        for command in optimum_venv.commands(program, checkpoint, FOLDER / "optimum"):
            environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
            subprocess.run(command, check=True, stdout=log, stderr=log, env=environment)
    return FOLDER / "optimum" / "int8" / "model_quantized.onnx"


def by_transformers(checkpoint: Path) -> Path:
    """Export and quantize with what transformers has, as its documentation does."""
    import onnx_ir
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.exporters import OnnxConfig, OnnxExporter, OnnxRuntimeDynamicConfig, OnnxRuntimeQuantizer

    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    sample = dict(tokenizer(["where is my card", "the transfer failed"], padding=True, return_tensors="pt"))
    config = OnnxConfig(dynamic=True, quantizer=OnnxRuntimeQuantizer(OnnxRuntimeDynamicConfig()))
    exported = OnnxExporter().export(model, sample, config=config)
    file = FOLDER / "transformers.onnx"
    onnx_ir.save(exported.program, file)
    return file


def open_all(bundle: Path, optimum: Path, default: Path) -> dict[str, Caller]:
    """Return what answers one text, by maker: label numbers; ours with the session options of its bundle."""
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    variant = manifest["variants"].get("int8")
    if variant is None:
        raise SystemExit("hub export kept no int8 variant of this checkpoint; see its report")
    encoder = Encoder(bundle / "tokenizer.json", manifest["max_length"])
    session = {key: value for key, value in variant["session"].items() if key == "disabled_optimizers" and value}
    files = {OURS: (bundle / variant["file"], session), OPTIMUM: (optimum, {}), DEFAULT: (default, {})}
    return {name: caller(encoder, file, options) for name, (file, options) in files.items()}


def caller(encoder: Encoder, file: Path, options: dict[str, Any]) -> Caller:
    """Return a function from a text to the number of its label."""
    runtime = OnnxRuntime(file, {"threads": 1, "output": "logits", **options})

    def call(text: str) -> int:
        return int(np.argmax(runtime.run(encoder.feeds(encoder.encode([text]), runtime.inputs))))

    return call


def compare(
    callers: dict[str, Caller], rows: Sequence[tuple[str, str]], bundle: Path, checkpoint: Path, theirs: dict[str, str]
) -> tuple[list[Figure], dict[str, Any]]:
    """Count correct rows and time the three; return figures and details."""
    labels = json.loads((checkpoint / "config.json").read_text("utf-8"))["id2label"]
    right = {name: sum(labels[str(call(text))] == label for text, label in rows) for name, call in callers.items()}
    encoder = Encoder(bundle / "tokenizer.json", max(TIMED_TOKENS))
    best = max(right[OPTIMUM], right[DEFAULT])
    found = [Figure("rows worse than the better of the other two", best - right[OURS], f"of {len(rows)}", ROWS_WORSE)]
    times = {}
    for tokens in TIMED_TOKENS:
        texts = texts_of_length(encoder, [text for text, _ in rows], tokens)
        times[tokens] = measure(callers, texts, tokens, 1, calls=CALLS)
        fastest = min(times[tokens][name].p50_ms for name in (OPTIMUM, DEFAULT))
        ratio = round(fastest / times[tokens][OURS].p50_ms, 2)
        what = f"one {tokens}-token text against the faster of the other two"
        found.append(Figure(what, ratio, "times faster", TIMES_FASTER, None, True))
    for name in callers:
        found.append(Figure(f"{name}: correct rows", right[name], f"of {len(rows)}", higher_is_better=True))
        for tokens in TIMED_TOKENS:
            found.append(Figure(f"{name}: p50 at {tokens} tokens", times[tokens][name].p50_ms, "ms"))
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    packages = ", ".join(f"{name} {version}" for name, version in theirs.items())
    notes = [
        f"Ours as `hub export` chose it on {EXPORT_ROWS} training rows; optimum's side: {packages}.",
        "One text at a time, unpadded, one thread; the same tokenizer and ONNX Runtime for all three.",
    ]
    return found, {"variant": manifest["variants"]["int8"], "rows": len(rows), "notes": notes}


if __name__ == "__main__":
    main()
