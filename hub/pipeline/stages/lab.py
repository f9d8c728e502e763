"""What measures and trains the candidates of a search; everything it finds is kept in the stage's folder."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import GateError
from hub.contract.exporter import Branch, QuantizedForm
from hub.contract.reference import resolve
from hub.contract.results import Evaluation, GateResult, TrainingResult
from hub.edge.schema import read
from hub.evaluate.baseline import train_text_baseline
from hub.evaluate.gates import drop_gates, share_gates
from hub.evaluate.scores import overall
from hub.pipeline.context import Context, choose_once
from hub.pipeline.run import SCRATCH
from hub.pipeline.stages import export
from hub.pipeline.stages.branch import kept_draws
from hub.pipeline.stages.budgets import check_timed, least_share
from hub.pipeline.stages.candidates import DRAWN, MIXED, Candidates, Vocabularies, share_of_branch
from hub.pipeline.stages.compress import quantized
from hub.pipeline.stages.encoding import encode_rows
from hub.pipeline.stages.finetune import TOKENIZER, load_whole_teacher, teacher_encoder
from hub.pipeline.stages.form_times import TIMINGS, TOKENS, form_times
from hub.pipeline.stages.lengths import texts_of_length
from hub.pipeline.stages.margin import score_draws, share_error_percent
from hub.pipeline.stages.rows import rows_of
from hub.pipeline.stages.running import Candidate as File
from hub.pipeline.stages.running import scores_of
from hub.pipeline.stages.scoring import brief, evaluations, for_gates, headline_score, thresholds_of
from hub.pipeline.stages.training import MODEL
from hub.search import mixed, size
from hub.search.candidate import Candidate, Student
from hub.search.measured import DeviceRatio
from hub.search.probe import peak_memory_bytes
from hub.search.run import Scored, Timing
from hub.train.inference import scores
from hub.train.lexical import FIRST, SECOND

_NO_GATE = 1e9
_MOST_MIXED = 2
"""Candidates of a search for which mixed precision is tried: each costs up to 16 files."""

_WHOLE = "whole"
"""File that says that an untrained graph has its branch."""

_SHORT = 3
"""A first look takes one of so many parts of the recipe's epochs."""


@dataclass(frozen=True)
class Answered:
    """A file on the validation rows: its scores, and those of the headline on rows drawn from them."""

    evaluations: Mapping[str, Evaluation]
    draws: list[float]


