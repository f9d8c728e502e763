"""One bundle and many callers: streams, threads, forks; an answer depends on none of them."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import BundleError, HubError, UsageError
from hub.edge import Bundle
from hub.edge.encode import Encoder
from tests.support.tiny_answers import make_answers_bundle, make_gaps_bundle, make_vectors_bundle
from tests.support.tiny_bundle import FILLER, TEXTS, WORDS, make_tiny_bundle
from tests.support.tiny_kinds import make_labels_bundle, make_spans_bundle, make_table_bundle

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
FORK_SECONDS = 60
MAKERS: dict[str, Callable[[Path], Path]] = {
    "label": make_tiny_bundle,
    "labels": make_labels_bundle,
    "spans": make_spans_bundle,
    "number": make_table_bundle,
    "vector": make_vectors_bundle,
    "answer": make_answers_bundle,
    "fill": make_gaps_bundle,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("shared")
    return {name: make(folder / name) for name, make in MAKERS.items()}


def some_inputs(answers: str, count: int) -> list[Any]:
    draw = random.Random(7)
    words = [*FILLER, *(word for group in WORDS.values() for word in group)]
    texts = [" ".join(draw.choices(words, k=draw.randint(1, 40))) for _ in range(count)]
    if answers == "number":
        return [{"width": draw.uniform(0, 9), "colour": draw.choice(["red", "blue", None])} for _ in texts]
    if answers == "answer":
        return [("the river", f"{text} New York") for text in texts]
    return [f"[MASK] {text}" for text in texts] if answers == "fill" else texts


def numbers(answer: Any) -> list[float]:
    """Every number of an answer."""
    if isinstance(answer, float):
        return [answer]
    if isinstance(answer, tuple):
        return [number for entry in answer for number in numbers(entry)]
    slots = getattr(type(answer), "__slots__", ())
    return [number for name in slots for number in numbers(getattr(answer, name))]


@pytest.mark.parametrize("answers", MAKERS)
def test_a_stream_is_answered_like_a_list_in_every_kind(made: dict[str, Path], answers: str) -> None:
    bundle, inputs = Bundle.open(made[answers]), some_inputs(answers, 70)
    expected = [bundle.predict([entry])[0] for entry in inputs]
    exact = not bundle.manifest.variants[bundle.variant].batch_invariant
    for workers in (1, 2):
        for found in (
            bundle.predict(inputs, workers=workers),
            list(bundle.predict_iter(iter(inputs), workers=workers)),
            list(bundle.predict_iter(iter(inputs), batch=9, workers=workers)),
        ):
            assert [type(answer) for answer in found] == [type(answer) for answer in expected]
            if exact:
                assert found == expected
            for mine, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(numbers(mine), numbers(other), atol=1e-5)


@pytest.fixture(scope="module")
def opened(made: dict[str, Path]) -> dict[tuple[str, int], Bundle]:
    return {(v, n): Bundle.open(made["label"], variant=v, threads=n) for v in ("fp32", "int8") for n in (1, 2)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=st.data())
def test_neighbours_order_and_threads_change_no_answer(
    opened: dict[tuple[str, int], Bundle], data: st.DataObject
) -> None:
    texts = data.draw(st.lists(st.sampled_from([*TEXTS, "", "cat", "oak " * 50, "the old river " * 9]), max_size=40))
    order = data.draw(st.permutations(range(len(texts))))
    for variant in ("fp32", "int8"):
        alone = [opened[variant, 1].probabilities([text])[0] for text in texts]
        for threads in (1, 2):
            found = opened[variant, threads].probabilities([texts[i] for i in order])
            for place, i in enumerate(order):
                np.testing.assert_allclose(found[place], alone[i], rtol=0, atol=1e-5 if variant == "fp32" else 0)


def test_a_stream_is_flat_and_read_as_it_is_needed(opened: dict[tuple[str, int], Bundle]) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "cat"

    answers = opened["int8", 1].predict_iter(endless(), batch=4)
    assert [next(answers).label for _ in range(6)] == ["animal"] * 6
    assert taken == 8
    both = opened["int8", 2].predict_iter(endless(), batch=4)
    assert next(both).label == "animal"
    assert taken <= 8 + 3 * 2 * 4


def test_bad_inputs_of_a_stream_can_be_kept(
    opened: dict[tuple[str, int], Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.edge.encode.MAX_CHARACTERS", 50)
    texts = ["cat", "x" * 51, "oak", 5, "chalk"]
    for threads in (1, 2):
        bundle = opened["int8", threads]
        found = list(bundle.predict_iter(iter(texts), errors=True))
        assert [entry.code if isinstance(entry, HubError) else entry.label for entry in found] == [
            "animal", "HUB-E012", "plant", "HUB-E013", "stone"
        ]  # fmt: skip
        answers = bundle.predict_iter(iter(texts), batch=1)
        assert next(answers).label == "animal"
        with pytest.raises(BundleError, match="51 characters"):
            next(answers)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"workers": 0}, {"top": 0}, {"min_confidence": 2.0}])
def test_a_stream_that_cannot_be_is_refused_before_it_is_read(
    opened: dict[tuple[str, int], Bundle], wrong: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        opened["int8", 1].predict_iter(iter(["cat"]), **wrong)
    with pytest.raises(UsageError, match="single text"):
        opened["int8", 1].predict_iter("cat")


def test_tables_of_others_are_answered(made: dict[str, Path]) -> None:
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    bundle = Bundle.open(made["number"])
    rows = [{"width": i / 50, "colour": ["red", "blue"][i % 2]} for i in range(600)]
    expected = bundle.values(rows)
    columns = {name: [row[name] for row in rows] for name in ("colour", "width")}
    records = np.array([(r["width"], r["colour"]) for r in rows], dtype=[("width", "f8"), ("colour", "U5")])
    for table in (columns, pandas.DataFrame(columns, index=range(600, 0, -1)), pyarrow.table(columns), records):
        np.testing.assert_allclose(bundle.values(table), expected, atol=1e-5)  # type: ignore[arg-type]
        found = [answer.value for answer in bundle.predict_iter(table, workers=2)]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    rows[555] = {"width": "wide", "colour": "red"}
    with pytest.raises(BundleError, match="row 556, column 'width'"):
        bundle.predict(rows)


def test_numbers_without_names_are_read_in_the_order_of_the_columns(made: dict[str, Path]) -> None:
    bundle = Bundle.open(made["number"])
    assert bundle.columns == ("width", "colour")
    found = bundle.values(np.array([[2.5, np.nan], [1.0, np.nan]]))  # type: ignore[arg-type]
    np.testing.assert_allclose(found, bundle.values([{"width": w, "colour": None} for w in (2.5, 1.0)]), atol=1e-5)
    with pytest.raises(UsageError, match="width, colour"):
        bundle.values(np.zeros((2, 3)))  # type: ignore[arg-type]


def test_a_column_of_texts_is_answered_and_a_table_refused(opened: dict[tuple[str, int], Bundle]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": ["cat", "oak"]})
    bundle = opened["int8", 1]
    assert [answer.label for answer in bundle.predict(frame["text"])] == ["animal", "plant"]
    for ask in (bundle.predict, bundle.predict_iter):
        with pytest.raises(UsageError, match="give the column"):
            ask(frame)


@pytest.mark.parametrize("threads", [1, 2])
def test_one_bundle_is_shared_between_threads(made: dict[str, Path], threads: int) -> None:
    for variant in ("fp32", "int8"):
        bundle = Bundle.open(made["label"], variant=variant, threads=threads)
        expected = bundle.probabilities(TEXTS)
        begin = threading.Barrier(6, timeout=60)

        def ask(number: int, bundle: Bundle = bundle, begin: threading.Barrier = begin) -> Any:
            begin.wait()
            order = np.roll(np.arange(len(TEXTS)), number)
            found = np.empty((len(TEXTS), 3))
            for _ in range(5):
                found[order] = bundle.probabilities([TEXTS[i] for i in order], workers=1 + number % 2)
            return found

        with ThreadPoolExecutor(6) as pool:
            for found in pool.map(ask, range(6)):
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 if variant == "fp32" else 0)


def in_a_child(work: Callable[[], bool]) -> int:
    """Return the exit code of a forked child: 0 for true. One that hangs is killed, and is -9."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    end = time.monotonic() + FORK_SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -9


