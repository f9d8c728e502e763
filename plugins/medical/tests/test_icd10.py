from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.contract import DataError, MissingError
from hub_medical.icd10 import Tabular, Term, find_file, read_tabular
from hub_medical.labels import LABELS, LEFT_OUT

SMALL = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2026</version>
  <chapter>
    <name>17</name>
    <desc>Congenital malformations (Q00-QA0)</desc>
    <sectionIndex><sectionRef first="Q00" last="Q07" id="Q00-Q07">Brain</sectionRef></sectionIndex>
    <section id="Q00-Q07">
      <desc>Brain (Q00-Q07)</desc>
      <inclusionTerm><note>How to use this section</note></inclusionTerm>
      <diag>
        <name>Q00</name>
        <desc>Anencephaly</desc>
        <excludes1><note>something else (Q01)</note></excludes1>
        <diag>
          <name>Q00.0</name>
          <desc>First</desc>
          <inclusionTerm>
            <note>Acephaly <i>and</i>
              more</note>
            <note>Amyelencephaly</note>
          </inclusionTerm>
          <diag><name>Q00.01</name><desc>Deepest</desc></diag>
        </diag>
        <diag><name>Q00.1</name><desc>Second</desc></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""


def test_titles_and_inclusion_terms_in_order(tmp_path: Path) -> None:
    file = tmp_path / "icd10c-tabular-April-1-2026.xml"
    file.write_text(SMALL, encoding="utf-8")
    tabular = read_tabular(file)
    assert [(term.text, term.code, term.title) for term in tabular.terms] == [
        ("Anencephaly", "Q00", True),
        ("First", "Q00.0", True),
        ("Acephaly and more", "Q00.0", False),
        ("Amyelencephaly", "Q00.0", False),
        ("Deepest", "Q00.01", True),
        ("Second", "Q00.1", True),
    ]
    assert {(term.category, term.chapter) for term in tabular.terms} == {("Q00", "Q00-QA0")}
    assert tabular.chapters == {"Q00-QA0": "Congenital malformations"}
    assert tabular.release == "April 1 2026"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SMALL[:300], "no element found"),
        (SMALL.replace("(Q00-QA0)", ""), "without a code range"),
        ("<a/>", "no chapters"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "other.xml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"HUB-D020: other\.xml") as caught:
        read_tabular(file)
    assert why in caught.value.why


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="HUB-D020"):
        read_tabular(tmp_path / "none.xml")


def test_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub_medical.icd10._PACKAGE", "no_such_package_of_codes")
    with pytest.raises(MissingError, match="HUB-P032") as caught:
        find_file()
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("count", [0, 2])
def test_package_without_exactly_one_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    (tmp_path / "codes_of_this_test" / "data").mkdir(parents=True)
    (tmp_path / "codes_of_this_test" / "__init__.py").touch()
    for number in range(count):
        (tmp_path / "codes_of_this_test" / "data" / f"{number}.xml").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("hub_medical.icd10._PACKAGE", "codes_of_this_test")
    with pytest.raises(MissingError, match=f"{count} XML files"):
        find_file()


def test_package_is_found_without_importing_it() -> None:
    code = """
import sys
from hub_medical.icd10 import find_file
print(find_file().suffix, "simple_icd_10_cm" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [".xml", "False"]


def test_labels_are_the_chapters_of_the_packaged_list(tabular: Tabular) -> None:
    declared = {label.id: label.name for label in LABELS}
    assert len(LABELS) == 21
    assert declared == {name: title for name, title in tabular.chapters.items() if name != LEFT_OUT}
    assert list(declared) == [name for name in tabular.chapters if name != LEFT_OUT]
    assert tabular.chapters[LEFT_OUT] == "Codes for special purposes"


def test_packaged_list(tabular: Tabular) -> None:
    by_code = {term.code: term for term in tabular.terms if term.title}
    assert by_code["A00.0"] == Term(
        "Cholera due to Vibrio cholerae 01, biovar cholerae", "A00.0", "A00", "A00-B99", title=True
    )
    assert (by_code["O9A.1"].chapter, by_code["QA0"].chapter) == ("O00-O9A", "Q00-QA0")
    assert len(by_code) > 40_000
    assert sum(not term.title for term in tabular.terms) > 10_000
    assert all(term.text and term.code.startswith(term.category) and len(term.category) == 3 for term in tabular.terms)
    assert all(term.text == " ".join(term.text.split()) and "<note" not in term.text for term in tabular.terms)
