"""The edge side: size of the install, first answer, rows a second, memory: `python benchmarks/edge.py BUNDLE TEACHER`.

BUNDLE is a bundle of texts with one label each, TEACHER the folder of the model that it was distilled from, as
transformers reads it. `--only PART` measures one part and keeps the other figures of the results file.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import common
from common import Figure

NAME, COMMAND = "edge", "python benchmarks/edge.py BUNDLE TEACHER"
ROWS, REPEATS, STARTS, THREADS = 10_000, 5, 9, 2
LONG_ROWS, SETTLED_ROWS = 200_000, 10_000
FORBIDDEN = ("torch", "transformers", "pandas", "scikit_learn", "datasets")
MB = 1e6

_TEACHER = (
    "import sys; from transformers import pipeline;"
    "ask = pipeline('text-classification', model=sys.argv[1], device='cpu');"
    "print(ask(sys.argv[2])[0]['label'], flush=True)"
)
_BUNDLE = (
    "import sys; from hub.edge import Bundle;"
    "print(Bundle.open(sys.argv[1]).predict([sys.argv[2]])[0].label, flush=True)"
)
_PEAK = "print(*[l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM')], flush=True)"
_MEMORY = """
import json, sys
from pathlib import Path
from hub.edge import Bundle
from hub.edge.rows import TextColumns, read_inputs
bundle = Bundle.open(sys.argv[1])
rows = (row.input for row in read_inputs(Path(sys.argv[2]), TextColumns()))
def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
seen = {}
for number, answer in enumerate(bundle.predict_iter(rows, workers=int(sys.argv[3])), start=1):
    if number % 10_000 == 0:
        seen[number] = held()
print(json.dumps(seen))
"""


def texts_of(bundle: Path, count: int) -> list[str]:
    """Make short texts of the words of a bundle's self-test, 3 to 12 words each."""
    words = " ".join(json.loads(line)["text"] for line in (bundle / "selftest.jsonl").open(encoding="utf-8")).split()
    draw = random.Random(1)
    return [" ".join(draw.choices(words, k=draw.randint(3, 12))) for _ in range(count)]


def write_rows(path: Path, texts: Sequence[str]) -> None:
    """Write texts as a .csv with the column ``text``."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *enumerate(texts)])


def install_size() -> list[Figure]:
    """Install the checkout into an empty environment and weigh what it brings."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        site = next(Path(folder).glob("lib/python*/site-packages"))
        pip = [sys.executable, "-m", "pip", "--python", str(Path(folder) / "bin" / "python"), "install", "--quiet"]
        subprocess.run([*pip, "--no-compile", str(common.ROOT)], check=True)
        weight = sum(
            file.stat().st_size for file in site.rglob("*") if file.is_file() and "__pycache__" not in file.parts
        )
        compiled = subprocess.run([sys.executable, "-m", "compileall", "-q", str(site)], check=False)
        whole = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
        found = {path.name.partition("-")[0].lower() for path in site.glob("*.dist-info")}
    forbidden = sorted(found & set(FORBIDDEN))
    if compiled.returncode not in (0, 1):
        raise RuntimeError("the installed packages cannot be compiled")
    return [
        Figure("`pip install domainhub` in an empty environment", round(whole / MB, 1), "MB", 250, 200),
        Figure("the same without compiled Python files", round(weight / MB, 1), "MB"),
        Figure(f"of {', '.join(FORBIDDEN)} it brings", len(forbidden), "packages", 0, 0),
    ]


def first_answer(bundle: Path, teacher: Path) -> list[Figure]:
    """Start fresh processes in turn; time from start to the first answer, and the peak memory."""
    text = texts_of(bundle, 1)[0]
    programs = {"bundle": (_BUNDLE, bundle), "teacher": (_TEACHER, teacher)}
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    peaks: dict[str, float] = {}
    for _ in range(STARTS + 1):
        for name, (script, folder) in programs.items():
            start = time.perf_counter()
            words = [sys.executable, "-c", f"{script}\n{_PEAK}", str(folder), text]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
                stdout = child.stdout
                if stdout is None or not stdout.readline():
                    raise RuntimeError(f"the {name} gave no answer")
                seconds[name].append(time.perf_counter() - start)
                peaks[name] = int(stdout.read()) * 1024 / MB
    median = {name: statistics.median(found[1:]) for name, found in seconds.items()}
    return [
        Figure("fresh process to the first answer", round(median["bundle"], 3), "s"),
        Figure("transformers.pipeline with the teacher to the first answer", round(median["teacher"], 3), "s"),
        Figure(
            "the bundle's first answer is there",
            round(median["teacher"] / median["bundle"], 1),
            "times faster",
            8,
            15,
            True,
        ),
        Figure("peak memory of that process", round(peaks["bundle"], 1), "MB"),
        Figure("peak memory of transformers.pipeline", round(peaks["teacher"], 1), "MB"),
        Figure("it needs", round(peaks["teacher"] / peaks["bundle"], 1), "times less memory", 4, 5, True),
    ]


