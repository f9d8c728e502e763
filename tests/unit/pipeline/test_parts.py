"""The smaller parts of the pipeline: rows, lengths, recipes, logs, documents."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from pathlib import Path

import numpy as np
import pytest

from hub.contract import Example, LoadRequest, UsageError
from hub.contract.recipe import Recipe
from hub.data import prepare
from hub.edge.encode import Encoder
from hub.pipeline.build import Built
from hub.pipeline.context import choose_once
from hub.pipeline.documents import build_json, result_json
from hub.pipeline.progress import libraries_to_log, logs_to
from hub.pipeline.recipes import find_recipe, read_recipe
from hub.pipeline.stages.lengths import texts_of_length
from hub.pipeline.stages.rows import Rows, labelled
from hub.pipeline.stages.scoring import headline_score
from hub.testing import tiny
from tests.support.results import build_result
from tests.support.tiny_bundle import make_vocabulary, write_tokenizer


@pytest.fixture(scope="module")
def rows() -> Rows:
    prepared = prepare(tiny.TASK, tiny.RECIPE.data)
    return labelled(prepared, tiny.TASK.kind, prepared.dataset.test)


def test_rows_have_their_labels_as_indices(rows: Rows) -> None:
    assert rows.form.classes == tuple(tiny.WORDS)
    assert len(rows.texts) == len(rows.truth) == len(rows.slices) == len(rows.origins) == 192
    for text, target in zip(rows.texts, rows.truth, strict=True):
        assert set(text.split()) & set(tiny.WORDS[rows.form.classes[target]])


def test_outcomes_come_in_the_declared_order_of_slices(rows: Rows) -> None:
    assert rows.slices[0] == tiny.LONG
    probabilities = np.eye(4)[rows.truth]

    outcomes = rows.outcomes(probabilities)

    assert list(outcomes) == [tiny.SHORT, tiny.LONG]
    assert all((outcome.predicted == outcome.truth).all() for outcome in outcomes.values())
    assert sum(len(outcome.truth) for outcome in outcomes.values()) == len(rows.texts)


def test_rows_without_slices_are_one_part() -> None:
    prepared = prepare(tiny.TASK, tiny.RECIPE.data)
    plain = dataclasses.replace(labelled(prepared, tiny.TASK.kind, [Example("a fern", "plant")]), parts=())

    assert list(plain.outcomes(np.full((1, 4), 0.25))) == ["all"]


@pytest.mark.parametrize("count", [1, 2, 5, 191, 192, 1000])
def test_spread_takes_so_many_rows_from_everywhere(rows: Rows, count: int) -> None:
    chosen = rows.spread(count)

    assert len(chosen.texts) == min(count, 192)
    assert len(set(chosen.texts)) == len(chosen.texts)
    assert chosen.texts[0] == rows.texts[0]
    if count > 1:
        assert chosen.texts[-1] == rows.texts[-1]
    place = {text: i for i, text in enumerate(rows.texts)}
    assert chosen.truth.tolist() == [rows.truth[place[t]] for t in chosen.texts]
    assert chosen.parts == rows.parts


def test_the_headline_score_is_the_mean_over_the_slices(rows: Rows) -> None:
    """All right on one slice, all wrong on the other: accuracy 1 and 0."""
    right = np.array([part == tiny.SHORT for part in rows.slices])
    predicted = np.where(right, rows.truth, (rows.truth + 1) % 4)
    accuracy = next(metric for metric in tiny.TASK.metrics if metric.name == "accuracy")

    assert headline_score(rows, accuracy)(np.eye(4)[predicted]) == 0.5


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("encoder")
    write_tokenizer(folder, make_vocabulary(), 32)
    return Encoder(folder / "tokenizer.json", 32)


@pytest.mark.parametrize("tokens", [3, 16, 31, 32])
def test_texts_have_exactly_so_many_tokens(encoder: Encoder, tokens: int) -> None:
    texts = ["cat dog horse", "old oak near the river", "granite zebra"]

    found = texts_of_length(encoder, texts, tokens, count=10)

    assert found == texts_of_length(encoder, texts, tokens, count=10)
    assert len(set(found)) == len(found)
    assert len(found) == 10 if tokens > 3 else found
    words = {word for text in texts for word in text.split()}
    for text in found:
        assert set(text.split()) <= words
        encoding = encoder.encode([text])[0]
        assert len(encoding.ids) == tokens
        assert not encoding.overflowing


@pytest.mark.parametrize(
    ("texts", "tokens"),
    [([], 16), ([""], 16), (["cat"], 33), (["cat"], 2), (["x" * 40], 16)],
    ids=["none", "empty", "longer than read", "no room", "one long word"],
)
def test_there_may_be_no_such_texts(encoder: Encoder, texts: list[str], tokens: int) -> None:
    assert texts_of_length(encoder, texts, tokens) == []


def test_few_words_give_few_texts(encoder: Encoder) -> None:
    assert texts_of_length(encoder, ["cat"], 16) == [" ".join(["cat"] * 14)]


def test_a_choice_is_measured_once(tmp_path: Path) -> None:
    answers = iter([{"threads": 1}, {"threads": 2}])

    first = choose_once(tmp_path, "sessions", lambda: next(answers))
    again = choose_once(tmp_path, "sessions", lambda: next(answers))
    other = choose_once(tmp_path, "other", lambda: next(answers))

    assert (first, again, other) == ({"threads": 1}, {"threads": 1}, {"threads": 2})


def test_recipes_are_found_by_name_or_file(tmp_path: Path) -> None:
    assert find_recipe(tiny.TASK, None) == find_recipe(tiny.TASK, "tiny") == tiny.RECIPE
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nmax_length: 48\nstudent:\n  layers: [1, 2]\n", "utf-8")
    recipe = find_recipe(tiny.TASK, str(file))
    assert (recipe.name, recipe.max_length, recipe.student.layers) == ("mine", 48, (1, 2))
    assert recipe.teacher == Recipe().teacher
    assert read_recipe(write(tmp_path / "empty.yml", "")) == Recipe()


def write(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def test_an_unknown_recipe_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'tiny'") as caught:
        find_recipe(tiny.TASK, "tinny")
    assert caught.value.code == "HUB-R005"


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        (b"teacher: [", "HUB-R004", "flow"),
        (b"\xff\xfe", "HUB-R004", ""),
        (b"teacher:\n  epoch: 3\n", "HUB-R001", "did you mean 'teacher.epochs'"),
        (b"teacher: 3\n", "HUB-R002", "teacher"),
        (b"- 1\n", "HUB-R002", "the recipe must be a mapping"),
        (b"max_length: long\n", "HUB-R002", "max_length"),
    ],
)
def test_a_bad_recipe_file_is_refused(tmp_path: Path, content: bytes, code: str, part: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read_recipe(file)

    assert caught.value.code == code
    assert part in str(caught.value)


def test_a_recipe_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml") as caught:
        find_recipe(tiny.TASK, str(tmp_path / "mine.yaml"))
    assert caught.value.code == "HUB-R004"


def test_warnings_and_logs_go_to_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import transformers

    transformers.utils.logging.get_logger("transformers")  # gives the library its handler
    library = logging.getLogger("transformers")
    handlers, root = library.handlers[:], logging.getLogger().handlers[:]
    assert handlers
    with logs_to(tmp_path / "run.log"), libraries_to_log(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.getLogger("some.library").info("an é of a library")
        library.warning("a word of transformers")
        warnings.warn("mind the gap", UserWarning, stacklevel=1)

    text = (tmp_path / "run.log").read_text("utf-8")
    assert "INFO some.library: an é of a library" in text
    assert text.count("a word of transformers") == 1
    assert "mind the gap" in text
    assert capfd.readouterr() == ("", "")
    assert (library.handlers, logging.getLogger().handlers) == (handlers, root)


def test_handlers_come_back_after_an_error(tmp_path: Path) -> None:
    import transformers

    transformers.utils.logging.get_logger("transformers")
    library, root = logging.getLogger("transformers"), logging.getLogger()
    before = library.handlers[:], library.propagate, root.handlers[:], root.level
    with pytest.raises(ZeroDivisionError), logs_to(tmp_path / "run.log"), libraries_to_log():
        _ = 1 / 0
    assert (library.handlers, library.propagate, root.handlers, root.level) == before


def test_the_document_of_a_build_has_the_agreed_fields(tmp_path: Path) -> None:
    result = build_result()
    built = Built(tmp_path / "run", tmp_path / "out", tmp_path / "out" / "report.html", result, ("data",), 1.26)

    document = build_json(built)

    assert document | result_json(result) == document
    assert document["run"] == "run"
    assert document["bundle"] == str(tmp_path / "out")
    assert document["reused"] == ["data"]
    assert document["seconds"] == 1.3
    assert {"headline", "baseline", "teacher", "variants", "default_variant", "gates"} <= set(document)


def test_a_build_that_stopped_early_has_no_result(tmp_path: Path) -> None:
    document = build_json(Built(tmp_path / "run", None, None, None, (), 0.0))

    assert document == {"run": "run", "bundle": None, "report": None, "reused": [], "seconds": 0.0}


def test_the_tiny_rows_are_what_they_say() -> None:
    data = tiny.load(LoadRequest(seed=1))
    texts = [row.text for _, rows in data for row in rows]

    assert len(texts) == len(set(texts)) == 4 * (50 + 12 + 12 + 48)
    assert data == tiny.load(LoadRequest(seed=1))
    assert data != tiny.load(LoadRequest(seed=2))
    assert not set(tiny.examples()) & set(texts)
    assert len(tiny.examples()) >= 24
    words = [word for words in tiny.WORDS.values() for word in words]
    assert len(set(words) | set(tiny.FILLER) | set(tiny.SPARE)) == len(words) + len(tiny.FILLER) + len(tiny.SPARE)
    for text, label in [(row.text, row.label) for _, rows in data for row in rows]:
        assert {w for w in text.split() if w not in tiny.FILLER} <= set(tiny.WORDS[label])
