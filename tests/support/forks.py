"""A process that has loaded everything a build needs, and starts builds that a test can kill.

Run as a script: reads a JSON object a line on stdin, starts a build in a forked child, and prints the child's
process id, then how it ended. Loading takes seconds, a fork takes none, and a child that is killed takes
nothing down.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

PARTS = ("data", "baseline", "finetune", "distill", "export", "compress", "verify", "report")


def load() -> None:
    """Import what a build imports, so that children need not."""
    for name in (
        *("torch", "transformers", "sklearn.svm", "onnx", "onnxruntime.quantization", "optimum.exporters.tasks"),
        *("transformers.exporters", "hub_onnx.export", "hub.edge.onnx", "hub.report.page"),
        *(f"hub.pipeline.stages.{part}" for part in PARTS),
    ):
        importlib.import_module(name)


def build_one(order: dict[str, Any]) -> None:
    """Build the tiny task, checkpointing after every step, with choices by measuring taken from another build."""
    import torch

    import hub.train.loop
    from hub.contract.results import Latency
    from hub.pipeline.build import build
    from hub.pipeline.context import BuildRequest
    from hub.pipeline.progress import Silent
    from hub.pipeline.stages import baseline, compress, verify
    from hub.testing import tiny
    from hub_onnx.plugin import hub_exporters

    torch.set_num_threads(order["threads"])
    hub.train.loop.CHECKPOINT_SECONDS = -1.0
    compress._choose_sessions = lambda *_: order["sessions"]  # type: ignore[assignment]
    baseline.measure = lambda *_, **__: {"baseline": Latency(16, 1.0, 1.0, 1.0, 1, 1)}  # type: ignore[assignment]
    verify.measure = lambda *_: {}  # type: ignore[assignment]
    recipe = tiny.RECIPE.with_settings([f"base={order['base']}"])
    (exporter,) = hub_exporters()
    request = BuildRequest(
        "tiny/things", tiny.TASK, order["plugin"], order["version"], recipe, exporter, out=Path(order["out"])
    )
    built = build(request, Path(order["runs"]), Silent())
    Path(order["answer"]).write_text(json.dumps(built.reused), "utf-8")


def tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until stdin ends."""
    load()
    tell("ready")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                build_one(order)
                code = 0
            except Exception:  # noqa: BLE001 - the child must end here, whatever happened
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        tell(child)
        _, status = os.waitpid(child, 0)
        tell(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
