"""``hub recipes``: the recipes of the installed tasks, and one of them as a page of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
@click.option("--diff", is_flag=True, help="Only what is not at its default.")
@click.option("--all", "whole", is_flag=True, help="Every key on a line of its own.")
@json_option
@click.pass_obj
def show_recipe(json_before: bool, name: str, task: str | None, diff: bool, whole: bool, as_json: bool) -> None:
    """Print recipe NAME as YAML: a file to change and give to hub build --recipe FILE.

    Parts of the recipe that are at their defaults stand behind a #, with their values.
    """
    if diff and whole:
        raise UsageError("HUB-U092", "--diff and --all contradict each other", "", "give one of them")
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
        values = changed(pages[0]) if diff else pages[0]
        output.emit_json({"tasks": [owner.id for owner, _ in found], "recipe": values})
        return
    if whole:
        output.say(_yaml(dict(pages[0])))
    else:
        output.say(_yaml(changed(pages[0])) if diff else page_of(pages[0]))


def changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not at its default, the name always; it loads to an equal recipe.

    Args:
        values: a recipe as nested plain values.
    """
    from hub.contract.recipe import Recipe

    found = _changed(values, Recipe().to_mapping())
    return {"name": values["name"], **{key: value for key, value in found.items() if key != "name"}}


def _changed(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            if inner := _changed(value, defaults[key]):
                found[key] = inner
        elif value != defaults[key]:
            found[key] = value
    return found


def page_of(values: Mapping[str, Any]) -> str:
    """Return a recipe as one page of YAML; parts at their defaults are comments. It loads to an equal recipe.

    Args:
        values: a recipe as nested plain values.
    """
    from hub.contract.recipe import Recipe

    defaults = Recipe().to_mapping()
    parts = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value == defaults[key]:
            parts.append(_indented(f"{key}: {_flow(value)}"))
        else:
            parts.append(_yaml({key: value}))
    return "\n".join(parts)


def _yaml(values: Mapping[str, Any]) -> str:
    """Return YAML with lists on one line."""
    import yaml

    class Page(yaml.SafeDumper):
        pass

    def in_line(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
        return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)

    Page.add_representer(list, in_line)
    text: str = yaml.dump(dict(values), Dumper=Page, sort_keys=False, allow_unicode=True, width=100)
    return text.rstrip()


def _flow(values: Mapping[str, Any]) -> str:
    import yaml

    text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=True)
    return text.strip()


def _indented(line: str) -> str:
    """Return a long line as comments of a page's width."""
    import textwrap

    # Words of a YAML line part at their blanks; nothing is broken inside one.
    return textwrap.fill(
        line, 100, initial_indent="# ", subsequent_indent="#   ", break_long_words=False, break_on_hyphens=False
    )


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
