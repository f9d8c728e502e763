"""Rules about an installed plugin as a distribution: its entry point, its papers, and how light its import is."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from hub.contract.domain import check_name
from hub.host.discovery import GROUP, Found
from hub.testing.checks import BrokenError, Check, expect, named

HEAVY = (
    *("accelerate", "datasets", "onnx", "optimum", "pandas", "peft", "pyarrow", "scipy", "sklearn", "torch"),
    *("onnxruntime", "sentence_transformers", "tokenizers", "transformers"),
)
"""Packages that a plugin's import may not load."""

EDGE = ("onnxruntime", "tokenizers")
"""Those of them that a runtime may load."""

PROBE_SECONDS = 60
# Prints what is loaded after the import and hooks, then after the functions that run on the edge are there too.
PROBE = """
import json, sys
asked = json.load(sys.stdin)
sys.path[:] = asked["path"]
out, sys.stdout = sys.stdout, sys.stderr
from hub.contract import resolve
from hub.host.discovery import find_plugins
from hub.host.trial import Owners, try_plugin
loaded = lambda: sorted({name.partition(".")[0] for name in sys.modules} & set(asked["heavy"]))
try:
    try_plugin(next(each for each in find_plugins() if each.key == asked["key"]), Owners())
    at_import = loaded()
    for reference in asked["references"]:
        resolve(reference)
    json.dump({"import": at_import, "functions": loaded()}, out)
except Exception as error:
    sys.exit(" ".join(f"{type(error).__name__}: {error}".split()))
"""


def installed_checks(found: Found, references: Sequence[str]) -> list[Check]:
    """Return the checks of an installed plugin.

    Args:
        found: its entry point.
        references: the functions of it that run on the edge: metrics and runtimes.
    """
    subject = found.distribution
    kept: list[dict[str, list[str]]] = []

    def loaded() -> dict[str, list[str]]:
        if not kept:
            kept.append(probe(found, references))
        return kept[0]

    return [
        Check("entry-point", subject, lambda: _entry_point(found)),
        Check("papers-included", subject, lambda: _papers(found)),
        Check("light-import", subject, lambda: _light(loaded()["import"], "importing it and calling its hooks")),
        Check(
            "light-on-the-edge",
            subject,
            lambda: _light(sorted(set(loaded()["functions"]) - set(EDGE)), "importing its metrics and runtimes"),
        ),
    ]


def probe(found: Found, references: Sequence[str]) -> dict[str, list[str]]:
    """Import a plugin in a fresh process.

    Args:
        found: its entry point.
        references: functions to import after it.

    Returns:
        The packages of `HEAVY` that are loaded after the hooks (``import``) and after the functions
        (``functions``).

    Raises:
        BrokenError: the process failed or took too long.
    """
    asked = {"path": sys.path, "key": found.key, "heavy": HEAVY, "references": list(references)}
    answer: dict[str, list[str]] = ask_fresh(PROBE, asked, "imports it")
    return answer


def ask_fresh(program: str, asked: Mapping[str, object], does: str) -> Any:
    """Run a program in a fresh process.

    Args:
        program: Python that reads one JSON document from stdin and prints another one.
        asked: the document it reads.
        does: what it does, for messages: ``imports it``.

    Returns:
        What it printed.

    Raises:
        BrokenError: it failed or took too long.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", program],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokenError(f"a fresh process that {does} did not end in {PROBE_SECONDS} seconds") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BrokenError(f"a fresh process that {does} ended with {done.returncode}: {last}")
    return json.loads(done.stdout)


def _light(packages: Sequence[str], when: str) -> str:
    expect(not packages, f"{when} loads {named(packages, len(HEAVY))}; import them inside functions")
    return "nothing heavy is loaded"


def _entry_point(found: Found) -> str:
    try:
        check_name(found.name)
    except ValueError as error:
        raise BrokenError(f"the entry point's name: {error}") from error
    expect(found.version != "?", "the distribution has no version")
    return f"{GROUP}: {found.name} = {found.entry.value}"


def _papers(found: Found) -> str:
    """Look for README, declared licence and the licence's text, in the wheel or in the folder it was made from."""
    distribution = importlib.metadata.distribution(found.distribution)
    metadata: Any = distribution.metadata
    expect((metadata.get("Summary") or "").strip(), "the distribution has no description (project.description)")
    readme = metadata.get("Description") or metadata.get_payload() or ""
    expect(str(readme).strip(), "the distribution carries no README (project.readme)")
    declared = metadata.get("License-Expression") or metadata.get("License")
    expect(declared, "the distribution declares no licence (project.license)")
    expect(_has_licence_text(distribution), "the text of the licence is not in the distribution: add a file LICENSE")
    return f"{declared}, README, LICENSE"


def _has_licence_text(distribution: importlib.metadata.Distribution) -> bool:
    def is_licence(name: str) -> bool:
        return name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))

    metadata: Any = distribution.metadata
    if any(is_licence(Path(name).name) for name in metadata.get_all("License-File") or ()):
        return True
    if any(is_licence(path.name) for path in distribution.files or ()):
        return True
    folder = _editable_folder(distribution)
    return folder is not None and any(is_licence(path.name) for path in folder.iterdir())


def _editable_folder(distribution: importlib.metadata.Distribution) -> Path | None:
    """Return the project of an editable installation (PEP 610)."""
    text = distribution.read_text("direct_url.json")
    url = urlparse(json.loads(text).get("url", "")) if text else None
    if url is None or url.scheme != "file":
        return None
    folder = Path(url2pathname(url.path))
    return folder if folder.is_dir() else None
