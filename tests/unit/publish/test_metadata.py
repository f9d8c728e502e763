from __future__ import annotations

import dataclasses

import pytest

from hub.contract.results import BuildResult, CardNote, LicenceNote
from hub.publish.metadata import hub_licence, metadata
from tests.support.results import build_result, manifest


@pytest.fixture(scope="module")
def result() -> BuildResult:
    return build_result(labels=2)


@pytest.mark.parametrize(
    ("spdx", "expected"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("MIT", "mit"),
        ("GPL-3.0-or-later", "gpl-3.0"),
        ("AGPL-3.0-only", "agpl-3.0"),
        ("ODbL-1.0", "odbl"),
        ("CC-BY-SA-4.0", "cc-by-sa-4.0"),
        ("LicenseRef-mine", None),
        ("", None),
    ],
)
def test_licences_as_the_hub_writes_them(spdx: str, expected: str | None) -> None:
    assert hub_licence(spdx) == expected


@pytest.mark.parametrize(
    ("url", "link"),
    [("https://example.org/terms", "https://example.org/terms"), ("", "NOTICE"), ("javascript:x", "NOTICE")],
)
def test_other_licences_have_name_and_link(result: BuildResult, url: str, link: str) -> None:
    licence = LicenceNote("base model", "m", "LicenseRef-Mine", "My Own Licence, 1.0", url)
    data = metadata(dataclasses.replace(result, licences=(licence,)), manifest(result)).to_dict()
    assert (data["license"], data["license_name"], data["license_link"]) == ("other", "my-own-licence-1.0", link)


def test_the_licence_is_that_of_the_base_model_and_not_of_the_data(result: BuildResult) -> None:
    licences = (LicenceNote("data", "d", "CC-BY-4.0"), LicenceNote("base model", "m", "MIT"))
    assert metadata(dataclasses.replace(result, licences=licences), manifest(result)).license == "mit"
    assert metadata(dataclasses.replace(result, licences=licences[:1]), manifest(result)).license is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("org/model", "org/model"),
        ("org/model@abc123", "org/model"),
        ("model", None),
        ("/home/me/model", None),
        ("./a/b", None),
        ("a/b/c", None),
        ("", None),
    ],
)
def test_base_model_only_with_a_hub_id(result: BuildResult, name: str, expected: str | None) -> None:
    data = metadata(dataclasses.replace(result, base_model={"id": name}), manifest(result)).to_dict()
    assert data.get("base_model") == expected
    assert data.get("base_model_relation") == ("finetune" if expected else None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://huggingface.co/datasets/PolyAI/banking77", "PolyAI/banking77"),
        ("https://hf.co/datasets/imdb?x=1", "imdb"),
        ("https://huggingface.co/PolyAI/banking77", None),
        ("https://example.org/datasets/a/b", None),
        ("", None),
    ],
)
def test_data_sets_only_with_a_hub_id(result: BuildResult, url: str, expected: str | None) -> None:
    source = {"name": "hub", "url": url, "version": "abc"}
    data = metadata(dataclasses.replace(result, data_source=source), manifest(result))
    assert data.datasets == ([expected] if expected else None)
    assert data.eval_results is not None
    first = data.eval_results[0]
    assert first.dataset_type == (expected or "medical-icd10-chapter")
    assert first.dataset_revision == ("abc" if expected else None)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("en", ["en"]), ("EN, de", ["en", "de"]), ("multilingual", ["multilingual"]), ("English", None), ("", None)],
)
def test_languages(result: BuildResult, stated: str, expected: list[str] | None) -> None:
    card = CardNote("", "", "", "", stated)
    assert metadata(dataclasses.replace(result, card=card), manifest(result)).language == expected


def test_metric_names_of_the_hub_come_from_the_task_first(result: BuildResult) -> None:
    changed = tuple(
        dataclasses.replace(entry, hub_name="exact_match") for entry in result.metrics if entry.name == "accuracy"
    )
    data = metadata(dataclasses.replace(result, metrics=changed), manifest(result))
    assert data.metrics == ["f1", "exact_match"]
