"""``hub bench``: latency, throughput and memory of a bundle on this machine, beside other models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import output
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
    metavar="BUNDLE|FILE",
    help="Another bundle, or an ONNX file that reads the same tokens.",
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 1024), help="Intra-op threads.")
@click.option("--calls", default=200, show_default=True, type=click.IntRange(min=1), help="Measured calls of each.")
@json_option
def command(
    bundle: str, variant: str | None, against: tuple[str, ...], threads: int, calls: int, as_json: bool
) -> None:
    """Measure a bundle on this machine.

    One text of 16 and of 64 tokens at a time, tokenization included, after warm-up; of a table the rows of the
    bundle's self-test. A folder of another tool, without a bundle.json, is measured with a few sentences. "cold" is
    the first call after other work. Memory and start are those of a fresh process with one answer. Models are
    measured in turns, so that their ratios hold.
    """
    from pathlib import Path

    from hub.edge import bench, machine, selftest
    from hub.edge.foreign import foreign_folder, open_any

    opened = open_any(bundle, variant=None if variant == "all" else variant, threads=threads)
    for warning in opened.warnings:
        output.note(f"warning: {warning}")
    names = [opened.variant]
    if variant == "all":
        names = [name for name, entry in opened.manifest.variants.items() if (opened.folder / entry.file).exists()]
    repeated = sorted(set(names) & set(against)) or [name for name in against if against.count(name) > 1]
    if repeated:
        raise UsageError("HUB-U021", f"{repeated[0]!r} would be measured twice", "each model needs a name of its own")
    candidates = [bench.bundle_candidate(name, opened.folder, name, threads) for name in names]
    candidates += [_other(Path(name), name, opened, threads) for name in against]
    if foreign_folder(opened.folder) is None:
        inputs = [row.input for row in selftest.load(opened.folder)]
    else:
        from hub.edge.foreign_checks import inputs_for

        inputs = list(inputs_for(opened.manifest.kind, opened.encoder))
    encoder = opened.encoder if opened.kind.reads == "text" else None
    figures = bench.run(candidates, inputs, encoder, threads, calls, bench.frame_of(opened, inputs))
    ratios = bench.ratios(figures, names, against)
    if not as_json:
        _show(figures, ratios)
        return
    output.emit_json(
        {
            "machine": machine.describe(),
            "threads": threads,
            "variants": {name: dataclasses.asdict(figures[name]) for name in names},
            "against": {name: dataclasses.asdict(figures[name]) for name in against},
            "ratios": ratios,
        }
    )


def _other(path: Path, name: str, opened: Bundle, threads: int) -> Candidate:
    from hub.edge import bench

    if path.is_file():
        return bench.file_candidate(name, path, opened, threads)
    return bench.bundle_candidate(name, path, None, threads)


def _show(figures: Mapping[str, Figures], ratios: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
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
    for name, others in ratios.items():
        for other, quotients in others.items():
            parts = (
                f"{value:.1f} times" + ("" if tokens == ROW else f" at {tokens} tokens")
                for tokens, value in quotients.items()
            )
            output.say(f"{name} against {other}: {', '.join(parts)}")
