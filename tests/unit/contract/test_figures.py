from __future__ import annotations

import dataclasses

import pytest

from hub.contract import figures
from hub.contract.results import (
    BuildResult,
    CardNote,
    CleaningReport,
    Evaluation,
    Finding,
    GateResult,
    Latency,
    MetricName,
    ModelResult,
    ReliabilityBin,
    SliceName,
)


def model(name: str, role: str, p50_ms: float, **scores: float) -> ModelResult:
    return ModelResult(
        name,
        role,
        variant=name if role == "variant" else "",
        latency={"16": Latency(16, p50_ms, p50_ms, p50_ms, 1, 200)} if p50_ms else {},
        evaluations={part: Evaluation(100, {"macro_f1": score}) for part, score in scores.items()},
    )


@pytest.fixture
def result() -> BuildResult:
    return BuildResult(
        run="r",
        task="a/b",
        kind="text-classification",
        summary="",
        recipe={"base": "/home/me/base", "data": {"text": "text"}},
        labels=(),
        slices=(SliceName("unseen", "new ones"), SliceName("known", "old ones")),
        headline_metric="macro_f1",
        models=(
            model("linear baseline", "baseline", 0.0, unseen=0.7, known=0.9),
            model("teacher", "teacher", 14.0, unseen=0.8, known=0.85),
            model("fp32", "variant", 2.0, unseen=0.79, known=0.84),
            model("int8", "variant", 0.5, unseen=0.76, known=0.83),
        ),
        default_variant="int8",
        trainings=(),
        cleaning=CleaningReport(
            {}, {}, {"train": {"/a/b/c": 3}}, (Finding("empty", 1, "in /srv/x/y.csv", ("/srv/x/y.csv:3",)),)
        ),
        gates=(
            GateResult("parity", 1.0, 0.5, True),
            GateResult("size", 1.0, 2.0, False),
            GateResult("size", 1.0, 3.0, False),
        ),
        abstention={},
        licences=(),
        card=CardNote("", "", "", "", ""),
        base_model={"id": "C:\\Users\\me\\base"},
        data_source={"url": "https://example.org/a/b/c"},
        machine={"cores": 2, "packages": {"torch": "2.13"}},
        seconds={},
        notes=("A note.",),
    )


def test_shares_and_ratios(result: BuildResult) -> None:
    int8 = figures.default_model(result)
    assert int8 is result.models[3]
    assert figures.share_of_teacher(result, int8, "unseen") == pytest.approx(0.95)
    assert figures.share_of_teacher(result, int8, "elsewhere") is None
    assert figures.share_of_teacher(result, None, "unseen") is None
    assert figures.speed_up(result, int8, "16") == pytest.approx(28.0)
    assert figures.speed_up(result, result.models[0], "16") is None


def test_no_share_of_a_teacher_with_nothing_right(result: BuildResult) -> None:
    zero = dataclasses.replace(result, models=(model("teacher", "teacher", 0, unseen=0.0), result.models[3]))
    assert figures.share_of_teacher(zero, zero.models[1], "unseen") is None


def test_first_sentences(result: BuildResult) -> None:
    assert figures.leading_sentences(result) == (
        "The linear baseline is not beaten on known: macro F1 0.900 against the teacher (0.850) "
        "and the default variant int8 (0.830).",
        "2 of 3 gates missed: size.",
        "A note.",
    )


def test_a_tie_does_not_beat_the_baseline(result: BuildResult) -> None:
    baseline = model("linear baseline", "baseline", 0, unseen=0.8, known=0.1)
    changed = dataclasses.replace(
        result, models=(baseline, *result.models[1:3]), default_variant="fp32", gates=(), notes=()
    )
    (sentence,) = figures.leading_sentences(changed)
    assert sentence == (
        "The linear baseline is not beaten on unseen: macro F1 0.800 against the teacher (0.800) "
        "and the default variant fp32 (0.790)."
    )


def test_a_metric_that_is_better_when_lower(result: BuildResult) -> None:
    changed = dataclasses.replace(result, metrics=(MetricName("macro_f1", higher_is_better=False),), gates=(), notes=())
    (sentence,) = figures.leading_sentences(changed)
    assert sentence.startswith("The linear baseline is not beaten on unseen:")


def test_one_slice_is_not_named_and_no_sentence_comes_twice(result: BuildResult) -> None:
    only = dataclasses.replace(
        result,
        slices=(),
        models=(model("linear baseline", "baseline", 0, all=0.9), model("teacher", "teacher", 0, all=0.8)),
        gates=(),
    )
    (sentence, note) = figures.leading_sentences(only)
    assert sentence == "The linear baseline is not beaten: macro F1 0.900 against the teacher (0.800)."
    assert figures.leading_sentences(dataclasses.replace(only, notes=(sentence, note))) == (sentence, note)


def test_slices_and_lengths(result: BuildResult) -> None:
    extra = dataclasses.replace(
        result, models=(*result.models, model("x", "variant", 1.0, all=0.5)), slices=result.slices[:1]
    )
    assert [part.name for part in figures.slices(extra)] == ["unseen", "known", "all"]
    assert figures.headline_slice(extra) == "unseen"
    assert figures.headline_slice(dataclasses.replace(result, slices=(), models=())) == ""
    latency = {key: Latency(1, 1.0, 1.0, 1.0, 1, 1) for key in ("128", "16", "64")}
    timed = dataclasses.replace(result, models=(dataclasses.replace(result.models[0], latency=latency),))
    assert figures.lengths(timed) == ("16", "64", "128")


