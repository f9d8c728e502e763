"""Which of an exporter's forms a build tries, and what it says of exporters that cannot do everything."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from hub.contract import Compression, HubError, QuantizedForm
from hub.contract.results import Latency
from hub.pipeline.stages import compress, export
from hub.pipeline.stages.compress import forms_to_try, session_options
from tests.support.builds import EXPORTER

VNNI = ("avx2", "avx512_vnni")
OTHERS = [
    "int8-matmul", "int8-static-minmax", "int8-static-percentile", "int8-static-entropy", "int8-tables", "int8-blocks",
]  # fmt: skip


@pytest.mark.parametrize(
    ("per_channel", "reduce_range", "names"),
    [
        (True, True, ["int8-per-channel", "int8-per-tensor", *OTHERS]),
        (False, True, ["int8-per-tensor", "int8-per-channel", *OTHERS]),
        (True, False, ["int8-per-channel-full", "int8-per-tensor-full"]),
        (False, False, ["int8-per-tensor-full", "int8-per-channel-full"]),
    ],
)
def test_recipe_chooses_what_is_tried_first(per_channel: bool, reduce_range: bool, names: list[str]) -> None:
    found = forms_to_try(EXPORTER, Compression(per_channel=per_channel, reduce_range=reduce_range), VNNI)

    assert [form.name for form in found] == names


def form(name: str, **options: Any) -> QuantizedForm:
    return QuantizedForm(name, "int8", "", options)


def test_forms_without_these_choices_keep_the_order_of_their_exporter() -> None:
    exporter = dataclasses.replace(EXPORTER, forms=(form("b", preset="mixed"), form("a", preset="performance")))

    assert [each.name for each in forms_to_try(exporter, Compression(), VNNI)] == ["b", "a"]


def test_a_form_of_another_range_is_tried_where_there_is_no_other() -> None:
    exporter = dataclasses.replace(EXPORTER, forms=(form("full", reduce_range=False),))

    assert [each.name for each in forms_to_try(exporter, Compression(reduce_range=True), VNNI)] == ["full"]


def test_what_this_machine_cannot_run_is_not_tried() -> None:
    found = forms_to_try(EXPORTER, Compression(reduce_range=False), ("avx2",))

    assert [each.name for each in found] == ["int8-per-channel", "int8-per-tensor", *OTHERS]


def test_no_form_is_tried_twice() -> None:
    for options in (Compression(), Compression(per_channel=False), Compression(reduce_range=False)):
        found = [each.name for each in forms_to_try(EXPORTER, options, VNNI)]
        assert len(set(found)) == len(found)


def test_format_that_holds_no_branch_is_named() -> None:
    exporter = dataclasses.replace(EXPORTER, name="other", branch="")

    with pytest.raises(HubError) as caught:
        export._branch_adder(exporter)

    assert caught.value.code == "HUB-X013"
    assert "other" in caught.value.what and "lexical branch" in caught.value.what


def times(**milliseconds: float) -> dict[str, Latency]:
    return {name: Latency(16, p50, p50, p50, 1, 1) for name, p50 in milliseconds.items()}


@pytest.mark.parametrize(
    ("found", "chosen"),
    [(times(usual=1.0, a=0.99), "usual"), (times(usual=1.0, a=0.9, b=0.8), "b"), (times(usual=1.0, a=2.0), "usual")],
)
def test_other_session_options_have_to_save_something(found: dict[str, Latency], chosen: str) -> None:
    assert compress.fastest(found, "usual") == chosen
    assert compress.fastest({}, "usual") == "usual"


def test_chosen_session_options_are_those_of_the_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = ({}, {"disabled_optimizers": ("One", "Two")}, {"hint": "throughput"})
    exporter = dataclasses.replace(EXPORTER, sessions=sessions)
    opened: list[Any] = []
    monkeypatch.setattr(compress, "caller", lambda candidate: opened.append(dict(candidate.options)))
    found = {}
    for fastest in ("all optimizers", "One;Two", "hint=throughput"):
        taken = {name: Latency(16, 0.5 if name == fastest else 1.0, 1, 1, 1, 1) for name in
                 ("all optimizers", "One;Two", "hint=throughput")}  # fmt: skip
        monkeypatch.setattr(compress, "measure", lambda callers, texts, tokens, threads, taken=taken: taken)
        chosen = compress._choose_sessions({"fp32": Path("m.onnx")}, exporter, None, ["text"])  # type: ignore[arg-type]
        found[fastest] = session_options(chosen["fp32"])

    assert opened[:3] == [{"threads": 1, **options} for options in sessions]
    assert found == {
        "all optimizers": {"threads": 1},
        "One;Two": {"threads": 1, "disabled_optimizers": ("One", "Two")},
        "hint=throughput": {"threads": 1, "hint": "throughput"},
    }
