"""k-fold training: the rows are cut into parts, and each part is scored by a teacher of the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract import Example, Outcome
from hub.contract.errors import DataError
from hub.contract.metrics import macro_f1
from hub.contract.results import FoldsResult
from hub.data import load
from hub.edge.schema import read
from hub.pipeline.build import build
from hub.pipeline.context import BuildRequest
from hub.pipeline.stages import folds
from hub.pipeline.stages.finetune import save_checkpoint
from hub.pipeline.stages.folds import fold_numbers, sentence
from hub.testing import tiny, tiny_kinds
from tests.support.builds import Recorder, tiny_request

ROWS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "", "g1", "g2", "g3"])), min_size=6, max_size=60)


def examples(rows: list[tuple[int, str]]) -> list[Example]:
    return [Example(str(place), label=str(label), group=group) for place, (label, group) in enumerate(rows)]


@given(ROWS, st.integers(2, 5), st.integers(0, 5))
def test_folds_partition_the_rows_and_keep_groups_together(rows: list[tuple[int, str]], count: int, seed: int) -> None:
    groups = {group or str(place) for place, (_, group) in enumerate(rows)}
    labels = [label for label, _ in rows]
    if len(groups) < count:
        with pytest.raises(DataError) as caught:
            fold_numbers(examples(rows), labels, count, seed)
        assert caught.value.code == "HUB-D022"
        return

    found = fold_numbers(examples(rows), labels, count, seed)

    assert len(found) == len(rows)
    assert set(found.tolist()) == set(range(count))
    for group in {group for _, group in rows if group}:
        assert len({int(fold) for fold, (_, other) in zip(found, rows, strict=True) if other == group}) == 1
    assert np.array_equal(found, fold_numbers(examples(rows), labels, count, seed))


@given(ROWS, st.lists(st.integers(0, 9), min_size=200, max_size=200), st.integers(0, 5))
def test_rows_of_one_key_are_in_one_fold(rows: list[tuple[int, str]], keys: list[int], seed: int) -> None:
    keys, labels = keys[: len(rows)], [label for label, _ in rows]
    try:
        found = fold_numbers(examples(rows), labels, 2, seed, keys)
    except DataError as error:
        assert error.code == "HUB-D022"
        return

    for names in (keys, [group for _, group in rows]):
        for name in {name for name in names if name != ""}:
            assert len({int(fold) for fold, other in zip(found, names, strict=True) if other == name}) == 1


def test_groups_and_keys_make_chains() -> None:
    rows = examples([(0, "p"), (0, "p"), (0, "q"), (0, "q"), (1, ""), (1, "")])
    found = fold_numbers(rows, [0] * 6, 2, 1, ["x", "y", "y", "z", "v", "w"])
    assert len(set(found[:4].tolist())) == 1
    assert len(set(found.tolist())) == 2


@given(st.lists(st.integers(0, 3), min_size=5, max_size=80), st.integers(2, 5), st.integers(0, 5))
def test_labels_are_evenly_spread(labels: list[int], count: int, seed: int) -> None:
    found = fold_numbers(examples([(label, "") for label in labels]), labels, count, seed)

    for label in set(labels):
        counts = np.bincount(found[np.array(labels) == label], minlength=count)
        assert counts.max() - counts.min() <= 1 + (counts.sum() < count)
    sizes = np.bincount(found, minlength=count)
    assert sizes.max() - sizes.min() <= len(set(labels))


def test_another_seed_cuts_otherwise() -> None:
    rows = examples([(0, "")] * 40)

    assert not np.array_equal(fold_numbers(rows, [0] * 40, 4, 1), fold_numbers(rows, [0] * 40, 4, 2))


def test_what_is_said_of_it() -> None:
    result = FoldsResult(2, (0.5, 0.7), 0.6, 0.1414, (0.6, 0.8), 40)

    assert sentence(result, "accuracy") == (
        "2-fold: accuracy 0.600 on training rows that a teacher has not seen, "
        "standard deviation 0.141 over the folds (0.500, 0.700)."
    )


# --- a whole training ---------------------------------------------------------------------------------

SHORT = ("teacher.epochs=2", "lexical.use=false")
AGAINST = ("teacher.mixup=0.2", "teacher.rdrop=0.5", "teacher.augment=typos", "loss.name=focal", "teacher.dropout=0.1")


class Notes(Recorder):
    """Keeps what it is told in sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def plain(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The teacher trained once."""
    runs = tmp_path_factory.mktemp("plain")
    return build(tiny_request(base, *SHORT, *AGAINST), runs, Recorder(), "finetune").run


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Notes]:
    """The same with three folds, which was interrupted in the second one."""
    runs, notes = tmp_path_factory.mktemp("folds"), Notes()
    request = tiny_request(base, *SHORT, *AGAINST, "teacher.folds=3")
    _interrupt_in_fold(request, runs, 1)
    assert not list(runs.rglob("out_of_fold.jsonl"))
    return build(request, runs, notes, "finetune").run, notes


def _interrupt_in_fold(request: BuildRequest, runs: Path, at: int) -> None:
    fold = folds._fold

    def stop(context: Any, folder: Path, teachers: Any, parts: Any, number: int) -> Any:
        if number == at:
            raise KeyboardInterrupt
        return fold(context, folder, teachers, parts, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folds, "_fold", stop)
        with pytest.raises(KeyboardInterrupt):
            build(request, runs, Recorder(), "finetune")


def test_finished_folds_are_kept_when_the_final_teacher_is_interrupted(base: Path, tmp_path: Path) -> None:
    request = tiny_request(base, "teacher.epochs=1", "lexical.use=false", "teacher.folds=2")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.pipeline.stages.finetune.save_checkpoint", _after(2, stop))
        with pytest.raises(KeyboardInterrupt):
            build(request, tmp_path, Recorder(), "finetune")
    partial = next(tmp_path.glob("*/finetune.partial"))
    before = (partial / "out_of_fold.jsonl").read_bytes()
    (partial / "folds").mkdir()  # killed before the folder was gone
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folds, "_fold", stop)
        run = build(request, tmp_path, Recorder(), "finetune").run

    assert (run / "finetune" / "out_of_fold.jsonl").read_bytes() == before
    assert not (run / "finetune" / "folds").exists()


def _after(calls: int, then: Callable[..., None]) -> Callable[..., None]:
    """Return a `save_checkpoint` that works so many times."""
    left = iter(range(calls))
    return lambda *given: save_checkpoint(*given) if next(left, None) is not None else then()


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "finetune" / "out_of_fold.jsonl").read_text("utf-8").splitlines()]


def test_every_row_has_the_probabilities_of_a_teacher_that_has_not_seen_it(trained: tuple[Path, Notes]) -> None:
    found = lines(trained[0])

    assert [line["row"] for line in found] == list(range(200))
    assert sorted({line["fold"] for line in found}) == [0, 1, 2]
    for line in found:
        assert set(line["probabilities"]) <= set(tiny.WORDS)
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_mean_and_spread_are_those_of_the_folds(trained: tuple[Path, Notes]) -> None:
    run, notes = trained
    result: FoldsResult = read(FoldsResult, json.loads((run / "finetune" / "folds.json").read_text("utf-8")))

    assert (result.folds, result.rows, len(result.scores), len(result.validation_scores)) == (3, 200, 3, 3)
    assert result.mean == pytest.approx(np.mean(result.scores))
    assert result.deviation == pytest.approx(np.std(result.scores, ddof=1))
    assert notes.said == [sentence(result, "macro_f1")]


def test_scores_of_a_fold_are_those_of_its_lines(trained: tuple[Path, Notes]) -> None:
    run, _ = trained
    labels = tuple(tiny.WORDS)
    truth = np.array([labels.index(row.label) for row in load(run / "data").dataset.train])
    found = np.array([[line["probabilities"].get(label, 0.0) for label in labels] for line in lines(run)])
    parts = np.array([line["fold"] for line in lines(run)])
    scores = [macro_f1(Outcome(labels, truth[parts == part], found[parts == part])) for part in range(3)]

    assert json.loads((run / "finetune" / "folds.json").read_text("utf-8"))["scores"] == pytest.approx(scores)


def test_the_teacher_is_the_one_of_a_training_without_folds(trained: tuple[Path, Notes], plain: Path) -> None:
    one, other = (run / "finetune" / "model" / "model.safetensors" for run in (trained[0], plain))

    assert one.read_bytes() == other.read_bytes()
    assert not (plain / "finetune" / "folds.json").exists()


def test_the_teachers_of_the_folds_are_not_kept(trained: tuple[Path, Notes]) -> None:
    names = {path.name for path in (trained[0] / "finetune").iterdir()}

    assert {"folds.json", "out_of_fold.jsonl", "model"} <= names
    assert "folds" not in names


def test_texts_are_not_written(trained: tuple[Path, Notes]) -> None:
    written = (trained[0] / "finetune" / "out_of_fold.jsonl").read_text("utf-8")

    assert not any(word in written for words in tiny.WORDS.values() for word in words)


def test_progress_says_which_fold(base: Path, trained: tuple[Path, Notes]) -> None:
    ticks = [text for _, _, text in trained[1].ticks["finetune"]]

    assert any(text.startswith("fold 2/3  epoch 1/2") for text in ticks)
    assert any(text.startswith("epoch 1/2") for text in ticks)


@pytest.mark.parametrize("task", [tiny_kinds.SEVERAL, tiny_kinds.ENTITIES], ids=lambda task: task.kind)
def test_other_kinds_are_cut_too(base: Path, tmp_path: Path, task: Any) -> None:
    recipe = task.recipes[0].with_settings([f"base={base}", "teacher.epochs=1", "teacher.folds=2", "lexical.use=false"])
    request = tiny_request(base, task=task, task_id=f"tiny/{task.name}", recipe=recipe)

    run = build(request, tmp_path / "runs", Recorder(), "finetune").run

    found = [line["probabilities"] for line in lines(run)]
    assert len(found) == 320
    if task.kind == "multi-label":
        assert all(0 <= p <= 1 for answer in found for p in answer.values())
    else:
        assert all(sum(word.values()) == pytest.approx(1, abs=2e-3) for answer in found for word in answer)
