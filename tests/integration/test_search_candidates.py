"""What a search keeps of its candidates: students, graphs and scores, and what it takes over from others."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from hub.contract.errors import GateError
from hub.contract.results import GateResult
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.pipeline.build import with_choice
from hub.pipeline.context import Context
from hub.pipeline.progress import Silent
from hub.pipeline.run import Run
from hub.pipeline.stages import distill, export
from hub.pipeline.stages.candidates import DONE, FOLDER, Candidates, Vocabularies, recipe_of, settings_of
from hub.pipeline.stages.lab import Workbench
from hub.pipeline.stages.training import INSTEAD
from hub.search.candidate import Candidate, Student
from tests.support.builds import EXPORTER, TinyBuild, tiny_request

UNTAUGHT = ("student.layers=0", "student.epochs=1", "student.learning_rate=1e-9", "student.batch_size=64")
ONE = Student("layers", (0,), 1)
LEXICAL = Student("lexical", (), 1)


@pytest.fixture
def run(tiny_build: TinyBuild, tmp_path: Path) -> Run:
    """The shared run, to be written to."""
    runs = Path(shutil.copytree(tiny_build.runs, tmp_path / "runs"))
    return Run.open(runs, tiny_build.built.run.name)


def context_of(run: Run, base: Path, settings: Sequence[str] = ()) -> Context:
    return Context(tiny_request(base, *settings), run, Silent())


def candidates_in(context: Context, name: str) -> Candidates:
    folder = context.run.folder / name
    return Candidates(context, folder, Vocabularies(context, folder / "scratch"))


def workbench(context: Context) -> Workbench:
    return Workbench(context, context.run.folder / "search.partial", EXPORTER.forms[:1], None)


def test_the_teacher_never_takes_the_place_of_a_candidate(run: Run, tiny_build: TinyBuild) -> None:
    context = context_of(run, tiny_build.base, (*UNTAUGHT, "student.least_share=90"))

    folder = candidates_in(context, "search.partial").trained(ONE)

    assert json.loads((folder / "model" / "config.json").read_text("utf-8"))["num_hidden_layers"] == 1
    assert not (folder / INSTEAD).exists()


def test_a_student_whose_place_the_teacher_took_is_trained_anew(
    run: Run, tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(run, tiny_build.base)
    first = candidates_in(context, "search").trained(ONE)
    (first / INSTEAD).write_text("{}", "utf-8")
    trained = []
    train = distill.train_student
    monkeypatch.setattr(distill, "train_student", lambda *given: (trained.append(given), train(*given)))

    candidates_in(context, "search.partial").trained(ONE)

    assert len(trained) == 1


def test_scores_and_gates_of_another_search_are_not_taken_over(
    run: Run, tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(run, tiny_build.base)
    first = candidates_in(context, "search").trained(LEXICAL)
    write_json(first / "choice-drawn-fp32.json", {"passed": False})
    (first / "export").mkdir()
    monkeypatch.delattr(distill, "train_student")  # taken over, not trained

    second = candidates_in(context, "search.partial").trained(LEXICAL)

    assert second != first
    assert (second / "model").is_dir()
    assert not list(second.glob("choice-*"))
    assert not (second / "export").exists()


def test_a_neighbour_that_changes_while_it_is_copied_is_left_alone(
    run: Run, tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(run, tiny_build.base)
    candidates_in(context, "search").trained(ONE)

    def vanishing(*_: object, **__: object) -> None:
        raise shutil.Error([("a", "b", "gone")])

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", vanishing)
        folder = candidates_in(context, "search.partial").trained(ONE)

    assert (folder / DONE).is_file()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_graph_that_differs_from_torch_is_refused_in_every_form(
    run: Run, tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = workbench(context_of(run, tiny_build.base))
    wrong = GateResult("parity", 0.5, 1e-4, False)

    def differing(context: Context, folder: Path) -> str:
        write_json(folder / f"{export.PARITY}.json", to_json(wrong))
        raise GateError("HUB-G001", "the exported graph differs", "", "")

    monkeypatch.setattr(export, "run", differing)

    found = [lab.score(Candidate(ONE, form)) for form in ("", EXPORTER.forms[0].name)]

    assert [entry.passed for entry in found] == [False, False]
    assert all("the exported graph differs" in entry.detail for entry in found)


def test_an_untrained_graph_without_its_branch_is_not_taken_for_whole(
    run: Run, tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = dataclasses.replace(ONE, branch=True)
    lab = workbench(context_of(run, tiny_build.base, ("lexical.use=true",)))
    add, calls = Workbench._add_branch, []

    def cut(self: Workbench, *given: object) -> None:
        calls.append(given)
        if len(calls) == 1:
            raise KeyboardInterrupt
        add(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Workbench, "_add_branch", cut)
    with pytest.raises(KeyboardInterrupt):
        lab._graph(student, "")
    lab._graph(student, "")
    lab._graph(student, "")

    assert len(calls) == 2


def test_tries_of_mixed_precision_are_counted_over_attempts(run: Run, tiny_build: TinyBuild) -> None:
    context = context_of(run, tiny_build.base)
    for name, tried in (("a", True), ("b", False), ("c", True)):
        write_json(context.run.folder / "search.partial" / FOLDER / name / "choice-drawn-int8.json", {"mixed": tried})

    assert workbench(context).candidates.mixed() == 2


@pytest.mark.parametrize(("depth", "left"), [(1, (4, 2)), (2, (4,)), (3, (4,)), (4, ()), (6, ())])
def test_students_on_the_way_are_deeper_than_the_candidate(
    tiny_build: TinyBuild, depth: int, left: tuple[int, ...]
) -> None:
    recipe = tiny_request(tiny_build.base, "student.progressive=4,2", "student.layers=0").recipe

    found = recipe_of(recipe, Student("layers", tuple(range(depth)), 1))

    assert found.student.progressive == left


def test_the_recipe_of_the_choice_is_the_one_that_its_student_was_trained_with(run: Run, tiny_build: TinyBuild) -> None:
    context = context_of(run, tiny_build.base, ("student.progressive=3", "student.layers=0"))
    deep = Student("layers", (0, 1, 2), 1)
    chosen = {"settings": settings_of(deep), "form": "", "keep": []}
    run.stage("search").mkdir(exist_ok=True)
    write_json(run.stage("search") / "choice.json", chosen)

    found = with_choice(context).recipe

    assert found == recipe_of(context.recipe, deep)
    assert (found.student.layers, found.student.progressive) == ((0, 1, 2), ())
