"""Why a bundle is not published, rule by rule."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.errors import BundleError, GateError
from hub.edge.folder import SIGNATURE, read_manifest
from hub.edge.writer import check_target
from hub.publish.card import card_text
from hub.publish.checks import Cell, Search, Verdict, check
from hub.publish.rules import card_metadata, card_problems
from hub.publish.terms import Terms, judge, terms_of
from tests.support.published import CARD, sealed_again
from tests.support.results import build_result, manifest


def verdict(folder: Path, **options: object) -> Verdict:
    return check(folder, read_manifest(folder), **options)  # type: ignore[arg-type]


def codes(found: Verdict) -> list[str]:
    return [refusal.code for refusal in found.refusals]


def test_a_good_bundle_has_no_refusal(bundle: Path) -> None:
    found = verdict(bundle, search=Search(lambda cells: [()] * len(cells)))
    assert (found.refusals, found.remarks, found.card) == ((), (), CARD)
    found.require("things")


def test_changed_missing_and_led_out_files_are_refused(bundle: Path) -> None:
    (bundle / "config.json").write_text("{}", "utf-8")
    (bundle / "onnx" / "model.onnx").unlink()
    (bundle / "selftest.jsonl").unlink()
    (bundle / "selftest.jsonl").symlink_to("/etc/hostname")

    found = verdict(bundle)

    assert codes(found) == ["HUB-E061"] * 3
    with pytest.raises(BundleError, match=r"config.json: its hash.*model.onnx: it is missing.*leads out") as caught:
        found.require("things")
    assert caught.value.exit_code == 3


def test_a_card_that_was_edited_is_published_with_a_remark(bundle: Path) -> None:
    (bundle / "README.md").write_text(CARD + "\nMore words.\n", "utf-8")
    found = verdict(bundle)
    assert found.refusals == () and "README.md was changed" in found.remarks[0]
    assert found.card.endswith("More words.\n")


def test_missed_gates(bundle: Path) -> None:
    gates = tuple(dataclasses.replace(gate, passed=False) for gate in read_manifest(bundle).gates)
    sealed_again(bundle, gates=gates)
    with pytest.raises(GateError, match="parity"):
        verdict(bundle).require("things")
    assert verdict(bundle, allow_missed_gates=True).refusals == ()
    sealed_again(bundle, gates=read_manifest(bundle).gates[:0], failed=True)
    assert codes(verdict(bundle)) == ["HUB-G020"]


def test_a_card_that_says_it_already_is_not_changed(bundle: Path) -> None:
    gates = tuple(dataclasses.replace(gate, passed=False) for gate in read_manifest(bundle).gates)
    card = CARD.replace("# Tiny things\n", "# Tiny things\n\n> **1 of 1 gates missed: parity.**\n")
    sealed_again(bundle, card, gates=gates)
    assert verdict(bundle, allow_missed_gates=True).card == card


def test_no_licence(bundle: Path) -> None:
    sealed_again(bundle, CARD.replace("license: apache-2.0\n", ""))
    assert codes(verdict(bundle)) == ["HUB-E062"]


@pytest.mark.parametrize(
    ("data", "card", "refused", "remarked"),
    [
        ("CC-BY-4.0", "apache-2.0", "", ""),
        ("CC-BY-NC-4.0", "apache-2.0", "non-commercial", ""),
        ("CC-BY-NC-SA-3.0", "apache-2.0", "non-commercial", ""),
        ("CC-BY-NC-SA-3.0", "cc-by-nc-sa-3.0", "", ""),
        ("CC-BY-NC-SA-3.0", "cc-by-nc-4.0", "", "share-alike"),
        ("CC-BY-SA-4.0", "apache-2.0", "", "share-alike"),
        ("CC-BY-SA-4.0", "cc-by-sa-4.0", "", ""),
        ("ODbL-1.0", "mit", "", "share-alike"),
        ("GPL-3.0-only", "mit", "", "share-alike"),
        ("CC-BY-ND-4.0", "cc-by-nd-4.0", "no derivatives", ""),
        ("CC-BY-NC-ND-4.0", "cc-by-nc-4.0", "no derivatives", ""),
        ("proprietary", "apache-2.0", "no right", ""),
        ("other", "apache-2.0", "", "not a known licence"),
    ],
)
def test_licences_of_the_data(bundle: Path, data: str, card: str, refused: str, remarked: str) -> None:
    licences = [{"subject": "data", "what": "rows", "id": data}]
    sealed_again(bundle, CARD.replace("apache-2.0", card), provenance={"licences": licences})

    found = verdict(bundle, search=Search(lambda cells: [()] * len(cells)))

    assert codes(found) == (["HUB-E063"] if refused else [])
    assert not refused or refused in found.refusals[0].why
    assert [remark for remark in found.remarks if not remarked or remarked not in remark] == []
    assert bool(found.remarks) == bool(remarked)


@given(st.sampled_from(["mit", "apache-2.0", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "unlicense", "isc", "pddl"]))
def test_plain_licences_ask_nothing(licence: str) -> None:
    terms = Terms("data", "rows", licence)
    assert not (terms.non_commercial or terms.no_derivatives or terms.share_alike or terms.closed)
    assert judge("mit", [terms]) == ([], [])


_PLAIN = st.none() | st.booleans() | st.text(max_size=8)


@settings(max_examples=50)
@given(_PLAIN | st.lists(_PLAIN | st.dictionaries(st.sampled_from(["id", "subject", "what", "x"]), _PLAIN)))
def test_notes_of_strangers_never_crash(notes: object) -> None:
    assert isinstance(judge("mit", terms_of(notes))[0], list)


def test_personal_data_in_self_test_and_card(bundle: Path) -> None:
    row = json.loads((bundle / "selftest.jsonl").read_text("utf-8").splitlines()[3])["text"]

    def kinds(cells: Sequence[Cell]) -> list[list[str]]:
        assert all(column in ("", "text") for _, column in cells)
        return [["e-mail"] if text == row else ["IBAN"] if text.startswith("---") else [] for text, column in cells]

    found = verdict(bundle, search=Search(kinds, ("one did not look",)))

    assert codes(found) == ["HUB-E064"]
    assert "README.md: IBAN; row 4 of the self-test: e-mail" in found.refusals[0].why
    assert row not in found.refusals[0].why
    assert "one did not look" in found.remarks
    assert any("not searched" in remark for remark in verdict(bundle).remarks)


def test_cards_of_builds_keep_the_rules() -> None:
    result = build_result()
    card = card_text(result, manifest(result))
    assert card_problems(card) == []
    assert card == card_text(result, manifest(result))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("license: apache-2.0", "license: my-own", "none of the Hub's"),
        ("license: apache-2.0", "license: other", "without license_name"),
        ("library_name: domainhub", "library_name: keras", "library_name"),
        ("pipeline_tag: text-classification", "pipeline_tag: text-generation", "pipeline_tag"),
        ("language: [en]", "language: [no]", "YAML reads"),
        ("language: [en]", "language: english", "ISO 639"),
        ("tags: [onnx]", "tags: [1]", "tags"),
        ("tags: [onnx]", "base_model: 'a b'", "base_model"),
        ("tags: [onnx]", "base_model_relation: finetune", "base_model_relation"),
        ("tags: [onnx]", "datasets: [../x]", "datasets"),
        ("tags: [onnx]", "model-index: 3", "model-index"),
        (
            "tags: [onnx]",
            "model-index: [{name: a, results: [{metrics: [{type: f1, value: .nan}]}]}]",
            "no finite value",
        ),
        ("# Tiny things", "Tiny things", "no title"),
        ("Tells", "From /home/ann/things. Tells", "a folder of the machine"),
        ("Tells", "hf_" + "a" * 34, "a token"),
    ],
)
def test_what_is_wrong_with_a_card(bundle: Path, old: str, new: str, problem: str) -> None:
    assert card_problems(CARD) == []
    assert any(problem in text for text in card_problems(CARD.replace(old, new, 1)))
    sealed_again(bundle, CARD.replace(old, new, 1))
    assert "HUB-E065" in codes(verdict(bundle))


@pytest.mark.parametrize("text", ["", "# Only words", "---\n---\n\n# x"])
def test_a_card_without_metadata(text: str) -> None:
    assert "no metadata" in card_problems(text)[0]


@pytest.mark.parametrize("text", ["---\na: [\n---\n", "---\n- a\n---\n"])
def test_metadata_that_is_no_mapping(text: str) -> None:
    with pytest.raises(BundleError, match="HUB-E060"):
        card_metadata(text)


def test_a_signature_is_no_file_of_the_bundle(bundle: Path) -> None:
    (bundle / SIGNATURE).write_text("signed", "utf-8")
    sealed_again(bundle)
    assert SIGNATURE not in read_manifest(bundle).files
    check_target(bundle)  # a build may replace it
    assert verdict(bundle).refusals == ()
