"""Publish and pull of a 15 MB bundle on loopback, against the Hub client's own upload_folder and snapshot_download.

    python benchmarks/hub_roundtrip.py [ROUNDS]

Both sides drive the same stand-in of the Hub in the same process, in turns, each round into a new repository with an
empty cache. A pull of ours also compares every hash and runs the self-test. Writes results/hub_roundtrip.json.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import Figure, tests_importable, write

tests_importable()

import onnx  # noqa: E402
import pytest  # noqa: E402
from huggingface_hub import HfApi, snapshot_download  # noqa: E402
from huggingface_hub.utils import disable_progress_bars  # noqa: E402

from hub.edge.folder import read_manifest  # noqa: E402
from hub.edge.writer import seal  # noqa: E402
from hub.publish.pull import pull  # noqa: E402
from hub.publish.upload import Options, publish  # noqa: E402
from tests.support.hub_client import hub, point  # noqa: E402
from tests.support.hub_server.server import HubServer  # noqa: E402
from tests.support.published import publishable  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
WEIGHTS = {"onnx/model.onnx": 11_500_000, "onnx/model_quantized.onnx": 3_500_000}
"""Bytes of random weights added to the two models of the tiny bundle: 15 MB in all."""


def bundle_of_15_mb(folder: Path) -> Path:
    """Make a bundle whose models have weights of a real size; random, so that nothing compresses them."""
    publishable(folder)
    generator = np.random.default_rng(0)
    for path, size in WEIGHTS.items():
        model = onnx.load(folder / path)
        weights = generator.integers(0, 256, size, dtype=np.uint8)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "ballast"))
        onnx.save(model, folder / path)
    seal(folder, read_manifest(folder))
    return folder


def ours(bundle: Path, number: int, out: Path) -> tuple[float, float]:
    """Return the seconds of a publish and of a pull of everything."""
    start = time.perf_counter()
    publish(bundle, f"acme/ours-{number}", Options(), lambda plan: True, print)
    middle = time.perf_counter()
    done = pull(f"acme/ours-{number}", out, ("all",), say=print)
    assert done.ok, [check for check in done.checks if not check.ok]
    return middle - start, time.perf_counter() - middle


def theirs(bundle: Path, number: int, out: Path) -> tuple[float, float]:
    """Return the seconds of the library's own upload and download."""
    start = time.perf_counter()
    HfApi().create_repo(f"acme/theirs-{number}")
    HfApi().upload_folder(repo_id=f"acme/theirs-{number}", folder_path=str(bundle))
    middle = time.perf_counter()
    snapshot_download(f"acme/theirs-{number}", local_dir=str(out))
    return middle - start, time.perf_counter() - middle


def one_variant(server: HubServer, patch: pytest.MonkeyPatch, work: Path, bundle: Path) -> dict[str, tuple[int, int]]:
    """Return for each variant the bytes that its pull transfers, and its size as bundle.json states it."""
    found = {}
    for name, variant in read_manifest(bundle).variants.items():
        point(patch, server, work / f"cache-{name}")
        before = server.sent
        pull("acme/ours-0", work / f"only-{name}", (name,), say=print)
        found[name] = (server.sent - before, variant.fetch_bytes)
    return found


def main() -> None:
    """Measure and write the results."""
    disable_progress_bars()
    patch = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        bundle = bundle_of_15_mb(work / "bundle")
        size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
        times: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
        with hub(patch, work / "cache") as server:
            for number in range(ROUNDS + 1):  # the first round warms up and does not count
                for side, run in (("ours", ours), ("theirs", theirs)):
                    point(patch, server, work / f"cache-{side}-{number}")
                    seconds = run(bundle, number, work / f"{side}-{number}")
                    times[side] += [seconds] if number else []
            transferred = one_variant(server, patch, work, bundle)
        patch.undo()
    whole = {side: statistics.median(sum(pair) for pair in pairs) for side, pairs in times.items()}
    figures = [
        Figure("publish + pull, ours", whole["ours"], "s", must=1.3 * whole["theirs"] + 1.0),
        Figure("upload_folder + snapshot_download", whole["theirs"], "s"),
        *(
            Figure(f"pull of {name}: transferred over its size", sent / size_of, "x", must=1.05)
            for name, (sent, size_of) in transferred.items()
        ),
    ]
    write(
        "hub_roundtrip",
        f"python benchmarks/hub_roundtrip.py {ROUNDS}",
        figures,
        {"bundle_bytes": size, "rounds": ROUNDS, "seconds": times, "transferred_bytes": transferred},
    )


if __name__ == "__main__":
    main()
