"""What identifies a stage's result: its inputs, the code that made it, and the versions of its libraries."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "optimum",
    "onnxruntime",
    "onnx",
    "onnx-ir",
    "peft",
    "onnxscript",
    "scikit-learn",
    "scipy",
    "numpy",
)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def fingerprint(value: Any) -> str:
    """Return the SHA-256 of a JSON-able value in canonical form, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_fingerprint(module: str) -> str:
    """Return a hash of the files of a module or package, found without importing it.

    The files of a package count whatever they are: style sheets decide a report, tables a data source.
    """
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # no package above it; a module that was not found but made
        spec = None
    if spec is None:
        return "missing"
    digest = hashlib.sha256()
    for folder in map(Path, spec.submodule_search_locations or ()):
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(_content(file))
    if not spec.submodule_search_locations and spec.has_location and spec.origin:
        digest.update(_content(Path(spec.origin)))
    return digest.hexdigest()


def reference_fingerprint(reference: str) -> str:
    """Return a hash of the code behind ``package.module:name``.

    Args:
        reference: of the host itself: that module counts; of a plugin: its whole top-level package does.
    """
    module = reference.partition(":")[0]
    top = module.partition(".")[0]
    return code_fingerprint(module if top == "hub" else top)


@cache
def library_versions() -> tuple[tuple[str, str], ...]:
    """Return ``(name, version)`` of the libraries that decide numbers, installed ones only."""
    return tuple((name, version) for name in _LIBRARIES if (version := _version(name)))


@cache
def python_version() -> str:
    """Return the version of Python without its last part."""
    return ".".join(platform.python_version_tuple()[:2])


def requirement_versions(distribution: str) -> list[tuple[str, str]]:
    """Return ``(name, version)`` of what a distribution requires: a plugin's data may be in another package.

    Args:
        distribution: its name; one that is not installed requires nothing.
    """
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return []
    names = sorted({match[0] for line in lines if "extra ==" not in line and (match := _NAME.match(line))})
    return [(name, version) for name in names if (version := _version(name))]


def files_fingerprint(files: Iterable[Path], folder: Path) -> str:
    """Return a hash of names and contents of files.

    Args:
        files: all below ``folder``; their order does not matter.
        folder: names are relative to it.
    """
    digest = hashlib.sha256()
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        digest.update(name.encode() + b"\0")
        digest.update(_content(file))
    return digest.hexdigest()


def _content(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
