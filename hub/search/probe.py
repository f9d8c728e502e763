"""The memory that a model file takes in a fresh process that answers one text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hub.contract.errors import HubError

TEXT = "one short text to classify"


def peak_memory_bytes(file: Path, tokenizer: Path, runtime: str, max_length: int, threads: int = 1) -> int:
    """Return the peak memory of a new Python process that answers one text.

    Args:
        file: model file.
        tokenizer: tokenizer.json.
        runtime: reference of the exporter's runtime.
        max_length: of the model, in tokens.
        threads: intra-op threads.

    Raises:
        HubError: HUB-X070, the process failed.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), root)))
    wanted = json.dumps([str(file), str(tokenizer), runtime, max_length, threads])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hub.search.probe", wanted],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip().isdigit():
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise HubError("HUB-X070", f"cannot measure the memory of {file.name} in a fresh process", last[0])
    return int(done.stdout)


def main() -> int:
    """Open what the command line names, answer once and print the peak memory in bytes."""
    from hub.contract.reference import resolve
    from hub.edge.encode import Encoder
    from hub.edge.machine import peak_memory_bytes as peak

    file, tokenizer, runtime, max_length, threads = json.loads(sys.argv[1])
    encoder = Encoder(Path(tokenizer), max_length)
    opened = resolve(runtime)(Path(file), {"threads": threads})
    opened.run(encoder.feeds(encoder.encode([TEXT]), opened.inputs))
    sys.stdout.write(f"{peak()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
