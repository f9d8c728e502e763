"""One model in a process of its own: reads requests as JSON lines, answers each with one; see peers.py.

`python peers_worker.py torch|onnx|model2vec FOLDER [FILE [OPTIONS]]`. Beside the library of its model it needs the
standard library only, because it runs in each peer's own Python.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Caller = Callable[[str], str]


def torch_model(folder: str) -> Caller:
    """Open a checkpoint in PyTorch: tokenizer and eager model with sdpa attention, inference mode, one thread."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(1)
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="sdpa").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    labels = model.config.id2label

    def call(text: str) -> str:
        with torch.inference_mode():
            inputs = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
            return str(labels[int(model(**inputs).logits.argmax())])

    return call


def onnx_model(folder: str, file: str, options: str = "{}") -> Caller:
    """Open an ONNX file beside a tokenizer.json and a config.json, at one thread."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from hub.edge.encode import Encoder
    from hub.edge.onnx import OnnxRuntime

    encoder = Encoder(Path(folder) / "tokenizer.json", 512)
    labels = json.loads((Path(folder) / "config.json").read_text("utf-8"))["id2label"]
    runtime = OnnxRuntime(Path(file), {"threads": 1, "output": "logits", **json.loads(options)})

    def call(text: str) -> str:
        scores = runtime.run(encoder.feeds(encoder.encode([text]), runtime.inputs))
        return str(labels[str(int(scores[0].argmax()))])

    return call


def model2vec_model(folder: str) -> Caller:
    """Open a classifier of model2vec through its own inference, which needs no PyTorch."""
    from model2vec.inference import StaticModelPipeline

    pipeline = StaticModelPipeline.from_pretrained(folder)
    return lambda text: str(pipeline.predict([text])[0])


KINDS: dict[str, Callable[..., Caller]] = {"torch": torch_model, "onnx": onnx_model, "model2vec": model2vec_model}


def peak_bytes() -> int:
    """Return the peak of the resident memory of this process, ``VmHWM`` of Linux."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell the peak memory of a process")


def answer(call: Caller, request: dict[str, Any]) -> Any:
    """Do what one request asks."""
    texts = request.get("texts", [])
    if request["do"] == "label":
        return [call(text) for text in texts]
    if request["do"] == "time":
        nanoseconds = []
        for text in texts:
            start = time.perf_counter_ns()
            call(text)
            nanoseconds.append(time.perf_counter_ns() - start)
        return nanoseconds
    if request["do"] == "memory":
        return peak_bytes()
    raise ValueError(f"unknown request {request['do']!r}")


def main(kind: str, *words: str) -> None:
    """Open the model and answer until the requests end."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no reply
    call = KINDS[kind](*words)
    for line in sys.stdin:
        replies.write(json.dumps(answer(call, json.loads(line))) + "\n")
        replies.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
