"""Brings a bundle from the Hugging Face Hub, or from its cache, and proves that it is the one that was published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hub.contract.errors import BundleError, HubError, UsageError, nearest
from hub.edge.comparing import Check
from hub.edge.files import sha256
from hub.edge.folder import INFORMATIVE, SIGNATURE, fetched_files, read_manifest
from hub.edge.opening import default_variant
from hub.edge.schema import MANIFEST, Manifest
from hub.publish import foreign
from hub.publish.failures import Say, quiet_client, translated
from hub.publish.place import place, same_bundle
from hub.publish.pulled import Pulled as Pulled

ALL = "all"
"""In place of a variant's name: every file of the bundle."""

WORKERS = 4
"""Files fetched at a time."""

_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(@(?P<revision>[\w./-]{1,200}))?")


def parse_id(text: str) -> tuple[str, str]:
    """Split ``org/name@revision``; without a revision it is ``main``.

    Raises:
        UsageError: HUB-N050, it reads otherwise.
    """
    found = _ID.fullmatch(text)
    if not found or ".." in text:
        raise UsageError("HUB-N050", f"{text!r} is no repository of the Hub", "", "write ORG/NAME or ORG/NAME@REVISION")
    return found["repo"], found["revision"] or "main"


def pull(
    name: str,
    target: Path | None = None,
    variants: Sequence[str] = (),
    *,
    say: Say,
    key: Path | None = None,
    run: bool = True,
) -> Pulled:
    """Bring what a variant needs, check it, put it into a folder, and run its self-test there.

    What is in the Hub's cache is not fetched again, and without a network the cache is all that is used. A file with
    another hash than bundle.json states is refused, removed from the cache, and the folder stays as it was.

    Args:
        name: ``org/name`` or ``org/name@revision``.
        target: folder; by default one of the repository's name in the current one. A bundle that is there is
            replaced, or completed when it is the same.
        variants: names; none for the portable one, `ALL` for every file.
        say: told of waits.
        key: public key that must have signed bundle.json.
        run: run the self-test.

    Raises:
        UsageError: HUB-N050 no such name, HUB-N044 no such revision, HUB-E008 no such variant, HUB-E014 the folder
            holds something else.
        BundleError: HUB-E072 the Hub gave another file, HUB-E070 the signature, HUB-E002 bundle.json.
        NetworkError, MissingError: as `hub.publish.failures.translated` says.
    """
    repo, revision = parse_id(name)
    folder = target if target is not None else Path(repo.split("/")[1])
    with quiet_client(say):
        commit, cached = _manifest_of(repo, revision)
        if cached is None:
            return foreign.pull_foreign(repo, commit, folder, variants)
        manifest = read_manifest(cached.parent)
        chosen = _chosen(manifest, variants)
        signed = _signature(repo, commit, key)
        wanted = _wanted(manifest, chosen)
        here = same_bundle(folder, cached)
        kept = {path for path in wanted if here and path in manifest.files and _is_right(folder / path, manifest, path)}
        files = _fetch(repo, commit, [path for path in wanted if path not in kept and path != MANIFEST])
    check_hashes(files, manifest, repo)
    files = {**files, MANIFEST: cached, **({SIGNATURE: signed} if signed else {})}
    if key is not None:
        from hub.publish.sign import require_signature

        require_signature(cached.parent, key)
    changes = place(folder, files, manifest, keep=here)
    checks = _checks(folder, key) if run else ()
    size = sum(file.stat().st_size for file in files.values())
    return Pulled(folder, repo, commit, chosen, tuple(sorted(files)), size, checks, changes)


def cached_bundle(name: str, variant: str | None = None, profile: str = "portable") -> Path:
    """Return a folder of the library's cache with a variant of a published bundle, brought there when it is missing.

    Args:
        name: as in `pull`.
        variant: its name; by default that of ``profile``.
        profile: as in `hub.edge.Bundle.open`.

    Raises:
        HubError: as `pull`; nothing is verified here but the files' hashes.
    """
    from huggingface_hub import cached_assets_path

    repo, revision = parse_id(name)
    with quiet_client(_silent):
        commit, cached = _manifest_of(repo, revision)
        folder = Path(cached_assets_path("domainhub", "bundles", f"{repo.replace('/', '--')}--{commit}"))
        if cached is None:
            foreign.pull_foreign(repo, commit, folder, (variant,) if variant else (), run=False)
            return folder
        manifest = read_manifest(cached.parent)
        wanted = default_variant(manifest, profile) if variant is None else _chosen(manifest, (variant,))[0]
        here = same_bundle(folder, cached)
        paths = _wanted(manifest, (wanted,))
        if here and all((folder / path).is_file() for path in paths):
            return folder  # opening compares the hashes
        files = _fetch(repo, commit, [path for path in paths if path != MANIFEST])
    check_hashes(files, manifest, repo)
    place(folder, {**files, MANIFEST: cached}, manifest, keep=here)
    return folder


