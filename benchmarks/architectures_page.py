"""docs/architectures.md from results/architectures.json: `python benchmarks/architectures_page.py`."""

from __future__ import annotations

from typing import Any

import common

from hub.edge.files import write_text

HEAD = """# Architectures

Generated from `benchmarks/results/architectures.json`; `{command}` measures again.

{machine}

Each row is a small checkpoint with random weights and a tokenizer of its family, exported by `hub export` and compared
with PyTorch on 200 shipped inputs, from one token to {tokens}, one at a time and in batches, padded and not.

- **parity**: largest difference in probability (of vectors: in a component) between PyTorch and the fp32 graph; the
  limit is 1e-4.
- **int8**: share of the inputs that int8 answers as fp32 does; the gate is 99 %. Random weights make this pessimistic:
  their answers have small margins, and nothing in them is redundant. A fine-tuned checkpoint does better; the gate is
  measured again for each. Where it is missed, `hub export` ships fp32 alone.
- **Transformers.js**: {node} opens the bundle, reads the same tokens and gives the same outputs.
- **fusions**: how many times as fast the default variant is without ONNX Runtime's SkipLayerNormFusion and
  BiasGeluFusion, one text of {timed} tokens, one thread. `hub export` times this for each checkpoint and records
  the faster way in the bundle.

"""


def page(document: dict[str, Any]) -> str:
    """Return the page.

    Args:
        document: results/architectures.json.
    """
    cells = document["details"]["cells"]
    lines = [HEAD.format(command=document["command"], machine=machine(document["machine"]), **facts(cells))]
    lines += [*(figure(entry) for entry in document["figures"]), "", *overview(cells), "", "## All cells", ""]
    lines += ["| architecture | kind | export | parity | int8 | Transformers.js | fusions |", "|" + " --- |" * 7]
    lines += [row(name, cell) for name, cell in cells.items()]
    causes = [f"- `{name}`: {text}" for name, cell in cells.items() for text in reasons(cell)]
    if causes:
        lines += ["", "## What failed, and why", "", *causes]
    return "\n".join(lines).rstrip() + "\n"


def facts(cells: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return what the head of the page names."""
    versions = {cell["transformers_js"]["version"] for cell in cells.values() if "version" in _js(cell)}
    return {"node": f"version {', '.join(sorted(versions))}" if versions else "Node", "tokens": 128, "timed": 64}


def machine(found: dict[str, Any]) -> str:
    """Return one line about the machine."""
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    return f"{found['date']}, {found['processor']}, {found['cores']} cores; {packages}."


def figure(entry: dict[str, Any]) -> str:
    """Return a figure with its limit."""
    must = "" if entry["must"] is None else f" (must: {entry['must']:g})"
    missed = " **missed**" if entry["reaches_must"] is False else ""
    return f"- {entry['what']}: {entry['value']:g}{must}{missed}"


def overview(cells: dict[str, dict[str, Any]]) -> list[str]:
    """Return architectures by kinds: which went through with parity."""
    names = [name.split("/") for name in cells]
    columns = list(dict.fromkeys(column for _, column in names if column != "large"))
    lines = ["| architecture | " + " | ".join(columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    for architecture in dict.fromkeys(first for first, _ in names):
        marks = [mark(cells.get(f"{architecture}/{column}")) for column in columns]
        lines.append(f"| {architecture} | " + " | ".join(marks) + " |")
    return lines


def mark(cell: dict[str, Any] | None) -> str:
    """Return one cell of the overview."""
    if cell is None:
        return "not measured"
    return "yes" if cell.get("parity", {}).get("passed") else "no"


def row(name: str, cell: dict[str, Any]) -> str:
    """Return one row of the table of all cells."""
    architecture, column = name.split("/")
    if column == "large":
        column = "text-classification, external data"
    parts = ["yes" if cell["exported"] else "**no**", parity(cell), int8(cell), node(cell), fusions(cell)]
    return f"| {architecture} | {column} | " + " | ".join(parts) + " |"


def parity(cell: dict[str, Any]) -> str:
    """Return the largest difference."""
    found = cell.get("parity", {})
    if found.get("max_difference") is None:
        return ""
    return f"{found['max_difference']:.1e}" + ("" if found["passed"] else " **missed**")


def int8(cell: dict[str, Any]) -> str:
    """Return what int8 kept."""
    found = cell.get("int8")
    if not found:
        return ""
    return f"{100 * found['agreement']:.1f} %" + ("" if found["passed"] else " missed")


def node(cell: dict[str, Any]) -> str:
    """Return whether Transformers.js opens it."""
    return {True: "yes", False: "no", None: ""}[_js(cell).get("opens")]


def fusions(cell: dict[str, Any]) -> str:
    """Return how much faster it is without fusions."""
    found = cell.get("fusions")
    return f"{found['times_faster_without']:.2f} times" if found else ""


def reasons(cell: dict[str, Any]) -> list[str]:
    """Return why parts of a cell failed."""
    found = [cell["reason"]] if cell.get("reason") else []
    if cell.get("int8", {}).get("cause") and not cell["int8"]["passed"]:
        found.append(f"int8: {cell['int8']['cause']}")
    if _js(cell).get("reason"):
        found.append(f"Transformers.js: {_js(cell)['reason']}")
    return [text.replace("|", "/").replace("\n", " ") for text in found]


def verdict(cell: dict[str, Any]) -> str:
    """Return a cell in a few words, for the terminal."""
    return ", ".join(
        part
        for part in ("exported" if cell["exported"] else "failed", parity(cell), int8(cell), *reasons(cell))
        if part
    )


def _js(cell: dict[str, Any]) -> dict[str, Any]:
    return dict(cell.get("transformers_js", {}))


if __name__ == "__main__":
    write_text(common.ROOT / "docs" / "architectures.md", page(common.load("architectures")))
