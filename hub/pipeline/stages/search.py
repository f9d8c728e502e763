"""The search: what is tried for this task and target, and what it found; stands only in builds with a budget."""

from __future__ import annotations

import time
from pathlib import Path

from hub.contract.budget import Budget
from hub.contract.search_results import SearchSummary
from hub.edge.files import sha256, write_json
from hub.edge.machine import instruction_sets
from hub.edge.schema import to_json
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.branch import LEXICAL
from hub.pipeline.stages.candidates import settings_of, wider
from hub.pipeline.stages.lab import Workbench
from hub.pipeline.stages.training import MODEL
from hub.search import choose, profiles
from hub.search.candidate import Candidate
from hub.search.generate import Space, generate
from hub.search.run import BudgetMissedError, Outcome, search
from hub.train.students import LAYERS, STATIC, student_kinds
from hub.train.students import LEXICAL as LEXICAL_FORM

RESULT = "search"
CHOICE = "choice"


def run(context: Context, folder: Path) -> str:
    """Search, and leave ``search.json`` with every candidate and ``choice.json`` with the chosen one.

    Raises:
        GateError: HUB-G010, no candidate keeps the budget; what was trained and measured stays for the next search.
    """
    request = context.request
    budget = request.budget or Budget()
    started = time.monotonic()
    target = profiles.target(request.profile, instruction_sets())
    forms = profiles.forms_for(target, request.exporter.forms, instruction_sets())
    lab = Workbench(context, folder, forms, request.device)
    space = _space(context, lab)
    pieces = {size: lab.vocabularies.pieces(size) for size in space.vocabularies}
    found = search(generate(space), budget, lab, pieces, exhaustive=request.exhaustive)
    summary = _summary(context, lab, target, found, time.monotonic() - started)
    write_json(folder / f"{RESULT}.json", to_json(summary))
    if found.chosen is None:
        raise BudgetMissedError(summary, budget)
    source = lab.candidates.variant(found.chosen.student)
    write_json(folder / f"{CHOICE}.json", _choice(found, found.chosen, source.relative_to(folder)))
    model = files_fingerprint((source / MODEL).iterdir(), source)
    return sha256(folder / f"{CHOICE}.json") + model


def _space(context: Context, lab: Workbench) -> Space:
    """Return what may be combined for this task, this teacher and this profile."""
    kind, exporter = context.kind.name, context.request.exporter
    # A branch that does not help the teacher may help a smaller student.
    lexical = bool(exporter.branch) and (context.run.stage("finetune") / LEXICAL).is_file()
    return Space(
        teacher_layers=int(lab.vocabularies.teacher.config.num_hidden_layers),
        vocabularies=lab.vocabularies.sizes(),
        student_forms=tuple(form for form in (STATIC, LEXICAL_FORM, LAYERS) if kind in student_kinds(form)),
        branches=(False, True) if lexical else (False,),
        forms=tuple(lab.forms) if exporter.quantize else ("",),
        widths=(0, wider(context.recipe.student.width)),
    )


def _choice(found: Outcome, chosen: Candidate, folder: Path) -> dict[str, object]:
    figures = found.found[chosen]
    return {
        "key": figures.key,
        "name": figures.name,
        "settings": settings_of(chosen.student),
        "form": chosen.form,
        "keep": list(figures.keep),
        "folder": folder.as_posix(),
    }


def _summary(
    context: Context, lab: Workbench, target: profiles.Target, found: Outcome, seconds: float
) -> SearchSummary:
    request = context.request
    budget, teacher = request.budget or Budget(), lab.teacher_score()
    entries = sorted(
        found.figures,
        key=lambda entry: (
            entry.key != getattr(found.chosen, "key", ""),
            -entry.score_percent,
            entry.p50_ms,
            entry.key,
        ),
    )
    baseline = lab.baseline_score()
    return SearchSummary(
        limits=budget.limits(),
        profile=request.profile,
        estimated=not target.here or request.device is not None,
        timing=timing_sentence(target, request.device.device if request.device else None),
        rule=choose.rule(budget),
        candidates=tuple(entries),
        teacher_score=teacher,
        baseline_percent=round(100 * baseline / teacher, 4) if teacher > 0 else -1.0,
        baseline="linear baseline",
        trainings=found.trainings,
        evaluations=found.evaluations,
        seconds=round(seconds, 1),
        counts=found.counts(),
    )


def timing_sentence(target: profiles.Target, device: str | None) -> str:
    """Say where the times of a search come from.

    Args:
        target: of the search.
        device: processor whose figures were given, ``None`` without any.
    """
    how = "untrained graphs of the same shape, one text of 16 tokens, one thread"
    if device is not None:
        return f"An estimate: measured on this machine ({how}) and scaled by figures of {device or 'the device'}."
    if target.here:
        return f"Measured on this machine: {how}."
    return f"An estimate for {target.profile}: measured on this machine, which is another one ({how})."
