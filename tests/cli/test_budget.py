"""Budgets on the command line: what is refused before anything is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.contract.search_results import CandidateFigures, SearchSummary
from tests.support.builds import TinyBuild
from tests.support.cli import run_hub

pytestmark = pytest.mark.usefixtures("tiny_plugin")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--budget", "size=6"), "HUB-U080", "needs a unit"),
        (("--budget", "speed=2ms"), "HUB-U080", "no limit 'speed'"),
        (("--budget", ""), "HUB-U080", "no limit"),
        (("--budget", "size=6MB", "--profile", "x86"), "HUB-U081", "x86-avx2"),
        (("--profile", "portable"), "HUB-U084", "--budget"),
        (("--exhaustive",), "HUB-U084", "--budget"),
    ],
)
def test_a_search_that_means_nothing_is_refused_before_anything_is_built(
    tmp_path: Path, options: tuple[str, ...], code: str, said: str
) -> None:
    done = run_hub("build", "tiny/things", *options, "--runs", str(tmp_path / "runs"))

    assert done.code == 2
    assert code in done.err
    assert said in done.err
    assert not (tmp_path / "runs").exists()


def test_a_run_that_goes_on_takes_no_budget(tmp_path: Path) -> None:
    done = run_hub("build", "--resume", "x", "--budget", "size=6MB", "--runs", str(tmp_path))

    assert (done.code, "HUB-U010" in done.err) == (2, True)


@pytest.mark.parametrize("option", [("--out", "x"), ("--measured", "x"), ("--profile", "wasm")])
def test_options_of_a_search_need_a_budget(runs: Path, tiny_build: TinyBuild, option: tuple[str, str]) -> None:
    done = run_hub("compress", tiny_build.built.run.name, *option, "--runs", str(runs))

    assert (done.code, "HUB-U084" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot read"),
        ("{", "cannot read"),
        ('{"variants": {}}', "no figures of variants"),
        ('{"variants": {"other": {"lengths": {}}}}', "no variant was measured by both at 16 tokens"),
        ('{"threads": 4, "variants": {"int8": {}}}', "the times of a search are those of one thread, these of 4"),
        ('{"variants": {"int8": {"lengths": {"16": {"p50_ms": -1, "p95_ms": 1}}}}}', "not a number above 0"),
    ],
)
def test_figures_of_a_device_that_mean_nothing_are_refused(
    runs: Path, tiny_build: TinyBuild, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "device.json"
    if text is not None:
        file.write_text(text, "utf-8")
    before = sorted(path.name for path in runs.iterdir())
    budget = ("--budget", "size=6MB", "--measured", str(file))

    done = run_hub("compress", tiny_build.built.run.name, *budget, "--runs", str(runs))

    assert (done.code, "HUB-U082" in done.err) == (2, True)
    assert said in done.err
    assert sorted(path.name for path in runs.iterdir()) == before


def test_a_missed_budget_is_one_json_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.cli.main import main
    from hub.contract.budget import Budget
    from hub.search.run import BudgetMissedError

    entry = CandidateFigures("k", "a student", "layers", (0,), 100, False, "int8", "considered", 9_000_000)
    summary = SearchSummary({"size": 6e6}, "portable", False, "Here.", "Best.", (entry,), counts={"considered": 1})

    def missing(*_: object) -> None:
        raise BudgetMissedError(summary, Budget(size_bytes=6_000_000))

    monkeypatch.setattr("hub.cli.build.run_build", missing)

    code = main(["build", "tiny/things", "--budget", "size=6MB", "--runs", str(tmp_path), "--json"])

    document = json.loads(capsys.readouterr().out)
    assert code == 1
    assert document["error"]["code"] == "HUB-G010"
    assert [candidate["name"] for candidate in document["search"]["candidates"]] == ["a student"]


def test_the_choice_and_its_neighbours_fit_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    from hub.cli.building import show_search
    from hub.pipeline.documents import search_json

    entries = tuple(
        CandidateFigures(
            f"k{place}",
            f"candidate {place}",
            "layers",
            (0,),
            100,
            False,
            "int8",
            "scored" if place else "chosen",
            1_000_000,
            0.5 + place,
            0.9,
            0,
            99.0 - place if place < 5 else -1.0,
            (),
            f"reason {place}",
        )
        for place in range(40)
    )
    counts = {"considered": 40, "measured": 30, "trained": 20, "scored": 5}
    summary = SearchSummary(
        {"size": 6e6}, "portable", False, "Here.", "Best.", entries, 0.9, 98.5, "linear", 7, 5, 1.0, counts
    )

    show_search(summary)

    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 24
    assert "candidate 0  1.00 MB  0.50 ms  99.0 %" in shown
    assert "98.5 %" in shown
    assert "40 candidates considered, 30 measured, 7 trainings, 5 scored" in shown
    document = json.loads(json.dumps(search_json(summary)))
    assert document["chosen"] == "k0"
    assert document["candidates"][9]["score_percent"] is None
    assert document["candidates"][9]["memory_bytes"] is None
