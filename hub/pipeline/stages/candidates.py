"""Trained candidates of a search: one training for students that share it, kept and found again by fingerprint."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.compress import vocabulary
from hub.contract.recipe import Recipe
from hub.edge.encode import Encoder
from hub.edge.files import write_json
from hub.edge.schema import to_json
from hub.pipeline.context import Context, chosen_recipe
from hub.pipeline.run import SCRATCH, Run, list_runs, read_record
from hub.pipeline.stages import distill
from hub.pipeline.stages.branch import LEXICAL, MIXTURE, weigh_branch
from hub.pipeline.stages.encoding import encode_rows, finer_words
from hub.pipeline.stages.export import load_student
from hub.pipeline.stages.finetune import TOKENIZER, load_teacher, teacher_encoder
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.training import INSTEAD, MODEL
from hub.pipeline.stages.trimming import write_tokenizer
from hub.search.candidate import WHOLE, Student
from hub.train.base import tokenizer_document
from hub.train.lexical import LexicalModel
from hub.train.mixed import ALONE
from hub.train.students import LAYERS, new_student, save_student_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FOLDER = "candidates"
DONE = "candidate.json"
"""Written last: a folder without it is not finished."""

DRAWN, MIXED = "drawn", "mixed"
"""Of the name of the file with a candidate's score, and what it says where mixed precision was tried."""

SIZES = (1, 4096, 8192, 16384, WHOLE)
"""Vocabularies that are tried, in pieces; 1 is what the training text needs and what spells every other word."""


_WIDER = 1.75
"""Longer vectors take space and hardly time: summing them is not what a small student's answer waits for."""


def wider(width: int) -> int:
    """Return another length of vectors worth trying for students without attention, a multiple of 16."""
    return max(16, 16 * round(_WIDER * width / 16))


def recipe_of(recipe: Recipe, student: Student, epochs: int | None = None) -> Recipe:
    """Return the recipe that makes a student.

    Args:
        recipe: of the build.
        student: wanted.
        epochs: in place of the recipe's.
    """
    found = chosen_recipe(recipe, settings_of(student))
    return dataclasses.replace(found, student=dataclasses.replace(found.student, epochs=epochs or found.student.epochs))


def settings_of(student: Student) -> list[str]:
    """Return a student as ``--set`` takes it."""
    found = [f"student.form={student.form}"]
    if student.form == LAYERS:
        found.append(f"student.layers={','.join(map(str, student.layers))}")
    if student.width:
        found.append(f"student.width={student.width}")
    if student.vocabulary == WHOLE:
        return [*found, "compress.trim_vocabulary=false"]
    return [*found, f"compress.vocabulary={student.vocabulary}"]


class Vocabularies:
    """Which pieces each size keeps, for the teacher and the rows of a build.

    Args:
        context: of the build; its data and its teacher are there.
        scratch: takes the teacher's tokenizer.
    """

    def __init__(self, context: Context, scratch: Path) -> None:
        self.context = context
        self.teacher, self.tokenizer = load_teacher(context)
        self.document = tokenizer_document(self.tokenizer)
        encoder = teacher_encoder(context, self.tokenizer, scratch)
        self.rows = encode_rows(encoder, finer_words(encoder, rows_of(context, "train")))
        self._counts = vocabulary.count_pieces(self.rows.ids)
        options = context.recipe.compress
        self._counts.update(dict.fromkeys(vocabulary.placed_ids(self.teacher), options.min_piece_count))
        self.trims = options.trim_vocabulary and not vocabulary.can_trim(self.document)
        self._scratch = scratch
        self._bytes: dict[int, int] = {}
        self._kept: dict[int, tuple[int, ...]] = {}

    def kept(self, size: int) -> tuple[int, ...] | None:
        """Return the kept ids of the teacher's vocabulary; ``None`` for all of them."""
        if size == WHOLE or not self.trims:
            return None
        if size not in self._kept:  # it takes a while, and every candidate asks
            least = self.context.recipe.compress.min_piece_count
            self._kept[size] = vocabulary.choose_pieces(self.document, self._counts, least, size)
        return self._kept[size]

    def pieces(self, size: int) -> int:
        """Return how many pieces a size keeps."""
        kept = self.kept(size)
        return len(self.document["model"]["vocab"]) if kept is None else len(kept)

    def sizes(self) -> tuple[int, ...]:
        """Return sizes that differ from each other, the smallest first."""
        if not self.trims:
            return (WHOLE,)
        found: dict[int, int] = {}
        for size in SIZES:
            found.setdefault(self.pieces(size), size)
        return tuple(found[pieces] for pieces in sorted(found))

    def write(self, folder: Path, size: int) -> tuple[int, ...] | None:
        """Write the tokenizer of a size as a student's folder has it, and return the kept ids."""
        kept = self.kept(size)
        document = self.document if kept is None else vocabulary.trim_tokenizer(self.document, kept)
        write_tokenizer(folder, document, self.context.recipe.max_length, self.tokenizer)
        return kept

    def tokenizer_bytes(self, size: int) -> int:
        """Return the bytes of the tokenizer's files."""
        if size not in self._bytes:
            folder = self._scratch / f"tokenizer-{size}"
            folder.mkdir(parents=True, exist_ok=True)
            self.write(folder, size)
            self._bytes[size] = sum(file.stat().st_size for file in folder.iterdir())
        return self._bytes[size]


