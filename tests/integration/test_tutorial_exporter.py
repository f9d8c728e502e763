"""The tutorial about exporters does what it says, and lists every rule of the kit."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract import Exporter
from hub.testing import exporter_checks
from tests.support.sources import ROOT
from tests.support.tutorial import Reader, steps

PAGE = ROOT / "docs" / "write-an-exporter.md"


@pytest.mark.slow
def test_the_tutorial(tmp_path: Path) -> None:
    found = steps(PAGE.read_text("utf-8"))
    assert sum(bool(step.path) for step in found) >= 9
    assert sum(bool(step.command) for step in found) >= 9
    reader = Reader(tmp_path, "domainhub-numpy")

    for step in found:
        reader.follow(step)

    assert (reader.folder / "bundle" / "numpy" / "model.npz").is_file()


def test_every_rule_is_in_the_table() -> None:
    reference = "hub.contract:Exporter"
    whole = Exporter(
        "all", "Has everything", reference, reference, ".all", "1.0", describe=reference, scale=reference,
        branch=reference,
    )  # fmt: skip
    rules = {check.rule for check in exporter_checks(whole)} | {"quantized-runs"}
    page = PAGE.read_text("utf-8")

    assert len(rules) >= 17
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in page] == []