def bulk_rate(folder: Path) -> list[Figure]:
    """Answer rows of a .csv, against ONNX Runtime on sorted arrays that are there already; in turn."""
    from hub.edge import Bundle

    figures = []
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "rows.csv"
        texts = texts_of(folder, ROWS)
        write_rows(rows, texts)
        for variant in _variants(folder):
            bundle = Bundle.open(folder, variant=variant, threads=THREADS)
            ours, bare = _asked(bundle, rows), _bare(folder, variant, texts)
            rates: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(REPEATS + 1):
                for name, run in (("ours", ours), ("bare", bare)):
                    start = time.perf_counter()
                    run()
                    rates[name].append(ROWS / (time.perf_counter() - start))
            median = {name: statistics.median(found[1:]) for name, found in rates.items()}
            share = 100 * median["ours"] / median["bare"]
            mode = "in batches" if bundle.manifest.variants[variant].batch_invariant else "one by one"
            figures += [
                Figure(
                    f"{variant}: rows of a .csv answered, {THREADS} threads, {mode}", round(median["ours"]), "rows/s"
                ),
                Figure(f"{variant}: share of ONNX Runtime alone", round(share, 1), "%", 70, 90, True),
            ]
        figures.append(_program(folder, rows, Path(scratch) / "out.jsonl"))
    return figures


def _variants(folder: Path) -> list[str]:
    """Return the portable variant, and the fp32 reference."""
    from hub.edge.folder import read_manifest

    manifest = read_manifest(folder)
    return list(dict.fromkeys((manifest.default_variant["portable"], "fp32")))


def _asked(bundle: Any, rows: Path) -> Callable[[], object]:
    from hub.edge.rows import TextColumns, read_inputs

    def run() -> object:
        found = (row.input for row in read_inputs(rows, TextColumns()))
        return sum(1 for _ in bundle.predict_iter(found))

    return run


def _bare(folder: Path, variant: str, texts: Sequence[str]) -> Callable[[], object]:
    """Return what runs ONNX Runtime alone: the same batches, sorted over all texts, each thread the next one."""
    from hub.edge import Bundle
    from hub.edge.onnx import OnnxRuntime
    from hub.edge.reading import MAX_TEXTS

    bundle = Bundle.open(folder, variant=variant, threads=1)
    entry = bundle.manifest.variants[variant]
    options = {"threads": 1, "disabled_optimizers": entry.session.disabled_optimizers, "output": bundle.manifest.output}
    runtime = OnnxRuntime(folder / entry.file, options)
    encodings = sorted(bundle.encoder.encode(texts), key=len)
    size = MAX_TEXTS if entry.batch_invariant else 1
    batches = [
        bundle.encoder.feeds(encodings[start : start + size], runtime.inputs)
        for start in range(0, len(encodings), size)
    ]
    session, outputs = runtime._session, [bundle.manifest.output]

    def share(number: int) -> None:
        for feeds in batches[number::THREADS]:
            session.run(outputs, feeds)

    def run() -> object:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(share, range(THREADS)))

    return run


def _program(folder: Path, rows: Path, target: Path) -> Figure:
    words = [*common.HUB, "predict", str(folder), "--input", str(rows), "--output", str(target)]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([*words, "--threads", str(THREADS)], check=True, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return Figure(f"`hub predict --input` of {ROWS} rows, start and writing included", round(min(seconds), 2), "s")


def flat_memory(folder: Path) -> list[Figure]:
    """Answer many rows of a file and see how much more memory is held than after the first ones."""
    figures = []
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "rows.csv"
        write_rows(rows, texts_of(folder, LONG_ROWS))
        for threads in (1, THREADS):
            words = [sys.executable, "-c", _MEMORY, str(folder), str(rows), str(threads)]
            done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
            held = {int(number): count for number, count in json.loads(done.stdout).items()}
            more = max(held.values()) - held[SETTLED_ROWS]
            what = f"memory over {LONG_ROWS} rows after the first {SETTLED_ROWS}, {threads} threads"
            figures.append(Figure(what, round(more / MB, 1), "MB more", 20, 20))
    return figures


def main() -> None:
    """Measure the parts that are asked for, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("teacher", type=Path)
    parts: dict[str, Callable[[Path, Path], list[Figure]]] = {
        "install": lambda bundle, teacher: install_size(),
        "start": first_answer,
        "bulk": lambda bundle, teacher: bulk_rate(bundle),
        "memory": lambda bundle, teacher: flat_memory(bundle),
    }
    parser.add_argument("--only", choices=parts, action="append")
    chosen = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    kept = common.load(NAME)["details"]["parts"] if (common.RESULTS / f"{NAME}.json").exists() else {}
    for name in chosen.only or parts:
        figures = parts[name](chosen.bundle.resolve(), chosen.teacher.resolve())
        kept[name] = [vars(figure) for figure in figures]
        every = [Figure(**entry) for part in parts for entry in kept.get(part, [])]
        common.save(NAME, COMMAND, every, {"parts": kept, "rows": ROWS, "starts": STARTS, "bundle": chosen.bundle.name})
        common.say(figures)


if __name__ == "__main__":
    main()
