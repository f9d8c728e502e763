"""Promised precisions and the out-of-domain score in an opened bundle, and what bundle.json may not say of them."""

from __future__ import annotations

import base64
import copy
import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import BundleError, UsageError
from hub.edge import Bundle
from hub.edge.folder import read_manifest
from hub.edge.out_of_domain import known_pieces, unpacked
from hub.edge.schema import from_json, to_json
from tests.support.changed import changed
from tests.support.trusted import trust

FOREIGN = "zyx qqq"


@pytest.fixture(scope="module")
def folder(sealed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trust(Path(shutil.copytree(sealed, tmp_path_factory.mktemp("trusted") / "tiny")))


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    return Bundle.open(folder, variant="fp32")


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "bundle.json").read_text("utf-8"))
    return value


@pytest.mark.parametrize(("asked", "threshold"), [(0.5, 0.4), (0.9, 0.4), (0.91, 0.6), (0.95, 0.6)])
def test_the_nearest_promise_at_or_above_is_taken(bundle: Bundle, asked: float, threshold: float) -> None:
    assert bundle.threshold_for(asked) == threshold


def test_what_is_not_promised_is_refused_with_what_is(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match=r"HUB-E013: bundle 'tiny' promises no precision of 0.99[\s\S]*0.9, 0.95"):
        bundle.threshold_for(0.99)


def test_a_bundle_without_promises_says_so(sealed: Path) -> None:
    with pytest.raises(UsageError, match=r"promises none[\s\S]*min_confidence"):
        Bundle.open(sealed).threshold_for(0.5)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 95.0, float("nan")])
def test_a_precision_is_a_share(bundle: Bundle, share: float) -> None:
    with pytest.raises(UsageError, match="must be above 0 and below 1"):
        bundle.threshold_for(share)


def test_a_threshold_of_a_promise_makes_answers_abstain(bundle: Bundle) -> None:
    texts = ["cat", "cat near old oak", "river"]
    scores = [answer.score for answer in bundle.predict(texts)]

    found = bundle.predict(texts, min_confidence=bundle.threshold_for(0.95))

    assert [answer.abstained for answer in found] == [score < 0.6 for score in scores]
    assert {answer.abstained for answer in found} == {True, False}


def test_foreign_texts_are_out_of_domain(bundle: Bundle) -> None:
    own, foreign = bundle.predict(["the cat near dog", FOREIGN])

    assert (own.out_of_domain, foreign.out_of_domain) == (False, True)
    assert foreign.domain_score < -4.0 < own.domain_score <= 0.0


def test_the_score_is_that_of_the_text_alone(bundle: Bundle) -> None:
    domain = bundle.manifest.out_of_domain
    assert domain is not None
    texts = ["the cat near dog", FOREIGN, "", "oak"]
    alone = [unpacked(domain.pieces).score(known_pieces(bundle.encoder.windows(text))) for text in texts]

    assert [answer.domain_score for answer in bundle.predict(texts)] == alone
    assert [bundle.predict([text])[0].domain_score for text in texts] == alone
    assert alone[2] == 0.0  # no pieces, nothing against it


def test_bundles_from_before_cannot_tell(sealed: Path) -> None:
    (answer,) = Bundle.open(sealed).predict([FOREIGN])

    assert (answer.out_of_domain, answer.domain_score) == (None, None)


def test_a_manifest_without_the_new_fields_keeps_its_bytes(sealed: Path, document: dict[str, Any]) -> None:
    written = to_json(read_manifest(sealed))

    assert not {"target_precisions", "out_of_domain"} & set(written)
    assert "guarantee" not in written["abstention"]["int8"]
    assert to_json(from_json(document)) == document


def packed(pieces: bytes) -> str:
    return base64.b64encode(zlib.compress(pieces)).decode()


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("target_precisions", "int8", 0, "threshold"), 1.5, "target_precisions.int8[0].threshold"),
        (("target_precisions", "int8", 1, "guarantee"), -0.1, "target_precisions.int8[1].guarantee"),
        (("target_precisions", "int8", 1, "coverage"), float("nan"), "target_precisions.int8[1].coverage"),
        (("target_precisions", "int8", 1, "target_precision"), 0.9, "target_precisions.int8"),
        (("target_precisions", "int8", 1, "target_precision"), 0.5, "target_precisions.int8"),
        (("target_precisions", "int8"), {}, "target_precisions.int8"),
        (("target_precisions",), [], "target_precisions"),
        (("abstention", "int8", "precision"), 2.0, "abstention.int8.precision"),
        (("out_of_domain", "method"), "magic", "out_of_domain.method"),
        (("out_of_domain", "coverage"), 1.1, "out_of_domain.coverage"),
        (("out_of_domain", "threshold"), float("inf"), "out_of_domain.threshold"),
        (("out_of_domain", "threshold"), "low", "out_of_domain.threshold"),
        (("out_of_domain", "pieces"), "???", "out_of_domain.pieces"),
        (("out_of_domain", "pieces"), base64.b64encode(b"no zlib").decode(), "out_of_domain.pieces"),
        (("out_of_domain", "pieces"), packed(b""), "out_of_domain.pieces"),
        (("out_of_domain", "pieces"), packed(b"abc")[:8], "out_of_domain.pieces"),
        (("out_of_domain",), [], "out_of_domain"),
    ],
)
def test_a_wrong_value_is_named(document: dict[str, Any], path: tuple[Any, ...], value: Any, named: str) -> None:
    with pytest.raises(BundleError) as caught:
        from_json(changed(document, path, value))

    assert caught.value.code == "HUB-E002"
    assert f"{named!r}" in caught.value.what


def test_more_targets_than_anyone_needs_are_refused(document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document)
    entry = broken["target_precisions"]["int8"][0]
    broken["target_precisions"]["int8"] = [entry | {"target_precision": 0.5 + i / 100} for i in range(17)]

    with pytest.raises(BundleError, match="at most 16"):
        from_json(broken)
