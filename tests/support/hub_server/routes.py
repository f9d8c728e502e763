"""What the stand-in answers: the calls of ``huggingface_hub``, as the Hub answers them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

import yaml

from tests.support.hub_server.store import Blob, Commit, Repo, is_large

if TYPE_CHECKING:
    from tests.support.hub_server.server import HubServer, _Handler

_API = re.compile(r"/api/(models|datasets)/([\w.-]+/[\w.-]+)(?:/(\w[\w-]*))?(?:/(.*))?")
_RESOLVE = re.compile(r"/(?:(datasets)/)?([\w.-]+/[\w.-]+)/resolve/(refs/pr/\d+|[^/]+)/(.+)")
_BATCH = re.compile(r"/(?:(datasets)/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch")


class RefusedError(Exception):
    """An answer with an error."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


def answer(hub: HubServer, request: _Handler) -> None:
    """Answer one request."""
    try:
        with hub.store.lock:
            value, headers, status = _route(hub, request)
    except RefusedError as error:
        headers = {"X-Error-Code": error.code} if error.code else {}
        value, status = {"error": error.message}, error.status
        headers["X-Error-Message"] = error.message
    request.reply(status, value, headers)


def _route(hub: HubServer, request: _Handler) -> tuple[Any, dict[str, str], int]:
    path, method = request.route, request.command
    if path.startswith(("/objects/", "/parts/", "/complete/", "/cdn/")):
        return _object(hub, request)
    user = _user(hub, request)
    if path == "/api/whoami-v2":
        if not user:
            raise RefusedError(401, "Invalid username or password.")
        token = {"type": "access_token", "accessToken": {"displayName": "t", "role": user["role"]}}
        orgs = [{"name": name} for name in user["orgs"]]
        return {"type": "user", "name": user["name"], "orgs": orgs, "auth": token}, {}, 200
    if path == "/api/validate-yaml":
        errors = [{"message": text} for text in (*hub.refused_cards, *_yaml_faults(json.loads(request.body)))]
        return {"errors": errors, "warnings": []}, {}, 400 if errors else 200
    if path == "/api/repos/create":
        return _create(hub, request, user)
    if path.startswith("/verify/"):
        found = json.loads(request.body)
        fine = len(hub.store.objects.get(found["oid"], b"")) == found["size"]
        return {}, {}, 200 if fine else 404
    if batch := _BATCH.fullmatch(path):
        _repo(hub, user, batch[1] or "models", batch[2], write=True)
        return _batch(hub, request), {}, 200
    if resolve := _RESOLVE.fullmatch(path):
        repo = _repo(hub, user, resolve[1] or "models", resolve[2])
        return _resolve(hub, request, repo, resolve[3], resolve[4])
    if api := _API.fullmatch(path):
        write = (method in ("POST", "DELETE") and api[3] not in ("paths-info",)) or "create_pr" in request.query
        repo = _repo(hub, user, api[1], api[2], write=write)
        return _repository(hub, request, repo, api[3] or "", api[4] or "")
    raise RefusedError(404, f"no such route: {method} {path}")


def _user(hub: HubServer, request: _Handler) -> dict[str, Any]:
    stated = request.headers.get("Authorization", "")
    if not stated:
        return {}
    user = hub.store.tokens.get(stated.removeprefix("Bearer "))
    if user is None:
        raise RefusedError(401, "Invalid credentials in Authorization header")
    return dict(user)


def _may_write(user: dict[str, Any], name: str) -> bool:
    return bool(user) and user["role"] == "write" and name.split("/")[0] in (user["name"], *user["orgs"])


def _repo(hub: HubServer, user: dict[str, Any], kind: str, name: str, write: bool = False) -> Repo:
    repo = hub.store.repos.get((kind, name))
    mine = bool(user) and name.split("/")[0] in (user["name"], *user["orgs"])
    if repo is None or (repo.private and not mine):
        raise RefusedError(404 if user else 401, "Repository not found", "RepoNotFound")
    if write and not _may_write(user, name):
        raise RefusedError(403 if user else 401, "Forbidden: you must use a write token to upload to a repository.")
    return repo


def _create(hub: HubServer, request: _Handler, user: dict[str, Any]) -> tuple[Any, dict[str, str], int]:
    asked = json.loads(request.body)
    kind = asked.get("type", "model") + "s"
    if not user:
        raise RefusedError(401, "Invalid username or password.")
    name = f"{asked.get('organization') or user['name']}/{asked['name']}"
    url = {"url": f"{hub.endpoint}/{name}"}
    if (kind, name) in hub.store.repos:
        return {**url, "error": "You already created this model repo"}, {}, 409
    if not _may_write(user, name):
        raise RefusedError(403, f"You don't have the rights to create a model under the namespace {name!r}")
    hub.store.create(kind, name, asked.get("visibility") == "private")
    return url, {}, 200


def _yaml_faults(asked: dict[str, Any]) -> list[str]:
    found = re.match(r"---\n(.*?)\n---", asked["content"], re.DOTALL)
    try:
        value = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError as error:
        return [f"not YAML: {error}"]
    return [] if isinstance(value, dict) else ["the metadata is no mapping"]


