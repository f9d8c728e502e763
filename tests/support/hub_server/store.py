"""What the Hub stand-in keeps: repositories with their commits, branches, tags and pull requests, and large objects."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Blob:
    """A file of a commit; a large one is kept by its SHA-256, as git-lfs does."""

    data: bytes
    lfs: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def pointer(self) -> bytes:
        lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{self.sha256}", f"size {len(self.data)}")
        return ("\n".join(lines) + "\n").encode()

    @property
    def git_oid(self) -> str:
        content = self.pointer if self.lfs else self.data
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    @property
    def oid(self) -> str:
        """What preupload answers: the SHA-256 of a large file, the git hash of another one."""
        return self.sha256 if self.lfs else self.git_oid


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str
    title: str
    files: Mapping[str, Blob]
    time: str


@dataclass
class Repo:
    """A repository; ``refs`` holds ``heads/NAME``, ``tags/NAME`` and ``pr/NUMBER``."""

    kind: str
    id: str
    private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def commit(self, ref: str, parent: str, title: str, files: Mapping[str, Blob]) -> Commit:
        seed = f"{self.id} {parent} {title} {len(self.commits)} " + " ".join(f"{p}={b.oid}" for p, b in files.items())
        oid = hashlib.sha1(seed.encode()).hexdigest()
        made = Commit(oid, parent, title, dict(files), datetime.now(UTC).isoformat())
        self.commits[oid] = made
        self.refs[ref] = oid
        return made

    def find(self, revision: str) -> Commit | None:
        """Return the commit that a branch, a tag, a pull request or a hash names."""
        for name in (f"heads/{revision}", f"tags/{revision}", revision.removeprefix("refs/")):
            if name in self.refs:
                return self.commits[self.refs[name]]
        return self.commits.get(revision)

    def history(self, oid: str) -> Iterator[Commit]:
        while oid:
            yield self.commits[oid]
            oid = self.commits[oid].parent


class Store:
    """Everything that the server keeps, in memory."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.repos: dict[tuple[str, str], Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], bytes] = {}
        self.tokens: dict[str, dict[str, object]] = {}

    def create(self, kind: str, name: str, private: bool = False) -> Repo:
        repo = self.repos[kind, name] = Repo(kind, name, private)
        repo.commit("heads/main", "", "initial commit", {".gitattributes": Blob(b"*.onnx filter=lfs\n")})
        return repo

    def add(self, kind: str, name: str, files: Mapping[str, bytes]) -> Commit:
        """Put files into a repository, which is made when it is missing: a test's short way."""
        repo = self.repos.get((kind, name)) or self.create(kind, name)
        head = repo.commits[repo.refs["heads/main"]]
        added = {path: Blob(data, is_large(path, len(data))) for path, data in files.items()}
        return repo.commit("heads/main", head.oid, "test", {**head.files, **added})


def is_large(path: str, size: int) -> bool:
    """Return whether the Hub keeps a file as a large object."""
    return path.endswith((".onnx", ".onnx_data", ".parquet", ".safetensors", ".bin")) or size > 10_000_000
