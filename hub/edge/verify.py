"""Everything that can be checked on the device: schema, hashes, self-test, recorded gates."""

from __future__ import annotations

import os
from pathlib import Path

from hub.contract.errors import HubError
from hub.contract.kinds import KINDS
from hub.edge import selftest
from hub.edge.answers import entity_types
from hub.edge.bundle import Bundle
from hub.edge.folder import FileState, file_states, locate, needed, read_manifest
from hub.edge.machine import instruction_sets
from hub.edge.schema import Manifest, Variant
from hub.edge.selftest import Check

__all__ = ["Check", "verify"]


def verify(path: str | os.PathLike[str]) -> list[Check]:
    """Check a bundle as far as this machine can.

    Args:
        path: the bundle's folder.

    Returns:
        ``schema``; ``file PATH`` for each listed file; ``gate NAME`` for each gate of the build, and ``kept`` when
        the bundle was kept although gates were missed; for each
        variant that is present and that this machine can run the two checks of `selftest.replay`. All
        checks run; one that fails stops none of the others but those that need it.

    Raises:
        BundleError: HUB-E001, there is no bundle at ``path``.
    """
    folder = locate(Path(path))
    try:
        manifest = read_manifest(folder)
    except HubError as error:
        return [Check("schema", False, f"{error.what}: {error.why}")]
    schema = Check("schema", True, f"version {manifest.schema}, task {manifest.task}, {_answers(manifest)}")
    return [schema, *_files(folder, manifest), *_gates(manifest), *_self_tests(folder, manifest)]


def _answers(manifest: Manifest) -> str:
    kind = KINDS.get(manifest.kind)
    if kind is None:
        return f"unknown kind {manifest.kind}"
    if kind.answers == "number":
        return "one number"
    if kind.answers in ("vector", "answer", "fill"):
        return {"vector": "vectors", "answer": "answers from a context", "fill": "words for gaps"}[kind.answers]
    if kind.answers == "spans":
        return f"{len(entity_types([label.id for label in manifest.labels]))} entity types"
    return f"{len(manifest.labels)} labels"


def _files(folder: Path, manifest: Manifest) -> list[Check]:
    try:
        return [_file(state, manifest) for state in file_states(folder, manifest)]
    except HubError as error:
        return [Check("files", False, f"{error.what}: {error.why}")]


def _file(file: FileState, manifest: Manifest) -> Check:
    ok, detail = True, file.state
    if file.state == "outside":
        ok, detail = False, "a link that leads out of the bundle"
    elif file.state == "changed":
        ok = file.informative
        detail = "changed since the bundle was built" + (", harmless" if ok else "")
    elif file.state == "absent":
        # A variant's own file may be absent: not every variant is pulled.
        ok = not all(needed(file.path, manifest, variant) for variant in manifest.variants.values())
        ok = ok or file.informative
        detail = "absent, not needed" if ok else "absent"
    return Check(f"file {file.path}", ok, detail)


def _gates(manifest: Manifest) -> list[Check]:
    kept = [Check("kept", False, "the bundle was kept although it missed gates")] if manifest.failed else []
    return kept + [
        Check(
            f"gate {gate.name}",
            gate.passed,
            f"measured {gate.value:g}, limit {gate.limit:g}" + (f" ({gate.detail})" if gate.detail else ""),
        )
        for gate in manifest.gates
    ]


def _self_tests(folder: Path, manifest: Manifest) -> list[Check]:
    present = {name: variant for name, variant in manifest.variants.items() if (folder / variant.file).exists()}
    if not present:
        return [Check("variants", False, "no model file is here")]
    return [check for name, variant in present.items() for check in _self_test(folder, name, variant)]


def _self_test(folder: Path, name: str, variant: Variant) -> list[Check]:
    missing = sorted(set(variant.requires) - set(instruction_sets()))
    if missing:
        return [Check(f"self-test {name}", True, f"not run: this machine has no {', '.join(missing)}")]
    try:
        return selftest.replay(Bundle.open(folder, variant=name))
    except HubError as error:
        why = f": {error.why}" if error.why else ""
        return [Check(f"self-test {name}", False, f"{error.code}: {error.what}{why}")]
