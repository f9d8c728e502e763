"""Every architecture and kind through `hub export`: `make architectures`, or the script with names of cells.

A cell is an architecture and a kind, ``bert/fill-mask``: a small random checkpoint is exported, compared and opened in
Transformers.js. Cells that passed are not exported again unless they are named. `docs/architectures.md` is written at
the end; exit code 1 when fewer cells than `MUST` were exported with parity, or one has no result.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import architectures_page
import common
import numpy as np
import transformers_js
from common import Figure

from hub.cli.main import main as hub
from hub.contract.kinds import KINDS
from hub.edge.encode import Encoder, Text
from hub.edge.files import write_text
from hub.edge.onnx import OnnxRuntime
from hub.edge.timing import measure
from hub.pipeline.exporting.sentences import parity_inputs

common.tests_importable()
from tests.support import tiny_checkpoints  # noqa: E402 - the folder is found by the line above

NAME, COMMAND = "architectures", "make architectures"
FOLDER = common.WORK / NAME
PAGE = common.ROOT / "docs" / "architectures.md"
COLUMNS = (*tiny_checkpoints.KIND_CLASSES, "pairs")
LARGE = "bert/large"
CELLS = (*(f"{name}/{column}" for name in tiny_checkpoints.ARCHITECTURES for column in COLUMNS), LARGE)
MUST = 70
WIDTH = 128
LARGE_WIDTH, LARGE_PIECES = 1024, 480_000
"""1.97 GB of fp32 word vectors, more than one file of the format holds."""

SAMPLES = (1, 12, 30)
"""Numbers of the shipped inputs that Transformers.js is asked: short ones, which it does not cut."""

FUSED: dict[str, Any] = {}
PLAIN = {"disabled_optimizers": ("SkipLayerNormFusion", "BiasGeluFusion")}
TIMED_TOKENS = 64


def main(names: list[str]) -> int:
    """Export the named cells, or those without a passed result; then ask Transformers.js, then write the page."""
    unknown = sorted(set(names) - set(CELLS))
    if unknown:
        raise SystemExit(f"no cell {unknown[0]!r}; cells are ARCHITECTURE/KIND, for example {CELLS[0]}")
    cells = known_cells()
    for name in CELLS:
        if name in names or (not names and not (cells.get(name, {}).get("parity", {}).get("passed"))):
            cells[name] = measured(name)
            save(cells)
            print(f"{name}: {architectures_page.verdict(cells[name])}", flush=True)
    ask_transformers_js(cells, names)
    save(cells)
    common.say(figures(cells))
    return 0 if all(figure.reaches(figure.must) is not False for figure in figures(cells)) else 1


def known_cells() -> dict[str, dict[str, Any]]:
    """Return the cells that have a result."""
    if not (common.RESULTS / f"{NAME}.json").exists():
        return {}
    return dict(common.load(NAME)["details"]["cells"])


def save(cells: dict[str, dict[str, Any]]) -> None:
    """Write what is known so far, in the order of the cells, and the page of it."""
    ordered = {name: cells[name] for name in CELLS if name in cells}
    common.save(NAME, COMMAND, figures(ordered), {"cells": ordered, "notes": notes(ordered)})
    write_text(PAGE, architectures_page.page(common.load(NAME)))


def figures(cells: dict[str, dict[str, Any]]) -> list[Figure]:
    """Count the cells."""
    small = {name: cell for name, cell in cells.items() if name != LARGE}
    total = len(CELLS) - 1

    def number(part: str, key: str) -> int:
        return sum(bool(cell.get(part, {}).get(key)) for cell in small.values())

    large = [cell for name, cell in cells.items() if name == LARGE]
    found = [
        Figure(f"cells of {total} exported with parity", number("parity", "passed"), "cells", MUST, None, True),
        Figure("cells without a result", total - len(small), "cells", 0),
        Figure("cells that kept the int8 gate, weights random", number("int8", "passed"), "cells", None, None, True),
        Figure("cells that Transformers.js opens", number("transformers_js", "opens"), "cells", None, None, True),
    ]
    if large:
        kept = int(bool(large[0].get("parity", {}).get("passed")))
        found.append(Figure("model with external data, exported with parity", kept, "", 1, None, True))
    return found


def notes(cells: dict[str, dict[str, Any]]) -> list[str]:
    """Say where the details stand."""
    return ["All cells, and why one failed: [architectures.md](architectures.md)."] if cells else []


def measured(name: str) -> dict[str, Any]:
    """Make the checkpoint of a cell, export it, compare it and time it; never raises for a cell that fails."""
    architecture, column = name.split("/")
    kind = "text-classification" if column in ("pairs", "large") else column
    cell: dict[str, Any] = {"date": datetime.now(UTC).date().isoformat()}
    if (architecture, kind) in tiny_checkpoints.MISSING:
        return cell | {"exported": False, "reason": tiny_checkpoints.MISSING[architecture, kind]}
    folder = FOLDER / name.replace("/", "-")
    started = time.perf_counter()
    try:
        make(folder, architecture, kind, column)
        document = export(folder, kind, column)
    except Exception as error:  # noqa: BLE001 - the other cells go on; the page says what happened here
        return cell | {"exported": False, "reason": f"{type(error).__name__}: {error}".splitlines()[0]}
    cell |= result(document)
    cell["seconds"] = round(time.perf_counter() - started, 1)
    if cell["exported"]:
        cell["fusions"] = fusions(folder / "bundle", cell, KINDS[kind].outputs, column)
    return cell


def make(folder: Path, architecture: str, kind: str, column: str) -> None:
    """Write the cell's checkpoint, and its rows when they are not the ones that `hub export` takes by itself."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    checkpoint = folder / "checkpoint"
    sizes = {"width": WIDTH} if column != "large" else {"width": LARGE_WIDTH, "vocabulary": LARGE_PIECES}
    tiny_checkpoints.make_checkpoint(checkpoint, architecture, kind, pairs=column == "pairs", **sizes)
    if column == "pairs":
        pairs = [text for text in inputs(checkpoint, column) if not isinstance(text, str)]
        lines = [json.dumps({"text": first, "text_pair": second}) for first, second in pairs]
        write_text(folder / "rows.jsonl", "\n".join(lines) + "\n")


