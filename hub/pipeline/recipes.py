"""Recipes as YAML files."""

from __future__ import annotations

from pathlib import Path

from hub.contract.domain import Task
from hub.contract.errors import UsageError, nearest
from hub.contract.recipe import Recipe, from_mapping


def find_recipe(task: Task, name: str | None) -> Recipe:
    """Return a built-in recipe by name, or one from a YAML file.

    Args:
        task: whose built-in recipes are known; its first one is the default.
        name: of a recipe, or path of a file; ``None`` for the default.

    Raises:
        UsageError: HUB-R005 unknown name, HUB-R004 unreadable file, HUB-R001 and HUB-R002 wrong content.
    """
    if name is None:
        return task.recipes[0]
    by_name = {recipe.name: recipe for recipe in task.recipes}
    if name in by_name:
        return by_name[name]
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return read_recipe(path)
    raise UsageError(
        "HUB-R005", f"task {task.name!r} has no recipe {name!r}", nearest(name, by_name), "or name a .yaml file"
    )


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a YAML file.

    Raises:
        UsageError: HUB-R004, the file is missing, not UTF-8 or not YAML; HUB-R001 and HUB-R002 as
            `hub.contract.recipe.from_mapping` says.
    """
    import yaml

    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError("HUB-R004", f"cannot read recipe {path}", reason, "see: hub recipes show NAME") from error
    return from_mapping(values if values is not None else {})
