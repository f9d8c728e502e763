"""Makes wheels of plugins by hand: a zip file with metadata, as the specification of wheels describes it."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TAG = "py3-none-any"


def make_wheel(
    folder: Path,
    distribution: str = "acme-support",
    version: str = "1.2",
    *,
    module: str = "support_desk",
    source: str = "",
    requires: Sequence[str] = (),
    tag: str = TAG,
    files: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> Path:
    """Write a wheel and return its path.

    Args:
        folder: to write into; it is made when missing.
        distribution: name of the plugin.
        version: of the plugin.
        module: import name of its one module, and name of its entry point.
        source: of the module.
        requires: lines of ``Requires-Dist``.
        tag: Python, ABI and platform.
        files: further files, or other contents for the usual ones, by their path in the wheel.
        without: usual files to leave out, by the last part of their path.
    """
    escaped = distribution.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}"]
    members = {
        f"{module}.py": source,
        f"{info}/METADATA": "\n".join([*metadata, *(f"Requires-Dist: {line}" for line in requires)]) + "\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n\n[hub]\n{module} = {module}\n",
        **(files or {}),
    }
    members = {name: text for name, text in members.items() if name.rpartition("/")[2] not in without}
    lines = [f"{name},{_record(text)},{len(text.encode())}" for name, text in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{escaped}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


def _record(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
