"""``hub recipes``: the recipes of the installed tasks, and one of them as a page of YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import listing, output
from hub.cli.options import json_option
from hub.contract.errors import UsageError, nearest

if TYPE_CHECKING:
    from hub.host.metadata import RecipeInfo, TaskInfo


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List recipes, or show one as YAML."""
    ctx.obj = as_json
    if ctx.invoked_subcommand is None:
        _list(None, as_json)


@command.command("list")
@click.argument("task", required=False)
@json_option
@click.pass_obj
def list_recipes(json_before: bool, task: str | None, as_json: bool) -> None:
    """List the recipes of TASK, or of every task."""
    _list(task, as_json or json_before)


@command.command("show")
@click.argument("name")
@click.option("--task", metavar="TASK", help="The task whose recipe it is, when several have one of this name.")
@json_option
@click.pass_obj
def show_recipe(json_before: bool, name: str, task: str | None, as_json: bool) -> None:
    """Print recipe NAME as YAML: a file to change and give to hub build --recipe FILE."""
    found = [(owner, recipe) for owner, recipe in _recipes(task) if recipe.name == name]
    if not found:
        known = {recipe.name for _, recipe in _recipes(task)}
        hint = nearest(name, known) or "no installed task has a recipe"
        raise UsageError("HUB-U002", f"there is no recipe {name!r}", hint, "see: hub recipes list")
    pages = [recipe.values for _, recipe in found]
    if any(page != pages[0] for page in pages):
        owners = ", ".join(owner.id for owner, _ in found)
        what = f"several tasks have a recipe {name!r}"
        raise UsageError("HUB-U002", what, f"they differ: {owners}", "name one with --task TASK")
    if as_json or json_before:
        output.emit_json({"tasks": [owner.id for owner, _ in found], "recipe": pages[0]})
        return
    import yaml

    output.say(yaml.safe_dump(dict(pages[0]), sort_keys=False, allow_unicode=True, width=100).rstrip())


def _list(task: str | None, as_json: bool) -> None:
    found = _recipes(task)
    if as_json:
        entries = [{"name": recipe.name, "task": owner.id, "summary": recipe.summary} for owner, recipe in found]
        output.emit_json({"recipes": entries})
    elif not found:
        output.say("no recipes: no working plugin is installed")
    else:
        rows = [(recipe.name, owner.id, recipe.summary) for owner, recipe in found]
        output.show_table("", ("recipe", "task", "summary"), rows)


def _recipes(task_id: str | None) -> list[tuple[TaskInfo, RecipeInfo]]:
    """Return the recipes of one task, or of all.

    Raises:
        UsageError: HUB-U001, there is no such task.
        MissingError: HUB-P001 or HUB-P002, its plugin is not there.
    """
    tasks = [task for task, _ in listing.metadata().tasks]
    if task_id is not None and task_id not in {task.id for task in tasks}:
        from hub.host import load_plugins

        # The host knows why: misspelt, not installed, or quarantined.
        load_plugins().find_task(task_id)
    chosen = [task for task in tasks if task_id in (None, task.id)]
    return [(task, recipe) for task in chosen for recipe in task.recipes]
