"""``hub bench``: latency, throughput and memory of a bundle on this machine, beside other models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.bench_teacher import TEACHER, opened_teacher
from hub.cli.building import runs_option
from hub.cli.options import json_option
from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from hub.edge import Bundle
    from hub.edge.bench import Candidate, Figures


@click.command("bench")
@click.argument("bundle")
@click.option("--variant", metavar="NAME", help='Variant to measure, "all" for each one; by default the portable one.')
@click.option(
    "--against",
    multiple=True,
    metavar="teacher|FOLDER|FILE",
    help="Another bundle, another tool's folder, or an ONNX file that reads the same tokens; teacher: the one of the "
    "run that built this bundle, in PyTorch. May be repeated.",
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 1024), help="Intra-op threads.")
@click.option("--calls", default=200, show_default=True, type=click.IntRange(min=1), help="Measured calls of each.")
@runs_option
@json_option
def command(
    bundle: str, variant: str | None, against: tuple[str, ...], threads: int, calls: int, runs: str, as_json: bool
) -> None:
    """Measure a bundle on this machine.

    One text of 16 and of 64 tokens at a time, tokenization included, after warm-up; of a table the rows of the
    bundle's self-test. A folder of another tool, without a bundle.json, is measured with a few sentences. "cold" is
    the first call after other work. Memory and start are those of a fresh process with one answer. Models are
    measured in turns, so that their ratios hold; between what bounds a ratio lies from one block of calls to the
    next stands beside it, and how many answers differ.
    """
    import contextlib
    from pathlib import Path

    from hub.edge import bench, machine
    from hub.edge.foreign import open_any

    opened = open_any(bundle, variant=None if variant == "all" else variant, threads=threads)
    for warning in opened.warnings:
        output.note(f"warning: {warning}")
    names = [opened.variant]
    if variant == "all":
        names = [name for name, entry in opened.manifest.variants.items() if (opened.folder / entry.file).exists()]
    repeated = sorted(set(names) & set(against)) or [name for name in against if against.count(name) > 1]
    if repeated:
        raise UsageError("HUB-U021", f"{repeated[0]!r} would be measured twice", "each model needs a name of its own")
    inputs = _inputs(opened)
    encoder = opened.encoder if opened.kind.reads == "text" else None
    frame = bench.frame_of(opened, inputs)
    with contextlib.ExitStack() as stack:
        candidates = [bench.bundle_candidate(name, opened.folder, name, threads) for name in names]
        for name in against:
            if name == TEACHER:
                candidates.append(stack.enter_context(opened_teacher(opened, Path(runs), threads)))
            else:
                candidates.append(_other(Path(name), name, opened, threads))
        figures = bench.run(candidates, inputs, encoder, threads, calls, frame)
        timed = [entry for _, found in bench.inputs_by_length(inputs, encoder, frame).values() for entry in found]
        sets = {"inputs": inputs, "timed": timed} if against else {}
        apart = {part: bench.disagreements(candidates, names, against, texts) for part, texts in sets.items()}
    counts = {part: len(texts) for part, texts in sets.items()}
    compared = Compared(bench.ratios(figures, names, against), bench.spreads(figures, names, against), apart, counts)
    if not as_json:
        _show(figures, compared)
        return
    output.emit_json(
        {
            "machine": machine.describe(),
            "threads": threads,
            "variants": {name: {**_plain(figures[name]), "sha256": _hash_of(opened, name)} for name in names},
            "against": {name: _plain(figures[name]) for name in against},
            "ratios": compared.ratios,
            "ratio_bounds": compared.bounds,
            "disagreement_percent": compared.apart,
            "compared": compared.counts,
        }
    )


@dataclasses.dataclass(frozen=True)
class Compared:
    """How the variants compare with the others; by variant, then by the other's name.

    Args:
        ratios: times faster, by token count.
        bounds: the lowest and the highest ratio of a block of calls, by token count.
        apart: percent of inputs with another answer, by their set first: ``inputs``, those of the self-test as they
            stand, and ``timed``, put together of their words; ``None`` where answers cannot be compared.
        counts: inputs of each set.
    """

    ratios: Mapping[str, Mapping[str, Mapping[str, float]]]
    bounds: Mapping[str, Mapping[str, Mapping[str, tuple[float, float]]]]
    apart: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    counts: Mapping[str, int]


def _inputs(opened: Bundle) -> list[Any]:
    """Return the inputs of the bundle's self-test; for a folder of another tool some sentences."""
    from hub.edge import selftest
    from hub.edge.foreign import foreign_folder

    if foreign_folder(opened.folder) is None:
        return [row.input for row in selftest.load(opened.folder)]
    from hub.edge.foreign_checks import inputs_for

    return list(inputs_for(opened.manifest.kind, opened.encoder))


def _plain(figures: Figures) -> dict[str, object]:
    """Return figures as the document has them; blocks are in the bounds of the ratios."""
    return {name: value for name, value in dataclasses.asdict(figures).items() if name != "blocks_ms"}


def _hash_of(opened: Bundle, variant: str) -> str:
    """Return the hash that the bundle states of a variant's model file; ``""`` for a folder of another tool."""
    file = opened.manifest.files.get(opened.manifest.variants[variant].file)
    return file.sha256 if file else ""


def _other(path: Path, name: str, opened: Bundle, threads: int) -> Candidate:
    from hub.edge import bench

    if path.is_file():
        return bench.file_candidate(name, path, opened, threads)
    return bench.bundle_candidate(name, path, None, threads)


def _show(figures: Mapping[str, Figures], compared: Compared) -> None:
    from hub.edge.bench import ROW

    rows: list[Sequence[object]] = []
    for name, figure in figures.items():
        for place, (tokens, latency) in enumerate(figure.lengths.items()):
            rest = (figure.rows_per_s, figure.rss_mb, figure.start_ms) if not place else (None, None, None)
            times = (latency.p50_ms, latency.p95_ms, latency.cold_ms)
            rows.append((name if not place else "", None if tokens == ROW else int(tokens), *times, *rest))
    tables = all(ROW in figure.lengths for figure in figures.values())
    columns = ("model", "tokens", "p50 ms", "p95 ms", "cold ms", "rows/s", "memory MB", "start ms")
    output.show_table(f"one {'row' if tables else 'text'} at a time", columns, rows)
    for name, others in compared.ratios.items():
        for other, quotients in others.items():
            bounds = compared.bounds[name][other]
            parts = [
                f"{value:.1f} times ({bounds[tokens][0]:.1f} to {bounds[tokens][1]:.1f})"
                + ("" if tokens == ROW else f" at {tokens} tokens")
                for tokens, value in quotients.items()
            ]
            for part, found in compared.apart.items():
                if (apart := found[name][other]) is not None:
                    said = "timed ones" if part == "timed" else "inputs of the self-test"
                    parts.append(f"another answer on {apart:g} % of {compared.counts[part]} {said}")
            output.say(f"{name} against {other}: {', '.join(parts)}")
