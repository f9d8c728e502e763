from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hub.contract.errors import BundleError, UsageError
from hub.edge import Bundle, FillPrediction
from hub.edge.files import write_json, write_text
from tests.support.tiny_answers import PULL, make_gaps_bundle
from tests.support.tiny_bundle import make_vocabulary, write_tokenizer


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gaps_bundle(tmp_path_factory.mktemp("gaps") / "tiny")


def test_a_gap_is_filled_with_the_likeliest_words(gaps: Path) -> None:
    bundle = Bundle.open(gaps)
    (answer,) = bundle.predict(["the [MASK] cat cat dog"], top=2)
    # Seven tokens: [CLS] the [MASK] cat cat dog [SEP].
    powers = {"cat": np.exp(PULL * 2 / 7), "dog": np.exp(PULL / 7), "the": np.exp(PULL / 7)}
    total = sum(powers.values()) + bundle.encoder._tokenizer.get_vocab_size() - 3
    assert isinstance(answer, FillPrediction)
    ((first, second),) = answer.fills
    assert first[0] == "cat"
    assert first[1] == pytest.approx(powers["cat"] / total, rel=1e-5)
    assert second[0] in {"dog", "the"}
    assert second[1] == pytest.approx(powers["dog"] / total, rel=1e-5)


def test_every_gap_is_filled_in_the_order_of_the_text(gaps: Path) -> None:
    (answer,) = Bundle.open(gaps).predict([("[MASK] oak", "oak [MASK] [MASK]")], top=1)
    assert [gap[0][0] for gap in answer.fills] == ["oak", "oak", "oak"]


def test_probabilities_are_over_the_whole_vocabulary(gaps: Path) -> None:
    (rows,) = Bundle.open(gaps).gaps(["[MASK] cat [MASK]"])
    assert rows.shape[0] == 2
    assert rows.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_scores_without_a_token_are_left_out(tmp_path: Path) -> None:
    (answer,) = Bundle.open(make_gaps_bundle(tmp_path / "tiny", columns=3)).predict(["[MASK] cat cat"], top=1)
    assert answer.fills[0][0][0] == "cat"


@pytest.mark.parametrize("text", ["the old cat", "", "MASK", "<mask> cat"])
def test_a_text_without_a_gap_is_refused_with_the_name_of_the_mask(gaps: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"\[MASK\]") as caught:
        Bundle.open(gaps).predict(["[MASK]", text])
    assert caught.value.code == "HUB-E013"


def test_a_gap_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    bundle = Bundle.open(make_gaps_bundle(tmp_path / "tiny", max_length=8))
    with pytest.raises(BundleError) as caught:
        bundle.predict(["[MASK] " + "cat " * 10 + "[MASK]"])
    assert caught.value.code == "HUB-E012"
    assert "1 of the gaps" in caught.value.why


def test_a_tokenizer_without_a_mask_is_refused(gaps: Path, tmp_path: Path) -> None:
    folder = make_gaps_bundle(tmp_path / "tiny")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *make_vocabulary()[5:]]
    write_tokenizer(folder, vocabulary, 64)
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    assert "MASK" not in text
    write_text(folder / "tokenizer.json", text)
    write_json(folder / "tokenizer_config.json", {})
    with pytest.raises(BundleError, match="mask token") as caught:
        Bundle.open(folder, verify=False)
    assert caught.value.code == "HUB-E011"


def test_a_confidence_is_refused(gaps: Path) -> None:
    with pytest.raises(UsageError, match="fill"):
        Bundle.open(gaps).predict(["[MASK]"], min_confidence=0.5)
