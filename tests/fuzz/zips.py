"""Archives that no zip program makes."""

from __future__ import annotations

import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

FILE = stat.S_IFREG | 0o644


def zipped(folder: Path, target: Path, prefix: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Zip a bundle's folder as a user would.

    Args:
        folder: of the bundle.
        target: the archive.
        prefix: folder in the archive, with ``/`` at its end.
        method: of compression.
    """
    with zipfile.ZipFile(target, "w", method) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, prefix + file.relative_to(folder).as_posix())
    return target


def with_entry(source: Path, target: Path, name: str, content: bytes = b"x", mode: int = FILE) -> Path:
    """Copy an archive and add an entry of any name and mode of Unix, also one that is there already."""
    target.write_bytes(source.read_bytes())
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    info.external_attr = mode << 16
    info.create_system = 3
    with zipfile.ZipFile(target, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns about a name that is there already
        archive.writestr(info, content)
    return target


def without(source: Path, target: Path, names: Sequence[str]) -> Path:
    """Copy an archive and leave entries out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in names:
                new.writestr(info.filename, old.read(info))
    return target


def encrypted(source: Path, target: Path) -> Path:
    """Copy an archive and mark every entry as encrypted, in the table of contents and before each entry."""
    content = bytearray(source.read_bytes())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 1)
    target.write_bytes(content)
    return target


def many_entries(source: Path, target: Path, count: int) -> Path:
    """Copy an archive and add empty entries, so that the table of contents grows."""
    target.write_bytes(source.read_bytes())
    with zipfile.ZipFile(target, "a") as archive:
        for number in range(count):
            archive.writestr(f"empty/{number:08}" + "x" * 150, b"")
    return target


def overlapping(source: Path, target: Path, name: str, others: Sequence[str]) -> Path:
    """Copy an archive and list one entry's data under further names: each unpacks, and the file hardly grows.

    Source: David Fifield 2019, A better zip bomb.

    Args:
        source: an archive.
        target: its copy.
        name: of the entry.
        others: its further names, as long as ``name``.
    """
    content = source.read_bytes()
    with zipfile.ZipFile(source) as archive:
        start, total = archive.start_dir, len(archive.infolist())
    end = content.rindex(b"PK\x05\x06")
    first, length = next(
        (at, size) for at, size in _entries(content, start, end) if content[at + 46 :].startswith(name.encode())
    )
    record = content[first : first + length]
    added = b"".join(record[:46] + other.encode() + record[46 + len(name) :] for other in others)
    directory, tail = content[start:end] + added, bytearray(content[end:])
    struct.pack_into("<HHL", tail, 8, total + len(others), total + len(others), len(directory))
    target.write_bytes(content[:start] + directory + bytes(tail))
    return target


def add_zeros(path: Path, name: str, size: int) -> None:
    """Add an entry that unpacks to so many zero bytes, without packing them all: equal pieces repeat.

    Only the check sum at the very end is wrong, and a reader that gets there has lost.
    """
    piece = 10_000_000 if size > 10_000_000 else size
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(piece)) + packer.flush(zlib.Z_FULL_FLUSH)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo(name)
        archive.writestr(info, packed * (size // piece) + zlib.compress(b"", wbits=-15))
        info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, size


def _entries(content: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield place and length of each entry of the table of contents."""
    while start < end:
        length = 46 + sum(struct.unpack_from("<HHH", content, start + 28))
        yield start, length
        start += length
