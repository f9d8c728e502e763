"""Makes small installed distributions: a module, a dist-info folder, an entry point of the group ``hub``."""

from __future__ import annotations

from pathlib import Path

HEALTHY = """
from hub.contract import CardText, DataSource, Domain, Label, Licence, Metric, Recipe, Slice, Task, hookimpl

F1, ACCURACY = "hub.contract.metrics:macro_f1", "hub.contract.metrics:accuracy"

@hookimpl
def hub_domains():
    task = Task(
        name="tickets",
        kind="text-classification",
        summary="Which team a ticket goes to.",
        labels=(Label("a", "Team A"), Label("b", "Team B"), Label("c", "Team C")),
        sources=(DataSource("packaged", "Made-up tickets.", "{module}:load", Licence("cc0-1.0"), version="1"),),
        recipes=(Recipe(name="quick", summary="Minutes."), Recipe(name="long", summary="Hours.", max_length=32)),
        metrics=(Metric("macro_f1", F1), Metric("accuracy", ACCURACY)),
        card=CardText("d", "i", "o", "l"),
        slices=(Slice("new", "New tickets."),),
    )
    return [Domain("{domain}", "Support desk.", (task,), "{contract}")]
"""


def healthy(module: str, domain: str = "support", contract: str = "1.0") -> str:
    """Return the source of a plugin that works."""
    return HEALTHY.replace("{module}", module).replace("{domain}", domain).replace("{contract}", contract)


def install(folder: Path, module: str, source: str, *, distribution: str = "", version: str = "1.2") -> str:
    """Write a distribution into a folder that is on ``sys.path``, and return its name.

    Args:
        folder: to write into.
        module: import name of its one module, and name of its entry point.
        source: of the module.
        distribution: name; by default the module's, with hyphens.
        version: of the distribution.
    """
    distribution = distribution or module.replace("_", "-")
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[console_scripts]\nx = y:z\n\n[hub]\n{module} = {module}\n", "utf-8")
    return distribution
