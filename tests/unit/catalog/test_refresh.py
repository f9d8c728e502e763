"""The user's copy of the catalogue is replaced by a valid one and by nothing else. Downloads come from this process."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.catalog import refresh as refreshing
from hub.catalog.client import read_catalogue, shipped
from hub.catalog.refresh import refresh, use_shipped
from hub.catalog.registry import FILE, shipped_bytes
from hub.catalog.schema import MAX_BYTES
from hub.contract.errors import DataError, HubError, NetworkError, UsageError


def document(**changes: Any) -> bytes:
    return json.dumps({**json.loads(shipped_bytes()), **changes}).encode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def write(tmp_path: Path, data: bytes) -> str:
    file = tmp_path / "new.json"
    file.write_bytes(data)
    return str(file)


def test_from_a_file(tmp_path: Path, home: Path) -> None:
    registry = json.loads(shipped_bytes())
    registry["plugins"][0]["summary"] = "Other words."
    registry["plugins"][1]["name"] = registry["plugins"][1]["domains"][0] = "law"
    registry["plugins"][1]["tasks"] = ["law/terms"]

    done = refresh(write(tmp_path, json.dumps(registry).encode()), home)

    assert (done.added, done.removed, done.changed) == (("plugins/law",), ("plugins/legal",), ("plugins/medical",))
    assert done.file == home / FILE
    assert read_catalogue(home).file == home / FILE
    assert read_catalogue(home).registry.plugins[1].name == "law"


def test_the_same_again_changes_nothing(tmp_path: Path, home: Path) -> None:
    source = write(tmp_path, document())

    done = refresh(source, home)

    assert (done.added, done.removed, done.changed) == ((), (), ())


def test_changes_are_those_against_the_copy_that_was_in_use(tmp_path: Path, home: Path) -> None:
    refresh(write(tmp_path, document(plugins=[])), home)

    done = refresh(write(tmp_path, document()), home)

    assert len(done.added) == 5
    assert done.removed == ()


@pytest.mark.parametrize("data", [b"", b"<html>", b"{}", document(schema=2), document(plugins=[{}]), b" " * 4_000_001])
def test_an_invalid_one_leaves_the_old_one(tmp_path: Path, home: Path, data: bytes) -> None:
    refresh(write(tmp_path, document(models=[])), home)
    before = (home / FILE).read_bytes()

    with pytest.raises(DataError) as caught:
        refresh(write(tmp_path, data), home)

    assert caught.value.code == "HUB-P050"
    assert (home / FILE).read_bytes() == before
    assert [path.name for path in home.iterdir()] == [FILE]


def test_missing_file(tmp_path: Path, home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        refresh(str(tmp_path / "nowhere.json"), home)

    assert caught.value.code == "HUB-P053"
    assert not home.exists()


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    source = write(tmp_path, document())
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")

    with pytest.raises(UsageError) as caught:
        refresh(source, blocked)

    assert caught.value.code == "HUB-P054"
    assert use_shipped(blocked).changed == ()


def test_back_to_the_shipped_one(tmp_path: Path, home: Path) -> None:
    refresh(write(tmp_path, document(plugins=[])), home)

    done = use_shipped(home)

    assert len(done.added) == 5
    assert read_catalogue(home).registry == shipped()
    assert use_shipped(home).added == ()


@pytest.mark.parametrize(
    "address", ["http://example.org/r.json", "ftp://example.org/r.json", "file:///r.json", "data://x", "x://", "://"]
)
def test_only_https_is_fetched(home: Path, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        refresh(address, home)

    assert caught.value.code == "HUB-P053"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        status, headers, body = self.answer()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        if self.path == "/good":
            return 200, {}, document(plugins=[])
        if self.path == "/moved":
            return 302, {"Location": "/good"}, b""
        if self.path == "/loop":
            return 302, {"Location": "/loop"}, b""
        if self.path.startswith("/to/"):
            return 302, {"Location": self.path.removeprefix("/to/")}, b""
        if self.path == "/large":
            return 200, {}, b" " * (MAX_BYTES + 100)
        if self.path == "/cut":
            return 200, {"Content-Length": "1000"}, b"{"
        return 404, {}, b"not here"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on this machine, without TLS; the tests allow its scheme in the place of https."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(refreshing, "SCHEMES", ("http",))
    Handler.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/good", "/moved"])
def test_from_an_address(server: str, home: Path, path: str) -> None:
    done = refresh(server + path, home)

    assert len(done.removed) == 5
    assert read_catalogue(home).registry.plugins == ()


@pytest.mark.parametrize("target", ["https://127.0.0.1/x", "ftp://127.0.0.1/x", "file:///etc/hostname"])
def test_redirects_to_other_schemes_are_not_followed(server: str, home: Path, target: str) -> None:
    with pytest.raises(UsageError) as caught:
        refresh(f"{server}/to/{target}", home)

    assert caught.value.code == "HUB-P053"
    assert target in caught.value.what
    assert not home.exists()


@pytest.mark.parametrize(("path", "words"), [("/nothing", "404"), ("/loop", "redirect"), ("/cut", "")])
def test_failed_downloads(server: str, home: Path, path: str, words: str) -> None:
    with pytest.raises(HubError) as caught:
        refresh(server + path, home)

    assert not home.exists()
    if words:
        assert isinstance(caught.value, NetworkError)
        assert caught.value.code == "HUB-N020"
        assert words in caught.value.why.lower()


def test_too_large_a_download_is_cut_off(server: str, home: Path) -> None:
    with pytest.raises(DataError) as caught:
        refresh(server + "/large", home)

    assert "4,000,000 bytes" in caught.value.why


def test_nobody_listens(server: str, home: Path) -> None:
    with pytest.raises(NetworkError) as caught:
        refresh("http://127.0.0.1:9/x", home)

    assert caught.value.code == "HUB-N020"
    assert caught.value.why
