"""docs/performance.md from results/training-speed.json: `python benchmarks/training_speed_page.py`."""

from __future__ import annotations

from typing import Any

import common
from training_speed_parts import LADDER, OTHER

from hub.edge.files import write_text

PAGE = common.ROOT / "docs" / "performance.md"

HEAD = """# Training speed

Generated from `benchmarks/results/training-speed.json`; `{command}` measures again.

{machine}

banking77, {epochs_rows}, all-MiniLM-L6-v2, batches of 64 rows, {threads} threads. Both trainings have the same rate,
course, decay, label smoothing and clipping; transformers' `Trainer` has its other defaults: fp32, random batches padded
to the longest row, the model's own dropout. Neither time contains loading, cutting into tokens and scoring; ours
contains the choice of the precision and a checkpoint after each epoch.

| training | precision | rows a second | seconds | accuracy on test rows |
| --- | --- | --- | --- | --- |
{table}

{figures}

## Where it comes from

One step after the other, each with what the line changes and all lines above it; the same {rounds} batches in turn.

| change | a step | times faster |
| --- | --- | --- |
{ladder}

- **Batches of similar length.** Rows are sorted by length inside windows of 50 batches, and the batches are shuffled.
  A random batch is as long as its longest row, most of it padding.
- **Trimmed embedding table.** Rows of the table that no text here uses get no gradient; they are put aside while
  training and put back after it. The result is the same, and the optimizer has half the weights.
- **No dropout** is the default of the recipes; `teacher.dropout` brings it back.
- **Eager attention.** On short texts its parts are small; the backward pass of fused attention in bf16 is slow on a
  CPU: with `sdpa` the last line of the table would be {sdpa} ms a step.
- **bf16 weights, fp32 masters.** The products read and write half the bytes, and CPUs with AMX or AVX512-BF16 multiply
  them faster. The optimizer keeps fp32 copies, so that small steps are not lost. Whether it is faster is measured
  before each training (`precision: auto`) and stands in the report.
- **Fused AdamW**: {fused} ms a step over all weights of the model, {foreach} ms in the form called foreach, {single} ms
  weight by weight. transformers has fused it too.
- **Denormal numbers are flushed to zero.** AdamW's memory of rows that turn up no more decays into them. What that
  costs depends on the CPU: over such a table of 30,522 x 384 a step takes {kept} ms on this one, flushed {flushed} ms.
- **Tokens are cut once**, not in each epoch: {tokens} ms for a batch, beside {step} ms for its step.

Most of what is left is products of matrices. `torch.compile` is not used, and was not measured.

## Memory

Resident memory after each of {epochs} epochs, in MB: {memory}.

GPUs and several processes: [recipes](recipes.md#gpus-and-several-processes).
"""


def page(document: dict[str, Any]) -> str:
    """Return the page.

    Args:
        document: results/training-speed.json.
    """
    details = document["details"]
    adamw, denormal = details["optimizers"]["adamw_ms"], details["optimizers"]["denormal_ms"]
    steps = [(step.name, details["factors"]["step_ms"][step.name]) for step in LADDER]
    memory = details["memory"]["memory_mb"]
    ours = details["ours"]
    rows = round(ours["rows_per_second"] * ours["seconds"] / len(ours["memory_mb"]))
    return HEAD.format(
        command=document["command"],
        machine=machine(document["machine"]),
        epochs_rows=f"{rows:,} rows, {len(ours['memory_mb'])} epochs",
        threads=ours["threads"],
        table="\n".join(training(name, details[name]) for name in ("transformers", "ours", "ours-fp32")),
        figures="\n".join(figure(entry) for entry in document["figures"][:4]),
        rounds=details["factors"]["steps"],
        ladder="\n".join(rung(steps, place) for place in range(len(steps))),
        fused=adamw["fused"],
        foreach=adamw["foreach"],
        single=adamw["one by one"],
        kept=denormal["kept"],
        flushed=denormal["flushed"],
        tokens=details["factors"]["tokens_ms"],
        step=round(steps[-1][1]),
        sdpa=round(details["factors"]["step_ms"][OTHER.name]),
        epochs=len(memory),
        memory=", ".join(f"{value:.0f}" for value in memory),
    )


_NAMES = {"transformers": "transformers' `Trainer`", "ours": "`hub train`", "ours-fp32": "`hub train`, fp32"}


def training(name: str, found: dict[str, Any]) -> str:
    """Return a row of the first table."""
    return (
        f"| {_NAMES[name]} | {found['precision']} | {found['rows_per_second']:.0f} | {found['seconds']:.0f} "
        f"| {found['score']:.2f} % |"
    )


def rung(steps: list[tuple[str, float]], place: int) -> str:
    """Return a row of the second table."""
    name, value = steps[place]
    times = f"{steps[place - 1][1] / value:.2f}" if place else ""
    return f"| {name} | {value:.0f} ms | {times} |"


def figure(entry: dict[str, Any]) -> str:
    """Return one line about a figure with a limit."""
    sign = "at least" if entry["higher_is_better"] else "at most"
    return f"- {entry['what']}: **{entry['value']:g} {entry['unit']}** (must: {sign} {entry['must']:g})"


def machine(found: dict[str, Any]) -> str:
    """Return one line about the machine."""
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    sets = ", ".join(found["instruction_sets"])
    return f"{found['date']}, {found['processor']}, {found['cores']} cores ({sets}); {packages}."


def main() -> None:
    """Write the page."""
    write_text(PAGE, page(common.load("training-speed")))


if __name__ == "__main__":
    main()