def _silent(_: str) -> None:
    """Say nothing: a library has no terminal of its own."""


def _manifest_of(repo: str, revision: str) -> tuple[str, Path | None]:
    """Return the commit of a revision and its bundle.json in the cache, ``None`` when it has none."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    with translated(f"cannot pull {repo!r}" + (f" at {revision!r}" if revision != "main" else "")):
        try:
            file = Path(hf_hub_download(repo, MANIFEST, revision=revision, library_name="domainhub"))
            return file.parent.name, file
        except LocalEntryNotFoundError:
            commit = foreign.cached_commit(repo, revision)
            if not commit:
                raise
            return commit, None
        except EntryNotFoundError:
            return str(HfApi(library_name="domainhub").model_info(repo, revision=revision).sha), None


def _signature(repo: str, commit: str, key: Path | None) -> Path | None:
    """Return the signature in the cache, ``None`` when the repository has none."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    with translated(f"cannot pull the signature of {repo!r}"):
        try:
            return Path(hf_hub_download(repo, SIGNATURE, revision=commit, library_name="domainhub"))
        except EntryNotFoundError as error:
            if key is not None:
                fix = "ask its maker for one, or leave --signature away"
                raise BundleError("HUB-E070", f"{repo} is not signed", f"it has no {SIGNATURE}", fix) from error
            return None


def _chosen(manifest: Manifest, variants: Sequence[str]) -> tuple[str, ...]:
    if not variants:
        return (default_variant(manifest, "portable"),)
    for name in variants:
        if name != ALL and name not in manifest.variants:
            why = nearest(name, [*manifest.variants, ALL])
            raise UsageError("HUB-E008", f"there is no variant {name!r} in {manifest.name!r}", why)
    return tuple(manifest.variants) if ALL in variants else tuple(dict.fromkeys(variants))


def _wanted(manifest: Manifest, variants: Sequence[str]) -> list[str]:
    if set(variants) == set(manifest.variants) and len(variants) > 1:
        return sorted([*manifest.files, MANIFEST])
    return sorted({path for name in variants for path in fetched_files(manifest, name)})


def _fetch(repo: str, commit: str, paths: Sequence[str]) -> dict[str, Path]:
    """Return files of a commit in the cache, by path; several are fetched at a time."""
    from huggingface_hub import hf_hub_download

    def one(path: str) -> Path:
        with translated(f"cannot pull {path} of {repo!r}"):
            return Path(hf_hub_download(repo, path, revision=commit, library_name="domainhub"))

    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(zip(paths, pool.map(one, paths), strict=True))


def _is_right(file: Path, manifest: Manifest, path: str) -> bool:
    entry = manifest.files[path]
    return file.is_file() and file.stat().st_size == entry.bytes and sha256(file) == entry.sha256


def check_hashes(files: dict[str, Path], manifest: Manifest, repo: str) -> None:
    """Refuse files that are not the published ones, and remove them from the cache.

    Files that people read and nothing parses may differ: a card is often edited on the Hub. `verify` names them.

    Args:
        files: of the cache, by path.
        manifest: what they must be.
        repo: for messages.

    Raises:
        BundleError: HUB-E072.
    """
    parsed = {path: file for path, file in files.items() if path not in INFORMATIVE}
    wrong = [path for path, file in parsed.items() if not _is_right(file, manifest, path)]
    for path in wrong:
        blob = files[path].resolve()
        files[path].unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
    if wrong:
        names = ", ".join(sorted(wrong))
        why = "its hash is not the one in bundle.json; it was removed again"
        fix = "pull again; when it stays so, tell the maker of the bundle"
        raise BundleError("HUB-E072", f"{repo} gave another file than the published one: {names}", why, fix)


def _checks(folder: Path, key: Path | None) -> tuple[Check, ...]:
    from hub.edge.verify import verify

    found: list[Check] = []
    if key is not None:
        from hub.publish.sign import check_signature

        found.append(check_signature(folder, key))
    try:
        return (*found, *verify(folder))
    except HubError as error:
        return (*found, Check("bundle", False, f"{error.what}: {error.why}"))
