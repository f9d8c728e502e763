"""Our models beside other makers', on banking77: `HUB_BENCH_DATA=DIR python benchmarks/peers.py [make|measure]`.

`make` has every maker turn one fine-tuned checkpoint into its model and keeps each as soon as it is there; `measure`
opens all of them, each in a process of its own, has them answer the test rows one at a time, and times them in one
run, alternating in blocks, at one thread. Without a word it does both.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import common
import int8_accuracy
import peers_make
from common import Figure
from peers_make import Made, PeerError, Source
from peers_measure import Row, measure_all

from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.pipeline.stages.lengths import TIMED_TOKENS, texts_of_length

NAME = "peers"
COMMAND = "HUB_BENCH_DATA=DIR python benchmarks/peers.py"
SET = int8_accuracy.SET
SCORE_BUDGET = "score=99%"
COLUMNS = ("model", "accuracy", "size", "p50 / p95, 16 tokens", "p50 / p95, 64 tokens", "peak memory", "wall time")
PAIRS = (
    *((peers_make.OURS_INT8, other) for other in (peers_make.DEFAULT, peers_make.OPTIMUM, peers_make.OLIVE)),
    *((peers_make.CHOICE, other) for other in (peers_make.TEACHER, peers_make.DEFAULT, peers_make.MODEL2VEC)),
)
"""What is stated as times faster: the first one against the second."""


def main() -> None:
    """Make what is missing, measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", nargs="?", choices=("make", "measure"), help="only this; by default both")
    parser.add_argument("--checkpoint", metavar="DIR", type=Path, help="fine-tuned on banking77, with its tokenizer")
    parser.add_argument("--optimum-python", metavar="PATH", help="a Python that has optimum-onnx 0.1.0")
    parser.add_argument("--venvs", metavar="DIR", type=Path, default=peers_make.FOLDER / "venvs", help="of the peers")
    parser.add_argument("--choice", metavar="BUNDLE", type=Path, help="what a search under score=99%% found")
    parser.add_argument("--again", action="append", default=[], choices=peers_make.MAKERS, help="make this one anew")
    parser.add_argument("--rows", type=int, default=0, help="test rows to read, for a trial; 0 for all")
    chosen = parser.parse_args()
    home = common.bench_data()
    if home is None:
        return
    data = home / SET
    checkpoint = (chosen.checkpoint or int8_accuracy.trained(data)).resolve()
    source = Source(checkpoint, data / "train.csv", chosen.venvs.resolve(), chosen.optimum_python)
    made = make(source, chosen.again)
    if chosen.step == "make":
        for entry in made:
            print(f"{entry.name}: {entry.reason or f'{entry.size_bytes / 1e6:.2f} MB, {entry.seconds:.1f} s'}")
        return
    made.append(choice(chosen.choice))
    tests = int8_accuracy.read(data / "test.csv")[: chosen.rows or None]
    encoder = Encoder(checkpoint / "tokenizer.json", 512)
    timed = {tokens: texts_of_length(encoder, [text for text, _ in tests], tokens) for tokens in TIMED_TOKENS}
    rows = measure_all([entry for entry in made if not entry.reason], tests, timed)
    found = figures(rows)
    show(made, rows)
    if chosen.rows:
        common.say(found)  # a trial is no result
        return
    common.write(NAME, COMMAND, found, details(made, rows, len(tests)))


def make(source: Source, again: list[str]) -> list[Made]:
    """Return the model of every maker, from an earlier call where it stands; one that fails is a row with the reason.

    Args:
        source: where they start.
        again: short names of makers whose model is made anew.
    """
    made = []
    for short, (names, maker) in peers_make.MAKERS.items():
        file = peers_make.FOLDER / f"{short}.json"
        entries = [] if short in again else stands(file, source)
        if not entries:
            print(f"{short} makes its model", flush=True)
            try:
                entries = maker(source)
            except PeerError as error:
                entries = peers_make.failed(names, error)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, {"key": key_of(source), "made": [dataclasses.asdict(entry) for entry in entries]})
        made += entries
    return made