class Candidates:
    """The trained students of a search.

    Args:
        context: of the build.
        folder: of the search stage at work.
        vocabularies: of its teacher.
    """

    def __init__(self, context: Context, folder: Path, vocabularies: Vocabularies) -> None:
        self.context, self.folder, self.vocabularies = context, folder / FOLDER, vocabularies

    def recipe(self, student: Student, epochs: int | None = None) -> Recipe:
        """Return the recipe of the training that a student shares.

        The vocabulary is the build's own: a build without a budget that trained this student is found again.
        """
        own = self.context.recipe
        if student.form != LAYERS:
            return recipe_of(own, student, epochs)
        size = own.compress.vocabulary if self.vocabularies.trims else WHOLE
        return recipe_of(own, dataclasses.replace(student, vocabulary=size), epochs)

    def trained(self, student: Student, epochs: int | None = None) -> Path:
        """Return the folder of a trained student, as the stage ``distill`` leaves it; where there is none it is made.

        Unlike in that stage the teacher never takes its place: the search is told of what it asked for.

        Args:
            student: wanted.
            epochs: fewer than the recipe's, for a first look.
        """
        from hub.pipeline.plan import STAGES, stage_fingerprint

        stage = next(stage for stage in STAGES if stage.name == "distill")
        view = self.context.view(self.recipe(student, epochs), {})
        run = self.context.run
        outputs = {name: record.output for name in stage.needs if (record := run.record(name))}
        key = stage_fingerprint(stage, view.request, run.folder.name, outputs)
        folder = self.folder / key[:16]
        if (folder / DONE).is_file():
            return folder
        partial = self._partial(folder)
        if not _copied(_elsewhere(run, key), partial):
            distill.train_student(view, partial, view.recipe)
        shutil.rmtree(partial / SCRATCH, ignore_errors=True)
        write_json(partial / DONE, {"fingerprint": key})
        partial.replace(folder)
        return folder

    def variant(self, student: Student) -> Path:
        """Return the folder of a trained student with its own vocabulary, with or without its branch.

        Pieces that no training text has were not touched by the training: they are taken from the teacher or left out.
        """
        source = self.trained(student)
        if student.form != LAYERS:
            return source
        name = f"{source.name}-{student.vocabulary}" + ("-branch" if student.branch else "")
        folder = self.folder / name
        if (folder / DONE).is_file():
            return folder
        partial = self._partial(folder)
        self._write_variant(student, source, partial)
        shutil.rmtree(partial / SCRATCH, ignore_errors=True)
        write_json(partial / DONE, {"fingerprint": source.name})
        partial.replace(folder)
        return folder

    def mixed(self) -> int:
        """Return for how many candidates of this search mixed precision was tried."""
        files = self.folder.glob(f"*/choice-{DRAWN}-*.json")
        return sum(bool(json.loads(file.read_text("utf-8")).get(MIXED)) for file in files)

    def untrained(self, student: Student) -> Path:
        """Return the folder of a student with the weights it starts from, for graphs that are only timed."""
        folder = self.folder / (f"untrained-{dataclasses.replace(student, branch=False).shape}-{student.vocabulary}")
        if (folder / DONE).is_file():
            return folder
        partial = self._partial(folder)
        model, kept = self.initial(student, partial)
        save_student_model(model, partial / MODEL)
        write_json(partial / f"{MIXTURE}.json", to_json(ALONE))
        shutil.rmtree(partial / SCRATCH, ignore_errors=True)
        write_json(partial / DONE, {"pieces": len(kept or ())})
        partial.replace(folder)
        return folder

    def initial(self, student: Student, folder: Path) -> tuple[Any, tuple[int, ...] | None]:
        """Return a student as its training starts, with its tokenizer in ``folder``, and the kept ids."""
        kept = self.vocabularies.write(folder / MODEL, student.vocabulary)
        known, recipe = self.vocabularies, self.recipe(student)
        model = new_student(
            known.teacher, known.document, recipe.student, pairs=bool(known.rows.types), seed=recipe.seed
        )
        if kept is not None:
            vocabulary.trim_embeddings(model, kept)
        return model, kept

    def _partial(self, folder: Path) -> Path:
        """Return the working folder of a candidate; what an interrupted attempt left in it is used."""
        partial = folder.with_name(f"{folder.name}.partial")
        (partial / SCRATCH).mkdir(parents=True, exist_ok=True)
        return partial

    def _write_variant(self, student: Student, source: Path, folder: Path) -> None:
        view = self.context.view(self.recipe(student), {"distill": source})
        model = load_student(view)
        self._with_vocabulary(model, student, folder)
        shutil.copyfile(source / "training.json", folder / "training.json")
        kept = self.vocabularies.kept(student.vocabulary)
        lexical = self.lexical(kept) if student.branch else None
        encoder = Encoder(folder / MODEL / TOKENIZER, self.context.recipe.max_length, self.context.recipe.window_stride)
        validation, calibration = (rows_of(self.context, name) for name in ("validation", "calibration"))
        weigh_branch(
            self.context,
            folder,
            model,
            lexical,
            (validation, encode_rows(encoder, validation)),
            (calibration, encode_rows(encoder, calibration)),
        )
        save_student_model(model, folder / MODEL)

    def _with_vocabulary(self, model: PreTrainedModel, student: Student, folder: Path) -> None:
        """Give a trained student another vocabulary, in place, and write its tokenizer."""
        recipe = self.recipe(student)
        now = self.vocabularies.kept(recipe.compress.vocabulary if recipe.compress.trim_vocabulary else WHOLE)
        kept = self.vocabularies.write(folder / MODEL, student.vocabulary)
        if now is not None and now != kept:
            vocabulary.restore_embeddings(model, now, vocabulary.embedding_table(self.vocabularies.teacher))
        if kept is not None and now != kept:
            vocabulary.trim_embeddings(model, kept)
        before = len(self.vocabularies.document["model"]["vocab"])
        pieces = before if kept is None else len(kept)
        note = f"{pieces} of {before} pieces kept" if kept is not None else "not trimmed: the search chose all pieces"
        write_json(folder / "vocabulary.json", {"pieces": pieces, "note": note})

    def lexical(self, kept: Sequence[int] | None) -> LexicalModel | None:
        """Return the teacher's branch for a vocabulary; ``None`` when it has none."""
        file = self.context.run.stage("finetune") / LEXICAL
        if not file.is_file():
            return None
        found = LexicalModel.load(file)
        return found if kept is None else found.keep_pieces(kept)