@FORKS
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_a_bundle_is_used_on_both_sides_of_a_fork(made: dict[str, Path], variant: str) -> None:
    bundle = Bundle.open(made["label"], variant=variant, threads=2)
    expected = bundle.probabilities(TEXTS)  # opens both sessions, and their threads

    def same() -> bool:
        alone = np.concatenate([bundle.probabilities([text]) for text in TEXTS])
        return np.array_equal(bundle.probabilities(TEXTS), expected) and np.allclose(alone, expected, atol=1e-5)

    assert in_a_child(same) == 0
    assert in_a_child(lambda: in_a_child(same) == 0) == 0  # and a grandchild
    assert same()


@FORKS
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_of_multiprocessing_answers_and_ends(made: dict[str, Path]) -> None:
    global _shared
    _shared = Bundle.open(made["label"], threads=2)
    expected = _shared.predict(TEXTS)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        parts = pool.map(_ask_shared, [TEXTS[:9], TEXTS[9:]])
    assert [answer for part in parts for answer in part] == expected


_shared: Bundle | None = None


def _ask_shared(texts: tuple[str, ...]) -> list[Any]:
    return _shared.predict(texts) if _shared else []


@FORKS
def test_a_child_that_never_asks_ends(made: dict[str, Path], tmp_path: Path) -> None:
    import subprocess

    script = (
        "import os, sys\nfrom hub.edge import Bundle\n"
        f"bundle = Bundle.open({str(made['label'])!r}, threads=2)\nbundle.predict(['cat', 'oak'])\n"
        "child = os.fork()\n"
        "if child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )  # the child leaves as every program does, and takes the bundle down
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        timeout=FORK_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_model_that_was_replaced_is_not_mixed_with_the_old_tokenizer(tiny: Path) -> None:
    bundle = Bundle.open(tiny, threads=2)
    bundle.predict(["cat"])
    model = tiny / bundle.manifest.variants["int8"].file
    content = model.read_bytes()
    model.unlink()
    model.write_bytes(content + b" ")
    with pytest.raises(BundleError, match="changed since") as caught:
        bundle.predict(["cat", "oak"])  # needs a second session
    assert caught.value.code == "HUB-E004"
    assert bundle.predict(["cat"])[0].label == "animal"


def test_padding_is_bounded(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.open(made["label"], variant="fp32")
    shapes, real = [], bundle._model._runtime.run
    monkeypatch.setattr(
        bundle._model._runtime, "run", lambda feeds: shapes.append(feeds["attention_mask"]) or real(feeds)
    )
    texts = ["cat " * n for n in range(1, 60)] * 3
    bundle.predict(texts)
    assert sum(len(mask) for mask in shapes) == len(texts)
    assert len(shapes) < len(texts) / 4
    for mask in shapes:
        assert mask.sum(axis=1).min() >= 0.7 * mask.shape[1] - 4
    shapes.clear()
    monkeypatch.setattr("hub.edge.model.MAX_BATCH_TOKENS", 100)
    bundle.predict(texts)
    assert max(mask.size for mask in shapes) <= 100


def test_tokens_do_not_depend_on_how_many_texts_are_read(made: dict[str, Path], tmp_path: Path) -> None:
    texts = [*TEXTS, "cat " * 90, "", "\ud800 oak", "Ünknown, words; (here)"]
    for stride in (0, 5):
        encoder = Encoder(made["label"] / "tokenizer.json", 32, stride)
        for places in (True, False):
            found = encoder.all_windows(texts, places)
            assert [[w.ids for w in windows] for windows in found] == [
                [w.ids for w in encoder.windows(text)] for text in texts
            ]
        mixed = [("cat", "oak"), "oak", ("the river", "dog " * 90)]
        assert [w[0].ids for w in encoder.all_windows(mixed)] == [encoder.windows(t)[0].ids for t in mixed]


def test_the_threads_of_the_tokenizers_library_stay_as_somebody_set_them(
    made: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    Encoder(made["label"] / "tokenizer.json", 32)
    assert os.environ["TOKENIZERS_PARALLELISM"] == "true"
    monkeypatch.delenv("TOKENIZERS_PARALLELISM")
    Encoder(made["label"] / "tokenizer.json", 32)
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
