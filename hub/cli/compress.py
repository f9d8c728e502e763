"""``hub compress``: export and quantize the student of a run, or search for another one under a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.building import (
    go_on,
    request_of_run,
    run_build,
    runs_option,
    search_options,
    show_built,
    shown,
    tensorboard_option,
    with_search,
    with_tensorboard,
)
from hub.cli.options import json_option
from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from hub.pipeline.context import BuildRequest
    from hub.pipeline.run import Run


@click.command()
@click.argument("run", metavar="RUN")
@search_options
@click.option("--out", metavar="DIR", help="Where the bundle of a search goes; without it the new run keeps it.")
@click.option(
    "--measured",
    metavar="FILE",
    help="Figures of a device: what hub bench BUNDLE --variant all --json printed there, with this run's bundle. "
    "Times of the search are scaled by them.",
)
@tensorboard_option
@runs_option
@json_option
def command(
    run: str,
    budget: str | None,
    profile: str,
    exhaustive: bool,
    out: str | None,
    measured: str | None,
    tensorboard: bool,
    runs: str,
    as_json: bool,
) -> None:
    """Export the student of a run, quantize it, and measure how each variant is best run.

    RUN is an id or a folder; see: hub runs list. Stages it needs and that do not stand are run first.

    With --budget a new run searches for the best student that keeps the limits. It takes rows, baseline and teacher
    from RUN, and students that an earlier search trained.
    """
    from pathlib import Path

    from hub.pipeline.run import Run

    opened = Run.open(Path(runs), run)
    if budget is not None:
        _search(opened, (budget, profile, exhaustive), out, measured, tensorboard, as_json)
        return
    if profile or exhaustive or out or measured:
        raise UsageError(
            "HUB-U084",
            "a search needs a budget",
            "--profile, --exhaustive, --measured and --out belong to a search",
            "add --budget ..., for example --budget size=6MB,score=98%",
        )
    _compress(opened, tensorboard, as_json)


def _search(
    run: Run,
    wanted: tuple[str, str, bool],
    out: str | None,
    measured: str | None,
    tensorboard: bool,
    as_json: bool,
) -> None:
    """Build anew under a budget, beside the run whose stages are taken over."""
    import dataclasses
    from pathlib import Path

    request = dataclasses.replace(
        request_of_run(run),
        out=Path(out) if out else None,
        budget=None,
        device=None,
        exhaustive=False,
        profile="portable",
    )
    request = with_tensorboard(with_search(request, *wanted), tensorboard)
    if measured:
        request = _scaled(request, run, Path(measured))
    built = shown(lambda: run_build(request, str(run.folder.parent)), as_json)
    if as_json:
        from hub.pipeline.documents import build_json

        output.emit_json(build_json(built))
        return
    show_built(built)


def _scaled(request: BuildRequest, run: Run, file: Path) -> BuildRequest:
    """Return the request with the device's latency over that of the run, on the same variants."""
    import dataclasses
    import json

    from hub.edge.schema import read
    from hub.pipeline.stages.budgets import TIMED
    from hub.pipeline.stages.verify import RESULT, Verified
    from hub.search.measured import device_ratio, read_measured

    document = read_measured(file)
    found = run.stage("verify") / f"{RESULT}.json"
    if not found.is_file():
        why = "its variants were not timed, so that figures of a device cannot be compared with them"
        raise UsageError(
            "HUB-U082", f"run {run.folder.name} has no times", why, f"hub build --resume {run.folder.name}"
        )
    verified = read(Verified, json.loads(found.read_text("utf-8")))
    ratio = device_ratio(document, verified.models, TIMED, str(file), _hashes(run))
    return dataclasses.replace(request, device=ratio)


def _hashes(run: Run) -> dict[str, str]:
    """Return the hashes of the model files in the run's bundle, by variant; none where it left none."""
    from hub.edge.folder import read_manifest

    bundle = run.stage("report") / "bundle"
    if not bundle.is_dir():
        return {}
    manifest = read_manifest(bundle)
    return {name: manifest.files[entry.file].sha256 for name, entry in manifest.variants.items()}


def _compress(run: Run, tensorboard: bool, as_json: bool) -> None:
    """Export and quantize the run's own student."""
    import json

    from hub.contract import numbers
    from hub.pipeline.stages.compress import CHOICES

    built = shown(lambda: go_on(run, until="compress", tensorboard=tensorboard), as_json)
    choices = json.loads((built.run / "compress" / f"{CHOICES}.json").read_text("utf-8"))
    document = {"run": built.run.name, **choices}
    if as_json:
        output.emit_json(document)
        return
    output.labelled({"run": built.run.name, "default variant": choices["default"]})
    rows = []
    for name, entry in choices["variants"].items():
        abstains = entry["abstention"]
        off = ", ".join(entry["session"]["disabled_optimizers"]) or "none"
        rows.append([name, off, numbers.number(abstains["threshold"]) if abstains else ""])
    output.show_table("", ["variant", "optimizers switched off", "abstains below"], rows)
