"""Takes the place of pip in tests: installs wheels by unpacking them into a folder, and keeps what it was asked."""

from __future__ import annotations

import importlib
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.contract.errors import MissingError


@dataclass
class FakePip:
    """Called as `hub.host.install_pip.run_pip` is.

    Args:
        site: folder on ``sys.path``.
        index: folder with the wheels that ``pip download`` finds.
        calls: words of every call.
        fails: every call fails.
    """

    site: Path
    index: Path
    calls: list[list[str]] = field(default_factory=list)
    fails: bool = False

    def __call__(self, words: Sequence[str]) -> str:
        self.calls.append(list(words))
        if self.fails:
            raise MissingError("HUB-P066", f"pip {words[0]} failed with exit code 1", "ERROR: no space", "see it")
        if words[0] == "install":
            zipfile.ZipFile(words[-1]).extractall(self.site)
        elif words[0] == "uninstall":
            for info in self.site.glob(f"{words[-1].replace('-', '_')}-*.dist-info"):
                shutil.rmtree(info)
        elif words[0] == "download":
            target = Path(words[words.index("--dest") + 1])
            for wheel in self.index.glob("*.whl"):
                shutil.copy(wheel, target)
        importlib.invalidate_caches()
        return f"did {words[0]}\n"
