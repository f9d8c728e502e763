"""``hub pull``: a published bundle comes to this machine and proves that it is the same."""

from __future__ import annotations

import dataclasses

import click

from hub.cli import output
from hub.cli.options import json_option
from hub.contract.errors import EXIT_DONE, EXIT_GATE


@click.command("pull")
@click.argument("repo", metavar="ORG/NAME[@REVISION]")
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Variant to bring (again for more), or all.")
@click.option("--signature", "key", metavar="PUBKEY", help="Public key (PEM) that must have signed bundle.json.")
@click.option("--no-self-test", is_flag=True, help="Compare hashes only.")
@json_option
def command(
    repo: str, folder: str | None, variants: tuple[str, ...], key: str | None, no_self_test: bool, as_json: bool
) -> int:
    """Bring ORG/NAME from the Hugging Face Hub into DIR (by default ./NAME): only what one variant needs.

    Every hash is compared with bundle.json, then the self-test runs on this machine. What the Hub's cache has is not
    fetched again, and without a network the cache is enough. A repository that another tool made, without
    bundle.json, is brought too; what cannot be verified of it is said.

    The exit code is 1 when a check fails.
    """
    from pathlib import Path

    from hub.publish.pull import pull

    target = Path(folder).expanduser() if folder else None
    public = Path(key).expanduser() if key else None
    done = pull(repo, target, variants, say=output.note, key=public, run=not no_self_test)
    failed = [check for check in done.checks if not check.ok]
    if as_json:
        output.emit_json(
            {
                "folder": str(done.folder),
                "repo": done.repo,
                "commit": done.commit,
                "variants": list(done.variants),
                "files": list(done.fetched),
                "bytes": done.fetched_bytes,
                "changes": list(done.changes),
                "ok": done.ok,
                "checks": [dataclasses.asdict(check) for check in done.checks],
                "missing": list(done.missing),
            }
        )
        return EXIT_DONE if done.ok else EXIT_GATE
    output.say(f"{done.repo} at {done.commit[:12]}: {', '.join(done.variants)} in {done.folder}")
    output.say(f"{len(done.fetched)} files, {done.fetched_bytes:,} bytes")
    for change in done.changes:
        output.say(f"differs from what was there: {change}")
    for check in done.checks:
        if check.ok and check.detail.startswith("changed"):
            output.say(f"note: {check.name}: {check.detail}")
    for check in failed:
        output.say(f"FAILED  {check.name}: {check.detail}")
    if done.checks:
        count = len(done.checks)
        output.say(f"{len(failed)} of {count} checks failed" if failed else f"all {count} checks passed")
    for sentence in done.missing:
        output.say(f"not verified: {sentence}")
    return EXIT_DONE if done.ok else EXIT_GATE
