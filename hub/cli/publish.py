"""``hub publish``: a bundle goes to the Hugging Face Hub, after it was shown what goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.options import json_option
from hub.contract.errors import EXIT_DONE, UsageError

if TYPE_CHECKING:
    from hub.publish.checks import Search
    from hub.publish.plan import Plan
    from hub.publish.upload import Published


@click.command("publish")
@click.argument("bundle")
@click.argument("repo", metavar="ORG/NAME")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would be uploaded.")
@click.option("--private", is_flag=True, help="A repository that is made is private.")
@click.option("--revision", default="main", show_default=True, metavar="BRANCH", help="Branch; made when missing.")
@click.option("--create-pr", is_flag=True, help="Open a pull request and leave the branch as it is.")
@click.option("--tag", default="", metavar="TAG", help="Tag the published commit.")
@click.option("--allow-missed-gates", is_flag=True, help="Publish although gates were missed; the card says so first.")
@click.option("--sign", "key", metavar="KEY", help="Sign bundle.json with this private key (PEM, elliptic curve).")
@click.option("--register", "catalogue", metavar="FILE", help="Write the model into this registry.json.")
@json_option
def command(
    bundle: str,
    repo: str,
    yes: bool,
    dry_run: bool,
    private: bool,
    revision: str,
    create_pr: bool,
    tag: str,
    allow_missed_gates: bool,
    key: str | None,
    catalogue: str | None,
    as_json: bool,
) -> int:
    """Put BUNDLE on the Hugging Face Hub as ORG/NAME, with one commit that holds what is not there yet.

    Endpoint and token are found as every tool of the Hub finds them: HF_ENDPOINT, HF_TOKEN, hf auth login. A bundle
    is refused when its gates were missed, its files were changed, no licence is stated, the licence of its data
    forbids it, or personal data is found in its self-test or card.
    """
    from pathlib import Path

    from hub.publish.upload import Options, publish

    if catalogue and (dry_run or create_pr):
        why = "an entry names a commit of the branch"
        raise UsageError("HUB-N053", "--register was given with --dry-run or --create-pr", why)
    if not (yes or dry_run) and (as_json or not sys.stdin.isatty()):
        raise UsageError("HUB-N053", "nobody can be asked here", "", "look first with --dry-run, then add --yes")
    options = Options(
        private, revision, create_pr, tag, dry_run, allow_missed_gates, Path(key).expanduser() if key else None
    )

    def confirm(plan: Plan) -> bool:
        if not as_json:
            _show(plan)
        return yes or plan.unchanged or click.confirm("publish this?", err=True)

    done = publish(Path(bundle), repo, options, confirm, output.note, searching())
    entry = _register(Path(bundle), done, catalogue) if catalogue and done.done else None
    if as_json:
        output.emit_json(_document(done) | ({"registered": entry} if entry else {}))
        return EXIT_DONE
    if dry_run:
        _show(done.plan)
    _say(done, dry_run, create_pr)
    if entry:
        output.say(f"{entry} is in {catalogue}")
    return EXIT_DONE


def searching() -> Search:
    """Return what looks for personal data: the program's own redactors and those of every plugin that works."""
    from hub.data.redaction import BASE, certain_kinds
    from hub.host import load_plugins
    from hub.publish.checks import Search

    host = load_plugins()
    redactors = (*BASE, *host.redactors)
    left_out = tuple(
        f"the plugin {info.distribution} is not used, so its redactors, if it has any, did not look: {info.cause}"
        for info in host.quarantined
    )
    return Search(lambda cells: certain_kinds(cells, redactors), left_out)


def _show(plan: Plan) -> None:
    rows = [(file.path, file.bytes, file.state) for file in plan.files]
    output.show_table("", ("file", "bytes", ""), rows)
    output.say()
    kind = "private" if plan.private else "public, everybody can read it"
    facts: dict[str, object] = {
        "to": f"{plan.repo}, branch {plan.revision}" + (" (will be made)" if plan.creates else ""),
        "as": plan.user or "nobody: no token was found",
        "visibility": kind,
        "card": f"{plan.title}; licence {plan.licence}",
        "upload": f"{len(plan.moved)} of {len(plan.files)} files, {plan.upload_bytes:,} bytes",
    }
    output.labelled(facts)
    for remark in plan.remarks:
        output.say(f"note: {remark}")


def _say(done: Published, dry_run: bool, create_pr: bool) -> None:
    if dry_run:
        output.say("nothing was sent")
    elif not done.done:
        output.say("not published")
    elif not done.url:
        output.say(f"nothing changed: {done.plan.repo} holds this bundle already, at {done.commit}")
    else:
        count = len(done.uploaded)
        what = "pull request opened, nothing is published before it is merged" if create_pr else "published"
        output.say(f"{what}: {done.url} ({count} {'file' if count == 1 else 'files'})")
    if done.tag:
        output.say(f"tag: {done.tag}")


def _document(done: Published) -> dict[str, Any]:
    plan = done.plan
    return {
        "repo": plan.repo,
        "revision": plan.revision,
        "private": plan.private,
        "creates": plan.creates,
        "published": done.done,
        "unchanged": plan.unchanged,
        "commit": done.commit,
        "url": done.url,
        "tag": done.tag,
        "uploaded": list(done.uploaded),
        "upload_bytes": plan.upload_bytes,
        "files": [{"path": file.path, "bytes": file.bytes, "state": file.state} for file in plan.files],
        "remarks": list(plan.remarks),
    }


def _register(bundle: Any, done: Published, catalogue: str) -> str:
    from pathlib import Path

    from hub.catalog.published import entry_of, register
    from hub.edge.folder import locate, read_manifest
    from hub.publish.rules import card_metadata

    folder = locate(bundle)
    card = card_metadata((folder / "README.md").read_text("utf-8"))
    entry = entry_of(read_manifest(folder), done.plan.repo, done.commit, done.plan.licence, card.get("language"))
    register(Path(catalogue).expanduser(), entry)
    return entry.name
