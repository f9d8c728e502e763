from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.contract.errors import BundleError
from hub.contract.results import Latency
from hub.edge import Bundle, bench
from hub.edge.bench import Candidate, Figures
from hub.edge.encode import Encoder
from tests.support.tiny_bundle import FP32, TEXTS
from tests.support.tiny_kinds import ROWS, SENTENCES, make_labels_bundle, make_spans_bundle, make_table_bundle


@pytest.fixture(scope="module")
def encoder(sealed: Path) -> Encoder:
    return Encoder(sealed / "tokenizer.json", 64)


@pytest.mark.parametrize("tokens", [2, 3, 16, 63, 64])
def test_texts_have_exactly_the_wanted_length(encoder: Encoder, tokens: int) -> None:
    if tokens == 2:
        with pytest.raises(BundleError, match="no text of 2 tokens"):
            bench.texts_of_length(encoder, TEXTS, tokens)
        return
    texts = bench.texts_of_length(encoder, TEXTS, tokens)
    assert {len(encoding.ids) for encoding in encoder.encode(texts)} == {tokens}
    assert len(texts) == len(set(texts)) >= (20 if tokens > 3 else 5)


def test_texts_at_the_models_length_are_not_longer_ones_cut(sealed: Path, encoder: Encoder) -> None:
    short = Encoder(sealed / "tokenizer.json", 16)
    texts = bench.texts_of_length(short, TEXTS, 16)
    assert {len(encoding.ids) for encoding in encoder.encode(texts)} == {16}


def test_words_of_several_pieces_are_cut_between_them(encoder: Encoder) -> None:
    texts = bench.texts_of_length(encoder, ["unknownword cat"], 9)
    assert {len(encoding.ids) for encoding in encoder.encode(texts)} == {9}


def test_no_material_is_an_error(encoder: Encoder) -> None:
    with pytest.raises(BundleError) as caught:
        bench.texts_of_length(encoder, ["", " "], 16)
    assert caught.value.code == "HUB-E016"


def test_a_bundle_and_a_bare_file_are_measured(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)
    bundle = Bundle.open(sealed)
    candidates = [
        bench.bundle_candidate("int8", sealed, "int8", 1),
        bench.file_candidate("bare", sealed / FP32, bundle, 1),
    ]
    figures = bench.run(candidates, TEXTS, bundle.encoder, threads=1, calls=4)
    assert list(figures) == ["int8", "bare"]
    int8, bare = figures["int8"], figures["bare"]
    assert list(int8.lengths) == list(bare.lengths) == ["16", "64"]
    assert int8.lengths["64"].tokens == 64
    assert int8.p50_ms == int8.lengths["16"].p50_ms > 0
    assert int8.rows_per_s > 0
    assert int8.rss_mb is not None
    assert 20 < int8.rss_mb < 500
    assert int8.start_ms is not None
    assert int8.start_ms > int8.p50_ms
    assert bare.rss_mb is bare.start_ms is None


def test_a_fresh_process_that_fails_says_why(tiny: Path) -> None:
    candidate = bench.bundle_candidate("int8", tiny, "int8", 1)
    (tiny / "tokenizer.json").unlink()
    assert candidate.probe is not None
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        bench._fresh_process(*candidate.probe, 1)


def test_a_model_of_the_callers_own_can_take_part(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)
    seen: set[int] = set()
    own = Candidate("own", lambda text: seen.add(len(encoder.encode([text])[0].ids)), len)
    assert list(bench.run([own], TEXTS, encoder, threads=1, calls=2)) == ["own"]
    assert seen == {16, 64}


def test_ratios_are_quotients_of_the_medians() -> None:
    def figures(p50_16: float, p50_64: float) -> Figures:
        lengths = {str(n): Latency(n, p50, p50, p50, 1, 200) for n, p50 in ((16, p50_16), (64, p50_64))}
        return Figures(p50_16, p50_16, p50_16, 1.0, None, None, lengths)

    found = bench.ratios({"int8": figures(0.5, 2.0), "teacher": figures(10.0, 20.0)}, ["int8"], ["teacher"])
    assert found == {"int8": {"teacher": {"16": 20.0, "64": 10.0}}}


