"""Puts files of the Hub's cache into a folder: a whole bundle at once, or what one that is there lacks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from hub.contract.errors import HubError, UsageError
from hub.edge.files import written_whole
from hub.edge.folder import locate, read_manifest
from hub.edge.schema import MANIFEST, Manifest, check_path
from hub.edge.writer import staged


def same_bundle(folder: Path, manifest: Path) -> bool:
    """Return whether a folder holds a bundle with this very bundle.json."""
    try:
        return (locate(folder) / MANIFEST).read_bytes() == manifest.read_bytes()
    except (HubError, OSError):
        return False


def place(folder: Path, files: Mapping[str, Path], manifest: Manifest, *, keep: bool) -> tuple[str, ...]:
    """Put a pulled bundle into a folder.

    Args:
        folder: absent, empty, or a bundle, which is replaced.
        files: of the cache, by path in the bundle; all of them were checked.
        manifest: of the new bundle.
        keep: the folder holds the same bundle: only the given files are written, the others stay.

    Returns:
        What differs from the bundle that was there, in sentences.

    Raises:
        UsageError: HUB-E014, the folder holds something that is not part of a bundle.
    """
    for path in files:
        check_path(path)
    if keep:
        _add(folder, files)
        return ()
    changes = _changes(folder, manifest)
    with staged(folder) as new:
        copy(files, new)
    return changes


def copy(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files into a new folder."""
    for path, file in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / path)


def copy_into(folder: Path, files: Mapping[str, Path]) -> None:
    """Copy files into a folder that no bundle is in; what is there stays.

    Raises:
        UsageError: HUB-E014, something else is in the way.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError("HUB-E014", f"{folder} cannot be written", "it is a file", "name another folder")
    if (folder / MANIFEST).exists():
        why = "it holds a bundle, and what is pulled is none"
        raise UsageError("HUB-E014", f"{folder} will not be replaced", why, "name another folder")
    _add(folder, files)


def _add(folder: Path, files: Mapping[str, Path]) -> None:
    """Write the files that are not there as they should be, each whole; the others stay."""
    for path, file in files.items():
        if not _equal(folder / path, file):
            with written_whole(folder / check_path(path)) as target:
                shutil.copyfile(file, target)


def _equal(one: Path, other: Path) -> bool:
    import filecmp

    return one.is_file() and filecmp.cmp(one, other, shallow=False)


def _changes(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Say in what another bundle that is there differs."""
    try:
        old = read_manifest(locate(folder))
    except HubError:
        return ()
    found = []
    if old.task != manifest.task:
        found.append(f"the task was {old.task}, it is {manifest.task}")
    if old.labels != manifest.labels:
        found.append(f"the labels changed: {len(old.labels)} before, {len(manifest.labels)} now")
    gone, new = sorted(set(old.files) - set(manifest.files)), sorted(set(manifest.files) - set(old.files))
    both = sorted(path for path in set(old.files) & set(manifest.files) if old.files[path] != manifest.files[path])
    for what, paths in (("changed", both), ("new", new), ("gone", gone)):
        if paths:
            found.append(f"{what}: {', '.join(paths)}")
    return tuple(found)
