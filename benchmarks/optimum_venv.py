"""optimum-onnx in a Python of its own: it cannot live beside the transformers that the hub uses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import common

REQUIREMENTS = ("torch==2.13.0", "transformers==4.57.6", "optimum-onnx==0.1.0", "onnxruntime")
FOLDER = common.WORK / "optimum-venv"


def find(given: str | None) -> Path:
    """Return the program ``optimum-cli``.

    Args:
        given: a Python that has optimum-onnx; ``None`` makes one below build/ with pip.
    """
    python = Path(given) if given else FOLDER / "bin" / "python"
    program = python.with_name("optimum-cli")
    if not given and not program.exists():
        print(f"installing {', '.join(REQUIREMENTS)} into {FOLDER.relative_to(common.ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    if not program.exists():
        raise SystemExit(f"there is no optimum-cli beside {python}")
    return program


def versions(program: Path) -> dict[str, str]:
    """Return the versions of what takes part, by distribution."""
    code = "import json, sys, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    names = ("optimum", "optimum-onnx", "onnxruntime", "torch", "transformers")
    python = str(program.with_name("python"))
    done = subprocess.run([python, "-c", code, *names], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def commands(program: Path, checkpoint: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Return the two commands that make an int8 model, as optimum's documentation has them.

    Args:
        program: optimum-cli.
        checkpoint: folder.
        folder: results go into ``fp32`` and ``int8`` below it.
    """
    fp32, int8 = str(folder / "fp32"), str(folder / "int8")
    export = [str(program), "export", "onnx", "--model", str(checkpoint), "--task", "text-classification", fp32]
    quantize = [str(program), "onnxruntime", "quantize", "--avx512_vnni", "--onnx_model", fp32, "-o", int8]
    return export, quantize