def _batch(hub: HubServer, request: _Handler) -> dict[str, Any]:
    objects = []
    for wanted in json.loads(request.body)["objects"]:
        oid, size = wanted["oid"], wanted["size"]
        entry: dict[str, Any] = {"oid": oid, "size": size}
        if oid not in hub.store.objects:
            upload: dict[str, Any] = {"href": f"{hub.other_origin}/objects/{oid}"}
            if hub.multipart and size >= hub.multipart:
                count = -(-size // hub.multipart)
                header = {f"{i:05d}": f"{hub.other_origin}/parts/{oid}/{i}" for i in range(1, count + 1)}
                upload = {
                    "href": f"{hub.endpoint}/complete/{oid}",
                    "header": {"chunk_size": str(hub.multipart), **header},
                }
            entry["actions"] = {"upload": upload, "verify": {"href": f"{hub.endpoint}/verify/{oid}"}}
        objects.append(entry)
    return {"transfer": "multipart" if hub.multipart else "basic", "objects": objects}


def _object(hub: HubServer, request: _Handler) -> tuple[Any, dict[str, str], int]:
    """Take large objects and their parts, and serve them as the other origin does."""
    _, action, oid, *number = request.route.split("/")
    if action == "parts":
        hub.store.parts[oid, int(number[0])] = request.body
        return b"", {"ETag": f'"{hashlib.sha256(request.body).hexdigest()}"'}, 200
    if action == "cdn":
        if request.headers.get("Authorization"):
            raise RefusedError(400, "Only one auth mechanism allowed")
        return _bytes(request, hub.changed.get(number[0], hub.store.objects[oid]), {"ETag": f'"{oid}"'})
    data = request.body
    if action == "complete":
        count = len(json.loads(request.body)["parts"])
        data = b"".join(hub.store.parts.pop((oid, i)) for i in range(1, count + 1))
    if hashlib.sha256(data).hexdigest() != oid:
        raise RefusedError(400, "the object has another hash")
    hub.store.objects[oid] = data
    return {}, {}, 200


def _resolve(
    hub: HubServer, request: _Handler, repo: Repo, revision: str, path: str
) -> tuple[Any, dict[str, str], int]:
    commit = _commit(repo, revision)
    blob = commit.files.get(path)
    headers = {"X-Repo-Commit": commit.oid}
    if blob is None:
        return {"error": "Entry not found"}, {**headers, "X-Error-Code": "EntryNotFound"}, 404
    if blob.lfs and hub.cdn:
        linked = {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(len(blob.data))}
        hub.store.objects.setdefault(blob.sha256, blob.data)
        where = f"{hub.other_origin}/cdn/{blob.sha256}/{quote(path.split('/')[-1])}"
        return b"", {**headers, **linked, "Location": where}, 302
    return _bytes(request, hub.changed.get(path, blob.data), {**headers, "ETag": f'"{blob.oid}"'})


def _bytes(request: _Handler, data: bytes, headers: dict[str, str]) -> tuple[Any, dict[str, str], int]:
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    headers = {**headers, "Accept-Ranges": "bytes"}
    if not found:
        return data, headers, 200
    first, last = int(found[1]), min(int(found[2] or len(data) - 1), len(data) - 1)
    return data[first : last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}, 206


def _commit(repo: Repo, revision: str) -> Commit:
    commit = repo.find(revision or "main")
    if commit is None:
        raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit


def _repository(
    hub: HubServer, request: _Handler, repo: Repo, action: str, rest: str
) -> tuple[Any, dict[str, str], int]:
    if action in ("", "revision"):
        return _info(repo, _commit(repo, rest)), {}, 200
    if action == "tree":
        return _tree(hub, request, repo, rest)
    if action == "paths-info":
        commit, wanted = _commit(repo, rest), set(parse_qs(request.body.decode())["paths"])
        return [_entry(path, blob) for path, blob in commit.files.items() if path in wanted], {}, 200
    if action == "preupload":
        return _preupload(request, _commit(repo, rest)), {}, 200
    if action == "commit":
        return _take_commit(hub, request, repo, rest), {}, 200
    if action == "commits":
        return [_log(entry) for entry in repo.history(_commit(repo, rest).oid)], {}, 200
    if action == "refs":
        return _refs(repo), {}, 200
    if action in ("branch", "tag"):
        return _name(request, repo, action, rest)
    # There is no xet here: that is what a server without it answers.
    raise RefusedError(404, f"no such route: {action}")


def _name(request: _Handler, repo: Repo, action: str, rest: str) -> tuple[Any, dict[str, str], int]:
    """Make a branch or a tag."""
    asked = json.loads(request.body or b"{}")
    name = f"heads/{rest}" if action == "branch" else f"tags/{asked['tag']}"
    start = _commit(repo, asked.get("startingPoint", "main") if action == "branch" else rest)
    if name in repo.refs:
        raise RefusedError(409, f"Reference {name} already exists")
    repo.refs[name] = start.oid
    return {}, {}, 200


def _info(repo: Repo, commit: Commit) -> dict[str, Any]:
    return {
        "_id": "1",
        "id": repo.id,
        "modelId": repo.id,
        "author": repo.id.split("/")[0],
        "sha": commit.oid,
        "lastModified": commit.time.replace("+00:00", "Z"),
        "createdAt": commit.time.replace("+00:00", "Z"),
        "private": repo.private,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "siblings": [{"rfilename": path} for path in commit.files],
    }


def _entry(path: str, blob: Blob) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(blob.data), "oid": blob.git_oid}
    if blob.lfs:
        entry["lfs"] = {"oid": blob.sha256, "size": len(blob.data), "pointerSize": len(blob.pointer)}
    return entry