def share_of_branch(folder: Path) -> float:
    """Return how much the branch of a student counts, 0..1."""
    return float(json.loads((folder / f"{MIXTURE}.json").read_text("utf-8"))["share"])


def _copied(source: Path | None, target: Path) -> bool:
    """Copy a trained student without what was measured of it: that was with other gates, forms or code, perhaps."""
    if source is None:
        return False
    fresh = target.with_name(f"{target.name}-copy")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        shutil.copytree(source, fresh, ignore=shutil.ignore_patterns(SCRATCH, "choice-*", "export"))
    except OSError:  # a neighbour at work has changed it meanwhile
        shutil.rmtree(fresh, ignore_errors=True)
        return False
    shutil.rmtree(target, ignore_errors=True)
    fresh.replace(target)
    return True


def _elsewhere(run: Run, key: str) -> Path | None:
    """Find a student with equal inputs: in an earlier search of this run or of a neighbour, or in a finished stage.

    Where the teacher took a student's place, the student is not there any more.
    """
    for other in list_runs(run.folder.parent):
        # The search at work is its own partial folder; the finished one beside it had another budget or other code.
        for name in ("search",) if other.folder == run.folder else ("search", "search.partial"):
            folder = other.folder / name / FOLDER / key[:16]
            try:
                known = json.loads((folder / DONE).read_text("utf-8")).get("fingerprint")
                if known == key and not (folder / INSTEAD).is_file():
                    return folder
            except (OSError, ValueError):
                continue
        record = read_record(other.stage("distill"))
        if record is not None and record.fingerprint == key and not (other.stage("distill") / INSTEAD).is_file():
            return other.stage("distill")
    return None
