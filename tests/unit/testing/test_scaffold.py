"""``write_plugin``: what it writes passes the kit for every kind, and nothing is ever overwritten."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.contract import UsageError
from hub.testing import plugin_checks
from hub.testing.placeholder import THINGS, labelled_readings, labelled_texts, tagged_words, texts_with_labels
from hub.testing.scaffold import PARTS, Written, write_plugin
from tests.support.kinds import TRAINED


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, a home of its own, no plugins; what is imported from the folder is forgotten."""
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_PLUGINS", "")
    yield tmp_path
    for name in list(sys.modules):
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
    importlib.invalidate_caches()


def put_on_path(made: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what an editable installation does, from the plugin's own pyproject.toml."""
    project = tomllib.loads((made.folder / "pyproject.toml").read_text("utf-8"))["project"]
    source = made.folder / "src"
    info = source / f"{made.distribution.replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    headers = {
        "Metadata-Version": "2.4",
        "Name": project["name"],
        "Version": project["version"],
        "Summary": project["description"],
        "License-Expression": project["license"],
        "License-File": project["license-files"][0],
    }
    readme = (made.folder / project["readme"]).read_text("utf-8")
    (info / "METADATA").write_text("".join(f"{k}: {v}\n" for k, v in headers.items()) + "\n" + readme, "utf-8")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["hub"].items())
    (info / "entry_points.txt").write_text(f"[hub]\n{points}", "utf-8")
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setenv("HUB_PLUGINS", made.distribution)
    importlib.invalidate_caches()


def test_there_is_a_part_for_every_kind() -> None:
    assert set(PARTS) == set(TRAINED)


@pytest.mark.parametrize("kind", TRAINED)
def test_new_plugin_passes_the_kit(kind: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_plugin("acme-desk", home / "new", kind)
    put_on_path(made, monkeypatch)

    results = [check.run() for check in plugin_checks("acme-desk")]

    assert [(each.rule, each.subject, each.detail) for each in results if not each.ok] == []
    assert len({each.rule for each in results}) >= 15


def test_its_own_tests_pass(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_plugin("acme-desk", home / "new")
    put_on_path(made, monkeypatch)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=made.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout


@pytest.mark.parametrize("kind", TRAINED)
def test_what_is_written_is_clean_code(kind: str, home: Path) -> None:
    made = write_plugin("a-plugin-with-a-long-name", home / "new", kind)

    for words in (["check", "--select", "A,B,C4,E,F,I,N,PIE,RUF,SIM,UP,W"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", "--line-length", "120", "--no-cache", "."],
            cwd=made.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_files_of_a_distribution(home: Path) -> None:
    made = write_plugin("acme-desk", home / "new")

    found = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert found == set(made.files)
    assert {"pyproject.toml", "README.md", "LICENSE", "src/hub_acme_desk/py.typed"} <= found
    assert (made.distribution, made.module, made.task) == (
        "domainhub-acme-desk",
        "hub_acme_desk",
        "acme-desk/request-topic",
    )
    for path in made.folder.rglob("*"):
        assert path.is_dir() or "$" not in path.read_text("utf-8"), path
    for name in ("README.md", "src/hub_acme_desk/card.py", "src/hub_acme_desk/loader.py"):
        assert "placeholder" in (made.folder / name).read_text("utf-8")


def test_equal_calls_write_equal_files(home: Path) -> None:
    texts = []
    for number in range(2):
        made = write_plugin("acme", home / str(number), "tabular-regression")
        texts.append({name: (made.folder / name).read_bytes() for name in made.files})

    assert texts[0] == texts[1]


def test_nothing_is_overwritten(home: Path) -> None:
    write_plugin("acme", home / "new")
    (home / "new" / "README.md").write_text("mine", "utf-8")

    with pytest.raises(UsageError) as caught:
        write_plugin("acme", home / "new")

    assert caught.value.code == "HUB-U063"
    assert (home / "new" / "README.md").read_text("utf-8") == "mine"
    assert [path.name for path in home.iterdir()] == ["new"]


def test_a_file_in_the_way_is_kept(home: Path) -> None:
    (home / "new").write_text("mine", "utf-8")

    with pytest.raises(UsageError, match="there already"):
        write_plugin("acme", home / "new")
    with pytest.raises(UsageError) as caught:
        write_plugin("acme", home / "new" / "deeper")

    assert caught.value.code == "HUB-U063"
    assert (home / "new").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["", "Acme", "acme_desk", "1st", "a--b", "-a", "../x", "acme desk", "à"])
def test_wrong_name_is_refused_before_anything_is_made(name: str, home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_plugin(name, home / "new")

    assert caught.value.code == "HUB-U061"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(("name", "owner"), [("medical", "domainhub-medical"), ("onnx", "domainhub-onnx")])
def test_name_of_the_catalogue_is_refused(name: str, owner: str, home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_plugin(name, home / "new")

    assert caught.value.code == "HUB-U061"
    assert owner in caught.value.why


def test_unknown_kind_names_the_nearest(home: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write_plugin("acme", home / "new", "text-clasification")

    assert (caught.value.code, "'text-classification'" in caught.value.why) == ("HUB-U062", True)


def test_placeholder_rows_are_what_they_say() -> None:
    texts = labelled_texts()
    assert {row["label"] for row in texts} == set(THINGS)
    assert len({row["text"] for row in texts}) == len(texts)
    assert {len(row["labels"]) for row in texts_with_labels()} == {0, 1, 2}
    assert all(len(row["tokens"]) == len(row["ner_tags"]) for row in tagged_words())
    hot = {"machine": "saw", "temperature_celsius": 70.1, "load_percent": 0.0}
    for row in labelled_readings():
        expected = row["temperature_celsius"] >= hot["temperature_celsius"] or row["load_percent"] > 80
        assert row["label"] == ("check" if expected else "ok")
