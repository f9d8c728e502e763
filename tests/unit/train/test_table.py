from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from hub.contract.errors import RunError
from hub.contract.recipe_tables import Tables
from hub.train import table
from hub.train.loop import Objective, Trainer
from hub.train.table_columns import TableArrays
from hub.train.table_network import TableNetwork, scale_outputs

SMALL = Tables(width=16, members=2, bins=4, embedding=3, epochs=8, batch_size=32, dropout=0.0, student_width=12)


@pytest.fixture(scope="module")
def arrays() -> TableArrays:
    random = np.random.default_rng(1)
    numbers = random.uniform(-1, 1, (240, 2)).astype(np.float32)
    return TableArrays(numbers, random.integers(2, 4, (240, 1)))


@pytest.fixture(scope="module")
def labels(arrays: TableArrays) -> npt.NDArray[np.int64]:
    """Not linear: inside a band of the first number, other way round for one of the categories."""
    inside = np.abs(arrays.numbers[:, 0]) < 0.5
    return (inside ^ (arrays.categories[:, 0] == 3)).astype(np.int64)


def train(
    network: TableNetwork,
    rows: int,
    objective: Objective,
    folder: Path,
    options: Tables = SMALL,
    name: str = table.TEACHER,
    stop_at: int = 0,
) -> TableNetwork:
    steps = 0

    def tick(_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == stop_at:
            raise KeyboardInterrupt

    checkpoint = folder / f"{name}.pt"
    plan = table.plan(options, name, rows, seed=3)
    batches = table.batches(rows, options.batch_size, seed=3)
    Trainer(network, batches, objective, lambda _: float(steps), plan, checkpoint, tick).run()
    return network


def teacher(arrays: TableArrays, outputs: int, options: Tables = SMALL) -> TableNetwork:
    network: TableNetwork = table.make_teacher(arrays, (4,), outputs, options, seed=3)
    return network


def accuracy(network: TableNetwork, arrays: TableArrays, labels: npt.NDArray[np.int64]) -> float:
    return float((table.scores(network, arrays).argmax(1) == labels).mean())


def test_teacher_learns_what_no_line_tells(arrays: TableArrays, labels: npt.NDArray[np.int64], tmp_path: Path) -> None:
    options = Tables(width=16, members=2, bins=4, embedding=3, epochs=30, batch_size=32, learning_rate=1e-2)
    network = teacher(arrays, 2, options)
    train(network, len(arrays), table.teacher_objective(arrays, labels, 2, options), tmp_path, options)

    assert accuracy(network, arrays, labels) > 0.95


def test_same_seed_same_bytes_even_after_an_interruption(
    arrays: TableArrays, labels: npt.NDArray[np.int64], tmp_path: Path
) -> None:
    objective = table.teacher_objective(arrays, labels, 2, SMALL)
    whole = train(teacher(arrays, 2), len(arrays), objective, tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        train(teacher(arrays, 2), len(arrays), objective, tmp_path / "b", stop_at=30)
    resumed = train(teacher(arrays, 2), len(arrays), objective, tmp_path / "b")

    assert np.array_equal(table.scores(whole, arrays), table.scores(resumed, arrays))


def test_student_learns_the_teachers_answers(
    arrays: TableArrays, labels: npt.NDArray[np.int64], tmp_path: Path
) -> None:
    options = Tables(
        width=16, members=2, bins=4, embedding=3, epochs=20, batch_size=32, learning_rate=1e-2, student_epochs=20,
        student_width=16, student_learning_rate=1e-2,
    )  # fmt: skip
    master = teacher(arrays, 2, options)
    train(master, len(arrays), table.teacher_objective(arrays, labels, 2, options), tmp_path, options)
    wanted = table.scores(master, arrays)
    student: TableNetwork = table.make_student(arrays, (4,), 2, options, seed=3)
    objective = table.student_objective(arrays, wanted, labels, options)
    train(student, len(arrays), objective, tmp_path, options, table.STUDENT)

    assert student.shape.members == 1
    assert (table.scores(student, arrays).argmax(1) == wanted.argmax(1)).mean() > 0.95


def test_numbers_come_back_in_their_unit(arrays: TableArrays, tmp_path: Path) -> None:
    truth = 500.0 + 100.0 * np.abs(arrays.numbers[:, 0].astype(np.float64)) + 20.0 * (arrays.categories[:, 0] == 2)
    options = Tables(width=16, members=2, bins=4, embedding=3, epochs=30, batch_size=32, learning_rate=1e-2)
    standard, mean, spread = table.standardized(truth)
    network = teacher(arrays, 1, options)
    train(network, len(arrays), table.teacher_objective(arrays, standard, 1, options), tmp_path, options)
    scale_outputs(network, spread, mean)

    found = table.scores(network, arrays)[:, 0]
    assert np.abs(found - truth).mean() < 0.2 * np.abs(truth - mean).mean()


def test_student_of_numbers_has_no_loss_where_it_agrees(arrays: TableArrays) -> None:
    student = table.make_student(arrays, (4,), 1, SMALL, seed=1).eval()
    answers = table.scores(student, arrays)
    objective = table.student_objective(arrays, answers, answers[:, 0].astype(np.float64), SMALL)

    with torch.no_grad():
        assert float(objective(student, list(range(len(arrays))))) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("share", "heeds_teacher", "heeds_truth"), [(1.0, True, False), (0.5, True, True), (0.0, False, True)]
)
def test_share_of_the_teacher_in_the_students_loss(
    arrays: TableArrays, labels: npt.NDArray[np.int64], share: float, heeds_teacher: bool, heeds_truth: bool
) -> None:
    options = Tables(width=16, members=2, student_width=12, teacher_weight=share)
    student = table.make_student(arrays, (4,), 2, options, seed=1).eval()
    soft = np.zeros((len(arrays), 2), dtype=np.float32)
    sure = np.tile(np.array([[3.0, -3.0]], dtype=np.float32), (len(arrays), 1))

    def loss(teacher: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
        with torch.no_grad():
            return float(table.student_objective(arrays, teacher, truth, options)(student, list(range(50))))

    assert (loss(soft, labels) != loss(sure, labels)) is heeds_teacher
    assert (loss(soft, labels) != loss(soft, 1 - labels)) is heeds_truth


def test_class_weights_count_the_rare_label_more(arrays: TableArrays) -> None:
    labels = (np.arange(240) < 12).astype(np.int64)
    plain = table.teacher_objective(arrays, labels, 3, Tables())
    weighted = table.teacher_objective(arrays, labels, 3, Tables(class_weights="balanced"))
    network = teacher(arrays, 3)
    with torch.no_grad():
        network.head_bias[:, 0] = 5.0  # always the frequent label

        rows = list(range(240))
        assert float(weighted(network, rows)) > 2 * float(plain(network, rows))


def test_batches_hold_every_row_once_in_another_order_each_epoch() -> None:
    draw = table.batches(10, 4, seed=1)

    assert [len(batch) for batch in draw(0)] == [4, 4, 2]
    assert sorted(row for batch in draw(0) for row in batch) == list(range(10))
    assert draw(0) == table.batches(10, 4, seed=1)(0)
    assert draw(0) != draw(1)


@pytest.mark.parametrize(("rows", "wanted"), [(100_000, 256), (5120, 256), (1000, 50), (200, 16), (5, 16)])
def test_small_tables_take_smaller_steps(rows: int, wanted: int) -> None:
    assert table.rows_a_step(Tables(batch_size=256), rows) == wanted
    assert table.rows_a_step(Tables(batch_size=8), rows) == 8


def test_loss_that_is_no_number_is_refused(arrays: TableArrays, tmp_path: Path) -> None:
    broken = TableArrays(np.full_like(arrays.numbers, np.nan), arrays.categories)
    objective = table.teacher_objective(broken, np.zeros(240, dtype=np.int64), 2, SMALL)

    with pytest.raises(RunError) as caught:
        train(teacher(arrays, 2), 240, objective, tmp_path)
    assert caught.value.code == "HUB-T010"


def test_standardized_numbers() -> None:
    found, mean, spread = table.standardized(np.array([1.0, 3.0]))
    assert (found.tolist(), mean, spread) == ([-1.0, 1.0], 2.0, 1.0)
    assert table.standardized(np.array([7.0, 7.0]))[0].tolist() == [0.0, 0.0]


def test_no_rows_have_no_scores(arrays: TableArrays) -> None:
    assert table.scores(teacher(arrays, 3), arrays.take(np.zeros(0, dtype=np.int64))).shape == (0, 3)
