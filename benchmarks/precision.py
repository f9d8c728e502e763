"""Every form of the ONNX exporter on banking77: `HUB_BENCH_DATA=DIR python benchmarks/precision.py [--checkpoint DIR]`.

One fine-tuned checkpoint is exported and made smaller in every form that this machine can run. Forms that read rows
read training rows. Each answers the test rows one at a time, unpadded; nothing is chosen by them. All are timed in one
run, alternating, at one thread, and so are fp32 and int8 of the shape of a student of two layers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import common
import int8_accuracy
import numpy as np
from common import Figure
from precision_products import gains

from hub.contract import ExportRequest, Feeds, QuantizedForm, QuantizeRequest
from hub.edge.encode import Encoder
from hub.edge.files import sha256, write_json
from hub.edge.machine import instruction_sets
from hub.edge.onnx import OnnxRuntime
from hub.edge.timing import measure
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length
from hub_onnx.export import export
from hub_onnx.plugin import FORMS, SESSIONS
from hub_onnx.quantize import quantize

NAME = "precision"
COMMAND = "HUB_BENCH_DATA=DIR python benchmarks/precision.py"
FOLDER = common.WORK / NAME
MAX_LENGTH = 128
READ_ROWS = 256
BATCH = 16
STUDENT = (0, 5)
FP32, STUDENT_FP32, STUDENT_INT8 = "fp32", "student fp32", "student int8"
FASTER = 3.3

Rows = Sequence[tuple[str, str]]


def main() -> None:
    """Make the files, count correct rows, time them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", metavar="DIR", type=Path, help="fine-tuned on banking77, with its tokenizer")
    parser.add_argument("--rows", type=int, default=0, help="test rows to read, for a trial; 0 for all")
    chosen = parser.parse_args()
    home = common.bench_data()
    if home is None:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    data = home / int8_accuracy.SET
    checkpoint = chosen.checkpoint or int8_accuracy.trained(data)
    encoder = Encoder(checkpoint / "tokenizer.json", MAX_LENGTH)
    training = int8_accuracy.read(data / "train.csv")
    files = make(checkpoint, encoder, training[:: max(1, len(training) // READ_ROWS)])
    rows = int8_accuracy.read(data / "test.csv")[: chosen.rows or None]
    labels = json.loads((checkpoint / "config.json").read_text("utf-8"))["id2label"]
    right = {name: correct(name, file, encoder, rows, labels) for name, file in files.items() if "student" not in name}
    found, table = figures(files, right, encoder, rows)
    if chosen.rows:
        common.say(found)  # a trial is no result
    else:
        common.write(NAME, COMMAND, found, {"forms": table, "rows": len(rows)})


def make(checkpoint: Path, encoder: Encoder, training: Rows) -> dict[str, Path]:
    """Export, and write every form that runs here; what is there from an earlier run is not made again."""
    from transformers import AutoModelForSequenceClassification

    from hub.train.base import quiet_transformers
    from hub.train.student import make_student

    def feeds() -> Iterator[Feeds]:
        for start in range(0, len(training), BATCH):
            encodings = encoder.encode([text for text, _ in training[start : start + BATCH]])
            yield encoder.feeds(encodings, ("input_ids", "attention_mask", "token_type_ids"))

    def small(source: Path, target: Path, form: QuantizedForm) -> Path:
        if not target.is_file():
            quantize(QuantizeRequest(source, target, form, feeds))
        return target

    folder = FOLDER / sha256(checkpoint / "model.safetensors")[:12]
    folder.mkdir(exist_ok=True)
    files = {FP32: folder / "fp32.onnx", STUDENT_FP32: folder / "student-fp32.onnx"}
    if not all(file.is_file() for file in files.values()):
        with quiet_transformers():
            teacher = AutoModelForSequenceClassification.from_pretrained(checkpoint, attn_implementation="eager").eval()
        for file, model in zip(files.values(), (teacher, make_student(teacher, STUDENT)), strict=True):
            export(ExportRequest(model.eval(), file, "text-classification", MAX_LENGTH))
    files[STUDENT_INT8] = small(files[STUDENT_FP32], folder / "student-int8.onnx", FORMS[0])
    for form in FORMS:
        if set(form.requires) <= set(instruction_sets()):
            files[form.name] = small(files[FP32], folder / f"{form.name}.onnx", form)
    return files


def correct(name: str, file: Path, encoder: Encoder, rows: Rows, labels: dict[str, str]) -> int:
    """Count the rows whose label is right; kept beside the file."""
    kept = file.with_name(f"{file.stem}.{len(rows)}.json")
    if not kept.is_file():
        call = int8_accuracy.caller(encoder, file, {})
        write_json(kept, {"right": sum(labels[str(call(text))] == label for text, label in rows)})
        print(f"{name}: {kept.name}", flush=True)
    return int(json.loads(kept.read_text("utf-8"))["right"])


def figures(
    files: dict[str, Path], right: dict[str, int], encoder: Encoder, rows: Rows
) -> tuple[list[Figure], list[dict[str, Any]]]:
    """Time the files, each with its fastest session; return figures, and a row for each file."""
    times: dict[str, dict[str, float]] = {name: {} for name in files}
    for tokens in TIMED_TOKENS:
        texts = texts_of_length(encoder, [text for text, _ in rows], tokens)
        callers: dict[tuple[str, int], Callable[[str], Any]] = {}
        for name, file in files.items():
            for number, options in enumerate(SESSIONS):
                callers[name, number] = caller(encoder, file, dict(options))
        measured = measure({f"{name}|{number}": call for (name, number), call in callers.items()}, texts, tokens, 1)
        for name in files:
            times[name][str(tokens)] = min(measured[f"{name}|{n}"].p50_ms for n in range(len(SESSIONS)))
    table = [
        {
            "form": name,
            "bytes": file.stat().st_size,
            "p50_ms": times[name],
            "right": right.get(name),
            "points_lost": round(100 * (right[FP32] - right[name]) / len(rows), 3) if name in right else None,
        }
        for name, file in files.items()
    ]
    ratio = round(times[STUDENT_FP32]["64"] / times[STUDENT_INT8]["64"], 2)
    found = [Figure("int8 of two layers against its own fp32, 64 tokens", ratio, "times faster", FASTER, None, True)]
    for what, gain in gains(FOLDER, max(TIMED_TOKENS)).items():
        found.append(Figure(f"int8 against fp32, {what} alone, {max(TIMED_TOKENS)} tokens", gain, "times faster"))
    for row in table:
        if row["points_lost"] is not None:
            found.append(Figure(f"{row['form']}: score lost on test rows", row["points_lost"], "points"))
    return found, table


def caller(encoder: Encoder, file: Path, options: dict[str, Any]) -> Callable[[str], Any]:
    """Return what answers one text, tokenization included."""
    runtime = OnnxRuntime(file, {"threads": 1, "output": "logits", **options})
    return lambda text: np.argmax(runtime.run(encoder.feeds(encoder.encode([text]), runtime.inputs)))


if __name__ == "__main__":
    main()
