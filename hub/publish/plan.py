"""What publishing would change in a repository: each file new, changed, unchanged or removed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.contract.errors import HubError
from hub.edge.folder import SIGNATURE
from hub.edge.schema import MANIFEST, Manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Source:
    """A file to publish.

    Args:
        content: where it is, or its bytes.
        bytes: its size.
        sha256: of its content.
    """

    content: Path | bytes
    bytes: int
    sha256: str

    def git_hash(self) -> str:
        """Return the hash under which git keeps it: SHA-1 of a header with the size, and the content."""
        digest = hashlib.sha1(b"blob %d\0" % self.bytes, usedforsecurity=False)
        if isinstance(self.content, bytes):
            digest.update(self.content)
            return digest.hexdigest()
        with self.content.open("rb") as stream:
            while chunk := stream.read(BUFFER_BYTES):
                digest.update(chunk)
        return digest.hexdigest()


def source(content: Path | bytes, sha256: str = "") -> Source:
    """Return a file to publish, hashed when its hash is not known."""
    if isinstance(content, bytes):
        return Source(content, len(content), hashlib.sha256(content).hexdigest())
    if not sha256:
        from hub.edge.files import sha256 as hash_of

        sha256 = hash_of(content)
    return Source(content, content.stat().st_size, sha256)


@dataclass(frozen=True)
class RemoteFile:
    """A file as the Hub lists it: ``oid`` is the SHA-256 of a large one, the git hash of another."""

    bytes: int
    oid: str
    large: bool


@dataclass(frozen=True)
class Remote:
    """A repository as it is now.

    Args:
        exists: there is one.
        private: it is private.
        branch: the asked branch exists.
        head: commit that the branch is at, or would start from; ``""`` without a repository.
        files: by path.
        listed: files of the bundle that is there, by its bundle.json.
    """

    exists: bool = False
    private: bool = False
    branch: bool = False
    head: str = ""
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    listed: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedFile:
    """What would become of a file: ``state`` is ``new``, ``changed``, ``unchanged`` or ``removed``."""

    path: str
    bytes: int
    state: str


@dataclass(frozen=True)
class Plan:
    """Everything that publishing would do.

    Args:
        repo: ``org/name``.
        revision: branch.
        user: whose token it is, ``""`` when nobody was asked.
        private: the repository is, or will be, private.
        creates: the repository does not exist yet.
        files: all files of the bundle, and those of an older one that go.
        licence: of the card.
        title: of the card.
        remarks: what the publisher should know.
    """

    repo: str
    revision: str
    user: str
    private: bool
    creates: bool
    files: tuple[PlannedFile, ...]
    licence: str
    title: str
    remarks: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[PlannedFile, ...]:
        """Files that would travel."""
        return tuple(file for file in self.files if file.state in ("new", "changed"))

    @property
    def upload_bytes(self) -> int:
        """Bytes that would travel, at most: the Hub may have some large files already."""
        return sum(file.bytes for file in self.moved)

    @property
    def unchanged(self) -> bool:
        """Nothing would change."""
        return all(file.state == "unchanged" for file in self.files)


def sources_of(folder: Path, manifest: Manifest, card: str) -> dict[str, Source]:
    """Return the files of a bundle to publish, by path.

    Args:
        folder: of the bundle; its files were compared with bundle.json just before.
        manifest: its bundle.json.
        card: README.md as it will be published.
    """
    found = {path: source(folder / path, entry.sha256) for path, entry in manifest.files.items() if path != "README.md"}
    for path in manifest.files:
        if path in ("report.html", "NOTICE", "bom.json"):  # a change in them is allowed: their hash is not known
            found[path] = source(folder / path)
    found["README.md"] = source(card.encode())
    found[MANIFEST] = source(folder / MANIFEST)
    if (folder / SIGNATURE).is_file():
        found[SIGNATURE] = source(folder / SIGNATURE)
    return dict(sorted(found.items()))


def look(api: HfApi, repo: str, revision: str) -> Remote:
    """Ask the Hub what is there.

    Args:
        api: the Hub's client.
        repo: ``org/name``.
        revision: branch.

    Raises:
        Exception: what the client raises, but for a repository or a branch that is not there.
    """
    from huggingface_hub import RepoFile
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        info = api.model_info(repo)
    except RepositoryNotFoundError:
        return Remote()
    private, head, branch = bool(info.private), str(info.sha), True
    if revision != "main":
        try:
            head = str(api.model_info(repo, revision=revision).sha)
        except RevisionNotFoundError:
            branch = False
    files = {}
    for entry in api.list_repo_tree(repo, revision=head, recursive=True):
        if isinstance(entry, RepoFile):
            large: Any = entry.lfs
            oid = large.sha256 if large else entry.blob_id
            files[entry.path] = RemoteFile(entry.size, oid, large is not None)
    return Remote(True, private, branch, head, files)


def listed_files(repo: str, remote: Remote, manifest: Source) -> tuple[str, ...]:
    """Return the files of the bundle that a repository holds now; none when it is the same, or no bundle.

    Args:
        repo: ``org/name``.
        remote: as `look` returns it.
        manifest: bundle.json that is to be published.
    """
    there = remote.files.get(MANIFEST)
    if there is None or same(there, manifest):
        return ()
    from huggingface_hub import hf_hub_download

    from hub.edge.folder import read_manifest

    file = Path(hf_hub_download(repo, MANIFEST, revision=remote.head))
    try:
        return tuple(read_manifest(file.parent).files)
    except HubError:
        return ()  # what is no bundle.json lists nothing that could be removed


def same(there: RemoteFile, here: Source) -> bool:
    """Return whether the Hub has this content."""
    return there.bytes == here.bytes and there.oid == (here.sha256 if there.large else here.git_hash())


def planned_files(sources: Mapping[str, Source], remote: Remote) -> tuple[PlannedFile, ...]:
    """Compare the files of a bundle with those of a repository.

    Args:
        sources: what is to be there.
        remote: what is there; files that are of no bundle stay, and are not named.
    """
    found = []
    for path, here in sources.items():
        there = remote.files.get(path)
        state = "new" if there is None else "unchanged" if same(there, here) else "changed"
        found.append(PlannedFile(path, here.bytes, state))
    gone = [path for path in (*remote.listed, SIGNATURE) if path in remote.files and path not in sources]
    found += [PlannedFile(path, remote.files[path].bytes, "removed") for path in dict.fromkeys(gone)]
    return tuple(found)
