"""Rules about an exporter's runtime: it runs without PyTorch, and the edge finds it by the name of its format."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hub.contract.exporter import Exported, Exporter, Runtime
from hub.contract.reference import resolve
from hub.edge.runtimes import open_file
from hub.testing.checks import expect, named
from hub.testing.installed import EDGE, HEAVY, ask_fresh
from hub.testing.tiny_exports import feeds

# Opens a file, runs a batch, and says what is loaded then.
PROBE = """
import json, sys
asked = json.load(sys.stdin)
sys.path[:] = asked["path"]
out, sys.stdout = sys.stdout, sys.stderr
from pathlib import Path
import numpy as np
from hub.contract import resolve
try:
    runtime = resolve(asked["runtime"])(Path(asked["file"]), {})
    with np.load(asked["feeds"], allow_pickle=False) as batch:
        scores = runtime.run({name: batch[name] for name in runtime.inputs})
    np.save(asked["scores"], scores, allow_pickle=False)
    json.dump(sorted({name.partition(".")[0] for name in sys.modules} & set(asked["heavy"])), out)
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
"""


def without_torch(exporter: Exporter, exported: Exported) -> str:
    """Run an exported `tiny_classifier` in a fresh process and look at what that loaded.

    Raises:
        BrokenError: PyTorch or another heavy package, other numbers than in this process, or a failure.
    """
    with tempfile.TemporaryDirectory(prefix="domainhub-") as folder:
        batch, scores = Path(folder) / "feeds.npz", Path(folder) / "scores.npy"
        np.savez(batch, allow_pickle=False, **feeds(3, 7))
        asked = {
            "path": sys.path,
            "runtime": exporter.runtime,
            "file": str(exported.file),
            "feeds": str(batch),
            "scores": str(scores),
            "heavy": sorted(set(HEAVY) - set(EDGE)),
        }
        loaded: list[str] = ask_fresh(PROBE, asked, "runs a file")
        expect(not loaded, f"running a file loads {named(loaded, len(HEAVY))}; a device has none of them")
        _equal(np.load(scores, allow_pickle=False), _scores(resolve(exporter.runtime)(exported.file, {})))
    return "a fresh process runs it and loads nothing heavy"


def same_by_name(exporter: Exporter, exported: Exported) -> str:
    """Open an exported `tiny_classifier` by the name of its format, as ``hub predict`` does.

    Raises:
        BrokenError: other numbers than those of the exporter's own runtime.
        MissingError: HUB-E007, no distribution declares a runtime of that name.
    """
    found = open_file(exporter.name, exported.file, {})
    _equal(_scores(found), _scores(resolve(exporter.runtime)(exported.file, {})))
    return f"the format {exporter.name!r} opens the same runtime"


def _scores(runtime: Runtime) -> npt.NDArray[np.float32]:
    batch = feeds(3, 7)
    return runtime.run({name: batch[name] for name in runtime.inputs})


def _equal(found: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> None:
    same = found.shape == expected.shape and np.allclose(found, expected, rtol=0, atol=1e-5)
    expect(same, "its numbers are not those of the exporter's runtime in this process")
