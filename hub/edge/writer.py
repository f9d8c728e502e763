"""Write a bundle so that a reader finds the old one or the new one, never half of either."""

from __future__ import annotations

import dataclasses
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.contract.errors import BundleError, UsageError
from hub.edge.files import json_text, sha256, umask, write_text
from hub.edge.folder import SIGNATURE, aside, fetched_files, read_manifest
from hub.edge.schema import MANIFEST, FileEntry, Manifest, check_path, from_json, to_json

STALE_SECONDS = 24 * 3600
"""A temporary folder untouched for so long was left by a process that was killed."""

_HUB_EXTRAS = (".gitattributes", ".cache", ".huggingface", SIGNATURE)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``target`` and put it in ``target``'s place when the block ends well.

    An existing bundle is renamed aside, the new one renamed in, then the old one removed. Stopped between
    the two renames, `hub.edge.folder.locate` finds the old one, and the next `staged` moves it back.

    Args:
        target: the bundle's folder: absent, empty, or a bundle.

    Yields:
        The folder to fill. After an error it is removed and ``target`` is as before.

    Raises:
        UsageError: HUB-E014, ``target`` holds something that is not part of a bundle.
    """
    target = target.absolute()
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    _recover(target)
    _remove_stale(target)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~umask())
        _sync(temporary)
        _swap(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_target(target: Path) -> None:
    """Refuse a target whose replacement would delete files that no bundle put there.

    Call it before a long build, so that a wrong path is seen at once.

    Args:
        target: as in `staged`.

    Raises:
        UsageError: HUB-E014, also when nothing can be written there.
    """
    if not target.exists():
        above = next((folder for folder in target.absolute().parents if folder.exists()), None)
        if above is None or not above.is_dir() or not os.access(above, os.W_OK):
            raise _refused(target, f"nothing can be written into {above or target.anchor}", "cannot be written")
        return
    if not target.is_dir() or target.is_symlink():
        raise _refused(target, "it is not a folder" if not target.is_symlink() else "it is a link")
    if not any(target.iterdir()):
        return
    if not (target / MANIFEST).exists():
        raise _refused(target, f"it is not empty and has no {MANIFEST}")
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()}
    try:
        listed = set(read_manifest(target).files)
    except BundleError as error:
        raise _refused(target, f"its {MANIFEST} cannot be read: {error.why}") from error
    foreign = sorted(name for name in found - listed - {MANIFEST} if name.split("/")[0] not in _HUB_EXTRAS)
    if foreign:
        raise _refused(target, f"{foreign[0]} is there, which is not part of the bundle")


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Hash every file, add hashes and fetch sizes to the manifest and write bundle.json.

    Sealing again after a file was added is fine: what was there before is computed anew.

    Args:
        folder: with every other file of the bundle in it, each variant's model included.
        manifest: its ``files`` and each variant's ``fetch_bytes`` are replaced.

    Returns:
        The manifest as it was written.

    Raises:
        BundleError: HUB-E002 the manifest is not valid, HUB-E003 a link or a path that is not allowed.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise BundleError("HUB-E003", f"{name} is a link", "a bundle holds files only", "copy the file itself")
        if path.is_file() and name not in (MANIFEST, SIGNATURE):
            files[check_path(name)] = FileEntry(path.stat().st_size, sha256(path))
    sealed = _with_fetch_bytes(dataclasses.replace(manifest, files=files))
    from_json(to_json(sealed))
    write_text(folder / MANIFEST, json_text(to_json(sealed)))
    return sealed


def _with_fetch_bytes(manifest: Manifest) -> Manifest:
    """Fill in ``fetch_bytes``. bundle.json counts too and holds the number, so repeat until it stands."""
    zero = {name: dataclasses.replace(variant, fetch_bytes=0) for name, variant in manifest.variants.items()}
    manifest = dataclasses.replace(manifest, variants=zero)
    while True:
        sizes = {path: entry.bytes for path, entry in manifest.files.items()}
        sizes[MANIFEST] = len(json_text(to_json(manifest)).encode("utf-8"))
        variants = {
            name: dataclasses.replace(variant, fetch_bytes=sum(sizes[path] for path in fetched_files(manifest, name)))
            for name, variant in manifest.variants.items()
        }
        if variants == manifest.variants:
            return manifest
        manifest = dataclasses.replace(manifest, variants=variants)


def _swap(temporary: Path, target: Path) -> None:
    old = aside(target)
    if target.exists():
        _remove_old(old)
        target.rename(old)
    try:
        temporary.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    _sync_entry(target.parent)
    _remove_old(old)


def _recover(target: Path) -> None:
    """Move the old bundle back after a cut between the two renames, or remove what a later cut left of it."""
    old = aside(target)
    if (old / MANIFEST).exists() and not target.exists():
        old.rename(target)
    else:
        _remove_old(old)


def _remove_old(old: Path) -> None:
    """Remove the old bundle, bundle.json first: without it the rest is never taken for a bundle."""
    if old.exists():
        (old / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(old)


def _remove_stale(target: Path) -> None:
    for folder in target.parent.glob(f".{glob.escape(target.name)}.*.new"):
        if time.time() - folder.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make the system write the folder's files to the disk before they get their final name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
        else:
            _sync_entry(path)
    _sync_entry(folder)


def _sync_entry(folder: Path) -> None:
    """Flush a folder's own entries. Windows cannot open folders and needs no flush."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _refused(target: Path, why: str, what: str = "will not be replaced") -> UsageError:
    return UsageError("HUB-E014", f"{target} {what}", why, "name another folder, or move what is in it elsewhere")
