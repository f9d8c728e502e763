"""``hub plugins install`` and ``remove`` with the real pip, in an environment that is thrown away."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.edge.files import sha256
from tests.support.distributions import healthy
from tests.support.wheels import make_wheel


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees the packages of the tests, pip among them."""

    python: Path
    work: Path

    @property
    def site(self) -> Path:
        (folder,) = (self.work / "venv").rglob("site-packages")
        return folder

    def hub(self, *words: str) -> subprocess.CompletedProcess[str]:
        # Installations of this test only: no index, whatever the user's pip is configured with.
        variables = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "DOMAINHUB_HOME": str(self.work / "home"),
            "HUB_PLUGINS": "acme-support,acme-broken",
        }
        command = [str(self.python), "-m", "hub.cli", *words]
        return subprocess.run(command, cwd=self.work, env=variables, capture_output=True, text=True, check=False)

    def json(self, *words: str) -> Any:
        done = self.hub(*words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    work = tmp_path_factory.mktemp("installing")
    venv.create(work / "venv", with_pip=False)
    scripts = work / "venv" / ("Scripts" if os.name == "nt" else "bin")
    made = Environment(scripts / "python", work)
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (made.site / "of-the-tests.pth").write_text(line, "utf-8")
    return made


def test_install_use_and_remove(environment: Environment) -> None:
    wheels = environment.work / "wheels"
    make_wheel(wheels, version="1.1", source="raise RuntimeError('the older one')\n")
    wheel = make_wheel(wheels, version="1.2", source=healthy("support_desk"), requires=["click", "acme-words>=1"])
    make_wheel(wheels, "acme-words", "1.0", module="acme_words", without=["entry_points.txt"])

    installed = environment.json("plugins", "install", "acme-support", "--from", str(wheels), "--yes")

    assert (installed["version"], installed["sha256"], installed["state"]) == ("1.2", sha256(wheel), "active")
    assert (environment.site / "support_desk.py").is_file()
    # What it requires came from the same folder.
    assert (environment.site / "acme_words.py").is_file()
    assert [task["id"] for task in environment.json("tasks")["tasks"]] == ["support/tickets"]
    assert environment.json("plugins", "install", "acme-support", "--from", str(wheels), "--yes")["changed"] is False

    removed = environment.json("plugins", "remove", "support_desk", "--yes")

    assert removed["distribution"] == "acme-support"
    assert not (environment.site / "support_desk.py").exists()
    assert environment.json("tasks") == {"tasks": []}
    assert environment.hub("plugins", "remove", "acme-support", "--yes").returncode == 2


def test_requirement_that_nobody_has(environment: Environment) -> None:
    wheels = environment.work / "lonely"
    make_wheel(wheels, requires=["a-thing-nobody-has"])

    done = environment.hub("plugins", "install", "acme-support", "--from", str(wheels), "--yes")

    assert done.returncode == 4
    assert "HUB-P066: pip install failed" in done.stderr
    assert "a-thing-nobody-has" in done.stderr
    assert environment.json("plugins", "list") == {"plugins": []}


def test_broken_plugin_is_told_and_can_be_removed(environment: Environment) -> None:
    wheels = environment.work / "broken"
    make_wheel(wheels, "acme-broken", "0.3", module="broken_one", source="import os\nos._exit(9)\n")

    done = environment.hub("plugins", "install", "acme-broken", "--from", str(wheels), "--yes")

    assert done.returncode == 4
    assert "HUB-P067: acme-broken 0.3 is installed, but quarantined" in done.stderr
    assert environment.hub("tasks").returncode == 0
    assert environment.hub("plugins", "remove", "acme-broken", "--yes").returncode == 0
    assert environment.json("plugins", "list") == {"plugins": []}


def test_what_belongs_to_another_environment_stays(environment: Environment) -> None:
    """pip leaves it and ends with 0; the command notices."""
    done = environment.hub("plugins", "remove", "domainhub-onnx", "--yes")

    assert done.returncode == 4
    assert "HUB-P069: domainhub-onnx is still installed" in done.stderr
