"""Rules about what a plugin declares: complete, named, licensed, and free of references to nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from hub.contract.domain import (
    CONTRACT_VERSION,
    KINDS,
    Augmentation,
    DataSource,
    Domain,
    Feature,
    Metric,
    Task,
    TaskLoss,
)
from hub.contract.recipe import Recipe, from_mapping
from hub.contract.reference import resolve
from hub.testing.checks import BrokenError, Check, expect, named

SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
REPO = re.compile(r"[\w.-]+(/[\w.-]+)?")
VERSION = re.compile(r"\d+\.\d+")
SUMMARY_CHARACTERS = 120
EXAMPLE_ROWS = 3
"""Fewest examples of a task."""

CARD_WORDS = 5
"""Fewest words of each part of a card."""

COLUMNS = {"label": ("text", "label"), "labels": ("text", "labels"), "spans": ("words", "tags"), "number": ("number",)}
"""Fields that a data set on the Hub has to fill, by what the kind answers."""


def domain_checks(domain: Domain) -> list[Check]:
    """Return the checks of a domain's declaration and of its tasks' declarations."""
    checks = [
        Check("domain-complete", domain.name, lambda: _domain(domain)),
        Check("contract-version", domain.name, lambda: contract(domain.contract)),
    ]
    for task in domain.tasks:
        checks += task_checks(task, f"{domain.name}/{task.name}")
    return checks


def task_checks(task: Task, subject: str) -> list[Check]:
    """Return the checks of a task's declaration; ``subject`` is its id."""
    checks = [
        Check("task-complete", subject, lambda: _task(task)),
        Check("labels-named", subject, lambda: _labels(task)),
        Check("card-present", subject, lambda: _card(task)),
        Check("examples-present", subject, lambda: _examples(task)),
    ]
    checks += [Check("recipe-parses", f"{subject}:{each.name}", partial(_recipe, each)) for each in task.recipes]
    for source in task.sources:
        name = f"{subject}:{source.name}"
        checks.append(Check("licence-named", name, partial(_licence, source)))
        if source.hub is not None:
            checks.append(Check("hub-source-complete", name, partial(_hub_source, task, source)))
    return checks


def contract(version: str) -> str:
    """Return the version a plugin was written for.

    Raises:
        BrokenError: it is not two numbers, of another major version, or newer than this host's.
    """
    expect(VERSION.fullmatch(str(version)), f"contract {version!r} is not of the form '1.0'")
    theirs, ours = (tuple(map(int, text.split("."))) for text in (version, CONTRACT_VERSION))
    expect(theirs[0] == ours[0], f"contract {version} has another major version than this host, {CONTRACT_VERSION}")
    expect(theirs <= ours, f"contract {version} is newer than this host's, {CONTRACT_VERSION}")
    return version


def one_line(text: str, what: str) -> None:
    """Raise unless a summary is one short line.

    Raises:
        BrokenError: it is empty, too long or of several lines.
    """
    expect(text.strip(), f"{what} has no summary")
    expect("\n" not in text, f"the summary of {what} has several lines")
    expect(len(text) <= SUMMARY_CHARACTERS, f"the summary of {what} is longer than {SUMMARY_CHARACTERS} characters")


def _domain(domain: Domain) -> str:
    one_line(domain.summary, "the domain")
    expect(domain.tasks, "it has no task")
    return f"{len(domain.tasks)} task(s)"


def _task(task: Task) -> str:
    one_line(task.summary, "the task")
    for metric in task.metrics:
        expect(SNAKE.fullmatch(metric.name), f"metric {metric.name!r} is not in snake case")
        one_line(metric.summary, f"metric {metric.name!r}")
    for recipe in task.recipes:
        one_line(recipe.summary, f"recipe {recipe.name!r}")
    for source in task.sources:
        one_line(source.summary, f"source {source.name!r}")
        expect(source.version or source.hub, f"source {source.name!r} has no version")
    for part in task.slices:
        one_line(part.summary, f"slice {part.name!r}")
    offered: list[Metric | TaskLoss | Augmentation] = [*task.metrics, *task.losses, *task.augment]
    for each in offered:
        one_line(each.summary, repr(each.name))
    references = [each.function for each in offered] + [source.loader for source in task.sources]
    for reference in (*references, task.taxonomy, task.order):
        if not reference:
            continue  # the host loads it from the Hub, or the task says nothing of its labels
        expect(callable(resolve(reference)), f"{reference} is not a function")
    parts = (("metric", len(task.metrics)), ("recipe", len(task.recipes)), ("source", len(task.sources)))
    return ", ".join(f"{count} {what}(s)" for what, count in parts)


