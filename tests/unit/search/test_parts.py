"""What is tried, for whom, and what a device or a part of a graph costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.errors import UsageError
from hub.contract.exporter import QuantizedForm
from hub.contract.results import Latency, ModelResult
from hub.search import mixed, profiles, size
from hub.search.candidate import WHOLE, Candidate, Student
from hub.search.generate import Space, generate, students
from hub.search.measured import device_ratio, read_measured

X86 = ("sse4_1", "avx", "avx2", "fma")
VNNI = (*X86, "avx512f", "avx512_vnni")
FORMS = (
    QuantizedForm("plain", "int8", "everywhere"),
    QuantizedForm("full", "int8", "8 bit", requires=("avx512_vnni",)),
    QuantizedForm("blocks", "int4", "not in browsers", profiles=("x86-avx2", "x86-vnni", "arm64")),
    QuantizedForm("browser", "int8", "for browsers", profiles=("wasm",)),
)


def test_depths_are_the_first_layer_the_last_and_what_lies_between() -> None:
    found = students(Space(6, (1,)))

    assert [student.layers for student in found] == [(0,), (0, 5), (0, 2, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)]


@given(st.integers(1, 24), st.lists(st.sampled_from([1, 100, 8192, WHOLE]), min_size=1, unique=True))
def test_every_combination_once(depth: int, vocabularies: list[int]) -> None:
    space = Space(depth, tuple(vocabularies), ("static", "layers"), (False, True), ("", "int8"))

    found = generate(space)

    assert len(set(found)) == len(found)
    assert all(layer < depth for one in found for layer in one.student.layers)
    assert all(len(set(one.student.layers)) == len(one.student.layers) for one in found)
    stacks = sum(wanted <= depth for wanted in (1, 2, 3, 4, 6))
    assert len(found) == 2 * len(vocabularies) * (1 + 2 * stacks)
    assert not any(one.student.branch for one in found if one.student.form == "static")


def test_students_without_attention_are_trained_for_each_vocabulary_and_layers_once() -> None:
    assert Student("layers", (0,), 1).training == Student("layers", (0,), 8192, branch=True).training
    assert Student("lexical", (), 1).training != Student("lexical", (), 8192).training
    assert Candidate(Student("layers", (0,), 1)).key != Candidate(Student("layers", (0,), 1), "int8").key


def test_students_without_attention_come_in_several_widths_each_a_training_of_its_own() -> None:
    found = students(Space(2, (1, 100), ("lexical", "layers"), widths=(0, 112)))

    light = [student for student in found if student.form == "lexical"]
    assert [(student.width, student.vocabulary) for student in light] == [(0, 1), (0, 100), (112, 1), (112, 100)]
    assert len({student.training for student in light}) == len({student.name for student in light}) * 2 == 4
    assert len({student.shape for student in light}) == 2
    assert not any(student.width for student in found if student.form == "layers")


@pytest.mark.parametrize(
    ("profile", "machine", "names", "here"),
    [
        ("portable", VNNI, ["plain"], True),
        ("this-machine", VNNI, ["plain", "full", "blocks", "browser"], True),
        ("this-machine", X86, ["plain", "blocks", "browser"], True),
        ("x86-vnni", VNNI, ["plain", "full", "blocks"], True),
        ("x86-vnni", X86, ["plain", "blocks"], False),
        ("x86-avx2", VNNI, ["plain", "blocks"], False),
        ("x86-avx2", X86, ["plain", "blocks"], True),
        ("arm64", VNNI, ["plain", "blocks"], False),
        ("arm64", ("neon",), ["plain", "blocks"], True),
        ("wasm", VNNI, ["plain", "browser"], False),
    ],
)
def test_a_profile_says_what_may_be_used_and_whether_it_can_be_timed_here(
    profile: str, machine: tuple[str, ...], names: list[str], here: bool
) -> None:
    target = profiles.target(profile, machine)

    assert [form.name for form in profiles.forms_for(target, FORMS, machine)] == names
    assert target.here is here


def test_an_unknown_profile_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"HUB-U081.*\n.*'x86-vnni'"):
        profiles.target("x86-vnnni", VNNI)


def latency(p50: float, p95: float) -> Latency:
    return Latency(16, p50, p95, p50, 1, 200)


HERE = (
    ModelResult("teacher", "teacher", latency={"16": latency(14.0, 15.0)}),
    ModelResult("student fp32", "variant", "fp32", latency={"16": latency(2.0, 3.0), "64": latency(9.0, 9.0)}),
    ModelResult("student int8", "variant", "int8", latency={"16": latency(1.0, 1.5)}),
)


def device(**variants: Any) -> dict[str, Any]:
    return {
        "machine": {"processor": "Cortex-A72"},
        "variants": {
            name: {"lengths": {"16": {"p50_ms": p50, "p95_ms": p95}}} for name, (p50, p95) in variants.items()
        },
    }


def test_the_ratio_is_the_median_over_what_both_measured() -> None:
    found = device_ratio(device(fp32=(16.0, 30.0), int8=(6.0, 9.0), other=(1.0, 1.0)), HERE, "16", "f.json")

    assert (found.p50, found.p95, found.device, found.tokens) == (7.0, 8.0, "Cortex-A72", "16")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (device(other=(1.0, 1.0)), "no variant was measured by both at 16 tokens; the run has fp32, int8"),
        (device(int8=(0.0, 1.0)), "p50_ms of the variant 'int8' is 0.0"),
        (device(int8=(1.0, True)), "p95_ms of the variant 'int8' is True"),
        (device(int8=("fast", 1.0)), "'fast'"),
        (device(int8=(float("inf"), 1.0)), "inf"),
        ({"variants": {"int8": {"p50_ms": 1.0}}}, "no 'lengths'"),
        ({"variants": {"int8": []}}, "no 'lengths'"),
        (
            {"variants": {"int8": {"lengths": {"64": {"p50_ms": 1.0, "p95_ms": 1.0}}}}},
            "no variant was measured by both",
        ),
    ],
)
def test_figures_of_a_device_that_mean_nothing_are_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        device_ratio(document, HERE, "16", "f.json")

    assert caught.value.code == "HUB-U082"
    assert said in str(caught.value)
    assert "hub bench" in caught.value.fix


def test_figures_of_another_bundle_are_refused() -> None:
    document = device(int8=(6.0, 9.0))
    document["variants"]["int8"]["sha256"] = "a" * 64

    assert device_ratio(document, HERE, "16", "f.json").p50 == 6.0
    assert device_ratio(document, HERE, "16", "f.json", {"int8": "a" * 64}).p50 == 6.0
    with pytest.raises(UsageError, match="another file than the run's"):
        device_ratio(document, HERE, "16", "f.json", {"int8": "b" * 64})


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"variants": []}', '{"variants": {}}', "[" * 100_000])
def test_a_file_that_is_not_what_bench_prints_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "measured.json"
    file.write_text(text, "utf-8")

    with pytest.raises(UsageError, match="HUB-U082"):
        read_measured(file)


def test_a_missing_file_is_refused_and_a_good_one_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="HUB-U082"):
        read_measured(tmp_path / "none.json")
    file = tmp_path / "good.json"
    file.write_text(json.dumps(device(int8=(1.0, 2.0))), "utf-8")
    assert device_ratio(read_measured(file), HERE, "16", "good.json").p50 == 1.0


class Graph:
    """Parts with a known cost each; the gate holds when at most ``allowed`` is lost."""

    def __init__(self, costs: dict[str, float], allowed: float) -> None:
        self.costs, self.allowed, self.files = costs, allowed, 0

    def loss(self, keep: tuple[str, ...]) -> float:
        self.files += 1
        return sum(cost for part, cost in self.costs.items() if part not in keep)

    def passes(self, keep: tuple[str, ...]) -> bool:
        return sum(cost for part, cost in self.costs.items() if part not in keep) <= self.allowed


def test_the_worst_parts_are_kept_and_no_more() -> None:
    graph = Graph({"a": 0.1, "b": 5.0, "c": 0.2, "d": 3.0, "e": 0.0}, allowed=0.5)

    kept = mixed.choose_kept(tuple(graph.costs), graph.loss, graph.passes)

    assert kept.parts == ("b", "d")
    assert kept.gains[0] == ("b", 5.0)
    assert kept.evaluations == graph.files <= mixed.most_evaluations(5)


def test_where_nothing_helps_nothing_is_kept() -> None:
    graph = Graph({"a": 1.0, "b": 1.0}, allowed=-1.0)

    assert mixed.choose_kept(("a", "b"), graph.loss, graph.passes).parts == ()
    assert mixed.choose_kept((), graph.loss, graph.passes) == mixed.Kept((), 0)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=80), st.floats(0, 50))
def test_the_gate_holds_with_what_is_kept_after_few_files(costs: list[float], allowed: float) -> None:
    graph = Graph({f"part-{place:02d}": cost for place, cost in enumerate(costs)}, allowed)

    kept = mixed.choose_kept(tuple(graph.costs), graph.loss, graph.passes)

    assert graph.passes(kept.parts)  # with everything kept nothing is lost
    assert graph.files == kept.evaluations <= mixed.most_evaluations(len(costs)) <= 16
    assert list(kept.parts) == sorted(kept.parts)


def graph(shapes: size.Shapes, form: QuantizedForm | None) -> int:
    """Return the bytes of the weights alone."""
    return size.graph_bytes(shapes, form) - size.graph_bytes(size.Shapes(0, 0, 0, 0, 0), form)


@pytest.mark.parametrize(
    ("form", "weights"),
    [
        (None, 4 * 3010),
        (QuantizedForm("a", "int8", "", {"per_channel": True}), 1000 + 2000 + 40 + 4 * 20),
        (QuantizedForm("b", "int8", "", {"embeddings": False}), 4000 + 2000 + 40),
        (QuantizedForm("c", "int8", "", {"method": "tables"}), 1000 + 8000 + 40),
        (QuantizedForm("d", "fp16", "", {"method": "half"}), 2 * 3010),
        (QuantizedForm("e", "int4", "", {"method": "blocks", "bits": 4}), 1000 + 1000 + 2000 // 8 + 40),
    ],
)
def test_arithmetic_of_sizes(form: QuantizedForm | None, weights: int) -> None:
    shapes = size.Shapes(tables=1000, matrices=2000, vectors=10, channels=20, layers=0)

    assert graph(shapes, form) == weights


def test_rows_branches_and_labels_add_to_a_size() -> None:
    shapes = size.Shapes(tables=1000, matrices=2000, vectors=10, channels=20, layers=0)
    more = size.with_branch(size.with_rows(shapes, 5, 100), pieces=50, buckets=100, labels=3)

    assert size.graph_bytes(more, None) - size.graph_bytes(shapes, None) == 4 * (500 + 450 + 3) + 8 * 50
    assert size.bundle_bytes(["a"] * 10) > size.bundle_bytes(["a"])


def test_forms_that_differ_in_how_they_read_ranges_are_one() -> None:
    forms = [
        QuantizedForm(f"static-{ranges}", "int8", "", {"method": "static", "ranges": ranges}, calibrated=True)
        for ranges in ("minmax", "entropy")
    ]

    found = profiles.forms_for(profiles.target("portable", X86), [*FORMS, *forms], X86)

    assert [form.name for form in found] == ["plain", "static-minmax"]
