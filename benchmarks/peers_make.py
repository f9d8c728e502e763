"""The peers of peers.py: how each makes its model of one checkpoint, in a Python of its own where it needs one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import common
import int8_accuracy
import optimum_venv

FOLDER = common.WORK / "peers"
HERE = Path(__file__).resolve().parent

OURS_FP32, OURS_INT8 = "`hub export`, fp32", "`hub export`, int8"
TEACHER, CHOICE = "teacher in PyTorch", "choice under score=99%"
DEFAULT = "transformers' exporter, default dynamic int8"
OPTIMUM = "optimum-onnx 0.1.0, avx512_vnni"
OLIVE = "Olive 0.13, `auto-opt --precision int8`"
MODEL2VEC = "model2vec 0.10, distilled and fitted"

VENVS = {
    OLIVE: ("olive", ("torch==2.13.0", "olive-ai==0.13.0", "transformers==5.23.0", "onnxruntime", "onnx", "requests")),
    MODEL2VEC: ("model2vec", ("torch==2.13.0", "model2vec[distill,train]==0.10.0")),
}
"""Folder below the folder of venvs, and what pip installs. Olive imports requests without declaring it."""

_TOKENIZER = ("config.json", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Made:
    """A model that can be measured, or the reason why there is none.

    Args:
        name: of the row.
        python: that runs its worker.
        words: of the worker's command line: kind, then its arguments.
        size_bytes: of what has to be there to answer: model, tokenizer, configuration.
        seconds: wall time of the whole command that made it; 0 when nothing was made.
        versions: of what made it, by distribution.
        reason: why there is no model, ``""`` when there is one.
    """

    name: str
    python: str = ""
    words: tuple[str, ...] = ()
    size_bytes: int = 0
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Source:
    """What the peers start from.

    Args:
        checkpoint: fine-tuned, with its tokenizer.
        training: train.csv of the set.
        venvs: folder of the peers' venvs; one that is missing is made there.
        optimum_python: a Python that has optimum-onnx; ``None`` makes one.
    """

    checkpoint: Path
    training: Path
    venvs: Path
    optimum_python: str | None = None


class PeerError(Exception):
    """A peer that cannot be installed, or whose command fails."""


def teacher(source: Source) -> list[Made]:
    """The checkpoint itself."""
    weights = source.checkpoint / "model.safetensors"
    size = weights.stat().st_size + _tokenizer_bytes(source.checkpoint)
    return [Made(TEACHER, sys.executable, ("torch", str(source.checkpoint)), size)]


def ours(source: Source) -> list[Made]:
    """`hub export` with some training rows, both of its variants; one command makes the two."""
    int8_accuracy.FOLDER = FOLDER / "hub"
    int8_accuracy.FOLDER.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    bundle = int8_accuracy.export(source.checkpoint, int8_accuracy.read(source.training))
    seconds = time.perf_counter() - start
    return [of_bundle(OURS_FP32, bundle, "fp32", seconds), of_bundle(OURS_INT8, bundle, "int8", seconds)]


def of_bundle(name: str, bundle: Path, variant: str, seconds: float = 0.0) -> Made:
    """Return a variant of a bundle of ours, with the session options that the bundle records."""
    manifest = json.loads((bundle / "bundle.json").read_text("utf-8"))
    entry = manifest["variants"].get(variant)
    if entry is None:
        return Made(name, reason=f"the bundle has no variant {variant}")
    off = entry["session"]["disabled_optimizers"]
    options = json.dumps({"disabled_optimizers": off} if off else {})
    words = ("onnx", str(bundle), str(bundle / entry["file"]), options)
    return Made(name, sys.executable, words, entry["fetch_bytes"], seconds)


def by_transformers(source: Source) -> list[Made]:
    """Export and default dynamic quantization of transformers, in a fresh process."""
    folder = _fresh("transformers")
    code = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[1:3]; import int8_accuracy as peers; "
        "peers.FOLDER = Path(sys.argv[4]); peers.by_transformers(Path(sys.argv[3]))"
    )
    words = [sys.executable, "-c", code, str(HERE), str(common.ROOT), str(source.checkpoint), str(folder)]
    seconds = _run([words], folder)
    return [_onnx(DEFAULT, source, folder / "transformers.onnx", seconds, _versions(Path(sys.executable)))]


def by_optimum(source: Source) -> list[Made]:
    """The two commands of optimum-onnx."""
    folder = _fresh("optimum")
    try:
        program = optimum_venv.find(source.optimum_python)
    except (SystemExit, subprocess.CalledProcessError) as error:
        raise PeerError(f"optimum-onnx cannot be installed: {error}") from error
    seconds = _run(list(optimum_venv.commands(program, source.checkpoint, folder)), folder)
    return [_onnx(OPTIMUM, source, folder / "int8" / "model_quantized.onnx", seconds, optimum_venv.versions(program))]


def by_olive(source: Source) -> list[Made]:
    """Olive's own flow for CPUs: `optimize` would calibrate int8 with rows of another set from the Hub."""
    folder, python = _fresh("olive"), _python(OLIVE, source)
    words = [str(python.with_name("olive")), "auto-opt", "-m", str(source.checkpoint), "-t", "text-classification"]
    words += ["--precision", "int8", "--device", "cpu", "--provider", "CPUExecutionProvider"]
    words += ["-o", str(folder / "model"), "--disable_telemetry"]
    seconds = _run([words], folder)
    return [_onnx(OLIVE, source, folder / "model" / "model.onnx", seconds, _versions(python, "olive-ai"))]


