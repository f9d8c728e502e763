"""``hub evaluate``: a bundle's scores on labelled rows of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.options import json_option
from hub.cli.trusted import show_trusted, trusted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hub.contract.data import Example
    from hub.contract.recipe import DataOptions
    from hub.edge.bundle import Bundle


@click.command()
@click.argument("bundle", metavar="BUNDLE")
@click.option("--data", "file", metavar="FILE", required=True, help="Labelled rows: .csv or .jsonl.")
@click.option("--variant", metavar="NAME", help="Variant to run; the bundle's default one without it.")
@click.option("--text", default="text", show_default=True, help="Column of the text.")
@click.option("--text-pair", default="", help="Column of the second text, for pairs of texts.")
@click.option("--label", default="label", show_default=True, help="Column of the label, or of the number.")
@click.option("--labels", default="labels", show_default=True, help="Column of the labels where a row has several.")
@click.option("--separator", default="|", show_default=True, help="Between labels that stand in one text.")
@click.option("--tokens", default="tokens", show_default=True, help="Column of the words, for entities.")
@click.option("--tags", default="ner_tags", show_default=True, help="Column of the words' tags, for entities.")
@json_option
def command(bundle: str, file: str, variant: str | None, as_json: bool, **columns: Any) -> None:
    """Score a bundle on labelled rows. Needs no PyTorch.

    Labels of the rows must be ids of the bundle's labels, tags those of its entity types. The metrics are those of
    the bundle's kind, with precision, recall and F1 of every label or entity type. The columns of a table are
    read by their names.
    """
    import dataclasses
    from pathlib import Path

    from hub.contract.errors import DataError
    from hub.contract.recipe import DataOptions
    from hub.data import read_file
    from hub.edge.answers import entity_types
    from hub.edge.foreign import open_any
    from hub.evaluate.forms import form_of

    opened = open_any(bundle, variant=variant)
    for warning in opened.warnings:
        output.note(f"warning: {warning}")
    _require_scores(opened)
    columns["words"] = columns.pop("tokens")
    try:
        rows = _read(opened, Path(file), DataOptions(**columns), read_file)
    except DataError as error:
        # The reader speaks of the recipe's keys; here the columns are named by options.
        fix = _fix(opened) if error.code == "HUB-D003" else error.fix
        raise DataError(error.code, error.what, error.why, fix) from error
    names = entity_types(opened.labels) if opened.kind.answers == "spans" else opened.labels
    _check(rows, opened.kind.answers, names)
    form = form_of(opened.manifest.kind, names)
    truth, units, chances = form.truth(rows), form.units(rows), _chances(opened, rows)
    outcome = form.outcome(truth, chances, units, opened.thresholds)
    document = {
        "rows": len(rows),
        "variant": opened.variant,
        "metrics": {function.__name__: function(outcome) for function in _metrics(opened)},
        "per_label": {name: dataclasses.asdict(score) for name, score in form.per_label(outcome).items()},
        **trusted(opened, form.decisions(chances, truth, units, opened.thresholds), rows),
    }
    if as_json:
        output.emit_json(document)
        return
    _show(document, "type" if opened.kind.answers == "spans" else "label")


def _require_scores(bundle: Bundle) -> None:
    """Refuse bundles of kinds for whose answers there are no metrics here."""
    from hub.contract.errors import UsageError

    if not bundle.kind.trained:
        raise UsageError(
            "HUB-U022",
            f"a bundle of {bundle.kind.name} cannot be scored",
            "there are metrics for labels, entities and numbers",
            "ask it: hub predict BUNDLE --input FILE, and compare the answers yourself",
        )


def _read(bundle: Bundle, file: Any, options: DataOptions, read_file: Callable[..., Any]) -> Sequence[Example]:
    import dataclasses

    from hub.contract.domain import Feature

    features: tuple[Feature, ...] = ()
    if bundle.kind.reads == "row":
        features = tuple(Feature(column.name, column.kind) for column in bundle.preprocessor.columns)
        options = dataclasses.replace(options, missing=bundle.preprocessor.missing)
    rows: Sequence[Example] = read_file(file, options, bundle.manifest.kind, features)
    return rows


def _fix(bundle: Bundle) -> str:
    if bundle.kind.reads == "row":
        return "rename the column, or name that of the answer: --label ..."
    options = {"labels": "--text ... --labels ...", "spans": "--tokens ... --tags ..."}
    return f"rename the column, or name yours: {options.get(bundle.kind.answers, '--text ... --label ...')}"


def _check(rows: Sequence[Example], answers: str, names: Sequence[str]) -> None:
    """Refuse rows whose answers the bundle cannot give."""
    from hub.contract.errors import DataError, nearest

    known = set(names)
    told: dict[str, Callable[[Example], Sequence[str]]] = {
        "label": lambda row: (row.label,),
        "labels": lambda row: row.labels,
        "spans": lambda row: [tag[2:] for tag in row.tags if tag[2:]],
        "number": lambda row: (),
    }
    what = "entity type" if answers == "spans" else "label"
    for row in rows:
        for label in told[answers](row):
            if label not in known:
                why = f"the bundle has no {what} {label!r}; {nearest(label, names)}"
                raise DataError("HUB-D009", f"unknown {what} at {row.origin}", why, f"use the bundle's {what}s")


def _chances(bundle: Bundle, rows: Sequence[Example]) -> npt.NDArray[np.float64]:
    """Return what the bundle says of every unit of the rows, [units, outputs]."""
    import numpy as np

    if bundle.kind.answers == "spans":
        return np.concatenate(bundle.word_probabilities([row.words for row in rows]))
    inputs: list[Any] = [_input(bundle, row) for row in rows]
    return bundle.values(inputs)[:, None] if bundle.kind.answers == "number" else bundle.probabilities(inputs)


def _input(bundle: Bundle, row: Example) -> Any:
    if bundle.kind.reads == "row":
        return row.values
    return (row.text, row.text_pair) if row.text_pair else row.text


def _metrics(bundle: Bundle) -> Sequence[Callable[[Any], float]]:
    """Return the metrics of the bundle's kind."""
    from hub.contract import metrics, metrics_binary, metrics_labels, metrics_numbers, metrics_spans

    if bundle.kind.answers == "spans":
        spans = metrics_spans
        return (spans.entity_f1, spans.entity_precision, spans.entity_recall, spans.macro_entity_f1)
    if bundle.kind.answers == "labels":
        labels = metrics_labels
        return (
            labels.micro_f1,
            labels.macro_f1,
            labels.exact_match,
            labels.hamming_loss,
            labels.mean_average_precision,
        )
    if bundle.kind.answers == "number":
        numbers = metrics_numbers
        return (
            numbers.r2,
            numbers.mean_absolute_error,
            numbers.root_mean_squared_error,
            numbers.median_absolute_error,
        )
    binary = (metrics_binary.average_precision, metrics_binary.roc_auc) if len(bundle.labels) == 2 else ()
    ranked = (metrics.top_3_accuracy,) if len(bundle.labels) > 2 else ()
    return (
        metrics.macro_f1,
        metrics.accuracy,
        *ranked,
        *binary,
        metrics.log_loss,
        metrics.expected_calibration_error,
    )


def _show(document: dict[str, object], what: str) -> None:
    from typing import cast

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
    if lines:
        counted = "entities" if what == "type" else "rows"
        output.show_table("", [what, "precision", "recall", "F1", counted], lines)
    show_trusted(values)
