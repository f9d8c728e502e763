"""Five broken plugins beside a good one: the commands that have nothing to do with them do not change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub.host.cache import SECONDS_VARIABLE
from tests.support.cli import run_hub
from tests.support.distributions import healthy, install

BROKEN = {
    "legal": "import a_module_that_nobody_has\n",
    "hangs": "import time\ntime.sleep(600)\n",
    "crashes": "import os\nos._exit(9)\n",
    "raises": "from hub.contract import hookimpl\n@hookimpl\ndef hub_domains():\n    raise RuntimeError('no rows')\n",
    "outdated": healthy("outdated", domain="old", contract="2.0"),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(SECONDS_VARIABLE, "1")
    for name, source in BROKEN.items():
        install(folder, name, source, distribution=f"acme-{name}")
    install(folder, "support_desk", healthy("support_desk"), distribution="acme-support")
    monkeypatch.setenv("HUB_PLUGINS", ",".join(["acme-support", *(f"acme-{name}" for name in BROKEN)]))
    yield folder
    for name in (*BROKEN, "support_desk"):
        sys.modules.pop(name, None)


def test_commands_with_five_broken_plugins(site: Path) -> None:
    tasks, listed, doctor, page = run_hub("tasks"), run_hub("plugins", "list"), run_hub("doctor"), run_hub("--help")

    assert [tasks.code, listed.code, doctor.code, page.code] == [0, 0, 0, 0]
    assert "support/tickets" in tasks.out
    assert listed.out.count("quarantined at") == 5
    assert doctor.out.count("quarantined: acme-") == 5
    assert page.err == ""

    wanted = run_hub("data", "show", "legal/clauses")
    assert wanted.code == 4
    assert "acme-legal 1.2 is quarantined: it cannot be imported" in wanted.err

    unknown = run_hub("data", "show", "support/ticket")
    assert unknown.code == 2
    assert "did you mean 'support/tickets'?" in unknown.err


def test_causes_in_json(site: Path) -> None:
    plugins = {entry["name"]: entry for entry in run_hub("plugins", "list", "--json").json()["plugins"]}

    assert {name: entry["cause"]["reason"] for name, entry in plugins.items() if entry["cause"]} == {
        "legal": "import-failed",
        "hangs": "import-hangs",
        "crashes": "import-crashed",
        "raises": "hook-raised",
        "outdated": "wrong-contract",
    }
    assert plugins["support_desk"]["state"] == "active"


LISTING: list[Sequence[str]] = [
    ("--help",),
    ("tasks",),
    ("plugins", "list"),
    ("plugins", "search", "support"),
    ("plugins", "--help"),
    ("models", "list"),
    ("doctor",),
]


@pytest.mark.parametrize("words", LISTING, ids=" ".join)
def test_no_plugin_is_loaded_in_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str]
) -> None:
    """A plugin that writes down where it is imported is never imported by the process of the command."""
    site, trace = tmp_path / "site", tmp_path / "trace.txt"
    site.mkdir()
    tell = f"import os\nwith open({str(trace)!r}, 'a') as f: f.write(f'{{os.getpid()}}\\n')\n"
    install(site, "tells_tales", tell + healthy("tells_tales"), distribution="acme-tales")
    program = f"import os, sys; sys.path.insert(0, {str(site)!r}); from hub.cli.main import main; print(os.getpid()); "
    environment = {**os.environ, "DOMAINHUB_HOME": str(tmp_path / "home"), "HUB_PLUGINS": "acme-tales"}

    done = subprocess.run(
        [sys.executable, "-c", program + f"sys.exit(main({list(words)!r}))"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    own = done.stdout.splitlines()[0]
    imported = trace.read_text("utf-8").split() if trace.exists() else []
    assert own not in imported
    assert len(imported) == (1 if words[0] in ("tasks", "doctor") or list(words) == ["plugins", "list"] else 0)


def test_removing_loads_no_plugin(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.host import install as installer
    from tests.support.fakepip import FakePip

    pip = FakePip(site, site)
    monkeypatch.setattr(installer, "run_pip", pip)

    for name in BROKEN:
        assert run_hub("plugins", "remove", f"acme-{name}", "--yes").code == 0

    assert [call[-1] for call in pip.calls] == [f"acme-{name}" for name in BROKEN]
    assert not set(BROKEN) & set(sys.modules)
