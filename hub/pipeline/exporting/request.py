"""What an export is asked for, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hub.contract.errors import GateError, UsageError, nearest
from hub.contract.export_results import FP32, ExportResult
from hub.contract.exporter import Exporter, QuantizedForm
from hub.contract.recipe import DataOptions
from hub.edge.machine import instruction_sets

AUTO = "auto"
PROFILE_SETS: dict[str, tuple[str, ...]] = {
    "portable": (),
    "wasm": (),
    "arm64": ("neon",),
    "x86-avx2": ("avx", "avx2"),
    "x86-vnni": ("avx", "avx2", "avx512f", "avx512_vnni"),
}
"""Instruction sets that every machine of a profile has; those of ``this-machine`` are asked of it."""

THIS_MACHINE = "this-machine"


@dataclass(frozen=True)
class ExportRun:
    """One export.

    Args:
        name: run id or folder of ours, checkpoint folder, or ``org/model[@revision]``.
        out: folder of the bundle.
        exporter: writes the format.
        kind: name of a kind, ``None`` for what the checkpoint says.
        data: the user's rows, a file or a folder; ``None`` for the run's own, or the shipped sentences.
        options: columns of the user's rows.
        profile: target, one of `hub.edge.opening.PROFILES`.
        variants: names of precisions or forms; `AUTO` for fp32 and the first smaller form that passes.
        opset: of the graph, ``None`` for the exporter's own.
        max_drop: percent of the rows that a quantized variant may answer otherwise; points of the headline metric it
            may lose where rows are labelled; 0..100.
        keep: write the bundle, marked as failed, although gates were missed.
        latency: time the variants and their session options; without it the usual options are taken.
        selftest_from_data: the user's rows may stand in the self-test.
        allow_pickle: load weights that are pickles.
        allow_random_head: accept weights that the checkpoint lacks.
        trust_remote_code: run code that comes with the checkpoint.
        verify_python: a Python with optimum-onnx that must give the same answers.
        runs: folder of the runs; the log goes there.
    """

    name: str
    out: Path
    exporter: Exporter
    kind: str | None = None
    data: Path | None = None
    options: DataOptions = field(default_factory=DataOptions)
    profile: str = "portable"
    variants: tuple[str, ...] = (AUTO,)
    opset: int | None = None
    max_drop: float = 1.0
    keep: bool = False
    latency: bool = True
    selftest_from_data: bool = False
    allow_pickle: bool = False
    allow_random_head: bool = False
    trust_remote_code: bool = False
    verify_python: Path | None = None
    runs: Path = Path("runs")


@dataclass(frozen=True)
class ExportDone:
    """What an export made.

    Args:
        bundle: its folder; ``None`` when gates were missed and nothing was kept.
        log: what libraries said.
        result: everything measured.
        seconds: wall time.
    """

    bundle: Path | None
    log: Path
    result: ExportResult
    seconds: float


class MissedExportError(GateError):
    """An export that missed gates.

    Attributes:
        done: what was measured, and the bundle if it was kept.
    """

    def __init__(self, done: ExportDone, code: str, what: str, why: str, fix: str) -> None:
        super().__init__(code, what, why, fix)
        self.done = done


def sets_of(profile: str) -> tuple[str, ...]:
    """Return the instruction sets that every machine of a profile has.

    Raises:
        UsageError: HUB-E008, there is no such profile.
    """
    if profile == THIS_MACHINE:
        return instruction_sets()
    if profile not in PROFILE_SETS:
        raise UsageError(
            "HUB-E008", f"there is no profile {profile!r}", nearest(profile, [*PROFILE_SETS, THIS_MACHINE])
        )
    return PROFILE_SETS[profile]


@dataclass(frozen=True)
class Wanted:
    """One quantized variant that is to be made.

    Args:
        name: of the variant.
        forms: to try, in order; the first one that passes is kept.
        required: the user named it: when no form passes, the export has failed.
    """

    name: str
    forms: tuple[QuantizedForm, ...]
    required: bool


def wanted_variants(request: ExportRun) -> tuple[Wanted, ...]:
    """Return the quantized variants to make; fp32 is always made.

    Raises:
        UsageError: HUB-X060, a name that the format does not know, or a form that the profile's machines cannot run.
        UsageError: HUB-E008, there is no such profile.
    """
    sets = set(sets_of(request.profile))
    runnable = tuple(form for form in request.exporter.forms if set(form.requires) <= sets)
    found: dict[str, Wanted] = {}
    for name in request.variants:
        if name == FP32:
            continue
        if name == AUTO:
            for precision in dict.fromkeys(form.precision for form in runnable[:1]):
                forms = tuple(form for form in runnable if form.precision == precision)
                found.setdefault(precision, Wanted(precision, forms, False))
            continue
        forms = tuple(form for form in runnable if name in (form.name, form.precision))
        if not forms:
            raise _unknown(name, request)
        found[name] = Wanted(name, forms, True)
    return tuple(found.values())


def _unknown(name: str, request: ExportRun) -> UsageError:
    forms = request.exporter.forms
    stated = next((form for form in forms if name in (form.name, form.precision)), None)
    if stated is not None:
        why = f"it needs {', '.join(stated.requires)}, which not every machine of {request.profile!r} has"
        return UsageError("HUB-X060", f"there is no variant {name!r} for the profile", why, "choose another --profile")
    known = dict.fromkeys([AUTO, FP32, *(form.precision for form in forms), *(form.name for form in forms)])
    what = f"the format {request.exporter.name} has no variant {name!r}"
    return UsageError("HUB-X060", what, nearest(name, known), "see: hub export --help")
