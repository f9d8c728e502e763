"""Each rule of the conformance kit: kept by a sound declaration, and broken by one that breaks it alone."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import sys
import types
import urllib.request
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from hub.contract import (
    CardText,
    DataError,
    Dataset,
    DataSource,
    Domain,
    Example,
    Feature,
    HubDataset,
    Label,
    Licence,
    LoadRequest,
    Metric,
    Outcome,
    Recipe,
    Task,
)
from hub.testing import (
    Check,
    CheckResult,
    ConformanceError,
    domain_checks,
    known_outcomes,
    metric_checks,
    no_network,
    source_checks,
    task_checks,
)
from hub.testing.checks import BrokenError, named
from hub.testing.offline import NetworkRefusedError
from hub.testing.placeholder import labelled_texts

HERE = __name__
LICENCE = Licence("CC0-1.0", notice="Made up.")
CARD = CardText(
    "What this is, in five words or more.",
    "What this is for, at some length.",
    "What this is not for, at some length.",
    "What the limits are, at some length.",
)
REVISION = "0123456789abcdef0123456789abcdef01234567"


def rows(request: LoadRequest) -> Dataset:
    return Dataset(tuple(Example(**row) for row in labelled_texts()))


def texts() -> list[str]:
    return ["one text", "another text", "a third text"]


def sound(**changes: Any) -> Task:
    """Return a task that keeps every rule, with some fields changed."""
    values: dict[str, Any] = {
        "name": "topic",
        "kind": "text-classification",
        "summary": "Which topic a text has",
        "labels": (Label("road", "Roads"), Label("water", "Water"), Label("waste", "Waste")),
        "sources": (source(),),
        "recipes": (Recipe(summary="Minutes"),),
        "metrics": (Metric("accuracy", "hub.contract.metrics:accuracy", "Share of right rows"),),
        "card": CARD,
        "examples": f"{HERE}:texts",
    }
    return Task(**(values | changes))


def source(loader: str = "rows", **changes: Any) -> DataSource:
    values = {"name": "packaged", "summary": "Made-up rows", "licence": LICENCE, "version": "1"}
    return DataSource(**(values | {"loader": f"{HERE}:{loader}" if loader else ""} | changes))


def broken(checks: Iterable[Check]) -> dict[str, str]:
    """Run checks and return the broken rules with their reasons."""
    return {result.rule: result.detail for result in (check.run() for check in checks) if not result.ok}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """References of this file must lead to this very module, whatever name it was imported under."""
    if HERE not in sys.modules:
        module = types.ModuleType(HERE)
        module.__dict__.update(globals())
        monkeypatch.setitem(sys.modules, HERE, module)


def all_checks(task: Task) -> list[Check]:
    return [*task_checks(task, "acme/topic"), *metric_checks(task, "acme/topic"), *source_checks(task, "acme/topic")]


def test_a_sound_task_keeps_every_rule() -> None:
    domain = Domain("acme", "Made-up tasks", (sound(),), "1.0")

    assert broken([*domain_checks(domain), *all_checks(sound())]) == {}


def no_examples() -> list[str]:
    return []


def number_examples() -> list[Any]:
    return ["a", "b", 3]


DECLARED = [
    ("task-complete", {"summary": ""}, "no summary"),
    ("task-complete", {"summary": "one\ntwo"}, "several lines"),
    ("task-complete", {"summary": "long " * 40}, "longer than"),
    ("task-complete", {"metrics": (Metric("Macro-F1", "hub.contract.metrics:macro_f1", "x"),)}, "snake case"),
    ("task-complete", {"metrics": (Metric("f1", "hub.contract.metrics:macro_f9", "x"),)}, "macro_f9"),
    ("task-complete", {"metrics": (Metric("f1", "hub.contract.metrics:__all__", "x"),)}, "not a function"),
    ("task-complete", {"sources": (source(version=""),)}, "no version"),
    ("task-complete", {"sources": (source("no_such_loader"),)}, "no_such_loader"),
    ("labels-named", {"labels": (Label("road", "Roads"), Label("water"), Label("waste", " "))}, "water, waste"),
    ("labels-named", {"labels": (Label("road", "Roads"),)}, "at least 2"),
    ("labels-named", {"labels": (Label("road ", "Roads"), Label("b", "B"))}, "space at an end"),
    ("labels-named", {"labels": ()}, "knows its labels"),
    ("card-present", {"card": dataclasses.replace(CARD, limits="none")}, "card's limits"),
    ("card-present", {"card": dataclasses.replace(CARD, out_of_scope="")}, "card's out_of_scope"),
    ("card-present", {"card": dataclasses.replace(CARD, language="")}, "no language"),
    ("examples-present", {"examples": ""}, "names no function"),
    ("examples-present", {"examples": f"{HERE}:no_examples"}, "at least 3"),
    ("examples-present", {"examples": f"{HERE}:number_examples"}, "an example is 3"),
    ("examples-present", {"examples": f"{HERE}:nowhere"}, "HUB-P010"),
    ("recipe-parses", {"recipes": (Recipe(summary="x", max_length=1),)}, "HUB-R002"),
    ("recipe-parses", {"recipes": (Recipe(summary="x", seed=True),)}, "HUB-R002"),
    ("licence-named", {"sources": (source(licence=Licence("", notice="x")),)}, "no SPDX identifier"),
    ("licence-named", {"sources": (source(licence=Licence("CC0-1.0")),)}, "no notice"),
    ("licence-named", {"sources": (source(licence=Licence("other", notice="x")),)}, "has no name"),
]


@pytest.mark.parametrize(("rule", "changes", "words"), DECLARED)
def test_broken_declaration(rule: str, changes: dict[str, Any], words: str) -> None:
    found = broken(task_checks(sound(**changes), "acme/topic"))

    assert words in found[rule]
    assert set(found) == {rule}


@pytest.mark.parametrize(
    ("contract", "words"), [("2.0", "another major"), ("1.99", "newer than"), ("soon", "not of the form"), ("", "form")]
)
def test_broken_contract_version(contract: str, words: str) -> None:
    found = broken(domain_checks(Domain("acme", "Made-up tasks", (sound(),), contract)))

    assert (set(found), words in found["contract-version"]) == ({"contract-version"}, True)


def test_empty_domain() -> None:
    assert broken(domain_checks(Domain("acme", "Nothing", (), "1.0"))) == {"domain-complete": "it has no task"}


@pytest.mark.parametrize(
    ("repo", "columns", "words"),
    [("org/set", {"text": "t"}, "no column for label"), ("org set", {"text": "t", "label": "l"}, "not the name")],
)
def test_broken_source_on_the_hub(repo: str, columns: dict[str, str], words: str) -> None:
    hub = HubDataset(repo, REVISION, columns=columns)
    task = sound(sources=(source("", offline=False, hub=hub),))

    assert words in broken(task_checks(task, "acme/topic"))["hub-source-complete"]


def test_table_examples_are_mappings_of_the_features() -> None:
    features = (Feature("size", "number", "Metres"), Feature("kind", "category", "Which"))
    task = sound(kind="tabular-classification", features=features)
    for reference, words in (
        ("good_rows", ""),
        ("texts", "not a mapping"),
        ("strange_rows", "no features: colour"),
        ("wrong_rows", "the feature is a number"),
    ):
        found = broken(task_checks(dataclasses.replace(task, examples=f"{HERE}:{reference}"), "acme/topic"))

        assert set(found) == ({"examples-present"} if words else set())
        assert words in found.get("examples-present", "")


def test_examples_are_not_asked_for_where_only_the_user_knows_the_columns() -> None:
    task = sound(kind="tabular-classification", sources=(), labels=(), examples="")
    known = dataclasses.replace(task, features=(Feature("size", "number"),))

    assert broken(task_checks(task, "acme/topic")) == {}
    assert set(broken(task_checks(known, "acme/topic"))) == {"examples-present"}


def good_rows() -> list[dict[str, Any]]:
    return [{"size": 1.0, "kind": "a"}, {"size": None, "kind": "b"}, {"size": 3, "kind": None}]


def strange_rows() -> list[dict[str, Any]]:
    return [*good_rows(), {"colour": "red"}]


def wrong_rows() -> list[dict[str, Any]]:
    return [*good_rows(), {"size": "large", "kind": "a"}]


# --- metrics -------------------------------------------------------------------------------------


def half_a_truth(outcome: Outcome) -> float:
    return 1.0 - float((outcome.predicted == outcome.truth).mean()) if outcome.rows else 0.0


def not_a_number(outcome: Outcome) -> float:
    return float("nan")


def divides(outcome: Outcome) -> float:
    return float(1 / outcome.rows)


def counts(outcome: Outcome) -> int:
    return outcome.rows


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("half_a_truth", "higher is better, yet a perfect prediction has 0"),
        ("not_a_number", "it returned nan"),
        ("divides", "ZeroDivisionError"),
        ("counts", "it returned a int, not a float"),
    ],
)
def test_broken_metric(function: str, words: str) -> None:
    found = broken(metric_checks(sound(metrics=(Metric("m", f"{HERE}:{function}", "x"),)), "acme/topic"))

    assert words in found["metric-known-answers"]


def test_direction_of_a_metric_counts() -> None:
    headline = Metric("accuracy", "hub.contract.metrics:accuracy", "x")
    error = Metric("error", f"{HERE}:half_a_truth", "x", higher_is_better=False)

    assert broken(metric_checks(sound(metrics=(headline, error)), "acme/topic")) == {}


@pytest.mark.parametrize("count", [2, 3, 50])
def test_known_outcomes_are_what_they_say(count: int) -> None:
    task = sound(labels=tuple(Label(f"l{i}", "x") for i in range(count)))

    made: Any = known_outcomes(task)

    assert (made["perfect"].predicted == made["perfect"].truth).all()
    assert (made["wrong"].predicted != made["wrong"].truth).all()
    assert set(made["constant"].predicted) == {0}
    assert (made["one row"].rows, made["no rows"].rows) == (1, 0)
    assert set(made["perfect"].truth) == set(range(count))
    assert abs(made["perfect"].probabilities.sum(axis=1) - 1).max() < 1e-12


@pytest.mark.parametrize("kind", ["multi-label", "token-classification", "tabular-regression"])
def test_known_outcomes_of_other_kinds(kind: str) -> None:
    made: Any = known_outcomes(sound(kind=kind))

    def same(name: str) -> list[bool]:
        pairs = zip(made[name].truth, made[name].predicted, strict=True)
        return [bool(np.all(np.asarray(truth == predicted))) for truth, predicted in pairs]

    assert all(same("perfect"))
    assert not any(same("wrong"))
    assert (made["one row"].rows, made["no rows"].rows) == (1, 0)


# --- rows ----------------------------------------------------------------------------------------


def fetches(request: LoadRequest) -> Dataset:
    urllib.request.urlopen("http://example.invalid/rows.csv")
    return rows(request)


def fetches_in_secret(request: LoadRequest) -> Dataset:
    with contextlib.suppress(OSError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    return rows(request)


def returns_a_list(request: LoadRequest) -> list[Example]:
    return list(rows(request).train)


def returns_nothing(request: LoadRequest) -> Dataset:
    return Dataset(())


_calls = iter(range(10_000))


def changes(request: LoadRequest) -> Dataset:
    found = rows(request).train
    turn = next(_calls) % len(found)
    return Dataset((*found[turn:], *found[:turn]))


def seed_decides_labels(request: LoadRequest) -> Dataset:
    return Dataset(tuple(row for row in rows(request).train if request.seed == 13 or row.label != "water"))


def strange_label(request: LoadRequest) -> Dataset:
    return Dataset((*rows(request).train, Example("please look at the moon", "sky")))


def empty_text(request: LoadRequest) -> Dataset:
    return Dataset((*rows(request).train, Example(" ", "road", origin="page 3")))


def leaks(request: LoadRequest) -> Dataset:
    found = [dataclasses.replace(row, group=str(place // 2)) for place, row in enumerate(rows(request).train)]
    return Dataset(tuple(found[1:]), test=(found[0], *found[40:60:2]))


def too_few(request: LoadRequest) -> Dataset:
    return Dataset(tuple(Example(f"a text about {label}", label) for label in ("road", "water", "waste")))


@pytest.mark.parametrize(
    ("loader", "rule", "words"),
    [
        ("fetches", "loads-offline", "tried to reach example.invalid"),
        ("fetches_in_secret", "loads-offline", "192.0.2.1"),
        ("returns_a_list", "loads-offline", "returned a list, not a Dataset"),
        ("returns_nothing", "loads-offline", "no training rows"),
        ("changes", "same-seed-same-rows", "rows differ"),
        ("seed_decides_labels", "labels-stable", "change with the seed: water"),
        ("strange_label", "labels-stable", "does not declare: sky"),
        ("empty_text", "rows-fit-kind", "train row page 3: it has no text"),
        ("leaks", "splits-complete-no-leaks", "group is also in train"),
        ("too_few", "splits-complete-no-leaks", "HUB-D012"),
    ],
)
def test_broken_rows(loader: str, rule: str, words: str) -> None:
    found = broken(source_checks(sound(sources=(source(loader),)), "acme/topic"))

    assert words in found[rule]


def test_sources_on_the_hub_are_not_loaded() -> None:
    hub = HubDataset("org/set", REVISION, columns={"text": "t", "label": "l"})

    assert source_checks(sound(sources=(source("", offline=False, hub=hub),)), "acme/topic") == []


TABLE = {"kind": "tabular-classification", "features": (Feature("size", "number"), Feature("kind", "category"))}


@pytest.mark.parametrize(
    ("task", "row", "words"),
    [
        ({"kind": "token-classification"}, Example("a", words=("a",), tags=()), "1 words and 0 tags"),
        ({"kind": "token-classification"}, Example("a", words=("a",), tags=("road",)), "neither O nor"),
        ({"kind": "token-classification"}, Example("a b", words=("a", "b"), tags=("O", "I-road")), "follows 'O'"),
        (TABLE, Example("", "road"), "no values"),
        (TABLE, Example("", "road", values={"size": 1.0}), "no value for 'kind'"),
        (TABLE, Example("", "road", values={"size": "1", "kind": "a"}), "the feature is a number"),
        (TABLE, Example("", values={"size": 1.0, "kind": "a"}), "no label"),
        (
            {**TABLE, "kind": "tabular-regression", "labels": ()},
            Example("", values={"size": 1.0, "kind": "a"}, number=float("inf")),
            "its number is inf",
        ),
        ({}, Example("a text"), "no label"),
    ],
)
def test_row_that_does_not_fit_its_kind(task: dict[str, Any], row: Example, words: str) -> None:
    from hub.testing.rows import _fits

    with pytest.raises(BrokenError, match=words):
        _fits(sound(**task), Dataset((row,)))


# --- the frame -----------------------------------------------------------------------------------


def test_network_is_refused_and_comes_back() -> None:
    before = (socket.socket.connect, socket.getaddrinfo)

    with no_network() as tried:
        with pytest.raises(NetworkRefusedError), socket.socket() as plug:
            plug.connect(("127.0.0.1", 9))
        with pytest.raises(NetworkRefusedError):
            socket.getaddrinfo("example.invalid", 80)

    assert len(tried) == 2
    assert (socket.socket.connect, socket.getaddrinfo) == before


def test_check_raises_or_tells() -> None:
    def refuse() -> str:
        raise DataError("HUB-D003", "what", "why")

    good, bad = Check("rule", "thing", lambda: "fine"), Check("rule", "thing", refuse)

    assert (good(), good.run()) == ("fine", CheckResult("rule", "thing", True, "fine"))
    assert bad.run() == CheckResult("rule", "thing", False, "HUB-D003: what; why")
    assert str(bad) == "rule[thing]"
    with pytest.raises(ConformanceError) as caught:
        bad()
    assert (caught.value.rule, caught.value.exit_code, caught.value.code) == ("rule", 1, "HUB-P040")


def test_long_lists_are_cut() -> None:
    assert named("abcdef") == "a, b, c and 3 more"
    assert named("aab") == "a, b"
