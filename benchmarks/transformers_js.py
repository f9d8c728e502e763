"""Bundles in Transformers.js: installs it below build/, and asks one Node process for its answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common

from hub.contract.exporter import Feeds
from hub.edge.encode import Encoder, Text

PACKAGE = "@huggingface/transformers@4"
FOLDER = common.WORK / "node"
SCRIPT = Path(__file__).with_name("transformers_js.mjs")
TOLERANCE = 1e-3
"""Of logits: its ONNX Runtime is another version than ours."""

PIPELINES = {
    "text-classification": "text-classification",
    "multi-label": "text-classification",
    "pairs": "text-classification",
    "token-classification": "token-classification",
    "question-answering": "question-answering",
    "embeddings": "feature-extraction",
    "fill-mask": "fill-mask",
}


@dataclass(frozen=True)
class Cell:
    """A bundle that Transformers.js is asked about.

    Args:
        name: of the cell.
        bundle: its folder.
        pipeline: task as Transformers.js names it.
        samples: inputs, with our tokens and the outputs of the fp32 graph in ONNX Runtime.
    """

    name: str
    bundle: Path
    pipeline: str
    samples: tuple[dict[str, Any], ...]


def ready() -> str:
    """Install the package below build/ if it is not there.

    Returns:
        Why it cannot be used, ``""`` when it can.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node is not installed"
    if (FOLDER / "node_modules" / "@huggingface" / "transformers" / "package.json").is_file():
        return ""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text('{"private": true}\n', "utf-8")
    # Its ONNX Runtime would fetch a CUDA provider, which is not on npm; the CPU library is in the package.
    environment = {**os.environ, "ONNXRUNTIME_NODE_INSTALL": "skip"}
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", PACKAGE],
        cwd=FOLDER, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return "" if done.returncode == 0 else f"npm cannot install {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}"


def version() -> str:
    """Return the installed version."""
    file = FOLDER / "node_modules" / "@huggingface" / "transformers" / "package.json"
    return str(json.loads(file.read_text("utf-8"))["version"])


def make_samples(
    encoder: Encoder, inputs: Sequence[Text], run: Callable[[Feeds], dict[str, Any]], names: Sequence[str]
) -> tuple[dict[str, Any], ...]:
    """Return inputs with our tokens and outputs.

    Args:
        encoder: of the bundle.
        inputs: short ones.
        run: from the arrays of one input to the outputs by name.
        names: of the graph's inputs.
    """
    made = []
    for text, encoding in zip(inputs, encoder.encode(inputs), strict=True):
        outputs = {name: value.tolist() for name, value in run(encoder.feeds([encoding], names)).items()}
        words = {"text": text} if isinstance(text, str) else {"text": text[0], "pair": text[1]}
        made.append({**words, "ids": encoding.ids, "outputs": outputs})
    return tuple(made)


def answers(cells: Sequence[Cell]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ask one Node process about all cells.

    Yields:
        Name of the cell, and ``opens`` (bool), ``max_difference`` (of raw outputs) and ``reason``.
    """
    root = Path(os.path.commonpath([cell.bundle.parent for cell in cells]))
    plan = FOLDER / "plan.json"
    listed = [
        {"name": c.name, "folder": str(c.bundle.relative_to(root)), "pipeline": c.pipeline, "samples": c.samples}
        for c in cells
    ]
    plan.write_text(json.dumps({"root": f"{root}/", "cells": listed}), "utf-8")
    # Node looks for packages beside the script.
    script = shutil.copy(SCRIPT, FOLDER)
    node = subprocess.Popen(["node", str(script), str(plan)], stdout=subprocess.PIPE, text=True)
    told = set()
    for line in node.stdout or ():
        found = json.loads(line)
        worst = found.get("max_difference")
        reason = found.get("reason", "")
        if not reason and (not found["finite"] or worst > TOLERANCE):
            reason = f"its outputs differ by {worst}"
        told.add(found["name"])
        yield found["name"], {"opens": not reason, "max_difference": worst, "reason": reason}
    code = node.wait()
    for cell in cells:
        if cell.name not in told:
            yield cell.name, {"opens": False, "max_difference": None, "reason": f"Node ended with code {code}"}
