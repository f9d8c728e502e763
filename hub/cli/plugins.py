"""``hub plugins``: what is installed and what is wrong with it, what there is to install, installing and removing."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli import listing, output
from hub.cli.options import json_option
from hub.contract.errors import MissingError, UsageError, nearest

if TYPE_CHECKING:
    from hub.catalog.client import Catalogue
    from hub.host.install import Plan
    from hub.host.install_wheel import Need
    from hub.host.metadata import PluginInfo

LAZY = {
    "new": ("hub.cli.plugins_new", "Write a new plugin: a whole distribution with tests."),
    "check": ("hub.cli.plugins_check", "Run the conformance kit on an installed plugin."),
}
"""Commands in modules of their own: name -> (module with a click object ``command``, one line)."""


class PluginsGroup(click.Group):
    """A group some of whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name."""
        return [*self.commands, *LAZY]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported if it has to be."""
        if cmd_name in LAZY:
            command: click.Command = importlib.import_module(LAZY[cmd_name][0]).command
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of ``args``; an unknown name gets the nearest ones."""
        known = self.list_commands(ctx)
        if not args[0].startswith("-") and args[0] not in known and not ctx.resilient_parsing:
            what = f"there is no command 'plugins {args[0]}'"
            raise UsageError("HUB-U003", what, nearest(args[0], known), "see: hub plugins --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands; nothing is imported for it."""
        width = max(map(len, self.list_commands(ctx)))
        lines = {name: command.get_short_help_str(90) for name, command in self.commands.items()}
        lines |= {name: line for name, (_, line) in LAZY.items()}
        with formatter.section("Commands"):
            formatter.write_dl([(name.ljust(width), line) for name, line in lines.items()])


@click.group(cls=PluginsGroup)
def command() -> None:
    """List, find, install, remove, write and check plugins."""


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@command.command("list")
@json_option
def list_plugins(as_json: bool) -> None:
    """List the installed plugins.

    A plugin that fails is quarantined: it is not used, the others are. The cause is shown here.
    """
    plugins = listing.metadata().plugins
    if as_json:
        output.emit_json({"plugins": [_entry(plugin) for plugin in plugins]})
        return
    if not plugins:
        output.say("no plugins are installed")
        return
    rows = []
    for plugin in plugins:
        supplies = ", ".join(_supplies(plugin))
        rows.append((plugin.name, plugin.distribution, plugin.version, plugin.contract, plugin.state, supplies))
    output.show_table("", ("plugin", "distribution", "version", "contract", "state", "supplies"), rows)
    for plugin in plugins:
        if plugin.cause is not None:
            output.say()
            name = f"{plugin.distribution} {plugin.version} ({plugin.name})"
            output.say(f"{name} is quarantined at {plugin.cause.stage}:")
            output.say(f"  {plugin.cause}")


def _entry(plugin: PluginInfo) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "contract": plugin.contract,
        "state": plugin.state,
        "cause": None if plugin.cause is None else plugin.cause.to_json(),
        "tasks": [task.id for task in plugin.tasks],
        "exporters": [exporter.name for exporter in plugin.exporters],
        "redactors": [redactor.name for redactor in plugin.redactors],
        "commands": [each.name for each in plugin.commands],
        "listens": plugin.listens,
    }


def _supplies(plugin: PluginInfo) -> list[str]:
    formats = [f"format {each.name}" for each in plugin.exporters]
    formats += [f"redactor {each.name}" for each in plugin.redactors]
    commands = [f"command {each.name}" for each in plugin.commands]
    return [task.id for task in plugin.tasks] + formats + commands + (["a listener"] if plugin.listens else [])


@command.command("search")
@click.argument("words", metavar="[WORD...]", nargs=-1)
@json_option
def search(words: tuple[str, ...], as_json: bool) -> None:
    """Find plugins and exporters in the catalogue, the best match first; without WORD, list all.

    Every WORD must be found, in names, domains, tasks, formats or summaries.
    """
    from hub.catalog.client import search as find
    from hub.host.install_wheel import installed_version

    catalogue = read_catalogue()
    found = [(entry, installed_version(entry.distribution)) for entry in find(catalogue.registry.suppliers, words)]
    if as_json:
        from hub.edge.schema import to_json

        output.emit_json({"plugins": [{**to_json(entry), "installed": version or None} for entry, version in found]})
        return
    if not found:
        output.say(f"the catalogue has nothing for {' '.join(words)!r}; see: hub plugins search")
        return
    rows = [
        (
            entry.name,
            entry.distribution,
            f"{version} installed" if version else "to install" if entry.published else "not published yet",
            entry.summary,
        )
        for entry, version in found
    ]
    output.show_table("", ("plugin", "distribution", "state", "summary"), rows)


def read_catalogue() -> Catalogue:
    """Return the catalogue; a note about it goes to stderr."""
    from hub.catalog import client
    from hub.edge.home import home

    catalogue = client.read_catalogue(home())
    if catalogue.note:
        output.note(catalogue.note)
    return catalogue