def test_rows_of_a_table_are_measured_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)
    folder = make_table_bundle(tmp_path / "table")
    bundle = Bundle.open(folder)
    candidates = [
        bench.bundle_candidate("fp32", folder, "fp32", 1),
        bench.file_candidate("bare", folder / FP32, bundle, 1),
    ]
    figures = bench.run(candidates, ROWS, None, threads=1, calls=4)
    assert list(figures["fp32"].lengths) == list(figures["bare"].lengths) == [bench.ROW]
    assert figures["fp32"].lengths[bench.ROW].tokens == 0
    assert figures["fp32"].p50_ms > 0
    assert figures["fp32"].rss_mb is not None
    assert 20 < figures["fp32"].rss_mb < 500
    assert list(bench.ratios(figures, ["fp32"], ["bare"])["fp32"]["bare"]) == [bench.ROW]


@pytest.mark.parametrize("make", [make_labels_bundle, make_spans_bundle])
def test_other_answers_are_measured(make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "ROW_SECONDS", 0.0)
    monkeypatch.setattr("hub.edge.timing.COLD_SECONDS", 0.0)
    folder = make(tmp_path / "other")
    bundle = Bundle.open(folder)
    own = Candidate("own", lambda text: bundle.predict([text]), bundle.predict)
    file = bench.file_candidate("bare", folder / FP32, bundle, 1)
    inputs = [*SENTENCES, ("a pair", "of texts")] if bundle.kind.answers == "labels" else SENTENCES
    figures = bench.run([own, file], inputs, bundle.encoder, threads=1, calls=2)
    assert all(list(figure.lengths) == ["16", "64"] for figure in figures.values())


def test_bounds_are_the_quotients_of_neighbouring_blocks() -> None:
    def figures(*blocks: float) -> Figures:
        return Figures(1.0, 1.0, 1.0, 1.0, None, None, {}, {"16": blocks})

    found = bench.spreads({"int8": figures(1.0, 2.0), "other": figures(3.0, 4.0)}, ["int8"], ["other"])
    assert found == {"int8": {"other": {"16": (2.0, 3.0)}}}


def test_answers_are_compared_input_by_input() -> None:
    def says(name: str, *answers: str) -> Candidate:
        return Candidate(name, lambda number: answers[number], list, said=lambda answer: answer)

    candidates = [says("a", "x", "y", "z", "z"), says("b", "x", "x", "z", "x"), Candidate("c", int, list)]
    numbered = Candidate("n", int, list, said=lambda answer: answer)
    found = bench.disagreements([*candidates, numbered], ["a"], ["a", "b", "c", "n"], range(4))
    assert found == {"a": {"a": 0.0, "b": 50.0, "c": None, "n": None}}


@pytest.mark.parametrize("make", [make_labels_bundle, make_spans_bundle])
def test_a_bundle_agrees_with_itself_and_a_bare_file_of_it_is_not_compared(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make(tmp_path / "other")
    bundle = Bundle.open(folder)
    candidates = [bench.bundle_candidate(name, folder, None, 1) for name in ("one", "two")]
    candidates.append(bench.file_candidate("bare", folder / FP32, bundle, 1))
    found = bench.disagreements(candidates, ["one"], ["two", "bare"], SENTENCES)
    assert found == {"one": {"two": 0.0, "bare": None}}


def test_a_bare_file_answers_with_the_labels_of_the_bundle(sealed: Path) -> None:
    bundle = Bundle.open(sealed, variant="fp32")
    candidates = [
        bench.bundle_candidate("fp32", sealed, "fp32", 1),
        bench.file_candidate("bare", sealed / FP32, bundle, 1),
    ]
    assert bench.disagreements(candidates, ["fp32"], ["bare"], TEXTS) == {"fp32": {"bare": 0.0}}