def by_model2vec(source: Source) -> list[Made]:
    """Distil the encoder and fit a classifier on the same training rows, as its README does."""
    folder, python = _fresh("model2vec"), _python(MODEL2VEC, source)
    target = folder / "model"
    words = [str(python), str(HERE / "peers_model2vec.py"), str(source.checkpoint), str(source.training), str(target)]
    seconds = _run([words], folder)
    size = sum(file.stat().st_size for file in target.iterdir() if file.name != "README.md")
    return [Made(MODEL2VEC, str(python), ("model2vec", str(target)), size, seconds, _versions(python, "model2vec"))]


MAKERS: dict[str, tuple[tuple[str, ...], Callable[[Source], list[Made]]]] = {
    "teacher": ((TEACHER,), teacher),
    "hub": ((OURS_FP32, OURS_INT8), ours),
    "transformers": ((DEFAULT,), by_transformers),
    "optimum": ((OPTIMUM,), by_optimum),
    "olive": ((OLIVE,), by_olive),
    "model2vec": ((MODEL2VEC,), by_model2vec),
}
"""By short name: the rows that a maker gives, and the maker."""


def failed(names: Sequence[str], error: Exception) -> list[Made]:
    """Return rows that say why there is no model."""
    return [Made(name, reason=str(error)) for name in names]


def _onnx(name: str, source: Source, file: Path, seconds: float, versions: dict[str, str]) -> Made:
    if not file.is_file():
        raise PeerError(f"its command ended without {file.name}")
    words = ("onnx", str(source.checkpoint), str(file))
    size = file.stat().st_size + _tokenizer_bytes(source.checkpoint)
    return Made(name, sys.executable, words, size, seconds, versions)


def _tokenizer_bytes(folder: Path) -> int:
    return sum((folder / name).stat().st_size for name in _TOKENIZER if (folder / name).is_file())


def _fresh(name: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _python(name: str, source: Source) -> Path:
    """Return the Python of a peer, its venv made if there is none.

    Raises:
        PeerError: pip could not install it.
    """
    folder, wanted = VENVS[name]
    home = source.venvs / folder
    done = home / "installed.txt"  # written last: a venv without it is not whole
    if not done.is_file() or done.read_text("utf-8").split("\n") != list(wanted):
        print(f"installing {', '.join(wanted)}", flush=True)
        source.venvs.mkdir(parents=True, exist_ok=True)
        _run([[sys.executable, "-m", "venv", str(home)]], source.venvs)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        # PyTorch first and alone: what comes later must not ask for another one.
        _run([[*pip, wanted[0]], [*pip, *wanted]], source.venvs)
        done.write_text("\n".join(wanted), "utf-8")
    return home / "bin" / "python"


def _run(commands: Sequence[Sequence[str]], folder: Path) -> float:
    """Run commands one after the other and return their wall time in seconds.

    Raises:
        PeerError: one ended with a code other than 0, with the last line that it wrote.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OLIVE_DISABLE_TELEMETRY": "1"}
    log = folder / "log.txt"
    start = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        for command in commands:
            words = list(command)
            code = subprocess.run(words, check=False, stdout=output, stderr=output, env=environment).returncode
            if code:
                last = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:] or ["no message"]
                raise PeerError(f"{Path(words[0]).name} ended with code {code}: {last[0][:300]}")
    return time.perf_counter() - start


def _versions(python: Path, *more: str) -> dict[str, str]:
    """Return the versions of what a Python has of the libraries that matter here."""
    code = (
        "import json, sys, importlib.metadata as m; "
        "print(json.dumps({d.name.lower(): d.version for d in m.distributions() if d.name.lower() in sys.argv[1:]}))"
    )
    names = (*more, "torch", "transformers", "onnxruntime")
    done = subprocess.run([str(python), "-c", code, *names], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))
