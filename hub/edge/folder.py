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
PREPROCESSOR = "preprocessor.json"
"""Everything that a table's row needs before the graph."""
REPORT = "report.html"
INFORMATIVE = ("README.md", REPORT, "NOTICE")
"""Files that people read and nothing parses: a change in them warns, everything else that changed is refused."""

MAX_MANIFEST_BYTES = 16_000_000
MAX_DEPTH = 32


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
    the new one in, it is the old one. Nothing is moved: another process may be writing.

    Raises:
        BundleError: HUB-E001, there is no bundle.
    """
    path = path.absolute()
    try:
        for folder in (path, aside(path)):
            if (folder / MANIFEST).is_file():
                return folder
        present = path.exists()
    except (OSError, ValueError):
        present = False
    if not present:
        raise BundleError("HUB-E001", f"there is no bundle at {path}", "no such folder", "check the path")
    why = f"it has no {MANIFEST}" if path.is_dir() else "it is a file, a bundle is a folder"
    raise BundleError("HUB-E001", f"{path} is not a bundle", why, f"name the folder that holds {MANIFEST}")


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
            _bad_manifest(path, f"it is larger than {MAX_MANIFEST_BYTES} bytes")
        value = json.loads(path.read_bytes().decode("utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        _bad_manifest(path, str(error), error)
    fault = _fault(value)
    if fault:
        _bad_manifest(path, fault)
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


def _bad_manifest(path: Path, why: str, cause: BaseException | None = None) -> NoReturn:
    raise BundleError("HUB-E002", f"cannot read {path}", why, "get the bundle again or build it again") from cause
