"""A browser opens the bundle folder as it is: Transformers.js in headless Chromium, everything from this machine."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.interop.places import FLAGS, HERE, MODULES, needs_browser
from tests.interop.recorded import Case, assert_pipelines, assert_same

TYPES = {".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}
LIBRARY = MODULES / "@huggingface" / "transformers"
SECONDS = 600


def wasm_folder() -> Path:
    """Return the ONNX Runtime of Transformers.js itself, which need not be the one beside it."""
    inner = LIBRARY / "node_modules" / "onnxruntime-web" / "dist"
    return inner if inner.is_dir() else MODULES / "onnxruntime-web" / "dist"


class Site:
    """Files by the beginnings of their addresses, and what the page sends back."""

    def __init__(self, cases: list[Case]) -> None:
        self.folders = {f"bundle{number}": case.folder for number, case in enumerate(cases)}
        self.folders |= {"lib": LIBRARY / "dist", "ort": wasm_folder()}
        orders = [case.order() | {"folder": f"bundle{number}"} for number, case in enumerate(cases)]
        self.documents = {"plan.json": json.dumps(orders).encode()}
        self.documents |= {name: (HERE / name).read_bytes() for name in ("page.html", "ask.mjs")}
        self.answers: queue.Queue[Any] = queue.Queue()

    def find(self, address: str) -> bytes | None:
        """Return the content at an address, ``None`` when there is nothing."""
        name = address.lstrip("/").split("?")[0]
        if name in self.documents:
            return self.documents[name]
        first, _, rest = name.partition("/")
        folder = self.folders.get(first)
        file = (folder / rest).resolve() if folder else None
        inside = folder is not None and file is not None and file.is_relative_to(folder.resolve())
        return file.read_bytes() if inside and file is not None and file.is_file() else None


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serve a site on loopback while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = site.find(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def do_POST(self) -> None:
            site.answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_chromium_gives_the_answers_of_the_self_test(cases: list[Case], tmp_path: Path) -> None:
    browser = needs_browser()
    site = Site(cases)
    with served(site) as address:
        command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"{address}/page.html"]
        log = tmp_path / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(command, stdout=stream, stderr=stream)
            try:
                answers = site.answers.get(timeout=SECONDS)
            except queue.Empty:
                raise AssertionError(log.read_text("utf-8", "replace")[-3000:]) from None
            finally:
                process.terminate()
                process.wait()
    assert not isinstance(answers, Mapping), answers
    assert_same(cases, answers)
    assert assert_pipelines(cases, answers) >= 4


def test_a_site_serves_nothing_else(cases: list[Case]) -> None:
    site = Site(cases[:1])
    assert site.find("/bundle0/config.json")
    assert site.find("/bundle0/../../etc/passwd") is None
    assert site.find("/nothing") is None
