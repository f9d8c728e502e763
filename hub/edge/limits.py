"""What a model file of a stranger may ask for: no loop without end, no unlisted weights, a part of the memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hub.contract.errors import BundleError
from hub.edge.graph_file import read_graph_file
from hub.edge.machine import memory_bytes

if TYPE_CHECKING:
    import onnxruntime

ENDLESS = "Loop"
"""The one operator whose work nothing in the graph bounds; none of the kinds needs it."""

LEAST_BYTES = 1 << 30
"""Models may always take so much, and where the machine's memory is unknown just that."""

_SHARE = 2
_lock = threading.Lock()
_limited_process: list[int] = []
"""The process that registered the allocator: what it holds is no use to a fork of it."""


def check_graph(folder: Path, file: str, listed: Collection[str]) -> None:
    """Refuse an ONNX file that could run without end, or that reads files whose hashes nobody checked.

    Args:
        folder: of the bundle.
        file: path of the model in it.
        listed: paths of the bundle's files; empty for folders that list none.

    Raises:
        BundleError: HUB-E010 it is no ONNX file or has a loop, HUB-E003 its weights lie in a file that is not listed.
    """
    path = folder / file
    if path.suffix != ".onnx":  # ONNX Runtime reads other formats by other names
        raise BundleError("HUB-E010", f"{file} is no ONNX file", "its name does not end with .onnx")
    graph = read_graph_file(path)
    if ENDLESS in graph.operators:
        why = f"it has the operator {ENDLESS}, and nothing says when that ends"
        raise BundleError("HUB-E010", f"{file} is not run", why, "get the bundle again or build it again")
    for name in graph.external if listed else ():
        if str(PurePosixPath(file).parent / name) not in listed:
            what = f"{file} reads its weights from {name[:200]!r}"
            raise BundleError("HUB-E003", what, "bundle.json does not list that file", "get the bundle again")


def limit_memory(options: onnxruntime.SessionOptions) -> None:
    """Let all sessions of this process share one memory arena, which ends at `most_bytes`.

    A graph that asks for more gets an error from ONNX Runtime in place of memory. Speed and memory of a single model
    stay as they are. A forked child is not limited: a lock of the shared arena may be held for ever there.

    Args:
        options: of a session that is not yet made.
    """
    import onnxruntime

    with _lock:
        if not _limited_process:
            kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
            onnxruntime.create_and_register_allocator(
                onnxruntime.OrtMemoryInfo("Cpu", kind, 0, use), onnxruntime.OrtArenaCfg(most_bytes(), -1, -1, -1)
            )
            _limited_process.append(os.getpid())
    if _limited_process == [os.getpid()]:
        options.add_session_config_entry("session.use_env_allocators", "1")


def most_bytes() -> int:
    """Return how much memory models may take together: half of the machine's, and at least `LEAST_BYTES`."""
    return max(memory_bytes() // _SHARE, LEAST_BYTES)
