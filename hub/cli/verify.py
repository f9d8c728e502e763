"""``hub verify``: does the bundle on this machine still give the answers it was built with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.options import json_option
from hub.contract.errors import EXIT_DONE, EXIT_GATE

if TYPE_CHECKING:
    from hub.edge.comparing import Check


@click.command("verify")
@click.argument("bundle")
@click.option("--signature", "key", metavar="PUBKEY", help="Public key (PEM) that must have signed bundle.json.")
@json_option
def command(bundle: str, key: str | None, as_json: bool) -> int:
    """Check a bundle: hashes, schema, gates of the build, and its self-test on this machine.

    A folder that optimum or a user of Transformers.js made (config.json, tokenizer.json, ONNX files) is checked as far
    as its files allow, and what is missing for the rest is said.

    The exit code is 1 when a check fails.
    """
    from hub.edge.foreign import foreign_folder
    from hub.edge.verify import verify

    missing: tuple[str, ...] = ()
    folder = foreign_folder(bundle)
    if folder is None:
        checks = verify(bundle)
    else:
        from hub.edge.foreign_checks import check_foreign

        findings = check_foreign(folder)
        checks, missing = list(findings.checks), findings.missing
    if key:
        checks.append(_signature(bundle, key))
    ok = all(check.ok for check in checks)
    if as_json:
        found = [dataclasses.asdict(check) for check in checks]
        output.emit_json({"ok": ok, "checks": found, "missing": list(missing)})
    else:
        rows = [("ok" if check.ok else "FAILED", check.name, check.detail) for check in checks]
        output.show_table(f"checks of {bundle}", ("", "check", "detail"), rows)
        failed = sum(not check.ok for check in checks)
        output.say(f"{failed} of {len(checks)} checks failed" if failed else f"all {len(checks)} checks passed")
        for sentence in missing:
            output.say(f"not verified: {sentence}")
    return EXIT_DONE if ok else EXIT_GATE


def _signature(bundle: str, key: str) -> Check:
    from pathlib import Path

    from hub.edge.folder import locate
    from hub.publish.sign import check_signature

    return check_signature(locate(Path(bundle)), Path(key).expanduser())
