"""A stranger's bundle: files of one's own choice under hashes that fit them, opened as a user would."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.contract.errors import HubError
from hub.edge import Bundle
from hub.edge.folder import MANIFEST
from hub.edge.verify import verify

TEXTS = ["the old cat near a dog", "", "oak " * 40, "\ud800 é漢"]
ROW = {"width": 4.0, "colour": "red"}


def forged(source: Path, target: Path, files: Mapping[str, bytes], *, anew: bool = True) -> Path:
    """Copy a bundle, replace files and make bundle.json list what is there, as its attacker would.

    Args:
        source: a sealed bundle.
        target: where the copy is made; what is there is removed.
        files: by path; bundle.json itself is written as it is given.
        anew: copy; otherwise the copy is there, of the same source and with the same files replaced.
    """
    if anew:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    document = json.loads((source / MANIFEST).read_bytes())
    for name, content in files.items():
        (target / name).write_bytes(content)
        entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if name != MANIFEST:
            document["files"][name] = entry
    if MANIFEST not in files:
        (target / MANIFEST).write_text(json.dumps(document), "utf-8")
    return target


def use(path: Path, *, deep: bool = True) -> str:
    """Open a bundle with each of its variants and ask it; verify it.

    Args:
        path: folder or .zip file.
        deep: verify it too.

    Returns:
        ``answered``, or the code of the error. Whatever is no `HubError` is raised: that is what is looked for.
    """
    try:
        if deep:
            verify(path)
        bundle = Bundle.open(path)
        answers = bundle.predict(inputs(bundle))
        for variant in bundle.manifest.variants:
            Bundle.open(path, variant=variant)
    except HubError as error:
        assert error.code.startswith("HUB-"), error
        assert str(error)
        return error.code
    assert len(answers) == len(inputs(bundle))
    return "answered"


def inputs(bundle: Bundle) -> list[Any]:
    """Return inputs that a bundle's kind takes."""
    if bundle.kind.reads == "row":
        return [ROW, dict.fromkeys(ROW)]
    if bundle.kind.answers == "answer":
        return [("who", text) for text in TEXTS]
    if bundle.kind.answers == "fill":
        return [f"{text} {bundle.encoder.special.mask}" for text in TEXTS]
    return list(TEXTS)