def inputs(folder: Path, column: str) -> list[Text]:
    """Return the shipped inputs of a column for a checkpoint or bundle."""
    encoder = Encoder(folder / "tokenizer.json", tiny_checkpoints.MAX_LENGTH)
    return parity_inputs(
        tiny_checkpoints.MAX_LENGTH, encoder, kind=column, pairs=column == "pairs", mask=encoder.special.mask
    )


def export(folder: Path, kind: str, column: str) -> dict[str, Any]:
    """Run `hub export` in this process and return its JSON document."""
    words = ["export", str(folder / "checkpoint"), "--out", str(folder / "bundle"), "--task", kind]
    words += ["--runs", str(FOLDER / "runs"), "--json"]
    if column == "pairs":
        words += ["--data", str(folder / "rows.jsonl")]
    if column == "large":
        words += ["--variants", "fp32"]
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        hub(words)
    document: dict[str, Any] = json.loads(printed.getvalue() or "{}")
    return document or {"error": {"code": "", "what": "no answer", "why": said.getvalue().strip()}}


def result(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a cell keeps of the document."""
    error = document.get("error")
    reason = f"{error['code']}: {error['what']}; {error['why']}".strip("; ") if error else ""
    if "variants" not in document:
        return {"exported": False, "reason": reason}
    variants, tried = document["variants"], document.get("tried", {})
    fp32 = variants.get("fp32") or tried.get("fp32") or {}
    gates = {gate["name"]: gate for gate in document["gates"]}
    parity = [gate for name, gate in gates.items() if "parity" in name]
    cell: dict[str, Any] = {
        "exported": document["bundle"] is not None,
        "parity": {
            "passed": bool(parity) and all(gate["passed"] for gate in parity) and document["bundle"] is not None,
            "max_difference": fp32.get("max_difference"),
            "rows": fp32.get("rows"),
        },
        "bytes": fp32.get("bytes"),
        "default_variant": document["default_variant"],
    }
    forms = [form for form in (*variants.values(), *tried.values()) if form["precision"] == "int8"]
    if forms:
        kept = [form for form in forms if form in variants.values()]
        best = max(kept or forms, key=lambda form: float(form["agreement"]))
        cell["int8"] = {
            "passed": bool(kept),
            **{key: best.get(key) for key in ("agreement", "max_difference", "form", "cause")},
        }
    return cell | ({"reason": reason} if reason else {})


def fusions(bundle: Path, cell: dict[str, Any], outputs: tuple[str, ...], column: str) -> dict[str, Any]:
    """Time ONNX Runtime with and without two of its fusions on the default variant, one thread."""
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    file = bundle / manifest["variants"][cell["default_variant"]]["file"]
    encoder = Encoder(bundle / "tokenizer.json", TIMED_TOKENS)
    longest = inputs(bundle, column)[-4:]
    output = outputs if len(outputs) > 1 else outputs[0]
    callers = {}
    for name, session in (("fused", FUSED), ("plain", PLAIN)):
        runtime = OnnxRuntime(file, {"threads": 1, "output": output, **session})
        feeds = [encoder.feeds([encoding], runtime.inputs) for encoding in encoder.encode(longest)]
        callers[name] = lambda number, run=runtime.run, feeds=feeds: run(feeds[number])
    found = measure(callers, range(len(longest)), TIMED_TOKENS, 1, calls=200, cold_calls=1)
    fused, plain = (found[name].p50_ms for name in ("fused", "plain"))
    return {"fused_p50_ms": fused, "plain_p50_ms": plain, "times_faster_without": round(fused / plain, 3)}


def ask_transformers_js(cells: dict[str, dict[str, Any]], names: list[str]) -> None:
    """Ask one Node process about every exported cell that has no answer yet, and save each answer."""
    wanted = [
        name
        for name, cell in cells.items()
        if cell.get("exported")
        and (FOLDER / name.replace("/", "-") / "bundle").is_dir()
        and (name in names or not cell.get("transformers_js", {}).get("opens"))
    ]
    if not wanted:
        return
    cause = transformers_js.ready()
    if cause:
        for name in wanted:
            cells[name]["transformers_js"] = {"opens": None, "reason": f"not asked: {cause}"}
        save(cells)
        return
    for name, answer in transformers_js.answers([node_cell(name) for name in wanted]):
        cells[name]["transformers_js"] = answer | {"version": transformers_js.version()}
        save(cells)
        print(f"{name} in Transformers.js: {answer['reason'] or 'opens'}", flush=True)


def node_cell(name: str) -> transformers_js.Cell:
    """Return a cell with our own answers to a few inputs."""
    import onnxruntime

    column = name.split("/")[1].replace("large", "text-classification")
    bundle = FOLDER / name.replace("/", "-") / "bundle"
    session = onnxruntime.InferenceSession(str(bundle / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"])
    outputs = [entry.name for entry in session.get_outputs()]
    chosen = [text for number, text in enumerate(inputs(bundle, column)) if number in SAMPLES]
    samples = transformers_js.make_samples(
        Encoder(bundle / "tokenizer.json", tiny_checkpoints.MAX_LENGTH),
        chosen,
        lambda feeds: {n: np.asarray(v) for n, v in zip(outputs, session.run(outputs, dict(feeds)), strict=True)},
        [entry.name for entry in session.get_inputs()],
    )
    return transformers_js.Cell(name, bundle, transformers_js.PIPELINES[column], samples)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
