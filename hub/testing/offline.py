"""A block of code that has no network."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any
from unittest import mock

_LOCAL = getattr(socket, "AF_UNIX", None)


class NetworkRefusedError(OSError):
    """Something tried to use the network where it may not."""


@contextlib.contextmanager
def no_network() -> Iterator[list[str]]:
    """Refuse connections and name look-ups of Python's sockets while the block runs.

    Code of other languages and child processes are not reached. Not for several threads at once.

    Yields:
        What was tried, so that code which swallows the refusal is found out too.
    """
    tried: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def refuse(where: object) -> NetworkRefusedError:
        tried.append(str(where))
        return NetworkRefusedError(f"no network here: {where}")

    def refuse_connect(self: socket.socket, address: Any) -> None:
        if self.family == _LOCAL:
            return connect(self, address)
        raise refuse(address)

    def refuse_look_up(host: Any, *rest: Any, **more: Any) -> Any:
        if host in (None, "localhost", "127.0.0.1", "::1"):
            return look_up(host, *rest, **more)
        raise refuse(host)

    with contextlib.ExitStack() as stack:
        for name in ("connect", "connect_ex"):
            stack.enter_context(mock.patch.object(socket.socket, name, refuse_connect))
        stack.enter_context(mock.patch.object(socket, "getaddrinfo", refuse_look_up))
        yield tried
