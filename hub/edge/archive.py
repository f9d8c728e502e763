"""Bundles in one .zip file: checked, and unpacked into the program's cache as far as bundle.json lists their files."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NoReturn

from hub.contract.errors import BundleError
from hub.edge.files import sha256
from hub.edge.folder import INFORMATIVE, MAX_MANIFEST_BYTES, SIGNATURE, file_states, parse_manifest, read_manifest
from hub.edge.home import VARIABLE, home
from hub.edge.schema import MANIFEST, Manifest, check_path

MAX_RATIO = 100
"""A bundle that unpacks to more times its archive's size is refused: weights shrink by a tenth, zeros 1000 times."""

SMALL_BYTES = 64_000_000
"""This much may be unpacked from an archive of any size."""

UNUSED_SECONDS = 30 * 24 * 3600
"""Unpacked bundles that were not opened for so long are removed when another one is unpacked."""

_FREE = (*INFORMATIVE, SIGNATURE)
"""Files without a hash that must fit."""

_PIECE = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_ERRORS = (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError, KeyError, OverflowError)
"""What zipfile raises for files that are damaged on purpose; NotImplementedError is a RuntimeError."""


def cache() -> Path:
    """Return the folder that bundles are unpacked into. It may not exist yet."""
    return home() / "bundles"


def unpacked(path: Path) -> Path:
    """Return the folder with the bundle of a .zip file; it is unpacked when this archive was not opened before.

    Only files that bundle.json lists, and its signature, are unpacked, each with the size and the hash it has there,
    and never more than `MAX_RATIO` times the archive's size (or `SMALL_BYTES`). The folder appears whole: another
    process finds all of it or nothing.

    Args:
        path: the archive. bundle.json lies at its top, or in the only folder that has one.

    Returns:
        A folder of the cache, named by the hash of the archive.

    Raises:
        BundleError: HUB-E001 no bundle in it, HUB-E002 wrong bundle.json, HUB-E003 a link or a path that leaves the
            bundle, HUB-E004 a file is not the one that bundle.json lists, HUB-E019 it cannot be unpacked.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(_Bounded(stream)) as archive:
            entries = _entries(archive, path)
            target = cache() / sha256(path)
            if _is_whole(target, entries):
                os.utime(target)
                return target
            return _unpack(archive, entries, path, target)
    except OSError as error:
        _refuse(path, str(error), f"unpack it yourself, or name a folder to unpack into with {VARIABLE}", error)
    except _ERRORS as error:
        _refuse(path, str(error) or type(error).__name__, cause=error)


class _Bounded:
    """A file of which no more than `_PIECE` bytes can be read at once, as zipfile does with the table of contents."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        found = self._stream.read(min(size, _PIECE + 1) if size >= 0 else _PIECE + 1)
        if len(found) > _PIECE:
            raise zipfile.BadZipFile(f"its table of contents is larger than {_PIECE} bytes")
        return found


def _entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the files of the bundle by their paths in it; refuse an archive with a name that could do harm."""
    found: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    for info in archive.infolist():
        name = info.orig_filename  # the other one is cut at a zero byte
        is_folder = name.endswith("/")
        check_path(name.removesuffix("/"))
        same = unicodedata.normalize("NFC", name).casefold()
        if same in seen:
            _refuse(path, f"{name!r} is in it twice, or under a name that differs in upper and lower case alone")
        seen.add(same)
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
            raise BundleError("HUB-E003", f"{name} in {path} is a link or a device", "a bundle holds files only")
        if not is_folder:
            found[name] = info
    return _inside(found, path)


def _inside(found: Mapping[str, zipfile.ZipInfo], path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of the folder that holds bundle.json."""
    tops = [name.removesuffix(MANIFEST) for name in found if name.count("/") < 2 and name.split("/")[-1] == MANIFEST]
    if len(tops) > 1 and "" in tops:
        tops = [""]
    if len(tops) != 1:
        why = "several folders in it have one" if tops else f"neither its top nor a folder there has a {MANIFEST}"
        raise BundleError("HUB-E001", f"{path} is not a bundle", why, "zip the folder of one bundle")
    return {name.removeprefix(tops[0]): info for name, info in found.items() if name.startswith(tops[0])}


