"""A tiny model, exported in two fresh processes, and everything that is made of it, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.contract import QuantizeRequest
from hub.testing.tiny_exports import calibration
from hub_openvino.plugin import FORMS
from hub_openvino.quantize import quantize

SCRIPT = """
import json, logging, sys
from pathlib import Path
from hub.contract import ExportRequest
from hub.testing.tiny_exports import MAX_LENGTH, tiny_classifier
from hub_openvino.export import export

model = tiny_classifier()
before = {name: value.clone() for name, value in model.state_dict().items()}
done = export(ExportRequest(model, Path(sys.argv[1]), "text-classification", MAX_LENGTH))
print(json.dumps({
    "file": str(done.file), "inputs": done.inputs, "outputs": done.outputs, "details": dict(done.details),
    "unchanged": all((value == before[name]).all().item() for name, value in model.state_dict().items()),
    "attention": model.config._attn_implementation, "training": model.training,
    "telemetry": [name for name in sys.modules if name.startswith("openvino_telemetry")],
    "logger_class": logging.getLoggerClass().__name__,
}))
"""


@dataclass(frozen=True)
class Export:
    """What a process exported: the file, what it said about it, and what it printed besides."""

    file: Path
    facts: dict[str, Any]
    printed: str


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Export, ...]:
    """The same model from two processes that differ in working folder and hash seed."""
    folder = tmp_path_factory.mktemp("exports")
    started = []
    for number, place in enumerate(("a", "somewhere/else")):
        target = folder / place / "model.xml"
        target.parent.mkdir(parents=True)
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(target)],
            cwd=target.parent,
            env=os.environ | {"PYTHONHASHSEED": str(number)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
    return tuple(finish(process) for process in started)


def finish(process: subprocess.Popen[str]) -> Export:
    stdout, stderr = process.communicate(timeout=600)
    assert process.returncode == 0, stderr
    *leaked, last = stdout.splitlines()
    facts = json.loads(last)
    return Export(Path(facts["file"]), facts, "\n".join([*leaked, stderr]).strip())


@pytest.fixture(scope="session")
def exported(exports: tuple[Export, ...]) -> Export:
    return exports[0]


@pytest.fixture(scope="session")
def quantized(exported: Export, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each form of the exported file, by its name."""
    folder = tmp_path_factory.mktemp("quantized")
    files = {}
    for form in FORMS:
        files[form.name] = folder / f"{form.name}.xml"
        quantize(QuantizeRequest(exported.file, files[form.name], form, calibration))
    return files
