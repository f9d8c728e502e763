"""``hub plugins new``: says what it wrote and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import run_hub

FILES = (
    *("pyproject.toml", "README.md", "LICENSE", "src/hub_acme_desk/__init__.py", "src/hub_acme_desk/plugin.py"),
    *("src/hub_acme_desk/task.py", "src/hub_acme_desk/loader.py", "src/hub_acme_desk/card.py"),
    *(
        "tests/test_conformance.py",
        "tests/test_loader.py",
        "src/hub_acme_desk/rows.jsonl",
        "src/hub_acme_desk/py.typed",
    ),
)


def test_people_get_the_files_and_the_next_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    done = run_hub("plugins", "new", "acme-desk")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "domainhub-acme-desk is in domainhub-acme-desk:",
        *(f"  {file}" for file in FILES),
        "",
        "Its rows are made up; replace src/hub_acme_desk/rows.jsonl and what README.md names. To try it:",
        "  pip install -e domainhub-acme-desk",
        "  hub plugins check acme-desk",
        "  hub data show acme-desk/request-topic",
    ]
    assert all((tmp_path / "domainhub-acme-desk" / file).is_file() for file in FILES)


def test_json(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"

    done = run_hub("plugins", "new", "acme-desk", "--dir", str(folder), "--kind", "multi-label", "--json")

    assert done.code == 0
    assert done.json() == {
        "folder": str(folder),
        "files": list(FILES),
        "distribution": "domainhub-acme-desk",
        "module": "hub_acme_desk",
        "task": "acme-desk/request-topics",
    }


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("Acme",), "HUB-U061"),
        (("finance",), "HUB-U061"),
        (("acme", "--kind", "images"), "HUB-U062"),
        (("acme", "--dir", "."), "HUB-U063"),
        ((), "HUB-U000"),
    ],
)
def test_wrong_words_write_nothing(
    words: tuple[str, ...], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run_hub("plugins", "new", *words)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(code)
    assert list(tmp_path.iterdir()) == []
