"""Whether others read the bundle as we do: optimum-onnx in another Python answers the self-test, and we compare."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hub.contract.errors import BundleError, MissingError, UsageError
from hub.contract.results import GateResult
from hub.edge.folder import read_manifest
from hub.edge.opening import open_runtime
from hub.edge.schema import Manifest
from hub.edge.selftest import QUANTIZED_TOLERANCE, TOLERANCES, load
from hub.pipeline.exporting import with_optimum
from hub.pipeline.exporting.answers import Answers, difference

logger = logging.getLogger(__name__)

SECONDS = 600
"""Time that the other Python has: it loads another transformers and every variant."""

_CLEARED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def check_python(python: Path, folder: Path, answers: Answers) -> list[GateResult]:
    """Load a bundle with optimum-onnx in another Python and compare its answers with ours.

    Args:
        python: program to run; its optimum-onnx cannot live beside transformers 5.
        folder: the sealed bundle, with its self-test.
        answers: of the model.

    Returns:
        A gate for each variant: the largest difference in probability over the rows of the self-test.

    Raises:
        UsageError: HUB-X063, the program cannot be run, or the format is not ONNX.
        MissingError: HUB-X064, it lacks optimum-onnx.
        BundleError: HUB-X065, optimum-onnx could not load or run the bundle, or took too long.
    """
    manifest = read_manifest(folder)
    formats = sorted({variant.format for variant in manifest.variants.values()} - {"onnx"})
    if formats:
        raise UsageError("HUB-X063", f"optimum-onnx reads ONNX, not {formats[0]}", fix="leave --verify-python out")
    with tempfile.TemporaryDirectory(prefix="hub-verify-") as place:
        found = Path(place) / "answers.npz"
        said = _ask(python, folder, found)
        with np.load(found) as arrays:
            return [_gate(name, folder, manifest, arrays, answers, said) for name in manifest.variants]


def _ask(python: Path, folder: Path, target: Path) -> dict[str, Any]:
    """Run the script and return what it says."""
    command = [str(python), str(Path(with_optimum.__file__).resolve()), str(folder), str(target)]
    environment = {name: value for name, value in os.environ.items() if name not in _CLEARED}
    environment |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSFORMERS_VERBOSITY": "error"}
    try:
        # Its own folder, not this one: a module that lies here must not stand in for one of that Python.
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment, cwd=target.parent
        )
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(
            "HUB-X063", f"cannot run {python}", why, "name a Python program: --verify-python PATH"
        ) from error
    except subprocess.TimeoutExpired as error:
        why = f"it did not end within {SECONDS} seconds"
        raise BundleError("HUB-X065", "optimum-onnx did not answer", why, "try its program by hand") from error
    logger.info("%s ended with %d\n%s\n%s", python, done.returncode, done.stdout, done.stderr)
    last = next(iter(done.stdout.strip().splitlines()[-1:]), "")
    try:
        said: dict[str, Any] = json.loads(last) if last.startswith("{") else {}
    except ValueError:
        said = {}
    if done.returncode == with_optimum.MISSING:
        fix = f"{python} -m pip install optimum-onnx[onnxruntime]"
        raise MissingError("HUB-X064", f"{python} has no optimum-onnx", str(said.get("missing", "")), fix)
    if done.returncode or not target.is_file():
        lines = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise BundleError("HUB-X065", "optimum-onnx cannot run the bundle", lines[0], "the log has everything it said")
    return said


def _gate(
    name: str, folder: Path, manifest: Manifest, arrays: Any, answers: Answers, said: dict[str, Any]
) -> GateResult:
    """Compare the answers of a variant."""
    variant = manifest.variants[name]
    limit = TOLERANCES.get(variant.precision, QUANTIZED_TOLERANCE)
    runtime = open_runtime(folder, manifest, variant, None, manifest.inputs)
    worst, rows = 0.0, load(folder)
    for number, row in enumerate(rows):
        (piece, *_) = answers.pieces(row.input)
        ids = np.array(piece.ids, dtype=np.int64)
        ours = runtime.run(answers.encoder.feeds([piece], runtime.inputs))[0]
        theirs = arrays[f"{name}/{number}"]
        if ours.shape != theirs.shape:
            worst = max(worst, difference(ours, theirs))
        else:
            worst = max(worst, difference(answers.numbers(ids, ours), answers.numbers(ids, theirs)))
    versions = ", ".join(f"{package} {version}" for package, version in said.get("versions", {}).items())
    what = "component of a vector" if answers.kind.answers == "vector" else "probability"
    detail = f"largest difference in {what} over {len(rows)} rows, the hub against optimum-onnx ({versions})"
    return GateResult(f"optimum/{name}", limit, worst, worst <= limit, detail)
