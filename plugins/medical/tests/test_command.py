from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hub.contract import DataError, UsageError
from hub_medical.command import icd
from hub_medical.icd10 import find_file
from hub_medical.plugin import hub_commands
from hub_medical.tree import Tree, looks_like_code, read_tree


@pytest.fixture(scope="module")
def tree() -> Tree:
    return read_tree(find_file())


@pytest.fixture
def run(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on a classification that is read once for all tests."""
    monkeypatch.setattr("hub_medical.tree.read_tree", lambda file: tree)

    def call(*words: str) -> str:
        return CliRunner().invoke(icd, list(words), catch_exceptions=False).output

    return call


def test_plugin_adds_the_command() -> None:
    group = click.Group()
    hub_commands(group)
    assert list(group.commands) == ["icd"]


@pytest.mark.parametrize("written", ["K35.80", "k35.80", "K3580", "k3580", " K35.80 "])
def test_a_code_however_it_is_written(tree: Tree, written: str) -> None:
    node, seventh = tree.find(written)
    assert (node.id, node.title, seventh) == ("K35.80", "Unspecified acute appendicitis", "")
    assert [each.id for each in tree.path(node)] == ["K00-K95", "K35-K38", "K35", "K35.8", "K35.80"]
    assert [each.level for each in tree.path(node)] == ["chapter", "section", "category", "code", "code"]


def test_a_category_that_is_a_section_of_its_own(tree: Tree) -> None:
    node, _ = tree.find("C50")
    assert (node.level, node.parent) == ("category", "C00-D49")
    assert "C50.0" in node.children


def test_seventh_characters(tree: Tree) -> None:
    node, seventh = tree.find("S52.501A")
    assert (node.id, seventh) == ("S52.501", "A")
    assert tree.seventh(node)["A"] == "initial encounter for closed fracture"
    with pytest.raises(UsageError, match="HUB-U050"):
        tree.find("S52.501Z")
    # W01 has four characters at most; X fills the places up to the seventh.
    assert tree.find("W01.0XXA")[0].id == "W01.0"


def test_every_code_is_below_a_chapter(tree: Tree) -> None:
    levels = [node.level for node in tree.nodes.values()]
    assert levels.count("chapter") == 22
    assert levels.count("category") == 1918
    assert all(tree.path(node)[0].level == "chapter" for node in tree.nodes.values())
    assert all(node.id in tree.nodes[node.parent].children for node in tree.nodes.values() if node.parent)


def test_unknown_code_names_the_nearest(run: Any) -> None:
    with pytest.raises(UsageError, match=r"(?s)HUB-U050.*'K35\.9'.*K35\.\d") as caught:
        run("K35.9")
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match=r"(?s)HUB-U050.*K9"):
        run("K99")


def test_page_of_a_code(run: Any) -> None:
    page = run("K35.80")
    for part in ("K00-K95  Diseases of the digestive system", "Inclusion terms", "Acute appendicitis NOS", "2026"):
        assert part in page
    assert "K35.2  Acute appendicitis with generalized peritonitis" in run("K35")
    assert "Seventh character A: initial encounter" in run("S52.501A")


def test_document_of_a_code(run: Any) -> None:
    document = json.loads(run("K35", "--json"))
    assert document["code"] == "K35"
    assert [step["id"] for step in document["path"]] == ["K00-K95", "K35-K38", "K35"]
    assert [child["id"] for child in document["children"]] == ["K35.2", "K35.3", "K35.8"]


def test_words_find_codes_best_first(tree: Tree) -> None:
    hits = tree.search("acute appendicitis")
    assert (hits[0].node.id, hits[0].term) == ("K35", "Acute appendicitis")
    assert len({hit.node.id for hit in hits}) == len(hits) > 3
    for hit in hits:
        words = hit.term.casefold()
        assert "acute" in words
        assert "appendicitis" in words
    # An inclusion term is found too, and shown.
    cholera = tree.search("classical cholera")
    assert [(hit.node.id, hit.term) for hit in cholera] == [("A00.0", "Classical cholera")]
    # The start of a word is enough, whole words come first.
    assert {hit.node.id for hit in hits} <= {hit.node.id for hit in tree.search("acute appendic")}


def test_limit_and_total(run: Any) -> None:
    document = json.loads(run("fracture", "of", "radius", "--limit", "3", "--json"))
    assert len(document["results"]) == 3 < document["total"]
    assert {hit["chapter"] for hit in document["results"]} <= {"S00-T88", "M00-M99"}
    assert f"3 of {document['total']:,} codes" in run("fracture", "of", "radius", "--limit", "3")


def test_a_vitamin_is_no_code(run: Any) -> None:
    assert looks_like_code("B12")
    assert "Vitamin B12 deficiency" in run("B12")


def test_nothing_found_and_nothing_to_find(run: Any) -> None:
    with pytest.raises(UsageError, match=r"(?s)HUB-U052.*appendicitis") as caught:
        run("appendicitus")
    assert caught.value.exit_code == 2
    for words in ("?!", " ", "🙂"):
        with pytest.raises(UsageError, match="HUB-U051"):
            run(words)
    with pytest.raises(UsageError, match="HUB-U052"):
        run("x" * 10_000)


def test_wrong_options() -> None:
    for words in ([], ["K35", "--limit", "0"], ["K35", "--limit", "many"]):
        assert CliRunner().invoke(icd, words).exit_code == 2


def test_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<ICD10CM.tabular>", encoding="utf-8")
    with pytest.raises(DataError, match="HUB-D020"):
        read_tree(tmp_path / "a.xml")
