"""The ten lines of Python in the model card, as they stand there, give the answers of the self-test."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.edge import selftest
from hub.edge.folder import read_manifest
from hub.publish.snippets import TEXT
from hub.publish.usage import usage
from tests.interop.recorded import Case
from tests.support.builds import TinyBuild

ROUNDED = 1e-3 + 5e-4
"""Tolerance of the self-test, and what three decimals leave out."""

LINE = re.compile(r"(\d\.\d{3}) (.+)")


def snippet(card: str) -> str:
    """Return the code of a card that needs no hub."""
    found = [code for code in re.findall(r"```python\n(.*?)\n```", card, re.DOTALL) if "import onnxruntime" in code]
    assert len(found) == 1
    return str(found[0])


def shown(code: str, folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Run the code in the bundle's folder for another text; return the names and probabilities it prints."""
    assert code.count(f'"{TEXT}"') == 1
    monkeypatch.chdir(folder)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code.replace(f'"{TEXT}"', repr(text)), "card", "exec"), {})
    lines = [LINE.fullmatch(line) for line in printed.getvalue().splitlines()]
    return {line[2]: float(line[1]) for line in lines if line}


def compare(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Compare what the code shows with the self-test; return the number of rows."""
    manifest = read_manifest(folder)
    variant, rows = manifest.default_variant["portable"], selftest.load(folder)
    names = {label.id: label.name for label in manifest.labels}
    for row in rows:
        wanted = row.expect[variant]
        assert isinstance(wanted, Mapping)
        found = shown(code, folder, row.text, monkeypatch)
        if manifest.kind == "text-classification":
            assert next(iter(found)) == names[max(wanted, key=lambda label: wanted[label])]
        limits = manifest.thresholds.get(variant, {})
        for label, score in wanted.items():
            if names[label] in found:
                assert found[names[label]] == pytest.approx(score, abs=ROUNDED)
            elif manifest.kind == "multi-label":
                assert score < limits.get(label, 0.5) + ROUNDED
    return len(rows)


def test_the_card_of_a_built_bundle(tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    code = snippet((tiny_build.out / "README.md").read_text("utf-8"))
    assert compare(tiny_build.out, code, monkeypatch) >= 20


@pytest.mark.parametrize("number", [0, 2], ids=["text-classification", "multi-label"])
def test_the_code_of_other_kinds(cases: list[Case], number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cases[number].folder
    assert compare(folder, snippet(usage(read_manifest(folder))), monkeypatch) >= 18


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # cards written before leave a file open
def test_bundles_of_ones_own(named: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    for case in named:
        text = (case.folder / "README.md").read_text("utf-8")
        if "import onnxruntime" in text and read_manifest(case.folder).kind in ("text-classification", "multi-label"):
            assert compare(case.folder, snippet(text), monkeypatch) >= 5


def test_the_code_needs_no_hub(tiny_build: TinyBuild) -> None:
    code = snippet((tiny_build.out / "README.md").read_text("utf-8"))
    refuse = "import sys\nsys.modules['hub'] = sys.modules['transformers'] = sys.modules['torch'] = None\n"
    done = subprocess.run([sys.executable, "-c", refuse + code], cwd=tiny_build.out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(LINE.fullmatch(line) for line in done.stdout.splitlines())
    assert done.stdout
