"""The exporter of the tutorial as an installed distribution: the sound one that tests of the kit break."""

from __future__ import annotations

from pathlib import Path

from tests.support.sources import ROOT
from tests.support.tutorial import steps

PAGE = ROOT / "docs" / "write-an-exporter.md"


def install(folder: Path) -> Path:
    """Write the packages of the tutorial and what importlib.metadata reads of them into a folder.

    Args:
        folder: to be put on ``sys.path``.

    Returns:
        ``folder``.
    """
    for step in steps(PAGE.read_text("utf-8")):
        if step.path.startswith("src/"):
            file = folder / step.path.removeprefix("src/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, "utf-8")
    papers = folder / "domainhub_numpy-0.1.0.dist-info"
    papers.mkdir()
    (papers / "METADATA").write_text("Metadata-Version: 2.1\nName: domainhub-numpy\nVersion: 0.1.0\n", "utf-8")
    runtimes = "[hub.runtimes]\nnumpy = hub_numpy.runtime:NumpyRuntime\n"
    (papers / "entry_points.txt").write_text(runtimes, "utf-8")
    return folder