def stands(file: Path, source: Source) -> list[Made]:
    """Return what an earlier call made of the same checkpoint; nothing where it failed."""
    if not file.is_file():
        return []
    part = json.loads(file.read_text("utf-8"))
    entries = [Made(**{**entry, "words": tuple(entry["words"])}) for entry in part["made"]]
    return entries if part["key"] == key_of(source) and not any(entry.reason for entry in entries) else []


def key_of(source: Source) -> str:
    """Return what an earlier model must have been made of."""
    return f"{source.checkpoint} {source.training}"


def choice(bundle: Path | None) -> Made:
    """Return the default variant of what a search found; the reason where there is none.

    Args:
        bundle: as it was given; ``None`` takes that of the search in results/budget-search.json.
    """
    file = common.RESULTS / "budget-search.json"
    if bundle is None and file.is_file():
        found = json.loads(file.read_text("utf-8"))["details"]["searches"].get(SCORE_BUDGET, {}).get("bundle", "")
        bundle = common.ROOT / found if found else None
    if bundle is None or not (bundle / "bundle.json").is_file():
        return Made(peers_make.CHOICE, reason="no search under score=99% has left a bundle here")
    default = json.loads((bundle / "bundle.json").read_text("utf-8"))["default_variant"]
    variant = default.get("this-machine") or default["portable"]
    return peers_make.of_bundle(peers_make.CHOICE, bundle, variant)


def figures(rows: list[Row]) -> list[Figure]:
    """Return what is compared: speed against our int8 of the same checkpoint and against the choice."""
    by_name = {row.name: row for row in rows}
    found = []
    for name, against in PAIRS:
        if name not in by_name or against not in by_name:
            continue
        for tokens in TIMED_TOKENS:
            mine, other = (by_name[one].latency[str(tokens)].p50_ms for one in (name, against))
            found.append(Figure(f"{name} against {against}, {tokens} tokens", round(other / mine, 2), "times faster"))
    return found


def table(made: list[Made], rows: list[Row]) -> dict[str, Any]:
    """Return the table of the page: a row for every model, with the reason where there is none."""
    by_name, lines = {row.name: row for row in rows}, []
    for entry in made:
        row = by_name.get(entry.name)
        if row is None:
            lines.append([entry.name, f"not measured: {entry.reason}", *[""] * (len(COLUMNS) - 2)])
            continue
        times = [f"{part.p50_ms:.3f} / {part.p95_ms:.3f} ms" for part in row.latency.values()]
        wall = f"{entry.seconds:.0f} s" if entry.seconds else ""
        size, memory = f"{entry.size_bytes / 1e6:.2f} MB", f"{row.peak_bytes / 1e6:.0f} MB"
        lines.append([entry.name, f"{100 * row.accuracy:.2f} %", size, *times, memory, wall])
    return {"columns": list(COLUMNS), "rows": lines}


def details(made: list[Made], rows: list[Row], tests: int) -> dict[str, Any]:
    """Return the table, everything measured, and how."""
    notes = [
        f"Accuracy on {tests} test rows of banking77, one text at a time, unpadded; all start from one checkpoint.",
        "Each model runs in a process of its own at one thread; blocks of calls alternate between them. Peak memory: "
        "of that process after its first 100 answers. Wall time: of everything that one types, model2vec's training "
        "included; `hub export` makes both of its variants in that time, compares them and writes a card. A search "
        "has no wall time here: it trains its students, see its own section.",
        "ONNX files run in the same ONNX Runtime with the same tokenizer code, model2vec in its own library.",
    ]
    packages = [f"{e.name}: {', '.join(f'{k} {v}' for k, v in e.versions.items())}." for e in made if e.versions]
    return {
        "notes": [*notes, *packages],
        "table": table(made, rows),
        "rows": [dataclasses.asdict(row) for row in rows],
        "reasons": {entry.name: entry.reason for entry in made if entry.reason},
    }


def show(made: list[Made], rows: list[Row]) -> None:
    """Print the table."""
    found = table(made, rows)
    for line in (found["columns"], *found["rows"]):
        print(" | ".join(line))


if __name__ == "__main__":
    main()
