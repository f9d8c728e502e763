"""Files written whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Give a temporary path beside ``target`` and move it into place when the block ends well.

    Args:
        target: file to create or replace; its folder is made when missing.

    Yields:
        The path to write to, in the same folder and with the same suffix. After an error it is removed
        and ``target`` is as before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def umask() -> int:
    """Return the permissions that this process withholds; temporary files are made without asking for it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text whole, with ``\\n`` line ends on every system."""
    with written_whole(target) as path:
        path.write_bytes(text.encode("utf-8"))


def json_text(value: Any) -> str:
    """Return a JSON document as `write_json` writes it.

    Raises:
        ValueError: there is a NaN or an infinity in it.
    """
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(target: Path, value: Any) -> None:
    """Write a JSON document whole: UTF-8, two-space indent, refusing NaN and infinities."""
    write_text(target, json_text(value))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
