"""``hub export`` of a run: the same model as the bundle that the build made, proved on the run's own rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hub.edge import Bundle
from hub.testing import tiny
from tests.support.builds import TinyBuild
from tests.support.cli import run_hub
from tests.support.exporting import quick_timing


@pytest.mark.usefixtures("tiny_plugin")
def test_a_run_gives_the_model_that_it_built(
    tiny_build: TinyBuild, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_timing(monkeypatch)
    out, name = tmp_path / "out", tiny_build.built.run.name

    done = run_hub("export", name, "--out", str(out), "--runs", str(runs), "--json")

    document = done.json()
    assert done.code == 0, done.err
    assert document["checkpoint"]["source"] == "run" and document["checkpoint"]["task"] == "tiny/things"
    assert document["measured_on"].endswith("labelled validation rows of the run")
    assert document["labelled_rows"] == 4 * tiny.SPLIT_ROWS["validation"]
    assert set(document["variants"]["fp32"]["scores"]) == {tiny.SHORT, tiny.LONG}
    texts = list(tiny.examples())
    built, exported = (Bundle.open(folder, variant="fp32") for folder in (tiny_build.out, out))
    # The temperature of the build is part of the export.
    assert np.abs(built.probabilities(texts) - exported.probabilities(texts)).max() < 1e-5
    assert exported.manifest.task == "tiny/things"
    assert run_hub("verify", str(out)).code == 0