def test_metric_order_headline_then_declared_then_by_name(result: BuildResult) -> None:
    values = {"zeta": 1.0, "accuracy": 1.0, "macro_f1": 1.0, "alpha": 1.0}
    changed = dataclasses.replace(
        result,
        models=(ModelResult("m", "variant", evaluations={"unseen": Evaluation(1, values)}),),
        metrics=(MetricName("zeta"), MetricName("absent")),
    )
    assert figures.metric_names(changed) == ("macro_f1", "zeta", "accuracy", "alpha")


def test_calibration_error() -> None:
    bins = (ReliabilityBin(0.9, 0.8, 30), ReliabilityBin(0.5, 0.7, 10))
    assert figures.calibration_error(Evaluation(40, {}, reliability=bins)) == pytest.approx(
        0.125
    )  # (30*0.1 + 10*0.2) / 40
    assert figures.calibration_error(Evaluation(40, {"expected_calibration_error": 0.2}, reliability=bins)) == 0.2
    assert figures.calibration_error(Evaluation(40, {})) is None


def test_confusions_most_frequent_first() -> None:
    found = figures.confusions(((5, 3, 0), (3, 1, 2), (0, 0, 9)), 3)
    assert [(pair.truth, pair.predicted, pair.rows) for pair in found] == [(1, 0, 3), (0, 1, 3), (1, 2, 2)]
    assert found[0].share == pytest.approx(0.5)
    assert figures.confusions((), 3) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/me/model", "model"),
        ("C:\\Users\\me\\x.csv:3", "x.csv:3"),
        ("file:///home/a/b.csv:12", "b.csv:12"),
        ("~/.cache/x", "x"),
        ('rows of "/srv/data/a.csv", and (/tmp/q/b)', 'rows of "a.csv", and (b)'),
        ("https://example.org/c/d", "https://example.org/c/d"),
        ("and/or 1/2/3", "and/or 1/2/3"),
        ("org/model", "org/model"),
    ],
)
def test_absolute_paths_are_cut(text: str, expected: str) -> None:
    assert figures.without_folders(text) == expected


def test_published_cuts_paths_and_keeps_the_rest(result: BuildResult) -> None:
    shown = figures.published(result)
    assert shown.recipe["base"] == "base"
    assert shown.base_model["id"] == "base"
    assert shown.cleaning.findings[0] == Finding("empty", 1, "in y.csv", ("y.csv:3",))
    assert shown.cleaning.labels == {"train": {"/a/b/c": 3}}
    assert shown.data_source == result.data_source
    assert shown.machine == result.machine
    assert shown.models is result.models
    assert figures.published(shown) == shown


def test_a_baseline_of_another_name_is_called_by_it(result: BuildResult) -> None:
    boosting = dataclasses.replace(result.models[0], name="gradient boosting")
    changed = dataclasses.replace(result, models=(boosting, *result.models[1:]), gates=(), notes=())

    (sentence,) = figures.leading_sentences(changed)

    assert sentence.startswith("The baseline (gradient boosting) is not beaten on known: macro F1 0.900")


def test_no_share_of_a_teacher_below_zero(result: BuildResult) -> None:
    models = (model("teacher", "teacher", 0, unseen=-0.2), model("int8", "variant", 0, unseen=-0.4))
    changed = dataclasses.replace(result, models=models)

    assert figures.share_of_teacher(changed, models[1], "unseen") is None


@pytest.mark.parametrize(
    ("kind", "words", "length", "sentences"),
    [
        ("text-classification", ("label", "rows"), "16 tokens", 0),
        ("multi-label", ("label", "rows"), "16 tokens", 1),
        ("token-classification", ("entity type", "entities"), "16 tokens", 3),
        ("tabular-classification", ("label", "rows"), "one row", 0),
        ("tabular-regression", ("label", "rows"), "one row", 2),
        ("something-new", ("label", "rows"), "16 tokens", 0),
    ],
)
def test_words_of_every_kind(
    result: BuildResult, kind: str, words: tuple[str, str], length: str, sentences: int
) -> None:
    changed = dataclasses.replace(result, kind=kind)

    assert figures.label_words(changed) == words
    assert figures.length_name(changed, "16") == length
    assert len(figures.left_out(changed)) == sentences
    assert all(
        sentence.startswith(("There ", "Nothing ")) and sentence.endswith(".") for sentence in figures.left_out(changed)
    )


def test_what_variants_answer_otherwise_is_said_of_each(result: BuildResult) -> None:
    assert figures.disagreement_sentences(result) == ()
    models = tuple(
        dataclasses.replace(entry, disagreement={"teacher": 1.25 * number})
        for number, entry in enumerate(result.models[1:], start=1)
    )

    (sentence,) = figures.disagreement_sentences(dataclasses.replace(result, models=(result.models[0], *models)))

    listed = ", ".join(f"{entry.name} on {1.25 * number:.1f} %" for number, entry in enumerate(models, start=1))
    assert sentence == f"Test rows answered otherwise than by the teacher: {listed}."
