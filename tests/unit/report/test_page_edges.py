"""Pages of results that are hostile, that lack parts, or that are unusual."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract.metrics import LabelScore
from hub.contract.results import (
    BuildResult,
    CardNote,
    CleaningReport,
    Finding,
    GateResult,
    LabelName,
    LicenceNote,
    ModelResult,
    SliceName,
    TrainingResult,
)
from hub.edge.schema import read, to_json
from hub.report import page_text, write_report
from tests.support.page import Page
from tests.support.results import build_result, evaluation, label_names

HOSTILE = "</title><script>alert('x')</script>\"><img src=x onerror=alert(1)> & \x00\x1b\ud800 ]]>"


def bare_result() -> BuildResult:
    """The least a result may hold."""
    return BuildResult(
        run="",
        task="a/b",
        kind="text-classification",
        summary="",
        recipe={},
        labels=label_names(2),
        slices=(),
        headline_metric="macro_f1",
        models=(),
        default_variant="",
        trainings=(),
        cleaning=CleaningReport({}, {}, {}),
        gates=(),
        abstention={},
        licences=(),
        card=CardNote("", "", "", "", ""),
        base_model={},
        data_source={},
        machine={},
        seconds={},
    )


def hostile_result() -> BuildResult:
    names = tuple(LabelName(f"{HOSTILE}{index}", HOSTILE) for index in range(3))
    finding = Finding(HOSTILE, 1, HOSTILE, (HOSTILE,))
    return dataclasses.replace(
        bare_result(),
        run=HOSTILE,
        task=HOSTILE,
        summary=HOSTILE,
        labels=names,
        slices=(SliceName("odd", HOSTILE),),
        models=(
            ModelResult(HOSTILE, "baseline", evaluations={"odd": evaluation(names, 3.0, 1, 90)}),
            ModelResult("student", "variant", "int8", 1, 2, {}, {"odd": evaluation(names, 3.0, 2, 90)}),
        ),
        default_variant="int8",
        recipe={HOSTILE: HOSTILE, "part": {HOSTILE: [HOSTILE]}},
        trainings=(TrainingResult(HOSTILE, (), 1, 0.5, 1, 1, 1.0, HOSTILE, {HOSTILE: 1.0}),),
        cleaning=CleaningReport(
            {HOSTILE: 2}, {HOSTILE: 1}, {HOSTILE: {names[0].id: 1}}, (finding,), leaks=1, near_leaks=2, notes=(HOSTILE,)
        ),
        gates=(GateResult(HOSTILE, 1.0, 2.0, False, HOSTILE),),
        abstention={HOSTILE: {"threshold": 0.5}},
        licences=(LicenceNote(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "javascript:alert(1)", HOSTILE),),
        base_model={"id": HOSTILE},
        data_source={"url": f"https://example.org/{HOSTILE}", "other": "javascript:alert(2)"},
        machine={HOSTILE: HOSTILE, "packages": {HOSTILE: HOSTILE}},
        seconds={HOSTILE: 1.0},
        notes=(HOSTILE,),
        created=HOSTILE,
    )


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_report(hostile_result(), target)
    page = Page(target.read_text(encoding="utf-8"))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert page.text.count("alert('x')") > 20
    assert all((a.get("href") or "").startswith(("#", "https://", "data:,")) for _, a in page.tags if "href" in a)
    assert not re.search("[\x00-\x08\x0e-\x1f]", page.source)
    for svg in page.svgs():
        ElementTree.fromstring(svg)


def test_least_result_makes_a_page() -> None:
    page = Page(page_text(bare_result()))
    assert "Gates" in page.text
    assert len(page.ids) == len(set(page.ids))


def without(result: BuildResult, **changes: object) -> BuildResult:
    """Drop the same field of every model or evaluation."""
    models = []
    for model in result.models:
        evaluations = {
            name: dataclasses.replace(entry, **{key: value for key, value in changes.items() if hasattr(entry, key)})  # type: ignore[arg-type]
            for name, entry in model.evaluations.items()
        }
        own = {key: value for key, value in changes.items() if hasattr(model, key)}
        models.append(dataclasses.replace(model, **{"evaluations": evaluations, **own}))  # type: ignore[arg-type]
    return dataclasses.replace(result, models=tuple(models))


@pytest.mark.parametrize(
    ("field", "value", "gone"),
    [
        ("latency", {}, "Median time (p50)"),
        ("reliability", (), "Reliability of"),
        ("confusion", (), "Confusion matrix"),
        ("per_label", {}, "Scores of every label"),
        ("intervals", {}, "95 % interval 0."),
        ("metrics", {}, "Every metric of every model"),
        ("bytes", 0, "Size of every model"),
        ("evaluations", {}, "Scores of every label"),
    ],
)
def test_missing_parts_leave_their_section_out(result: BuildResult, field: str, value: object, gone: str) -> None:
    assert gone in page_text(result)
    page = Page(page_text(without(result, **{field: value})))
    assert gone not in page.text
    assert "nan" not in page.text.lower().split()


@pytest.mark.parametrize("labels", [2, 40, 41, 150])
def test_label_counts_from_few_to_many(labels: int) -> None:
    page = Page(page_text(build_result(labels=labels, slices=())))
    assert "Confusion matrix" in page.text if labels <= 40 else "Confusion matrix" not in page.text
    assert len(page.table("Scores of every label, all test rows").rows) == labels
    mistakes = page.table("Most frequent mistakes, all test rows").rows
    assert len(mistakes) == (2 if labels == 2 else 10 if labels <= 40 else 30)
    plot = next(svg for svg in page.svgs() if "F1 of labels, all test rows" in svg)
    assert plot.count('class="label"') == min(labels, 40)
    for svg in page.svgs():
        ElementTree.fromstring(svg)


def test_label_without_scores_in_one_model(result: BuildResult) -> None:
    model = result.models[3]
    part = model.evaluations["unseen"]
    fewer = {name: score for name, score in part.per_label.items() if name != "C00-D49"}
    changed = dataclasses.replace(
        model, evaluations={**model.evaluations, "unseen": dataclasses.replace(part, per_label=fewer)}
    )
    page = Page(page_text(dataclasses.replace(result, models=(*result.models[:3], changed))))
    row = page.table("Scores of every label, unseen").row("C00-D49")
    assert row["student int8"] == "–"
    assert row["teacher"] == f"{result.models[1].evaluations['unseen'].per_label['C00-D49'].f1:.3f}"


def test_perfect_predictions(result: BuildResult) -> None:
    names = label_names(2)
    perfect = dataclasses.replace(
        evaluation(names, 9.0, 1, 50),
        confusion=((25, 0), (0, 25)),
        per_label={n.id: LabelScore(1.0, 1.0, 1.0, 25) for n in names},
    )
    changed = dataclasses.replace(result.models[3], evaluations={"unseen": perfect})
    page = Page(page_text(dataclasses.replace(result, labels=names, models=(changed,))))
    assert "No row was predicted wrong." in page.text
    assert "50 of 50 rows are on the diagonal" in page.text


def test_equal_results_give_equal_pages_and_no_folder(result: BuildResult, tmp_path: Path) -> None:
    changed = dataclasses.replace(
        result,
        base_model={"id": "/home/somebody/models/mine"},
        recipe={**result.recipe, "base": "/home/somebody/models/mine"},
        cleaning=dataclasses.replace(
            result.cleaning,
            findings=(Finding("empty", 1, "row without text in /srv/data/x.csv", ("/srv/data/train.csv:12",)),),
        ),
    )
    text = page_text(changed)
    assert text == page_text(dataclasses.replace(changed))
    assert "/home/" not in text and "/srv/" not in text
    assert "train.csv:12" in text and ">mine<" in text
    target = tmp_path / "deep" / "report.html"
    write_report(changed, target)
    assert target.read_bytes() == text.encode()
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


@settings(max_examples=40, deadline=None)
@given(text=st.text())
def test_any_text_is_read_back_as_text(text: str) -> None:
    page = Page(
        page_text(dataclasses.replace(bare_result(), notes=(text,), labels=(LabelName(text, text), LabelName("b", ""))))
    )
    assert [tag for tag, _ in page.tags].count("script") == 1
    page.source.encode("utf-8")


def test_page_of_a_result_read_back_from_json_is_the_same(result: BuildResult) -> None:
    again = read(BuildResult, json.loads(json.dumps(to_json(result))))
    assert page_text(again) == page_text(result)
