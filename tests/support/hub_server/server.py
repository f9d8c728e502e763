"""A small stand-in of the Hugging Face Hub on loopback, for the unmodified ``huggingface_hub`` client."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.hub_server import routes
from tests.support.hub_server.store import Store

TOKEN = "hf_" + "t0psecret" * 4
"""The token of ``tester``, who may write to ``acme`` too."""

READER = "hf_" + "0nlyreads" * 4
"""The token of ``reader``, who may write nowhere."""


@dataclass
class Fault:
    """Something that goes wrong on purpose.

    Args:
        method: of the request.
        path: regular expression that is searched in the path.
        times: how often it happens.
        status: answered in place of what was asked for; 0 for none.
        headers: of that answer.
        after: bytes of the body after which the connection is cut; below 0 it is not.
        lost: what is asked for is done, and the connection is cut in place of the answer.
    """

    method: str
    path: str
    times: int = 1
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    after: int = -1
    lost: bool = False


@dataclass(frozen=True)
class Request:
    """A request as it was answered."""

    method: str
    path: str
    status: int
    received: int
    sent: int
    authorized: bool
    range: str


class HubServer:
    """The stand-in; use it as a context manager.

    Args:
        multipart: objects of at least so many bytes are uploaded in parts of that size; 0 for none.
        cdn: large files are served by redirect to another origin.
        page: files in one page of a tree listing.
    """

    def __init__(self, multipart: int = 0, cdn: bool = False, page: int = 1000) -> None:
        self.store = Store()
        self.multipart, self.cdn, self.page = multipart, cdn, page
        self.store.tokens[TOKEN] = {"name": "tester", "orgs": ["acme"], "role": "write"}
        self.store.tokens[READER] = {"name": "reader", "orgs": [], "role": "read"}
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.changed: dict[str, bytes] = {}
        """Path to bytes that are served in place of the right ones."""
        self.refused_cards: list[str] = []
        """What validate-yaml finds wrong with every card."""
        self._servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(2)]
        for server in self._servers:
            server.hub = self

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"

    @property
    def other_origin(self) -> str:
        return f"http://localhost:{self._servers[1].server_address[1]}"

    def fail(self, method: str, path: str, status: int, times: int = 1, **headers: str) -> None:
        """Answer requests with an error; underscores of header names become hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(method, path, times, status, named))

    def cut(self, method: str, path: str, after: int = 0, times: int = 1) -> None:
        """Cut connections after so many bytes of the body: of a PUT or POST that of the request."""
        self.faults.append(Fault(method, path, times, after=after))

    def lose(self, method: str, path: str, times: int = 1) -> None:
        """Do what is asked for and cut the connection in place of the answer."""
        self.faults.append(Fault(method, path, times, lost=True))

    def asked(self, method: str, path: str) -> list[Request]:
        """Return the requests that fit."""
        return [r for r in self.requests if r.method == method and re.search(path, r.path)]

    @property
    def received(self) -> int:
        """Bytes of request bodies."""
        return sum(request.received for request in self.requests)

    @property
    def sent(self) -> int:
        """Bytes of answer bodies."""
        return sum(request.sent for request in self.requests)

    def __enter__(self) -> HubServer:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    hub: HubServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about connections that a test cut."""


class CutError(Exception):
    """The connection is cut here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing on stderr."""

    def _answer(self) -> None:
        hub = self.server.hub
        self.status, self.sent, self.received, self.recorded = 0, 0, 0, False
        address = urlsplit(self.path)
        self.route, self.query = unquote(address.path), parse_qs(address.query)
        with hub.store.lock:
            fault = next((f for f in hub.faults if f.times and self._fits(f)), None)
            if fault:
                fault.times -= 1
        try:
            self.body = self._read_body(fault.after if fault and self.command in ("PUT", "POST") else -1)
            self.lost = fault.lost if fault else False
            if fault and fault.status:
                self.reply(fault.status, {"error": "on demand"}, fault.headers)
            else:
                self.cut_after = fault.after if fault else -1
                routes.answer(hub, self)
        except CutError:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        self._record()

    def _record(self) -> None:
        """Note the request, once and before the answer is sent: whoever has the answer finds it here."""
        if self.recorded:
            return
        self.recorded = True
        address = urlsplit(self.path)
        path = address.path + (f"?{address.query}" if address.query else "")
        token, wanted = bool(self.headers.get("Authorization")), self.headers.get("Range", "")
        request = Request(self.command, path, self.status, self.received, self.sent, token, wanted)
        self.server.hub.requests.append(request)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library calls them so

    def _fits(self, fault: Fault) -> bool:
        return fault.method == self.command and re.search(fault.path, self.route) is not None

    def _read_body(self, cut_after: int) -> bytes:
        chunks = []
        for chunk in self._chunks():
            chunks.append(chunk)
            self.received += len(chunk)
            if 0 <= cut_after <= self.received:
                raise CutError
        if cut_after >= 0:
            raise CutError
        return b"".join(chunks)

    def _chunks(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            chunk = self.rfile.read(min(left, 65536))
            if not chunk:
                raise CutError
            left -= len(chunk)
            yield chunk

    def reply(self, status: int, value: Any = None, headers: Mapping[str, str] | None = None) -> None:
        """Answer with JSON, or with bytes as they are."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        kind = "application/octet-stream" if isinstance(value, bytes) else "application/json; charset=utf-8"
        self.status = status
        cut = getattr(self, "cut_after", -1)
        body = b"" if self.command == "HEAD" else data if cut < 0 else data[:cut]
        self.sent = len(body)
        self._record()
        if getattr(self, "lost", False):
            raise CutError
        self.send_response(status)
        for name, text in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)
        if cut >= 0:
            self.wfile.flush()
            raise CutError


@contextmanager
def hub_server(multipart: int = 0, cdn: bool = False, page: int = 1000) -> Iterator[HubServer]:
    """Run a stand-in while the block runs."""
    with HubServer(multipart, cdn, page) as server:
        yield server
