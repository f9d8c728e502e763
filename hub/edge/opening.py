"""What happens before a bundle runs: choosing a variant, checking machine and files, loading the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hub.contract.errors import BundleError, UsageError, nearest
from hub.contract.kinds import KINDS
from hub.edge.folder import PREPROCESSOR, TOKENIZER, file_states, needed
from hub.edge.machine import lacking
from hub.edge.schema import Manifest, Variant

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime

PROFILES = ("portable", "x86-avx2", "x86-vnni", "arm64", "wasm", "this-machine")


def open_runtime(
    folder: Path, manifest: Manifest, variant: Variant, threads: int | None, inputs: Sequence[str]
) -> Runtime:
    """Load the model of a variant.

    Args:
        folder: of the bundle.
        manifest: its bundle.json.
        variant: one of its variants.
        threads: intra-op threads in place of those the variant was measured with.
        inputs: names of the graph inputs that can be filled.

    Raises:
        MissingError: HUB-E007, nothing is installed that runs its format.
        BundleError: HUB-E010, it cannot be loaded or wants other inputs.
    """
    from hub.edge.runtimes import ONNX, open_file

    if variant.format == ONNX:
        from hub.edge.limits import check_graph

        check_graph(folder, variant.file, manifest.files)
    session = variant.session
    own = {"disabled_optimizers": session.disabled_optimizers} if variant.format == ONNX else session.options
    options = {
        **own,
        "threads": session.threads if threads is None else threads,
        "output": manifest.outputs or manifest.output,
    }
    runtime = open_file(variant.format, folder / variant.file, options)
    strange = sorted(set(runtime.inputs) - set(inputs))
    if strange or not runtime.inputs:
        what = "texts" if KINDS[manifest.kind].reads == "text" else "tables"
        why = f"it wants {', '.join(strange)}" if strange else "it has no input"
        raise BundleError(
            "HUB-E010", f"{variant.file} is not a model of {what}", why, f"inputs are {', '.join(inputs)}"
        )
    return runtime


def default_variant(manifest: Manifest, profile: str) -> str:
    """Return the name of the variant that a profile runs."""
    return manifest.default_variant.get(profile) or manifest.default_variant["portable"]


def choose_variant(folder: Path, manifest: Manifest, variant: str | None, profile: str) -> str:
    """Return the name of the variant to run; see `hub.edge.bundle.Bundle.open`.

    Raises:
        UsageError: HUB-E008, unknown variant or profile.
    """
    if variant is not None:
        if variant not in manifest.variants:
            raise UsageError(
                "HUB-E008", f"there is no variant {variant!r} in {folder}", nearest(variant, manifest.variants)
            )
        return variant
    if profile not in PROFILES and profile not in manifest.default_variant:
        raise UsageError("HUB-E008", f"there is no profile {profile!r}", nearest(profile, PROFILES))
    default = default_variant(manifest, profile)
    for name in (default, manifest.default_variant["portable"], *manifest.variants):
        entry = manifest.variants[name]
        if (folder / entry.file).exists() and not lacking(entry.requires):
            return name
    return default


def notice(manifest: Manifest, profile: str, chosen: str) -> list[str]:
    """Say why another variant than that of a profile runs; nothing when it is that one.

    Args:
        manifest: of the bundle.
        profile: that was asked for.
        chosen: what `choose_variant` returned for it.
    """
    default = default_variant(manifest, profile)
    if chosen == default:
        return []
    missing = lacking(manifest.variants[default].requires)
    why = f"needs {', '.join(missing)}, which this processor does not have" if missing else "is not here"
    return [f"the variant {default!r} {why}; {chosen!r} is used"]


def require_machine(manifest: Manifest, name: str) -> None:
    """Refuse a variant that this machine cannot run.

    Raises:
        BundleError: HUB-E009.
    """
    sets = manifest.variants[name].requires
    if sets:
        from hub.edge import machine

        machine.require(sets, f"variant {name!r} of {manifest.name!r}")


def check_files(folder: Path, manifest: Manifest, chosen: Variant) -> list[str]:
    """Refuse files that were changed or are missing; return sentences about the harmless ones.

    Args:
        folder: as `hub.edge.folder.locate` returns it.
        manifest: its bundle.json.
        chosen: the variant to run; files of others may be absent.

    Raises:
        BundleError: HUB-E003 a file leaves the folder, HUB-E004 it was changed, HUB-E005 it is missing.
    """
    read = TOKENIZER if KINDS[manifest.kind].reads == "text" else PREPROCESSOR
    if read not in manifest.files:
        raise BundleError("HUB-E005", f"bundle {manifest.name!r} lists no {read}", "it cannot be checked without")
    warnings = []
    for file in file_states(folder, manifest):
        where = f"{file.path} in {folder}"
        if file.state == "outside":
            raise BundleError("HUB-E003", f"{where} leads out of the bundle", "it is a link", "copy the file itself")
        if file.state == "changed" and file.informative:
            warnings.append(f"{file.path} was changed after the bundle was built")
        elif file.state == "changed":
            raise BundleError(
                "HUB-E004",
                f"{where} was changed",
                "its hash is not the one in bundle.json",
                "get the bundle again or build it again",
            )
        elif file.state == "absent" and needed(file.path, manifest, chosen):
            raise BundleError("HUB-E005", f"{where} is missing", "bundle.json lists it", "get the bundle again")
    return warnings
