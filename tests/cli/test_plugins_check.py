"""``hub plugins check``: a table or a document of rules, and an exit code that scripts can trust."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.cli import run_hub
from tests.support.distributions import install

SOUND = """
from hub.contract import (
    CardText, Dataset, DataSource, Domain, Example, Label, Licence, Metric, Recipe, Task, hookimpl
)
from hub.testing.placeholder import example_texts as examples, labelled_texts

def load(request):
    return Dataset(tuple(Example(**row) for row in labelled_texts()))

words = "as many words as a card needs"
TASK = Task(
    name="topic", kind="text-classification", summary="Which topic a text has",
    labels=(Label("road", "Roads"), Label("water", "Water"), Label("waste", "Waste")),
    sources=(DataSource("packaged", "Made up", "{module}:load", Licence("CC0-1.0", notice="x"), version="1"),),
    recipes=(Recipe(summary="Minutes"),),
    metrics=(Metric("accuracy", "hub.contract.metrics:accuracy", "Share of right rows"),),
    card=CardText(words, words, words, words),
    examples="{module}:examples",
)

@hookimpl
def hub_domains():
    return [Domain("acme", "Made-up tasks", (TASK,), "1.0")]
"""
PAPERS = "Summary: Made up\nLicense-Expression: MIT\nLicense-File: LICENSE\n\nRead me.\n"


def add(site: Path, module: str, source: str, papers: str = PAPERS) -> str:
    """Install a plugin whose metadata has more than a name."""
    name = install(site, module, source.replace("{module}", module))
    metadata = site / f"{module}-1.2.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text("utf-8") + papers, "utf-8")
    return name


@pytest.fixture
def site(made_up_plugins: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Beside the made-up plugins: ``sound_one`` keeps every rule, ``heavy_one`` imports too much."""
    site = tmp_path / "site"
    add(site, "sound_one", SOUND)
    heavy = SOUND.replace('Domain("acme"', 'Domain("heavy"') + "import scipy\n"
    add(site, "heavy_one", heavy, papers="")
    monkeypatch.setenv("HUB_PLUGINS", "acme-support,acme-broken,sound-one,heavy-one")
    return site


@pytest.mark.parametrize("name", ["sound_one", "sound-one", "acme"])
def test_sound_plugin_by_each_of_its_names(site: Path, name: str) -> None:
    # An entry point may have an underscore in its name here only because the test's installer gives it one.
    document = run_hub("plugins", "check", name, "--json")

    broken = [check["rule"] for check in document.json()["checks"] if not check["ok"]]
    assert broken == ["entry-point"]
    assert document.code == 1


def test_table_names_rule_subject_and_detail(site: Path) -> None:
    done = run_hub("plugins", "check", "heavy-one")

    lines = {line.split()[0]: " ".join(line.split()) for line in done.out.splitlines() if line}
    assert done.code == 1
    assert lines["papers-included"].startswith("papers-included heavy-one BROKEN the distribution has no description")
    assert lines["light-import"].startswith("light-import heavy-one BROKEN importing it and calling its hooks loads")
    assert "scipy" in lines["light-import"]
    assert lines["labels-named"] == "labels-named heavy/topic ok 3 labels"
    assert done.out.splitlines()[-1].endswith("checks failed")


def test_json_has_the_agreed_fields(site: Path) -> None:
    done = run_hub("plugins", "check", "support_desk", "--json")

    document = done.json()
    assert (done.code, document["plugin"], document["ok"]) == (1, "support_desk", False)
    assert {tuple(check) for check in document["checks"]} == {("rule", "subject", "ok", "detail")}
    failed = {check["rule"]: check["detail"] for check in document["checks"] if not check["ok"]}
    assert {"card-present", "examples-present", "licence-named", "loads-offline"} <= set(failed)


def test_exporter_of_the_checkout_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path))
    monkeypatch.setenv("HUB_PLUGINS", "domainhub-onnx")

    done = run_hub("plugins", "check", "onnx")

    assert done.code == 0, done.out
    assert re.fullmatch(r"all \d\d checks passed", done.out.splitlines()[-1])


def test_quarantined_plugin_is_refused_with_its_cause(site: Path) -> None:
    done = run_hub("plugins", "check", "broken_one")

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("HUB-P002: the plugin acme-broken 0.3 is quarantined")
    assert "a_module_that_nobody_has" in done.err


def test_unknown_plugin_names_the_nearest(site: Path) -> None:
    done = run_hub("plugins", "check", "sound-two")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("HUB-U060: no plugin 'sound-two' is installed\n  why: did you mean 'sound-one'")


@pytest.mark.usefixtures("no_plugins")
def test_no_plugin_at_all() -> None:
    done = run_hub("plugins", "check", "x", "--json")

    assert (done.code, done.json()["error"]["why"]) == (2, "none is installed")
