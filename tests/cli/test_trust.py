"""``--target-precision`` and the out-of-domain score on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import run_hub
from tests.support.tiny_bundle import make_tiny_bundle
from tests.support.trusted import trust

FOREIGN = "zyx qqq"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(trust(make_tiny_bundle(tmp_path_factory.mktemp("trust") / "tiny")))


def test_a_target_precision_sets_the_confidence(tiny: str) -> None:
    def abstained(*words: str) -> list[bool]:
        done = run_hub("predict", tiny, "cat", "cat near old oak", "--variant", "fp32", "--json", *words)
        assert done.code == 0
        return [json.loads(line)["abstained"] for line in done.out.splitlines()]

    assert abstained("--target-precision", "0.95") == abstained("--min-confidence", "0.6") == [False, True]
    assert abstained("--target-precision", "0.8") == abstained("--min-confidence", "0.4") == [False, False]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target-precision", "0.99"), "it promises 0.9, 0.95"),
        (("--target-precision", "0.9", "--min-confidence", "0.5"), "each sets a confidence"),
        (("--target-precision", "95"), "95"),
        (("--target-precision", "nan"), "nan"),
        (("--target-precision", "much"), "much"),
    ],
)
def test_other_precisions_are_refused(tiny: str, words: tuple[str, ...], said: str) -> None:
    done = run_hub("predict", tiny, "cat", *words)

    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_people_are_told_of_foreign_texts(tiny: str) -> None:
    assert "unlike the texts the model was built from" in run_hub("predict", tiny, FOREIGN).out
    assert "unlike" not in run_hub("predict", tiny, "the cat near dog").out


def test_json_has_the_score_only_where_the_bundle_has_it(tiny: str, tmp_path: Path) -> None:
    own, foreign = (json.loads(line) for line in run_hub("predict", tiny, "cat", FOREIGN, "--json").out.splitlines())
    before = json.loads(run_hub("predict", str(make_tiny_bundle(tmp_path / "before")), "cat", "--json").out)

    assert (own["out_of_domain"], foreign["out_of_domain"]) == (False, True)
    assert own["domain_score"] > foreign["domain_score"]
    assert not {"out_of_domain", "domain_score"} & set(before)


def test_evaluate_measures_the_promises_on_own_rows(tiny: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = [("cat", "animal"), ("oak", "plant"), ("dog", "stone"), ("cat near old oak", "plant"), (FOREIGN, "stone")]
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), "utf-8")

    document = run_hub("evaluate", tiny, "--data", str(file), "--variant", "fp32", "--json").json()

    # At 0.4 the text with a word of each label is answered with the first one, wrongly; "zyx qqq" has a third each.
    low, high = document["abstention"]
    assert (low["target_precision"], low["coverage"], low["precision"], low["kept"]) == (0.9, 0.8, 0.5, 4)
    assert (high["target_precision"], high["coverage"], high["kept"]) == (0.95, 0.6, 3)
    assert high["precision"] == pytest.approx(2 / 3)
    assert document["out_of_domain"] == 0.2
    shown = run_hub("evaluate", tiny, "--data", str(file), "--variant", "fp32").out
    assert "precision aimed at" in shown and "out of domain" in shown
