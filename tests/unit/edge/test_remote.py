"""What is taken for the id of a published bundle, and that a folder never needs the network's code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.edge.remote import is_id, local_folder


@pytest.mark.parametrize("text", ["acme/things", "acme/things@v1", "a/b@refs/pr/1", "a.b-c/d_e"])
def test_ids(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_id(text)


@pytest.mark.parametrize(
    "text", ["things", "./acme/things", "../things", "/acme/things", "a/b/c", "a/", "a/b@", "a b/c", ""]
)
def test_paths(text: str) -> None:
    assert not is_id(text)
    assert local_folder(text) == Path(text)


def test_a_folder_that_is_here_is_no_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme" / "things").mkdir(parents=True)
    assert not is_id("acme/things")
    (tmp_path / "acme" / ".others.old").mkdir()  # the writer was stopped between its two renames
    assert not is_id("acme/others")


def test_opening_a_folder_loads_nothing_of_the_hub(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom hub.edge import Bundle\n"
        "try:\n    Bundle.open(pathlib.Path(sys.argv[1]))\nexcept Exception:\n    pass\n"
        "print([name for name in sys.modules if name.startswith(('huggingface_hub', 'hub.publish', 'httpx'))])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