def _labels(task: Task) -> str:
    answers = KINDS[task.kind].answers
    if answers == "number":
        expect(not task.labels, "a task that answers a number has no labels")
        return "answers a number"
    if not task.labels:
        expect(not any(source.loader for source in task.sources), "it has rows of its own, so it knows its labels")
        return "those of the rows"
    fewest = 2 if answers == "label" else 1
    expect(len(task.labels) >= fewest, f"{len(task.labels)} label(s), at least {fewest} are needed")
    for label in task.labels:
        expect(label.id and label.id == label.id.strip(), f"label id {label.id!r} is empty or has space at an end")
    unnamed = [label.id for label in task.labels if not label.name.strip()]
    expect(not unnamed, f"labels without a readable name: {named(unnamed)}")
    return f"{len(task.labels)} labels"


def _card(task: Task) -> str:
    for part in ("description", "intended_use", "out_of_scope", "limits"):
        text = getattr(task.card, part)
        expect(len(text.split()) >= CARD_WORDS, f"the card's {part} has fewer than {CARD_WORDS} words")
    expect(task.card.language, "the card names no language")
    return "description, intended use, out of scope, limits"


def _examples(task: Task) -> str:
    own_columns = KINDS[task.kind].reads == "row" and not task.features and not task.sources
    if own_columns and not task.examples:
        return "none: the columns are those of the user's own rows"
    expect(task.examples, "it names no function that returns examples")
    found = list(resolve(task.examples)())
    expect(len(found) >= EXAMPLE_ROWS, f"{len(found)} example(s), at least {EXAMPLE_ROWS} are needed")
    if KINDS[task.kind].reads == "row":
        for row in found:
            _example_row(row, task.features)
    else:
        for text in found:
            expect(isinstance(text, str) and text.strip(), f"an example is {text!r}, not a text")
        expect(len(set(found)) == len(found), "an example is repeated")
    return f"{len(found)} examples"


def _example_row(row: object, features: tuple[Feature, ...]) -> None:
    expect(isinstance(row, Mapping), f"an example is a {type(row).__name__}, not a mapping of columns to values")
    if not isinstance(row, Mapping):
        return
    names = [feature.name for feature in features]
    strange = sorted(set(row) - set(names)) if names else []
    expect(not strange, f"an example has columns that are no features: {named(strange)}")
    for name, value in row.items():
        expect(value is None or isinstance(value, int | float | str), f"column {name!r} of an example is {value!r}")
    for feature in features:
        value = row.get(feature.name)
        fits = value is None or isinstance(value, str) == (feature.kind == "category")
        expect(fits, f"column {feature.name!r} of an example is {value!r}, the feature is a {feature.kind}")


def _recipe(recipe: Recipe) -> str:
    import yaml

    text = yaml.safe_dump(recipe.to_mapping(), sort_keys=False, allow_unicode=True)
    read = from_mapping(yaml.safe_load(text))
    if read != recipe:
        first, second = recipe.to_mapping(), read.to_mapping()
        differing = [key for key in first if first[key] != second[key]] or ["a type"]
        raise BrokenError(f"written to YAML and read again it differs in {named(differing)}")
    return f"{len(text.splitlines())} lines of YAML"


def _licence(source: DataSource) -> str:
    licence = source.licence
    expect(licence.id.strip(), "the licence has no SPDX identifier; write 'other' when it has none")
    expect(licence.id != "other" or licence.name, "the licence is 'other' and has no name")
    expect(licence.notice.strip(), "the licence has no notice; the bundle's NOTICE carries it")
    return licence.id


def _hub_source(task: Task, source: DataSource) -> str:
    hub = source.hub
    if hub is None:
        raise BrokenError("it is not on the Hub")
    expect(REPO.fullmatch(hub.repo), f"{hub.repo!r} is not the name of a data set on the Hub")
    missing = [name for name in COLUMNS[KINDS[task.kind].answers] if name not in hub.columns]
    if KINDS[task.kind].reads == "row":
        missing = [name for name in missing if name != "text"]
    expect(not missing, f"it names no column for {named(missing)}")
    return f"{hub.repo} at {hub.revision[:8]}"
