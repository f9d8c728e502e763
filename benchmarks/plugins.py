"""`hub tasks` in fresh processes with the five industry plugins of the checkout: `python benchmarks/plugins.py`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import common
from common import HUB, ROOT, Figure

REPEATS = 10


def plugin_path(folder: Path) -> list[str]:
    """Write the metadata that pip would, so that the plugins are found without an installation.

    Returns:
        Folders for ``PYTHONPATH``: the metadata, and the sources of every plugin.
    """
    paths = [str(folder)]
    for file in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        lines = [f"{name} = {value}" for name, value in project["entry-points"]["hub"].items()]
        (info / "entry_points.txt").write_text("[hub]\n" + "\n".join(lines) + "\n", "utf-8")
        metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(metadata, "utf-8")
        paths.append(str(file.parent / "src"))
    return paths


def main() -> None:
    """Measure the first call, which imports the plugins in a child process, and then calls that read the cache."""
    with tempfile.TemporaryDirectory(prefix="domainhub-") as name:
        site = Path(name, "site")
        site.mkdir()
        paths = plugin_path(site)
        count = len(paths) - 1
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "DOMAINHUB_HOME": str(Path(name, "home"))}
        environment.pop("HUB_PLUGINS", None)

        def seconds(*words: str) -> float:
            start = time.perf_counter()
            subprocess.run([*HUB, *words], check=True, stdout=subprocess.DEVNULL, env=environment)
            return time.perf_counter() - start

        first = seconds("tasks")
        tasks = statistics.median(seconds("tasks") for _ in range(REPEATS))
        listed = statistics.median(seconds("plugins", "list") for _ in range(REPEATS))
    must = 0.5 if count >= 5 else None
    found = [
        Figure(f"`hub tasks` with {count} plugins, cache present", round(tasks, 3), "s", must),
        Figure(f"`hub plugins list` with {count} plugins, cache present", round(listed, 3), "s"),
        Figure(f"`hub tasks` with {count} plugins, first call after an installation", round(first, 3), "s"),
    ]
    common.write("plugins", "python benchmarks/plugins.py", found, {"repeats": REPEATS, "plugins": count})


if __name__ == "__main__":
    if len(sys.argv) != 1:
        raise SystemExit("usage: python benchmarks/plugins.py")
    main()