def _is_whole(target: Path, entries: Mapping[str, zipfile.ZipInfo]) -> bool:
    """Return whether the cache has everything of the archive that is listed, and unchanged."""
    try:
        if not (target / MANIFEST).is_file():
            return False
        states = {file.path: file for file in file_states(target, read_manifest(target))}
    except BundleError:
        return False
    found = (file for path, file in states.items() if path in entries)
    return all(file.state == "unchanged" or (file.informative and file.state == "changed") for file in found)


def _unpack(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], path: Path, target: Path) -> Path:
    manifest_entry = entries[MANIFEST]
    _check_entry(manifest_entry, path)
    if manifest_entry.file_size > MAX_MANIFEST_BYTES:
        _refuse(path, f"its {MANIFEST} is larger than {MAX_MANIFEST_BYTES} bytes")
    content = archive.read(manifest_entry)
    manifest = parse_manifest(content, f"{MANIFEST} in {path}")
    listed = {name: entries[name] for name in (*manifest.files, SIGNATURE) if name in entries}
    _check_sizes(listed, manifest, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _check_room(listed, path, target.parent)
    _remove_unused(target.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name[:8]}.", suffix=".new", dir=target.parent))
    try:
        (temporary / MANIFEST).write_bytes(content)
        for name, info in listed.items():
            found = _write(archive, info, temporary / name)
            if name not in _FREE and found != manifest.files[name].sha256:
                raise _changed(name, path, "its hash is not the one in bundle.json")
        _put(temporary, target, entries)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _check_entry(info: zipfile.ZipInfo, path: Path) -> None:
    if info.flag_bits & _ENCRYPTED:
        _refuse(path, f"{info.filename} is encrypted")
    if info.compress_type not in _METHODS:
        _refuse(path, f"{info.filename} is compressed in an unusual way", "zip it with deflate, or without compression")


def _check_sizes(listed: Mapping[str, zipfile.ZipInfo], manifest: Manifest, path: Path) -> None:
    for name, info in listed.items():
        _check_entry(info, path)
        if name not in _FREE and info.file_size != manifest.files[name].bytes:
            raise _changed(name, path, "its size is not the one in bundle.json")
    total = sum(info.file_size for info in listed.values())
    most = max(SMALL_BYTES, MAX_RATIO * path.stat().st_size)
    if total > most:
        _refuse(path, f"it would unpack to {total} bytes, and from an archive of its size at most {most} are unpacked")


def _check_room(listed: Mapping[str, zipfile.ZipInfo], path: Path, folder: Path) -> None:
    total, free = sum(info.file_size for info in listed.values()), shutil.disk_usage(folder).free
    if total > free:
        _refuse(path, f"it unpacks to {total} bytes, {folder} has room for {free}", f"make room, or set {VARIABLE}")


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: Path) -> str:
    """Unpack one file, of which zipfile gives no more bytes than the table of contents says; return its SHA-256."""
    file.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(info) as source, file.open("xb") as stream:
        while piece := source.read(_PIECE):
            digest.update(piece)
            stream.write(piece)
    return digest.hexdigest()


def _put(temporary: Path, target: Path, entries: Mapping[str, zipfile.ZipInfo]) -> None:
    """Move the unpacked folder into its place; another process may have been first."""
    if target.exists() and not _is_whole(target, entries):
        shutil.rmtree(target)
    try:
        temporary.rename(target)
    except OSError:
        if not _is_whole(target, entries):
            raise


def _remove_unused(folder: Path) -> None:
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def _changed(name: str, path: Path, why: str) -> BundleError:
    return BundleError("HUB-E004", f"{name} in {path} was changed", why, "get the bundle again")


def _refuse(path: Path, why: str, fix: str = "get the file again", cause: BaseException | None = None) -> NoReturn:
    raise BundleError("HUB-E019", f"{path} cannot be unpacked", why, fix) from cause
