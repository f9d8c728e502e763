"""``hub models``: base models and published models of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli import output
from hub.cli.options import json_option
from hub.cli.plugins import read_catalogue
from hub.cli.suggest import command as suggest
from hub.contract.errors import UsageError

if TYPE_CHECKING:
    from hub.catalog.schema import BaseEntry, ModelEntry

SHOWN_LANGUAGES = 3
"""Languages that a table lists; of more it gives the number."""


@click.group()
def command() -> None:
    """List, find, show and suggest base models and published models."""


command.add_command(suggest, "suggest")


@command.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List the models of the catalogue.

    A base model is where a training starts: hub build ... --set base=BASE. A published model is a finished bundle.
    """
    registry = read_catalogue().registry
    _list(registry.base_models, registry.models, as_json)
    if not registry.models and not as_json:
        output.say("no models are published yet")


@command.command("search")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--task", default="", metavar="DOMAIN[/TASK]", help="Published models of this task or domain only.")
@click.option("--max-size", metavar="SIZE", help="Published models that fetch at most this: 10MB.")
@click.option("--min-score", type=float, help="Published models with at least this headline score.")
@json_option
def search(words: tuple[str, ...], task: str, max_size: str | None, min_score: float | None, as_json: bool) -> None:
    """Find models of the catalogue, the best match first.

    Every WORD must be found, in names, languages (de or german), tasks, licences or summaries. With --task, --max-size
    or --min-score only published models are listed: base models have no task and no score.
    """
    from hub.catalog.client import search as find
    from hub.catalog.published import keep

    limited = bool(task or max_size) or min_score is not None
    if not words and not limited:
        raise UsageError(
            "HUB-P056", "there is nothing to search for", "", "give a WORD, --task, --max-size, --min-score"
        )
    registry = read_catalogue().registry
    bases = () if limited else find(registry.base_models, words)
    models = keep(find(registry.models, words), task, _size(max_size), min_score)
    if not (bases or models or as_json):
        what = repr(" ".join(words)) if words else "these limits"
        output.say(f"the catalogue has nothing for {what}; see: hub models list")
        return
    _list(bases, models, as_json)


def _size(text: str | None) -> int | None:
    from hub.contract.budget import parse_budget

    return None if text is None else parse_budget(f"size={text}").size_bytes


@command.command("show")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show everything the catalogue knows of model NAME."""
    from hub.catalog.client import find_model

    values = _entry(find_model(read_catalogue().registry, name))
    if as_json:
        output.emit_json(values)
        return
    shown: dict[str, object] = {}
    for key, value in values.items():
        if value in ("", None):
            continue
        text = ", ".join(value) if isinstance(value, list) else f"{value:,}" if isinstance(value, int) else value
        shown[key.replace("_", " ")] = text
    output.labelled(shown)


def _entry(model: BaseEntry | ModelEntry) -> dict[str, Any]:
    """Return a model as plain values."""
    from hub.catalog.schema import BaseEntry
    from hub.edge.schema import to_json

    if isinstance(model, BaseEntry):
        return {"kind": "base model", "base": model.base, **to_json(model)}
    return {"kind": "published model", **to_json(model)}


def _list(bases: Sequence[BaseEntry], models: Sequence[ModelEntry], as_json: bool) -> None:
    if as_json:
        document = {"base_models": [_entry(base) for base in bases], "models": [_entry(model) for model in models]}
        output.emit_json(document)
        return
    if bases:
        rows = [
            (
                base.name,
                round(base.parameters / 1e6, 1),
                round(base.fp32_bytes / 1e6),
                base.layers,
                base.hidden,
                _languages(base.languages),
                base.licence,
                base.model,
            )
            for base in bases
        ]
        columns = ("base model", "M params", "fp32 MB", "layers", "width", "languages", "licence", "model")
        output.show_table("", columns, rows)
    if bases and models:
        output.say()
    if models:
        published = [
            (
                each.name,
                each.task,
                round(each.bytes / 1e6, 1),
                None if each.score is None else round(each.score, 3),
                each.metric,
                _languages(each.languages),
                each.licence,
                each.repo,
            )
            for each in models
        ]
        columns = ("published model", "task", "MB", "score", "metric", "languages", "licence", "repo")
        output.show_table("", columns, published)


def _languages(codes: tuple[str, ...]) -> str:
    return ", ".join(codes) if len(codes) <= SHOWN_LANGUAGES else f"{len(codes)} languages"
