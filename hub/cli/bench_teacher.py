"""The teacher of a bundle as a model that ``hub bench`` measures: in PyTorch, as every comparison of the hub has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from hub.contract.errors import RunError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from hub.edge import Bundle
    from hub.edge.bench import Candidate
    from hub.pipeline.context import Context
    from hub.pipeline.run import Run

TEACHER = "teacher"


@contextlib.contextmanager
def opened_teacher(bundle: Bundle, runs: Path, threads: int) -> Iterator[Candidate]:
    """Give the teacher of the run that built a bundle, while the block runs.

    Args:
        bundle: of texts, built by this hub.
        runs: folder where its run is looked for, unless the bundle lies in its run.
        threads: of PyTorch.

    Raises:
        UsageError: HUB-U093, the bundle has no teacher: it is a table's, another tool's, or of no build.
        RunError: HUB-R011 the run is not here; HUB-R035 its teacher is gone.
        ModuleNotFoundError: PyTorch is not installed; the command line says what to do.
    """
    import torch  # first: without it nothing of a run can be used

    from hub.pipeline.stages.finetune import load_whole_teacher

    context = _context(bundle, runs)
    model, tokenizer = load_whole_teacher(context)
    length = context.recipe.max_length

    def call(entry: str | tuple[str, str]) -> Any:
        texts = entry if isinstance(entry, tuple) else (entry,)
        with torch.inference_mode():
            return model(**tokenizer(*texts, truncation=True, max_length=length, return_tensors="pt")).logits

    before, attention = torch.get_num_threads(), model.config._attn_implementation
    torch.set_num_threads(threads)
    model.set_attn_implementation("sdpa")
    try:
        yield _candidate(call, bundle)
    finally:
        torch.set_num_threads(before)
        model.set_attn_implementation(attention)


def _candidate(call: Callable[[Any], Any], bundle: Bundle) -> Candidate:
    from hub.edge.bench import Candidate

    compared = bundle.kind.answers == "label" and bundle.thresholds is None
    labels = bundle.labels
    said = (lambda scores: labels[int(scores.argmax())]) if compared else None
    return Candidate(TEACHER, call, lambda entries: [call(entry) for entry in entries], said=said)


def _context(bundle: Bundle, runs: Path) -> Context:
    from hub.cli.building import reporter, request_of_run
    from hub.pipeline.context import Context

    name = bundle.manifest.provenance.get("run")
    if bundle.kind.reads != "text" or not isinstance(name, str) or not name:
        why = "it reads rows of a table" if bundle.kind.reads != "text" else "no run of this hub built it"
        raise UsageError("HUB-U093", f"{bundle.folder} has no teacher to measure", why, "name a bundle or a file")
    run = _run(bundle.folder, runs, name)
    if run.record("finetune") is None:
        raise RunError("HUB-R035", f"run {name} has no teacher any more", "its stage finetune is gone", "build it anew")
    with reporter() as told:
        return Context(request_of_run(run), run, told)


def _run(folder: Path, runs: Path, name: str) -> Run:
    """Return the run that a bundle still lies in, or that of the name among ``runs``."""
    from hub.pipeline.run import Run

    home = folder.resolve().parent.parent
    return Run.open(home.parent if home.name == name else runs, name)