def _tree(hub: HubServer, request: _Handler, repo: Repo, rest: str) -> tuple[Any, dict[str, str], int]:
    revision, _, folder = rest.partition("/")
    files = _commit(repo, revision).files
    entries = [_entry(p, b) for p, b in sorted(files.items()) if p.startswith(f"{folder}/" if folder else "")]
    if request.query.get("recursive", ["false"])[0].lower() != "true":
        entries = _level(entries, folder)
    if folder and not entries:
        raise RefusedError(404, "no such folder", "EntryNotFound")
    start = int(request.query.get("cursor", ["0"])[0])
    end = start + hub.page
    address = f"{hub.endpoint}{quote(request.route)}?recursive=true&cursor={end}"
    return entries[start:end], {"Link": f'<{address}>; rel="next"'} if end < len(entries) else {}, 200


def _level(entries: list[dict[str, Any]], folder: str) -> list[dict[str, Any]]:
    """Return what lies in a folder itself, its folders as such."""
    found: dict[str, dict[str, Any]] = {}
    start = len(folder) + 1 if folder else 0
    for entry in entries:
        name, below, _ = entry["path"][start:].partition("/")
        path = entry["path"][:start] + name
        found[path] = {"type": "directory", "path": path, "size": 0, "oid": "0" * 40} if below else entry
    return list(found.values())


def _preupload(request: _Handler, commit: Commit) -> dict[str, Any]:
    files = []
    for wanted in json.loads(request.body)["files"]:
        path, there = wanted["path"], commit.files.get(wanted["path"])
        mode = "lfs" if is_large(path, wanted["size"]) else "regular"
        oid = there.oid if there else None
        files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return {"files": files}


def _take_commit(hub: HubServer, request: _Handler, repo: Repo, revision: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in request.body.splitlines()]
    header, operations = lines[0]["value"], lines[1:]
    head = _commit(repo, revision)
    stated = header.get("parentCommit")
    pull_request = "create_pr" in request.query
    if stated and stated != head.oid and not pull_request:
        raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
    files = dict(repo.commits[stated].files if stated and pull_request else head.files)
    for line in operations:
        _apply(hub, files, line["key"], line["value"])
    number = 1 + sum(name.startswith("pr/") for name in repo.refs)
    ref = f"pr/{number}" if pull_request else f"heads/{revision}"
    if revision.startswith("refs/pr/") and not pull_request:
        ref = revision.removeprefix("refs/")
    made = repo.commit(ref, head.oid, header["summary"], files)
    done = {"success": True, "commitOid": made.oid, "commitUrl": f"{hub.endpoint}/{repo.id}/commit/{made.oid}"}
    return done | ({"pullRequestUrl": f"{hub.endpoint}/{repo.id}/discussions/{number}"} if pull_request else {})


def _apply(hub: HubServer, files: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
    path = value["path"]
    if key == "file":
        try:
            files[path] = Blob(base64.b64decode(value["content"], validate=True))
        except binascii.Error as error:
            raise RefusedError(400, f"{path} is not base64") from error
    elif key == "lfsFile":
        if value["oid"] not in hub.store.objects:
            raise RefusedError(400, f"{path}: the object was not uploaded")
        files[path] = Blob(hub.store.objects[value["oid"]], lfs=True)
    elif key == "deletedFile":
        if path not in files:
            raise RefusedError(404, "A file with this name doesn't exist", "EntryNotFound")
        del files[path]
    elif key == "deletedFolder":
        for name in [name for name in files if name.startswith(path.rstrip("/") + "/")]:
            del files[name]
    else:
        raise RefusedError(400, f"unknown operation {key}")


def _log(commit: Commit) -> dict[str, Any]:
    return {"id": commit.oid, "title": commit.title, "message": "", "date": commit.time, "authors": []}


def _refs(repo: Repo) -> dict[str, Any]:
    def named(start: str) -> list[dict[str, str]]:
        return [
            {"name": name.removeprefix(f"{start}/"), "ref": f"refs/{name}", "targetCommit": oid}
            for name, oid in repo.refs.items()
            if name.startswith(f"{start}/")
        ]

    return {"branches": named("heads"), "tags": named("tags"), "converts": [], "pullRequests": named("pr")}