class Workbench:
    """The lab of a search; see `hub.search.run.Lab`.

    Args:
        context: of the build; its data and its teacher are there.
        folder: of the search stage at work.
        forms: of the exporter that the profile may use.
        device: how a device compares with this machine.
    """

    def __init__(
        self, context: Context, folder: Path, forms: Sequence[QuantizedForm], device: DeviceRatio | None
    ) -> None:
        self.context, self.folder = context, folder
        self.forms: dict[str, QuantizedForm | None] = {"": None, **{form.name: form for form in forms}}
        self.device = device or DeviceRatio()
        self.vocabularies = Vocabularies(context, folder / SCRATCH)
        self.candidates = Candidates(context, folder, self.vocabularies)
        self.validation = rows_of(context, "validation")
        self.headline = headline_score(self.validation, context.request.task.headline)
        self.epochs = context.recipe.student.epochs
        self._shapes: dict[tuple[Any, ...], size.Shapes] = {}
        self._widths: dict[tuple[Any, ...], int] = {}
        self._told = 0

    @property
    def rungs(self) -> int:
        """A short training and a full one; one alone where the recipe has a single epoch."""
        return 2 if self.epochs > 1 else 1

    def teacher_score(self) -> float:
        """Return the teacher's headline score on validation rows: in PyTorch, with its branch, before any refit."""
        return float(self._teacher()["score"])

    def _teacher(self) -> dict[str, Any]:
        def measured() -> dict[str, Any]:
            model, tokenizer = load_whole_teacher(self.context)
            encoder = teacher_encoder(self.context, tokenizer, self.folder / SCRATCH)
            found = self.validation.form.probabilities(scores(model, encode_rows(encoder, self.validation)))
            slices = for_gates(self.validation, self.context.request.task.headline, found)
            return {"score": self.headline(found), "slices": slices, "draws": self._draws(found)}

        kept = kept_draws(self.context.run.stage("finetune"))
        return kept or choose_once(self.folder, "teacher-drawn", measured)

    def _draws(self, probabilities: npt.NDArray[np.float64]) -> list[float]:
        return score_draws(self.validation, self.context.request.task.headline, probabilities)

    def baseline_score(self) -> float:
        """Return the linear baseline's headline score on validation rows."""

        def measured() -> dict[str, Any]:
            train, calibration = rows_of(self.context, "train"), rows_of(self.context, "calibration")
            seed = self.context.recipe.seed
            model = train_text_baseline(train.form, train, calibration, self.validation, seed=seed)
            return {"score": self.headline(model.probabilities(self.validation.inputs))}

        return float(choose_once(self.folder, "baseline", measured)["score"])

    def size_bytes(self, candidate: Candidate) -> int:
        """Return by arithmetic what fetching the candidate transfers."""
        graph = size.graph_bytes(self._shape(candidate.student), self.forms[candidate.form])
        return graph + self._rest_bytes(candidate.student)

    def _rest_bytes(self, student: Student) -> int:
        labels = [label.id for label in self.context.prepared().labels]
        return self.vocabularies.tokenizer_bytes(student.vocabulary) + size.bundle_bytes(labels)

    def _shape(self, student: Student) -> size.Shapes:
        """Return the numbers of weights of a student, with its branch."""
        smallest = dataclasses.replace(student, vocabulary=self.vocabularies.sizes()[0], branch=False)
        key = smallest.training
        if key not in self._shapes:
            model, _ = self.candidates.initial(smallest, self.folder / SCRATCH / "shape")
            self._shapes[key] = size.shapes_of(model, len(student.layers))
            table: Any = model.get_input_embeddings()
            self._widths[key] = int(table.weight.shape[1])
        pieces = self.vocabularies.pieces(student.vocabulary)
        more = pieces - self.vocabularies.pieces(smallest.vocabulary)
        found = size.with_rows(self._shapes[key], more, self._widths[key])
        if not student.branch:
            return found
        lexical = self.context.recipe.lexical
        return size.with_branch(found, pieces, lexical.buckets, self.validation.form.outputs)

    def times(self, candidates: Sequence[Candidate]) -> Mapping[Candidate, Timing]:
        """Time untrained graphs: one export a shape, every form of it in every session, alternating.

        Each shape is timed several times, with the others in between.
        """
        wanted: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            wanted.setdefault(candidate.student.shape, []).append(candidate)
        timed: dict[Candidate, list[dict[str, Any]]] = {candidate: [] for candidate in candidates}
        for turn in range(TIMINGS):
            for number, group in enumerate(wanted.values()):
                student = dataclasses.replace(group[0].student, vocabulary=self.vocabularies.sizes()[0])
                self._tell(turn * len(wanted) + number, TIMINGS * len(wanted), f"timing {student.name}")
                found = self._timed(student, list(dict.fromkeys(candidate.form for candidate in group)), turn)
                for candidate in group:
                    timed[candidate].append(found[candidate.form])
        check_timed(self.context, all(entries[0]["p50_ms"] for entries in timed.values()))
        return {candidate: self._timing(candidate, entries) for candidate, entries in timed.items()}

    def _timing(self, candidate: Candidate, entries: Sequence[Mapping[str, Any]]) -> Timing:
        best = min(entries, key=lambda entry: float(entry["p50_ms"]))
        return Timing(
            round(best["p50_ms"] * self.device.p50, 4),
            round(best["p95_ms"] * self.device.p95, 4),
            self.size_bytes(candidate) + best["bytes"] - best["predicted_bytes"],
        )

    def _timed(self, student: Student, forms: Sequence[str], turn: int) -> dict[str, Any]:
        return choose_once(self.folder, f"times-{student.shape}-{turn}", lambda: self._time(student, forms))

    def _time(self, student: Student, forms: Sequence[str]) -> dict[str, Any]:
        files = {form: self._graph(student, form) for form in forms}
        exporter = self.context.request.exporter
        encoder = export.student_encoder(self._untrained_view(student))
        texts = texts_of_length(encoder, rows_of(self.context, "train").texts, TOKENS)
        times = form_times(files, exporter, encoder, texts)
        return {
            form: times[form]
            | {
                "bytes": file.stat().st_size,
                "predicted_bytes": size.graph_bytes(self._shape(student), self.forms[form]),
            }
            for form, file in files.items()
        }

    def _untrained_view(self, student: Student) -> Context:
        """Return a context whose student is untrained; nothing is gated on it."""
        source = self.candidates.untrained(student)
        recipe = self.candidates.recipe(student)
        free = dataclasses.replace(recipe, gates=dataclasses.replace(recipe.gates, parity=_NO_GATE, parity_rows=1))
        return self.context.view(free, {"distill": source})

    def _graph(self, student: Student, form: str) -> Path:
        """Return the file of an untrained graph in a form."""
        suffix = self.context.request.exporter.suffix
        place = self.folder / SCRATCH / "untrained" / student.shape
        place.mkdir(parents=True, exist_ok=True)
        source = place / f"{export.GRAPH}{suffix}"
        view = self._untrained_view(student)
        whole = place / _WHOLE
        if not whole.is_file():
            export.run(view, place)
            if student.branch:
                self._add_branch(student, source)
            whole.touch()
        if not form:
            return source
        target = place / f"{form}{suffix}"
        wanted = self.forms[form]
        if wanted is not None and not target.is_file():
            quantized(view, source, target, wanted)
        return target

    def _add_branch(self, student: Student, source: Path) -> None:
        """Put the teacher's branch beside an untrained student: its weights do not matter for time and size."""
        lexical = self.candidates.lexical(self.vocabularies.kept(student.vocabulary))
        if lexical is not None:
            branch = Branch(lexical.table, lexical.bias, lexical.seeds, (FIRST, SECOND))
            resolve(self.context.request.exporter.branch)(source, branch, self.context.kind.outputs[0])

    def memory_bytes(self, candidate: Candidate) -> int:
        """Return the peak memory of a process that answers one text with the untrained graph."""
        student = dataclasses.replace(candidate.student, vocabulary=self.vocabularies.sizes()[0])
        name = f"memory-{student.shape}-{candidate.form}"

        def measured() -> dict[str, Any]:
            tokenizer = self.candidates.untrained(student) / MODEL / TOKENIZER
            runtime = self.context.request.exporter.runtime
            file = self._graph(student, candidate.form)
            return {"bytes": peak_memory_bytes(file, tokenizer, runtime, self.context.recipe.max_length)}

        more = self.size_bytes(candidate) - self.size_bytes(Candidate(student, candidate.form))
        return int(choose_once(self.folder, name, measured)["bytes"]) + more

    def train(self, student: Student, rung: int) -> float:
        """Train a student and return the percent of the teacher's score that it has, without its branch."""
        short = rung < self.rungs - 1
        epochs = math.ceil(self.epochs / _SHORT) if short else None
        self._tell(self._told, self._told + 1, f"training {student.name}" + (" (short)" if short else ""))
        self._told += 1
        folder = self.candidates.trained(student, epochs)
        training = read(TrainingResult, json.loads((folder / "training.json").read_text("utf-8")))
        return self._percent(training.best_score)

    def _percent(self, score: float) -> float:
        teacher = self.teacher_score()
        return round(100 * score / teacher, 4) if teacher > 0 else 100.0

    def score(self, candidate: Candidate) -> Scored:
        """Score the candidate's own file on validation rows, one unpadded text at a time; gate it against fp32."""
        folder = self.candidates.variant(candidate.student)
        self._tell(self._told, self._told + 1, f"scoring {candidate.student.name}, {candidate.form or 'fp32'}")
        if candidate.student.branch and not share_of_branch(folder):
            return Scored(-1.0, used=False)
        found = choose_once(folder, f"{DRAWN}-{candidate.form or 'fp32'}", lambda: self._score(candidate, folder))
        if found["score"] is None:
            return Scored(-1.0, passed=False, detail=found["detail"])
        low = self._too_low(found["slices"])
        return Scored(
            self._percent(found["score"]),
            found["passed"] and not low,
            found["bytes"] + self._rest_bytes(candidate.student) if found["bytes"] else 0,
            found["detail"] or low,
            tuple(found["keep"]),
            error_percent=share_error_percent(self._teacher()["draws"], found["draws"]),
        )

    def _too_low(self, slices: Mapping[str, Any]) -> str:
        """Say which slice lies furthest below what it must keep of the teacher's score; the build gates each of them.

        Args:
            slices: evaluations as JSON values, by slice.

        Returns:
            ``""`` where all keep enough.
        """
        teacher, own = (
            {name: read(Evaluation, part) for name, part in found.items()}
            for found in (self._teacher()["slices"], slices)
        )
        least, limits = least_share(self.context), self.context.recipe.gates
        gates = share_gates(teacher, own, self.context.request.task.headline.name, least, limits)
        missed = [gate for gate in gates if not gate.passed]
        if not missed:
            return ""
        worst = min(missed, key=lambda gate: gate.value)
        where = f" on {worst.name.partition('/')[2]}" if len(slices) > 1 else ""
        whose = "recipe's gates.min_teacher_share" if least == limits.min_teacher_share else "budget's score"
        return f"{worst.value:.1f} % of the teacher{where}; the {whose} is {least:g}"

    def _score(self, candidate: Candidate, folder: Path) -> dict[str, Any]:
        view = self.context.view(self.candidates.recipe(candidate.student), {"distill": folder})
        place = folder / "export"
        place.mkdir(exist_ok=True)
        source = place / f"{export.GRAPH}{self.context.request.exporter.suffix}"
        try:
            _export_once(view, place)
        except GateError as error:
            return {"score": None, "passed": False, "bytes": 0, "detail": error.what, "keep": [], "draws": []}
        before = self._evaluated(view, source)
        if not candidate.form:
            return self._entry(before, source)
        trial = Trial(self, view, source, place / f"{candidate.form}{source.suffix}", candidate.form, before)
        found = trial.run(())
        if trial.missed and self.context.request.exporter.parts and self.candidates.mixed() < _MOST_MIXED:
            parts = resolve(self.context.request.exporter.parts)(source)
            kept = mixed.choose_kept(parts, trial.loss, lambda _: not trial.missed)
            found = {**trial.run(kept.parts), MIXED: True}
        return found

    def _entry(self, found: Answered, file: Path) -> dict[str, Any]:
        headline = self.context.request.task.headline.name
        return {
            "score": headline_of(found.evaluations, headline),
            "slices": brief(found.evaluations, headline),
            "draws": found.draws,
            "passed": True,
            "bytes": file.stat().st_size,
            "detail": "",
            "keep": [],
        }

    def _evaluated(self, view: Context, file: Path) -> Answered:
        rows, exporter = self.validation, self.context.request.exporter
        encoder = export.student_encoder(view)
        probabilities = rows.form.probabilities(scores_of(File(file, exporter, encoder, {}), rows))
        metrics = self.context.request.task.metrics
        found = evaluations(rows, probabilities, metrics, thresholds=thresholds_of(rows, probabilities))
        return Answered(found, self._draws(probabilities))

    def _tell(self, done: float, total: float, text: str) -> None:
        self.context.reporter.tick(done, total, text)


