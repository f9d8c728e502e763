"""``hub evaluate``: a bundle's scores on labelled rows of your own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli import output
from hub.cli.options import json_option

if TYPE_CHECKING:
    from hub.contract.data import Example
    from hub.contract.metrics import Outcome
    from hub.edge.bundle import Bundle


@click.command()
@click.argument("bundle", metavar="BUNDLE")
@click.option("--data", "file", metavar="FILE", required=True, help="Labelled rows: .csv or .jsonl.")
@click.option("--variant", metavar="NAME", help="Variant to run; the bundle's default one without it.")
@click.option("--text", default="text", show_default=True, help="Column of the text.")
@click.option("--label", default="label", show_default=True, help="Column of the label.")
@json_option
def command(bundle: str, file: str, variant: str | None, text: str, label: str, as_json: bool) -> None:
    """Score a bundle on labelled rows. Needs no PyTorch.

    Labels of the rows must be ids of the bundle's labels; metrics are accuracy, macro F1, top-3 accuracy,
    log loss and expected calibration error, and precision, recall and F1 of every label.
    """
    import dataclasses
    from pathlib import Path

    from hub.contract import metrics
    from hub.contract.errors import DataError
    from hub.contract.recipe import DataOptions
    from hub.data import read_file
    from hub.edge import Bundle

    opened = Bundle.open(bundle, variant=variant)
    try:
        rows = read_file(Path(file), DataOptions(text=text, label=label))
    except DataError as error:
        # The reader speaks of the recipe's keys; here the columns are named by options.
        fix = "rename the column, or name yours: --text ... --label ..." if error.code == "HUB-D003" else error.fix
        raise DataError(error.code, error.what, error.why, fix) from error
    outcome = _outcome(opened, rows)
    functions = (
        metrics.macro_f1,
        metrics.accuracy,
        metrics.top_3_accuracy,
        metrics.log_loss,
        metrics.expected_calibration_error,
    )
    document = {
        "rows": len(rows),
        "variant": opened.variant,
        "metrics": {function.__name__: function(outcome) for function in functions},
        "per_label": {name: dataclasses.asdict(score) for name, score in metrics.per_label(outcome).items()},
    }
    if as_json:
        output.emit_json(document)
        return
    _show(document)


def _outcome(bundle: Bundle, rows: Sequence[Example]) -> Outcome:
    import numpy as np

    from hub.contract.errors import DataError, nearest
    from hub.contract.metrics import Outcome

    index = {label: i for i, label in enumerate(bundle.labels)}
    for row in rows:
        if row.label not in index:
            why = f"the bundle has no label {row.label!r}; {nearest(row.label, index)}"
            raise DataError("HUB-D009", f"unknown label at {row.origin}", why, "use the ids of the bundle's labels")
    truth = np.array([index[row.label] for row in rows], dtype=np.int64)
    return Outcome(tuple(bundle.labels), truth, bundle.probabilities([row.text for row in rows]))


def _show(document: dict[str, object]) -> None:
    from typing import Any, cast

    from hub.contract import numbers

    values = cast("dict[str, Any]", document)
    output.labelled({"rows": values["rows"], "variant": values["variant"]})
    scores = [[numbers.name(name), numbers.number(value)] for name, value in values["metrics"].items()]
    output.show_table("", ["metric", "value"], scores)
    lines = [
        [label, *(numbers.number(score[part]) for part in ("precision", "recall", "f1")), score["rows"]]
        for label, score in values["per_label"].items()
        if score["rows"]
    ]
    output.show_table("", ["label", "precision", "recall", "F1", "rows"], lines)
