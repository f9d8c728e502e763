"""Builds with exporters that cannot do everything: fp32 alone with a note, or an error that says what is missing."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from hub.contract import Exporter, HubError
from hub.edge.bundle import Bundle
from hub.edge.verify import verify
from hub.pipeline.build import build
from hub.pipeline.stages import baseline, compress
from hub.pipeline.stages import verify as verify_stage
from tests.support.builds import EXPORTER, Recorder, TinyBuild, quick_latencies, tiny_request

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _nothing_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (baseline, compress, verify_stage):
        monkeypatch.setattr(module, "measure", quick_latencies)


def exporter(**changes: object) -> Exporter:
    return dataclasses.replace(EXPORTER, **changes)  # type: ignore[arg-type]


def test_exporter_that_cannot_quantize_gives_fp32_and_says_so(tiny_build: TinyBuild, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    request = tiny_request(tiny_build.base, exporter=exporter(quantize="", forms=(), parts=""), out=out)

    built = build(request, tmp_path / "runs", Recorder())

    manifest = json.loads((out / "bundle.json").read_text("utf-8"))
    assert list(manifest["variants"]) == ["fp32"]
    assert manifest["default_variant"] == {"portable": "fp32"}
    assert "cannot quantize" in manifest["provenance"]["int8"]["reason"]
    assert built.result is not None
    assert [note for note in built.result.notes if "cannot quantize" in note] == list(built.result.notes)
    assert {gate.name for gate in built.result.gates if gate.name.startswith("int8")} == set()
    assert Bundle.open(out).predict(["a red fox"])
    assert all(check.ok for check in verify(out))


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"scale": ""}, "temperature"), ({"branch": ""}, "lexical branch")],
)
def test_what_the_format_cannot_hold_is_said(
    changes: dict[str, str], named: str, tiny_build: TinyBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = tiny_request(tiny_build.base, exporter=exporter(**changes))
    if "branch" in changes:
        _mix_always(monkeypatch)

    with pytest.raises(HubError) as caught:
        build(request, tmp_path / "runs", Recorder())

    assert caught.value.code == "HUB-X013"
    assert named in caught.value.what


def _mix_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lexical branch count, whatever validation says."""
    from hub.pipeline.stages import branch
    from hub.train.mixed import Mixture

    monkeypatch.setattr(branch, "choose_mixture", lambda *_: Mixture(0.5, 0.5, 0.5))
