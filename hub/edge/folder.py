"""A bundle's folder: where it is, its bundle.json, and whether its files are the ones that were sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from hub.contract.errors import BundleError
from hub.edge.files import sha256
from hub.edge.schema import MANIFEST, FileEntry, Manifest, Variant, from_json

SELFTEST = "selftest.jsonl"
TOKENIZER = "tokenizer.json"
SIGNATURE = "bundle.json.sig"
"""Signature over bundle.json, which cannot list it."""

PREPROCESSOR = "preprocessor.json"
"""Everything that a table's row needs before the graph."""
REPORT = "report.html"
INFORMATIVE = ("README.md", REPORT, "NOTICE", "bom.json")
"""Files that people read and nothing parses: a change in them warns, everything else that changed is refused."""

MAX_MANIFEST_BYTES = 16_000_000
MAX_DEPTH = 32

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a .zip file begins, the second one without entries."""


@dataclass(frozen=True)
class FileState:
    """What became of a file since the bundle was sealed.

    Args:
        path: in the bundle, with ``/``.
        state: ``unchanged``, ``changed``, ``absent`` or ``outside`` (a link that leaves the folder).
        informative: it is one of `INFORMATIVE`.
    """

    path: str
    state: str
    informative: bool


def aside(target: Path) -> Path:
    """Return where the old bundle stands while `hub.edge.writer.staged` replaces ``target``."""
    return target.with_name(f".{target.name}.old")


def locate(path: Path) -> Path:
    """Return the folder of the bundle at ``path``.

    Normally that is ``path`` itself. When the writer was stopped between renaming the old bundle aside and
    the new one in, it is the old one. Nothing is moved: another process may be writing. Of a .zip file it is the
    folder of the cache that `hub.edge.archive.unpacked` returns.

    Raises:
        BundleError: HUB-E001, there is no bundle; of a .zip file also what `hub.edge.archive.unpacked` raises.
    """
    path = path.absolute()
    try:
        for folder in (path, aside(path), path):  # the last one: it may have been replaced between the two looks
            if (folder / MANIFEST).is_file():
                return folder
        present, zipped = path.exists(), path.is_file() and _is_archive(path)
    except (OSError, ValueError):
        present, zipped = False, False
    if zipped:
        from hub.edge.archive import unpacked

        return unpacked(path)
    if not present:
        raise BundleError("HUB-E001", f"there is no bundle at {path}", "no such folder", "check the path")
    why = f"it has no {MANIFEST}" if path.is_dir() else "it is a file, a bundle is a folder or a .zip file"
    raise BundleError("HUB-E001", f"{path} is not a bundle", why, f"name the folder that holds {MANIFEST}")


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) in _ZIP


def read_manifest(folder: Path) -> Manifest:
    """Read and check bundle.json, which strangers may have written.

    Args:
        folder: as `locate` returns it.

    Raises:
        BundleError: HUB-E002, it is too large, too deep, no JSON, or no manifest of this schema.
    """
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            _bad_manifest(str(path), f"it is larger than {MAX_MANIFEST_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        _bad_manifest(str(path), str(error), error)
    return parse_manifest(content, str(path))


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Check the content of a bundle.json, which strangers may have written.

    Args:
        content: the file, at most `MAX_MANIFEST_BYTES`.
        where: it stands, for messages.

    Raises:
        BundleError: HUB-E002, it is too deep, no JSON, has a key twice, or is no manifest of this schema.
    """
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError) as error:
        _bad_manifest(where, str(error), error)
    fault = _fault(value)
    if fault:
        _bad_manifest(where, fault)
    return from_json(value)


def file_states(folder: Path, manifest: Manifest) -> Iterator[FileState]:
    """Compare every file of the manifest with what is in the folder.

    Args:
        folder: as `locate` returns it.
        manifest: its bundle.json.

    Yields:
        One state for each entry of ``manifest.files``, in that order.
    """
    root = folder.resolve()
    for path, entry in manifest.files.items():
        yield FileState(path, _state(root, path, entry), path in INFORMATIVE)


def belongs(path: str, variant: Variant) -> bool:
    """Return whether a file is the variant's model or its external data (``model.onnx_data``)."""
    return path == variant.file or path.startswith((f"{variant.file}_", f"{variant.file}."))


def shared(path: str, manifest: Manifest) -> bool:
    """Return whether a file belongs to no variant in particular: tokenizer, configuration, self-test, card."""
    return not any(belongs(path, variant) for variant in manifest.variants.values())


def needed(path: str, manifest: Manifest, variant: Variant) -> bool:
    """Return whether a variant cannot be opened without this file."""
    return belongs(path, variant) or (path not in INFORMATIVE and shared(path, manifest))


def fetched_files(manifest: Manifest, variant: str) -> list[str]:
    """Return what pulling one variant fetches, bundle.json included, in sorted order.

    Args:
        manifest: of the bundle.
        variant: name of the variant.
    """
    chosen = manifest.variants[variant]
    kept = [path for path in manifest.files if belongs(path, chosen) or (shared(path, manifest) and path != REPORT)]
    return sorted([*kept, MANIFEST])


def _state(root: Path, path: str, entry: FileEntry) -> str:
    try:
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            return "outside"
        if not file.exists():
            return "absent"
        same = file.is_file() and file.stat().st_size == entry.bytes and sha256(file) == entry.sha256
    except (OSError, RuntimeError) as error:
        raise BundleError("HUB-E005", f"cannot read {path} of the bundle", str(error), "check the folder") from error
    return "unchanged" if same else "changed"


def _fault(value: Any) -> str:
    """Return what is wrong with parsed JSON as such, or ``""``: depth, and text that no encoding can write."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return f"it is nested deeper than {MAX_DEPTH}"
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not item.isascii() and _surrogates(item):
                return "a text in it has half a character (a lone surrogate)"
        level = below
    return ""


def _surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: of two values some programs take the first and some the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _bad_manifest(where: str, why: str, cause: BaseException | None = None) -> NoReturn:
    raise BundleError("HUB-E002", f"cannot read {where}", why, "get the bundle again or build it again") from cause
