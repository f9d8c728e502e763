"""Puts a bundle on the Hugging Face Hub: one commit, with what is not there yet."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import NetworkError, UsageError
from hub.edge.folder import locate, read_manifest
from hub.edge.schema import MANIFEST, Manifest
from hub.publish.checks import Search, check
from hub.publish.failures import (
    BUSY,
    MAX_WAIT_SECONDS,
    TRIES,
    Say,
    patiently,
    quiet_client,
    retry_after,
    status_of,
    translated,
)
from hub.publish.plan import Plan, PlannedFile, Remote, Source, listed_files, look, planned_files, sources_of
from hub.publish.rules import card_metadata

if TYPE_CHECKING:
    from huggingface_hub import HfApi

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
BRANCH = re.compile(r"[A-Za-z0-9][\w./-]{0,199}")


@dataclass(frozen=True)
class Options:
    """How a bundle is published.

    Args:
        private: a repository that is made is private.
        revision: branch; it is made when it is missing.
        create_pr: open a pull request and leave the branch as it is.
        tag: set on the published commit; ``""`` for none.
        dry_run: only say what would happen.
        allow_missed_gates: as in `hub.publish.checks.check`.
        key: private key file to sign bundle.json with; ``None`` for no new signature.
    """

    private: bool = False
    revision: str = "main"
    create_pr: bool = False
    tag: str = ""
    dry_run: bool = False
    allow_missed_gates: bool = False
    key: Path | None = None


@dataclass(frozen=True)
class Published:
    """What was done.

    Args:
        plan: what was planned.
        done: it was published, or nothing had to be; False after a dry run or a "no".
        commit: of the repository that now holds the bundle, ``""`` when it is not known.
        url: of the commit or the pull request, ``""`` when nothing was sent.
        uploaded: files that travelled.
        tag: that was set.
    """

    plan: Plan
    done: bool
    commit: str = ""
    url: str = ""
    uploaded: tuple[str, ...] = ()
    tag: str = ""


def publish(
    path: Path,
    repo: str,
    options: Options,
    confirm: Callable[[Plan], bool],
    say: Say,
    search: Search | None = None,
) -> Published:
    """Publish a bundle.

    Endpoint and token are found the Hub's own way (``HF_ENDPOINT``, ``HF_TOKEN``, the cached login).

    Args:
        path: the bundle's folder.
        repo: ``org/name``, or a name below the token's own account.
        options: how.
        confirm: is shown the plan before anything is changed; False ends it.
        say: told of waits.
        search: looks for personal data, as in `hub.publish.checks.check`.

    Raises:
        BundleError, GateError: there are reasons not to publish it (`hub.publish.checks`), or it is no bundle.
        UsageError: HUB-N051, a name cannot be one, or a public repository was asked to be private.
        NetworkError, DataError, MissingError: as `hub.publish.failures.translated` says.
    """
    _check_names(repo, options)
    folder = locate(path)
    manifest = read_manifest(folder)
    verdict = check(folder, manifest, allow_missed_gates=options.allow_missed_gates, search=search)
    verdict.require(manifest.name)
    if options.key is not None and not options.dry_run:
        from hub.publish.sign import sign

        sign(folder, options.key)
    sources = sources_of(folder, manifest, verdict.card)
    with quiet_client(say):
        from huggingface_hub import HfApi

        api = HfApi(library_name="domainhub")
        with translated(f"cannot publish to {repo!r}"):
            user = _user(api, options, say)
            repo = repo if "/" in repo else f"{user}/{repo}"
            remote = patiently(lambda: look(api, repo, options.revision), say)
            remote = dataclasses.replace(remote, listed=listed_files(repo, remote, sources[MANIFEST]))
            _check_visibility(repo, remote, options)
            plan = _plan(repo, user, options, remote, sources, verdict.card, verdict.remarks)
            _check_tag(api, plan, remote, options, say)
        if options.dry_run or not confirm(plan):
            return Published(plan, False)
        with translated(f"cannot publish to {repo!r}"):
            remote = _made(api, repo, remote, options, say)
            done = _commit(api, manifest, plan, remote, sources, options, say)
            return _tagged(api, done, options, say)


def _check_names(repo: str, options: Options) -> None:
    if not REPOSITORY.fullmatch(repo) or ".." in repo or "--" in repo:
        why = "it has an address in front" if "://" in repo else "a name has letters, digits, '-', '_' and '.'"
        raise UsageError("HUB-N051", f"{repo!r} is no repository", why, "write ORG/NAME")
    for what, name in (("branch", options.revision), ("tag", options.tag or "v1")):
        if not BRANCH.fullmatch(name) or ".." in name:
            raise UsageError("HUB-N051", f"{name!r} cannot be a {what}", "letters, digits, '-', '_', '.' and '/'")


def _user(api: HfApi, options: Options, say: Say) -> str:
    """Return whose token it is; a dry run does without one."""
    from huggingface_hub import get_token

    if options.dry_run and not get_token():
        return ""
    return str(patiently(api.whoami, say)["name"])


def _check_visibility(repo: str, remote: Remote, options: Options) -> None:
    if options.private and remote.exists and not remote.private:
        fix = "make it private in its settings first, or leave --private away"
        raise UsageError("HUB-N051", f"{repo} is public", "--private was given, and it exists already", fix)


def _check_tag(api: HfApi, plan: Plan, remote: Remote, options: Options, say: Say) -> None:
    """Refuse a tag that stands on another commit before anything is sent."""
    if options.tag and remote.exists:
        at = _tags(api, plan.repo, say).get(options.tag, "")
        if at and not (plan.unchanged and at == remote.head):
            raise _taken(plan.repo, options.tag, f"it is at {at[:12]}, and tags are not moved; nothing was sent")


def _tags(api: HfApi, repo: str, say: Say) -> dict[str, str]:
    """Return the tags of a repository, each with its commit."""
    refs = patiently(lambda: api.list_repo_refs(repo), say)
    return {entry.name: entry.target_commit for entry in refs.tags}


def _taken(repo: str, tag: str, why: str) -> UsageError:
    return UsageError("HUB-N052", f"{repo} has the tag {tag!r} already", why, "choose another tag")


def _plan(
    repo: str,
    user: str,
    options: Options,
    remote: Remote,
    sources: Mapping[str, Source],
    card: str,
    remarks: tuple[str, ...],
) -> Plan:
    values = card_metadata(card)
    title = re.search(r"^# (.+)$", card, re.MULTILINE)
    others = sorted(set(remote.files) - set(sources) - set(remote.listed) - {".gitattributes"})
    if others:
        shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        remarks = (*remarks, f"files of the repository that are not of the bundle stay: {shown}")
    return Plan(
        repo=repo,
        revision=options.revision,
        user=user,
        private=remote.private if remote.exists else options.private,
        creates=not remote.exists,
        files=planned_files(sources, remote),
        licence=str(values.get("license_name") or values.get("license") or ""),
        title=title[1].strip() if title else "",
        remarks=remarks,
    )


def _made(api: HfApi, repo: str, remote: Remote, options: Options, say: Say) -> Remote:
    """Make the repository and the branch that are missing."""
    if not remote.exists:
        patiently(lambda: api.create_repo(repo, private=options.private, exist_ok=True), say)
        remote = patiently(lambda: look(api, repo, options.revision), say)
    if not remote.branch and not options.create_pr:
        patiently(lambda: api.create_branch(repo, branch=options.revision, exist_ok=True), say)
        remote = patiently(lambda: look(api, repo, options.revision), say)
    return remote


def _commit(
    api: HfApi,
    manifest: Manifest,
    plan: Plan,
    remote: Remote,
    sources: Mapping[str, Source],
    options: Options,
    say: Say,
) -> Published:
    """Send the commit; when the Hub fails, look what arrived and send the rest."""
    parent, listed = remote.head, tuple(file.path for file in plan.files if file.state == "removed")
    base = options.revision if remote.branch else "main"
    for done in range(TRIES):
        remote = dataclasses.replace(remote, listed=listed)
        files = [file for file in planned_files(sources, remote) if file.state != "unchanged"]
        if not files:
            return Published(plan, True, remote.head, uploaded=tuple(f.path for f in plan.moved) if done else ())
        try:
            info = api.create_commit(
                plan.repo,
                _operations(files, sources),
                commit_message=f"Publish {manifest.name}",
                commit_description=_description(manifest),
                revision=base,
                create_pr=options.create_pr,
                parent_commit=parent,
            )
        except Exception as error:
            wait = _worth_waiting(error, options, done)
            if wait < 0:
                raise
            if wait:
                say(f"the Hub answers {status_of(error) or 'nothing'}; trying again in {wait:.0f} s")
                time.sleep(wait)
            remote = patiently(lambda: look(api, plan.repo, options.revision), say)
            if remote.head != parent and not _landed(sources, remote, listed):
                raise
            continue
        uploaded = tuple(file.path for file in files if file.state != "removed")
        return Published(plan, True, str(info.oid), str(info.pr_url or info.commit_url), uploaded)
    raise NetworkError("HUB-N049", f"cannot publish to {plan.repo!r}", "the Hub kept failing", "run it again to go on")


def _landed(sources: Mapping[str, Source], remote: Remote, listed: tuple[str, ...]) -> bool:
    """Return whether the repository holds what was to be published: an answer may be lost after the commit."""
    there = dataclasses.replace(remote, listed=listed)
    return all(file.state == "unchanged" for file in planned_files(sources, there))


def _worth_waiting(error: Exception, options: Options, done: int) -> float:
    """Return the seconds after which to look again, below 0 when another try would do harm or nothing."""
    status = status_of(error)
    lost = type(error).__module__.partition(".")[0] in ("httpx", "httpx2") and not status
    if done == TRIES - 1:
        return -1.0
    if status == 412:
        return 0.0
    if options.create_pr and (lost or status != 429):
        return -1.0  # a second try might open a second pull request
    if status not in BUSY and not lost:
        return -1.0
    wait = retry_after(error) or float(2**done)
    return wait if wait <= MAX_WAIT_SECONDS else -1.0


def _operations(files: list[PlannedFile], sources: Mapping[str, Source]) -> list[Any]:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    operations: list[Any] = []
    for file in files:
        if file.state == "removed":
            operations.append(CommitOperationDelete(file.path, is_folder=False))
            continue
        here = sources[file.path]
        content = here.content if isinstance(here.content, bytes) else str(here.content)
        operation = CommitOperationAdd(file.path, content)
        operation.upload_info.sha256 = bytes.fromhex(here.sha256)  # known: the file need not be read once more
        operations.append(operation)
    return operations


def _description(manifest: Manifest) -> str:
    from hub import __version__

    variants = ", ".join(manifest.variants)
    return f"Task {manifest.task}; variants {variants}. Made with domainhub {__version__}."


def _tagged(api: HfApi, done: Published, options: Options, say: Say) -> Published:
    """Set the tag; one of that name that stands elsewhere is not moved."""
    if not options.tag:
        return done
    repo, tag = done.plan.repo, options.tag
    there = _tags(api, repo, say)
    if tag in there and there[tag] != done.commit:  # set by somebody else meanwhile
        raise _taken(repo, tag, f"it is at {there[tag][:12]}, the bundle was published at {done.commit[:12]}")
    if tag not in there:
        patiently(lambda: api.create_tag(repo, tag=tag, revision=done.commit, exist_ok=True), say)
    return dataclasses.replace(done, tag=tag)