def _export_once(view: Context, folder: Path) -> None:
    """Export a student, unless an earlier form of it has; a graph that is wrong is wrong for every form.

    Raises:
        GateError: HUB-G001, the graph differs from PyTorch.
    """
    file = folder / f"{export.PARITY}.json"
    if not file.is_file():
        export.run(view, folder)
        return
    gate = read(GateResult, json.loads(file.read_text("utf-8")))
    if not gate.passed:
        raise export.differs(view, gate)


class Trial:
    """One form of one student, quantized with some parts kept, and what that costs on validation rows."""

    def __init__(self, lab: Workbench, view: Context, source: Path, target: Path, form: str, before: Answered) -> None:
        self.lab, self.view, self.source, self.target, self.form = lab, view, source, target, form
        self.before = before.evaluations
        self.missed = False

    def run(self, keep: tuple[str, ...]) -> dict[str, Any]:
        """Write the file, score it and say whether its gates hold."""
        form = self.lab.forms[self.form]
        if form is None:
            raise ValueError(f"there is no form {self.form!r}")
        quantized(self.view, self.source, self.target, form, keep)
        after = self.lab._evaluated(self.view, self.target)
        context = self.lab.context
        gates = drop_gates(
            self.before, after.evaluations, context.request.task.headline.name, context.recipe.gates, self.form
        )
        missed = [gate for gate in gates if not gate.passed]
        self.missed = bool(missed)
        detail = "; ".join(f"{gate.name} is {gate.value:g}, limit {gate.limit:g}" for gate in missed)
        entry = self.lab._entry(after, self.target)
        return entry | {"passed": not missed, "detail": f"misses {detail}" if missed else "", "keep": list(keep)}

    def loss(self, keep: tuple[str, ...]) -> float:
        """Return what quantizing costs in headline score while these parts stay fp32."""
        found = self.run(keep)
        return headline_of(self.before, self.lab.context.request.task.headline.name) - float(found["score"])


def headline_of(found: Mapping[str, Evaluation], metric: str) -> float:
    """Return the headline metric over all slices, as early stopping reads it."""
    return overall({name: evaluation.metrics[metric] for name, evaluation in found.items()})
