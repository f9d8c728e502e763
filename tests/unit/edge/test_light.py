"""What the edge must not load, seen from a fresh process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "datasets", "pandas", "sklearn", "onnx", "huggingface_hub", "rich", "pluggy")


def loaded(code: str) -> set[str]:
    """Top-level modules that are loaded after ``code``."""
    script = f"{code}\nimport sys\nprint(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


def test_importing_the_package_loads_nothing_else() -> None:
    modules = loaded("import hub.edge")
    assert "hub" in modules
    assert not modules & {*HEAVY, "numpy", "onnxruntime", "tokenizers"}


@pytest.mark.parametrize("rest", ["b.predict(['cat'])", "import hub.edge.verify; hub.edge.verify.verify(b.folder)"])
def test_running_a_bundle_loads_no_training_library(sealed: Path, rest: str) -> None:
    modules = loaded(f"from hub.edge import Bundle\nb = Bundle.open({str(sealed)!r})\n{rest}")
    assert {"numpy", "onnxruntime", "tokenizers"} <= modules
    assert not modules & set(HEAVY)
