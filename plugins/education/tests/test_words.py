from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import DataError, MissingError
from hub_education.families import families
from hub_education.words import Entry, read_entries


def test_packaged_table(entries: list[Entry]) -> None:
    levels = {(entry.word, entry.tag): entry.level for entry in entries}
    assert len(entries) == 248_184
    assert len({entry.word for entry in entries}) == 172_782
    assert levels["abandon", "VB"] == "B1"
    assert levels["quickly", "RB"] == "A1"
    assert sum(entry.default for entry in entries) == 167_608


def test_levels_are_those_that_the_package_gives(entries: list[Entry]) -> None:
    from cefrpy import CEFRAnalyzer

    analyzer = CEFRAnalyzer()
    for entry in entries[::997]:
        assert entry.level == str(analyzer.get_word_pos_level_CEFR(entry.word, entry.tag))


@pytest.mark.parametrize(
    ("value", "level"),
    [(1.0, "A1"), (1.48, "A1"), (1.5, "A2"), (2.5, "A2"), (3.5, "B2"), (4.5, "B2"), (5.5, "C2"), (5.98, "C2")],
)
def test_rounding(value: float, level: str) -> None:
    entry = Entry("word", "NN", value)
    assert (entry.level, entry.default, entry.part) == (level, False, "noun")


def test_defaults_and_parts() -> None:
    assert Entry("word", "NN", 6.0).default
    assert Entry("word", "NNP", 3.0).part == ""
    assert Entry("word", "IN", 3.0).part == ""
    assert Entry("best", "RBS", 1.0).part == "adverb"


def test_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub_education.words._PACKAGE", "no_such_package_of_words")
    with pytest.raises(MissingError, match="HUB-P032") as caught:
        read_entries()
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("found", [[("word", 8, 7.0)], [("word", 99, 2.0)], [("word", 8, float("nan"))], [("word",)]])
def test_damaged_data(monkeypatch: pytest.MonkeyPatch, found: list[Any]) -> None:
    class Processor:
        def yield_word_pos_level(self, word_lenght_sort: bool) -> list[Any]:  # spelt as in cefrpy
            return found

    modules = {
        "cefrpy.CEFRDataProcessor": SimpleNamespace(CEFRDataProcessor=Processor),
        "cefrpy.POSTag": SimpleNamespace(POSTag={8: "NN"}),
    }
    monkeypatch.setattr("hub_education.words.importlib", SimpleNamespace(import_module=modules.__getitem__))
    with pytest.raises(DataError, match="HUB-D020") as caught:
        read_entries()
    assert caught.value.exit_code == 3


def test_damaged_file_is_found_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise Exception("CEFR database file content is invalid")  # as cefrpy does

    monkeypatch.setattr("hub_education.words.importlib", SimpleNamespace(import_module=broken))
    with pytest.raises(DataError, match=r"(?s)HUB-D020.*content is invalid"):
        read_entries()


def test_other_version_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub_education.words.importlib", SimpleNamespace(import_module=lambda name: SimpleNamespace()))
    with pytest.raises(MissingError, match="HUB-P032"):
        read_entries()


def test_plugin_does_not_import_the_table() -> None:
    code = (
        "import sys, hub_education.plugin as p; p.hub_domains(); print('cefrpy' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("cats", "cat"),
        ("studies", "study"),
        ("stopped", "stop"),
        ("making", "make"),
        ("used", "use"),
        ("happily", "happy"),
        ("carefully", "care"),
        ("biggest", "big"),
        ("kindnesses", "kind"),
        ("washable", "wash"),
    ],
)
def test_forms_join_their_base(form: str, base: str) -> None:
    words = {form, base, "kindness", "careful"}
    assert families(words)[form] == base


def test_words_of_their_own() -> None:
    assert families(["bed", "bus", "sing", "red"]) == {word: word for word in ("bed", "bus", "sing", "red")}
    assert families([]) == {}


@given(st.lists(st.text(alphabet="abdegilnorstuy", min_size=1, max_size=9), max_size=60))
def test_a_family_is_named_by_a_listed_word_that_is_its_own(words: list[str]) -> None:
    found = families(words)
    assert set(found) == set(words)
    for word, base in found.items():
        assert found[base] == base
        assert len(base) <= len(word)
