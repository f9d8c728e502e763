"""The JSON document of a build: every kind of task, rows found by their role."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from hub.edge.files import json_text
from hub.pipeline.documents import result_json
from tests.support.kinds import TRAINED, kind_result


def document_of(kind: str) -> dict[str, Any]:
    return cast("dict[str, Any]", result_json(kind_result(kind)))


@pytest.mark.parametrize("kind", TRAINED)
def test_every_kind_has_a_document(kind: str) -> None:
    result, document = kind_result(kind), document_of(kind)
    metric = result.headline_metric

    scores = [row.evaluations["all"].metrics[metric] for row in result.models]
    assert document["headline"] == {"metric": metric, "slice": "all"}
    assert document["baseline"]["score"] == scores[0]
    assert document["baseline"]["name"] == result.models[0].name
    assert document["teacher"] == {"score": scores[1], "scores": {"all": scores[1]}, "params": 1000}
    assert [entry["score"] for entry in document["variants"].values()] == scores[2:]
    assert document["variants"]["int8"]["bytes"] == 9_000
    assert document["variants"]["int8"]["p50_ms"] == 0.5
    assert json_text(document)


def test_what_was_not_made_has_no_score() -> None:
    result = dataclasses.replace(kind_result("tabular-regression"), models=kind_result("tabular-regression").models[2:])

    document = cast("dict[str, Any]", result_json(result))

    assert document["baseline"] == {"score": None, "scores": {}}
    assert document["teacher"] == {"score": None, "scores": {}, "params": None}
    assert document["headline"]["slice"] == "all"


def test_a_variant_that_was_not_timed_has_no_time() -> None:
    result = kind_result("text-classification")
    models = tuple(dataclasses.replace(row, latency={}) for row in result.models)

    document = cast("dict[str, Any]", result_json(dataclasses.replace(result, models=models)))

    assert document["variants"]["int8"]["p50_ms"] is None
