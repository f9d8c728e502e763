"""``hub plugins check``: does an installed plugin keep the rules."""

from __future__ import annotations

import click

from hub.cli import output
from hub.cli.options import json_option
from hub.contract.errors import EXIT_DONE, EXIT_GATE


@click.command("check")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> int:
    """Run the conformance kit on an installed plugin.

    NAME is the plugin's name in "hub plugins list", its distribution, or its domain. Rows are loaded without a
    network; an exporter exports a tiny model. The exit code is 1 when a rule is broken, 2 when there is no such
    plugin, 4 when it is quarantined.
    """
    from hub.testing import plugin_checks

    checks = plugin_checks(name)
    results = []
    with output.progress() as bars:
        bar = bars.add_task("checking", total=len(checks))
        for check in checks:
            bars.update(bar, detail=str(check))
            results.append(check.run())
            bars.advance(bar)
    broken = [result for result in results if not result.ok]
    if as_json:
        output.emit_json({"plugin": name, "ok": not broken, "checks": [result.to_json() for result in results]})
        return EXIT_GATE if broken else EXIT_DONE
    rows = [(result.rule, result.subject, "ok" if result.ok else "BROKEN", result.detail) for result in results]
    output.show_table(f"Rules for the plugin {name}", ("rule", "checked", "", "detail"), rows)
    output.say(f"{len(broken)} of {len(results)} checks failed" if broken else f"all {len(results)} checks passed")
    return EXIT_GATE if broken else EXIT_DONE
