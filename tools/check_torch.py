"""Stops before an installation of PyTorch would fetch CUDA packages nobody asked for.

On Linux the PyTorch of the Python Package Index is the CUDA build: several GB. This script lets pip
resolve the requirement without installing it and ends with an error when CUDA packages would come.
Usage: python tools/check_torch.py REQUIREMENT [PIP OPTION...]
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CUDA = re.compile(r"^(nvidia|cuda)-|^(pytorch-)?triton(-|$)")
"""Normalised names of the packages that only a CUDA build of PyTorch needs."""

COLLECTING = re.compile(r"^Collecting ([A-Za-z0-9][A-Za-z0-9._-]*)")
"""What pip prints when it comes to a package, before it fetches the package itself."""

ADVICE = """\
{requirement} would bring CUDA packages ({names}), several GB.

  to have the CPU build:   make {goal} TORCH_INDEX=URL   with URL the CPU index that pytorch.org names
  to have the CUDA build:  make {goal} ALLOW_CUDA=1

Nothing was installed. README.md, "Install", has the choices for each system.
"""


def is_cuda(name: str) -> bool:
    """Return whether a distribution comes with CUDA builds only."""
    return bool(CUDA.match(re.sub(r"[-_.]+", "-", name).lower()))


def cuda_in_report(report: Mapping[str, Any]) -> list[str]:
    """Return the CUDA packages of an installation report of pip, sorted."""
    return sorted({name for entry in report["install"] if is_cuda(name := entry["metadata"]["name"])})


def first_cuda(lines: Iterable[str]) -> str | None:
    """Return the first CUDA package that pip says it collects, or ``None``.

    pip before 25.3 fetches every file even when it only resolves, but names each package before it does:
    reading along stops it in time.
    """
    for line in lines:
        match = COLLECTING.match(line.strip())
        if match and is_cuda(match[1]):
            return match[1]
    return None


def find_cuda(arguments: list[str]) -> list[str]:
    """Return the CUDA packages that ``pip install ARGUMENTS`` would bring.

    Raises:
        SystemExit: pip cannot resolve the requirement; its own messages are printed.
    """
    with tempfile.TemporaryDirectory(prefix="check-torch-", ignore_cleanup_errors=True) as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--report", str(report), *arguments]
        # Unbuffered, so that a name is read before what it stands for is fetched; with our temporary folder,
        # since pip leaves its own behind when it is stopped.
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": folder}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as pip:
            found = first_cuda(pip.stdout or ())
            if found is not None:
                pip.terminate()
                return [found]
        if pip.returncode:
            raise SystemExit(pip.returncode)
        return cuda_in_report(json.loads(report.read_text(encoding="utf-8")))


def main(arguments: list[str]) -> int:
    """Check one requirement; return 0 when it brings no CUDA package, 1 otherwise."""
    # The index has CPU builds for Windows and macOS.
    if os.environ.get("ALLOW_CUDA") or not sys.platform.startswith("linux"):
        return 0
    found = find_cuda(arguments)
    if not found:
        return 0
    names = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
    goal = os.environ.get("GOAL") or "demo"
    sys.stderr.write(ADVICE.format(requirement=arguments[0], names=names, goal=goal))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