@command.command("install")
@click.argument("name")
@click.option("--from", "folder", metavar="DIR", type=click.Path(), help="Folder of wheels to take the plugin from.")
@yes_option
@json_option
def install(name: str, folder: str | None, yes: bool, as_json: bool) -> None:
    """Install plugin NAME: a distribution, a short name or a domain.

    The wheel is found in DIR, or downloaded and compared with the sha256 of the catalogue. It is shown before
    pip installs it together with what it requires. Afterwards the plugin is tried in a process of its own.
    """
    from pathlib import Path

    from hub.host.install import carry_out, prepared

    registry = read_catalogue().registry
    with prepared(name, registry, Path(folder).expanduser() if folder else None) as plan:
        if not as_json:
            _show(plan)
        if not plan.stands:
            ask("Install it? Its code will run with your rights.", yes)
        changed = not plan.stands
        result = carry_out(plan)
    wheel = plan.wheel
    own = f"{wheel.distribution} {wheel.version}"
    for plugin in result.plugins:
        if plugin.cause is not None:
            fix = f"to remove it: hub plugins remove {wheel.distribution}"
            raise MissingError("HUB-P067", f"{own} is installed, but quarantined", str(plugin.cause), fix)
    if not result.plugins and not result.left_out:
        fix = f"see: python -m pip show {wheel.distribution}"
        raise MissingError("HUB-P067", f"{own} cannot be found after pip has installed it", "", fix)
    state = "left out" if result.left_out else "active"
    if as_json:
        entries = [_entry(plugin) for plugin in result.plugins]
        document = {"distribution": wheel.distribution, "version": wheel.version, "sha256": wheel.sha256}
        output.emit_json({**document, "changed": changed, "state": state, "plugins": entries})
        return
    output.say(f"{'installed' if changed else 'already installed:'} {own}; it is {state}")
    for plugin in result.plugins:
        output.say(f"  {plugin.name}: {', '.join(_supplies(plugin))}")
    if result.left_out:
        output.say(f"  HUB_PLUGINS does not name it; add {wheel.distribution} to it")


def _show(plan: Plan) -> None:
    wheel = plan.wheel
    values = {
        "file": f"{wheel.path.name}, {wheel.bytes:,} bytes, from {plan.source}",
        "sha256": wheel.sha256,
        "plugins": ", ".join(wheel.plugins),
    }
    if plan.installed:
        values["installed"] = plan.installed
    if wheel.needs:
        values["requires"] = "; ".join(map(_need_line, wheel.needs))
    if not plan.stands:
        values["pip"] = " ".join(["pip", *plan.pip_words])
    output.say(f"{wheel.distribution} {wheel.version}")
    output.labelled(values)


def _need_line(need: Need) -> str:
    state = "pip will get it"
    if need.installed:
        state = f"{need.installed} is here" + ("" if need.ok else ", pip will replace it")
    return f"{need.name}{need.wanted} ({state})"


@command.command("remove")
@click.argument("name")
@yes_option
@json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Uninstall plugin NAME: a distribution, the name of a plugin or a domain. Broken plugins too.

    What the plugin required stays installed.
    """
    from hub.host import install as installer

    found = installer.find_installed(name, read_catalogue().registry)
    distribution, version = found[0].distribution, found[0].version
    if not as_json:
        output.say(f"{distribution} {version} with the plugins {', '.join(each.name for each in found)}")
    ask("Remove it?", yes)
    installer.remove(distribution)
    if as_json:
        plugins = [each.name for each in found]
        output.emit_json({"distribution": distribution, "version": version, "plugins": plugins, "changed": True})
        return
    output.say(f"removed {distribution} {version}")


@command.command("refresh")
@click.option("--from", "source", metavar="URL|FILE", help="An https address or a file with the new catalogue.")
@click.option("--shipped", is_flag=True, help="Drop your own copy and use the catalogue that came with the program.")
@json_option
def refresh(source: str | None, shipped: bool, as_json: bool) -> None:
    """Replace your copy of the catalogue with a newer one, if that one is valid.

    Nothing else goes out: no plugin is downloaded or installed.
    """
    from hub.catalog import refresh as refreshing
    from hub.edge.home import home

    if (source is None) is not shipped:
        raise UsageError("HUB-U041", "where from?", "name one source", "--from URL, --from FILE or --shipped")
    done = refreshing.use_shipped(home()) if source is None else refreshing.refresh(source, home())
    changes = {"added": done.added, "removed": done.removed, "changed": done.changed}
    if as_json:
        output.emit_json({"file": str(done.file), **{what: list(names) for what, names in changes.items()}})
        return
    output.say("the shipped catalogue is used" if source is None else f"the catalogue is {done.file}")
    for what, names in changes.items():
        if names:
            output.say(f"  {what}: {', '.join(names)}")
    if not any(changes.values()):
        output.say("  nothing changed")


def ask(question: str, yes: bool) -> None:
    """Ask for a yes, on stderr.

    Raises:
        UsageError: HUB-U040, there is nobody to ask.
        click.Abort: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("HUB-U040", "nothing was done", "there is no terminal to ask on", "add --yes to agree")
    click.confirm(question, abort=True, err=True)
