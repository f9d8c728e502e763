"""What `hub.edge.bench` runs in a fresh process: open a bundle, answer once, say how much memory it took."""

from __future__ import annotations

import sys

from hub.contract.errors import HubError

ANSWERED = "answered"
TEXT = "one short text to classify"


def main() -> int:
    """Open ``FOLDER VARIANT THREADS`` of the command line and answer once.

    Writes `ANSWERED` as soon as the answer is there, then the peak memory in bytes.
    """
    from hub.edge.foreign import open_any

    folder, variant, threads = sys.argv[1:]
    try:
        bundle = open_any(folder, variant=variant, threads=int(threads))
        if bundle.kind.answers == "answer":
            bundle.predict([(TEXT, TEXT)])
        elif bundle.kind.answers == "fill":
            bundle.predict([f"{TEXT} {bundle.encoder.special.mask}"])
        elif bundle.kind.reads == "text":
            bundle.predict([TEXT])
        else:  # a row of which nothing is known is a row too
            bundle.predict([dict.fromkeys(bundle.columns)])
    except HubError as error:
        sys.stderr.write(f"{error.code}: {error.what}\n")
        return error.exit_code
    sys.stdout.write(f"{ANSWERED}\n")
    sys.stdout.flush()
    from hub.edge.machine import peak_memory_bytes

    sys.stdout.write(f"{peak_memory_bytes()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
