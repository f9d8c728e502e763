"""Whole builds of tiny tasks of the other kinds: what the bundle says is what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.contract import LoadRequest, Task, resolve
from hub.contract.errors import UsageError
from hub.contract.results import BuildResult
from hub.data import prepare
from hub.edge import Bundle
from hub.edge.encode import Encoder
from hub.edge.verify import verify
from hub.pipeline.build import Built
from hub.pipeline.context import BuildRequest
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.rows import Rows, Words, labelled
from hub.testing import tiny, tiny_kinds
from tests.support.builds import EXPORTER, quick_build
from tests.support.tiny_bundle import make_vocabulary, write_tokenizer

TASKS = {
    "several": (tiny_kinds.SEVERAL, ()),
    "entities": (tiny_kinds.ENTITIES, ()),
    "pairs": (tiny_kinds.PAIRS, ()),
    # Texts of the task "things" in windows of 8 tokens: most of them are longer.
    "windows": (tiny.TASK, ("max_length=8", "window_stride=2")),
}


@dataclass(frozen=True)
class Case:
    name: str
    task: Task
    built: Built
    out: Path

    @property
    def result(self) -> BuildResult:
        assert self.built.result is not None
        return self.built.result

    @property
    def test_rows(self) -> Rows:
        prepared = prepare(self.task, self.task.recipes[0].data)
        return labelled(prepared, self.task.kind, prepared.dataset.test)


@pytest.fixture(scope="module", params=TASKS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    task, settings = TASKS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    base = tiny.tiny_base(folder / "base")
    recipe = task.recipes[0].with_settings([f"base={base}", *settings])
    asked = BuildRequest(f"tiny/{task.name}", task, "acme-tiny", "1.2", recipe, EXPORTER, out=folder / "bundle")
    built = quick_build(asked, folder / "runs")
    yield Case(request.param, task, built, folder / "bundle")


def predicted(case: Case, variant: str) -> Any:
    """Ask the bundle for the probabilities of every unit of the test rows."""
    bundle, inputs = Bundle.open(case.out, variant=variant), list(case.test_rows.inputs)
    if case.name == "entities":
        return np.concatenate(bundle.word_probabilities(inputs))
    return bundle.probabilities(inputs)


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_the_bundle_scores_what_its_manifest_says(case: Case, variant: str) -> None:
    bundle, rows = Bundle.open(case.out, variant=variant), case.test_rows
    found = bundle.manifest.thresholds.get(variant)
    thresholds = None if found is None else np.array([found[label] for label in bundle.labels])

    outcomes = rows.outcomes(predicted(case, variant), thresholds)

    for part, outcome in outcomes.items():
        for metric in case.task.metrics:
            stated = bundle.manifest.variants[variant].scores[part][metric.name]
            assert resolve(metric.function)(outcome) == pytest.approx(stated, abs=1e-6), metric.name


def test_the_student_learned_the_task(case: Case) -> None:
    rows = {row.role: row for row in case.result.models}

    assert [row.role for row in case.result.models] == ["baseline", "probe", "teacher", "variant", "variant"]
    headline = case.result.headline_metric
    for evaluation in rows["variant"].evaluations.values():
        assert evaluation.metrics[headline] > (0.6 if case.name == "windows" else 0.8)


def test_every_gate_and_check_is_passed(case: Case) -> None:
    assert case.result.gates
    assert [gate.name for gate in case.result.gates if not gate.passed] == []
    assert [check for check in verify(case.out) if not check.ok] == []


def test_report_and_card_are_written(case: Case) -> None:
    card, page = ((case.out / name).read_text("utf-8") for name in ("README.md", "report.html"))

    assert case.result.headline_metric in card
    assert f"tiny/{case.task.name}" in page
    assert ("pipeline_tag: token-classification" in card) == (case.name == "entities")


def test_answers_to_new_texts(case: Case) -> None:
    bundle = Bundle.open(case.out)

    if case.name == "several":
        assert set(bundle.predict(["the old otter near another marble"])[0].labels) == {"animal", "stone"}
        assert bundle.predict(["near under"])[0].labels == ()
    elif case.name == "entities":
        spans = bundle.predict(["under the  Otter"])[0].spans
        assert [(span.start, span.end, span.label, span.text) for span in spans] == [(11, 16, "animal", "Otter")]
    elif case.name == "pairs":
        assert bundle.predict([("the hammer", "an otter")])[0].label == "animal"
        assert bundle.predict([("an otter", "the hammer")])[0].label == "tool"
    else:
        answer = bundle.predict(["the fern and the fern under moss with another birch seen"])[0]
        assert answer.label == "plant"
        assert answer.windows > 1


def test_windows_of_entities_and_windows_that_do_not_get_ahead_are_refused(tmp_path: Path) -> None:
    base = tiny.tiny_base(tmp_path / "base")
    for task, settings in ((tiny_kinds.ENTITIES, "window_stride=2"), (tiny.TASK, "window_stride=20")):
        recipe = task.recipes[0].with_settings([f"base={base}", settings])
        asked = BuildRequest(f"tiny/{task.name}", task, "acme-tiny", "1.2", recipe, EXPORTER)
        with pytest.raises(UsageError) as caught:
            quick_build(asked, tmp_path / "runs")
        assert caught.value.code == "HUB-R007"


def tagged(*rows: tuple[str, str]) -> Rows:
    """Rows of words and tags, each written as one text."""
    from hub.contract import Example

    examples = [Example(words, words=tuple(words.split()), tags=tuple(tags.split())) for words, tags in rows]
    prepared = prepare(tiny_kinds.ENTITIES, tiny_kinds.ENTITIES.recipes[0].data, request=LoadRequest())
    return labelled(prepared, "token-classification", examples)


def test_training_words_are_cut_as_the_tokenizer_cuts_them(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, [*make_vocabulary(), ".", "-"], 16)
    encoder = Encoder(tmp_path / "tokenizer.json", 16)
    rows = tagged(("a u.s. cat", "O B-animal I-animal"), ("b-c d", "O B-tool"))

    finer = finer_words(encoder, rows)

    classes = rows.form.classes
    assert [tuple(words) for words in finer.inputs] == [("a", "u", ".", "s", ".", "cat"), ("b", "-", "c", "d")]
    assert [classes[tag] for tag in finer.truth] == [
        *("O", "B-animal", "I-animal", "I-animal", "I-animal", "I-animal"),
        *("O", "O", "O", "B-tool"),
    ]
    assert finer.units.tolist() == [6, 4]
    assert encode_rows(encoder, finer).places == ((1, 2, 3, 4, 5, 6), (1, 2, 3, 4))
    assert finer_words(encoder, finer).truth.tolist() == finer.truth.tolist()


def test_words_stand_in_their_text() -> None:
    words = Words(["über", "the", "top"])

    assert words.text == "über the top"
    assert [words.text[first:last] for first, last in words.ranges] == list(words)
    assert Words([]).text == ""
