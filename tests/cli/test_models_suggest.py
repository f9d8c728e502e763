"""``hub models suggest`` and ``--set base=a,b``: base models ranked by a probe, on validation rows only."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hub.catalog.local import split, why_not_here
from hub.catalog.schema import BaseEntry
from hub.contract.bases import LEFT_OUT, TRIED, BaseChoice, BaseFigures
from hub.contract.budget import Budget
from hub.contract.domain import Metric
from hub.contract.errors import UsageError
from hub.data import load
from hub.pipeline import bases
from hub.pipeline.build import build
from hub.pipeline.plan import STAGE_NAMES, stages_for
from hub.pipeline.progress import Silent
from hub.pipeline.stages.probing import probe_base
from hub.pipeline.stages.rows import labelled
from hub.testing.tiny import RECIPE, TASK, tiny_base
from hub.train.base import base_names
from tests.support.builds import TinyBuild, quick_latencies, tiny_request
from tests.support.cli import run_hub

pytestmark = pytest.mark.usefixtures("tiny_plugin")
SUGGEST = ("models", "suggest", "tiny/things")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A base model of other weights, and one whose weights cannot be read."""
    folder = tmp_path_factory.mktemp("bases")
    other = tiny_base(folder / "other", seed=7)
    broken = Path(shutil.copytree(other, folder / "broken"))
    (broken / "model.safetensors").write_bytes(b"no weights")
    return other, broken


def suggested(*words: str) -> Any:
    done = run_hub(*SUGGEST, *words, "--json")
    assert done.code == 0, done.out + done.err
    return done.json()


def test_models_are_ranked_by_the_probe_s_score(tiny_build: TinyBuild, others: tuple[Path, Path]) -> None:
    other, broken = others
    prepared = load(tiny_build.built.run / "data")
    train, validation = (
        labelled(prepared, TASK.kind, prepared.dataset.split(name)) for name in ("train", "validation")
    )

    found = suggested(*(word for base in (broken, other, tiny_build.base) for word in ("--base", str(base))))

    assert found["metric"] == "macro_f1"
    assert (found["rows"], found["validation_rows"]) == (200, 48)
    tried, left = found["candidates"][:2], found["candidates"][2]
    for entry in tried:
        expected = probe_base(entry["name"], train, validation, RECIPE, metric=TASK.headline)
        assert entry["score"] == expected.score
        assert entry["parameters"] == expected.parameters
        assert entry["fp32_bytes"] == 4 * entry["parameters"]
        assert 0 < entry["student_bytes"] < entry["fp32_bytes"]
        assert entry["texts_per_second"] > 0
        assert entry["p50_ms"] is None
    assert {entry["name"] for entry in tried} == {str(other), str(tiny_build.base)}
    assert round(tried[0]["score"], 3) >= round(tried[1]["score"], 3)
    assert found["chosen"] == tried[0]["name"]
    assert (left["name"], left["state"], left["score"]) == (str(broken), "left out", None)
    assert "cannot load the base model" in left["reason"]


@pytest.mark.parametrize("several", [True, False])
def test_base_models_of_a_setting_are_tried_in_place_of_the_catalogue_s(
    tiny_build: TinyBuild, others: tuple[Path, Path], several: bool
) -> None:
    names = [str(tiny_build.base), str(others[0])] if several else [str(tiny_build.base)]

    found = suggested("--set", f"base={','.join(names)}")

    assert sorted(entry["name"] for entry in found["candidates"]) == sorted(names)


def test_a_model_that_loads_and_cannot_read_is_left_out(tiny_build: TinyBuild, tmp_path: Path) -> None:
    """T5's encoder wants the decoder's input too."""
    from transformers import T5Config, T5ForSequenceClassification

    small = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    model = T5ForSequenceClassification(T5Config(vocab_size=2000, eos_token_id=3, pad_token_id=0, **small))
    base = Path(shutil.copytree(tiny_build.base, tmp_path / "t5"))
    model.save_pretrained(base)

    found = suggested("--base", str(base), "--base", str(tiny_build.base))

    assert found["chosen"] == str(tiny_build.base)
    left = found["candidates"][1]
    assert (left["name"], left["state"]) == (str(base), "left out")
    assert "cannot read texts: ValueError" in left["reason"]


def test_people_get_a_table_and_the_next_command(tiny_build: TinyBuild) -> None:
    done = run_hub(*SUGGEST, "--base", str(tiny_build.base), "--budget", "size=1MB")

    assert done.code == 0
    assert "chosen" in done.out
    assert "No test row was read." in done.out
    assert done.out.splitlines()[-1] == f"next: hub build tiny/things --set base={tiny_build.base}"


def test_a_limit_that_nothing_keeps_leaves_no_choice(tiny_build: TinyBuild) -> None:
    found = suggested("--base", str(tiny_build.base), "--budget", "size=1kB")

    assert found["chosen"] is None
    assert found["limits"] == {"size": 1000.0}
    assert found["candidates"][0]["reason"] == "over the limit of size"


def test_a_limit_of_time_times_the_untrained_student(tiny_build: TinyBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(callers: dict[str, Any], texts: list[str], *rest: Any, **words: Any) -> Any:
        assert texts
        return quick_latencies(callers, texts, 16)

    monkeypatch.setattr(bases, "measure", measured)

    found = suggested("--base", str(tiny_build.base), "--budget", "p50=2ms,p95=0.5ms")

    (entry,) = found["candidates"]
    assert (entry["p50_ms"], entry["p95_ms"]) == (1.0, 1.0)
    assert entry["reason"] == "over the limit of p95"
    assert "untrained graph" in found["speed"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--budget", "quick"), "HUB-U080"),
        (("--budget", "size=-3MB"), "HUB-U080"),
        (("--budget", "score=98%"), "HUB-U091"),
        (("--budget", "memory=20MB,size=3MB"), "HUB-U091"),
        (("--base", "no such model"), "HUB-T002"),
        (("--set", "student.layers=0,0"), None),
    ],
)
def test_nonsense_is_refused(tiny_build: TinyBuild, words: tuple[str, ...], code: str | None) -> None:
    bases_given = () if "--base" in words else ("--base", str(tiny_build.base))
    done = run_hub(*SUGGEST, *bases_given, *words, "--json")

    if code is None:  # this base model cannot be the start of that student
        assert done.json()["candidates"][0]["state"] == "left out"
    else:
        assert (done.code, done.json()["error"]["code"]) == (2, code)


@pytest.mark.parametrize(
    ("asked", "layers"), [("0,2", [0, 2]), ("0,5", [0, 2]), ("0,2,5", [0, 1, 2]), ("0,1,2,3,4,5", [0, 1, 2])]
)
def test_a_base_with_fewer_layers_than_the_recipe_names_is_tried_with_those_it_has(
    tiny_build: TinyBuild, asked: str, layers: list[int]
) -> None:
    words = ("--base", str(tiny_build.base), "--set", f"student.layers={asked}")

    (entry,) = suggested(*words)["candidates"]
    said = run_hub(*SUGGEST, *words).out

    assert (entry["state"], entry["layers"]) == ("tried", layers)
    fitting = f" --set student.layers={','.join(map(str, layers))}"
    assert (f"--set base={tiny_build.base}{fitting}" in said) == (asked != "0,2")


def test_a_build_of_several_bases_takes_the_layers_of_the_chosen_one(
    tiny_build: TinyBuild, others: tuple[Path, Path], tmp_path: Path
) -> None:
    request = tiny_request(Path(f"{others[1]},{tiny_build.base}"), "student.layers=0,1,5")

    done = build(request, tmp_path / "runs", Silent(), until="distill")

    config = json.loads((done.run / "distill" / "model" / "config.json").read_text("utf-8"))
    assert config["num_hidden_layers"] == 3


def test_an_unknown_task_is_refused() -> None:
    assert run_hub("models", "suggest", "tiny/thing", "--json").json()["error"]["code"] == "HUB-U001"


def test_several_bases_in_a_build_are_probed_and_the_best_goes_on(
    tiny_build: TinyBuild, others: tuple[Path, Path], runs: Path
) -> None:
    """The broken one is left out; what the shared build made of the same base model stands."""
    words = ("build", "tiny/things", "--set", f"base={others[1]},{tiny_build.base}", "--runs", str(runs), "--json")

    document = run_hub(*words).json()

    assert set(STAGE_NAMES) - set(document["reused"]) == {"report"}
    assert document["bases"]["chosen"] == str(tiny_build.base)
    assert [entry["state"] for entry in document["bases"]["candidates"]] == ["tried", "left out"]
    run = runs / document["run"]
    built = json.loads((run / "report" / "build.json").read_text("utf-8"))
    assert built["recipe"]["base"] == str(tiny_build.base)
    report = (run / "report" / "report.html").read_text("utf-8")
    assert "Base models by rank" in report
    assert str(tiny_build.base) not in report
    assert json.loads((run / "run.json").read_text("utf-8"))["recipe"]["base"].count(",") == 1
    # Again, and by its name: nothing is probed twice, and the choice stands.
    assert "base" in run_hub(*words).json()["reused"]
    resumed = run_hub("build", "--resume", document["run"], "--runs", str(runs), "--json").json()
    assert "base" in resumed["reused"]
    assert resumed["bases"]["chosen"] == str(tiny_build.base)


def test_no_base_that_loads_ends_the_build(others: tuple[Path, Path], tmp_path: Path) -> None:
    again = Path(shutil.copytree(others[1], tmp_path / "again"))
    request = tiny_request(Path(f"{others[1]},{again}"))

    with pytest.raises(UsageError, match="HUB-T006"):
        build(request, tmp_path / "runs", Silent())
    with pytest.raises(UsageError, match="HUB-T002"):
        build(tiny_request(Path(f"{again},no such model")), tmp_path / "runs", Silent())


def test_tables_have_no_base_to_choose(tiny_build: TinyBuild) -> None:
    task = dataclasses.replace(TASK, kind="tabular-classification")
    request = tiny_request(Path("packaged,other/model"), task=task)

    with pytest.raises(UsageError, match="HUB-R019"):
        stages_for(request)


def test_the_choice_stands_between_rows_and_baseline() -> None:
    one, several = tiny_request(Path("packaged")), tiny_request(Path("packaged,other/model"))

    assert [stage.name for stage in stages_for(one)] == list(STAGE_NAMES)
    assert [stage.name for stage in stages_for(several)] == ["data", "base", *STAGE_NAMES[1:]]
    searched = stages_for(dataclasses.replace(several, budget=Budget(size_bytes=10)))
    assert [stage.name for stage in searched][:5] == ["data", "base", "baseline", "finetune", "search"]
    assert {"base", "search"} <= set(searched[-1].needs)


def test_names_of_bases(tmp_path: Path) -> None:
    odd = tmp_path / "one, two"
    odd.mkdir()

    assert base_names("packaged") == ("packaged",)
    assert base_names("packaged, a/b@main ,packaged,") == ("packaged", "a/b@main")
    assert base_names(str(odd)) == (str(odd),)
    assert base_names(",") == (",",)


def figures(name: str, **values: Any) -> BaseFigures:
    return dataclasses.replace(BaseFigures(name, TRIED, score=0.5, student_bytes=10, texts_per_second=5.0), **values)


def test_ties_go_to_the_smaller_then_to_the_faster() -> None:
    found = [
        figures("gone", state=LEFT_OUT),
        figures("over", keeps=False, score=0.9),
        figures("slow", texts_per_second=1.0),
        figures("fast"),
        figures("large", student_bytes=99, score=0.5004),
        figures("small", student_bytes=1, score=0.4996),
        figures("best", score=0.501, student_bytes=99),
    ]
    metric = Metric("macro_f1", "a:b")

    names = [entry.name for entry in bases.ranked(found, metric)]
    turned = [entry.name for entry in bases.ranked(found, dataclasses.replace(metric, higher_is_better=False))]

    assert names == ["best", "small", "fast", "slow", "large", "over", "gone"]
    assert turned == ["small", "fast", "slow", "large", "best", "over", "gone"]
    assert BaseChoice("m", "", "", 1, 1, bases.ranked(found, metric)).chosen == found[-1]
    assert BaseChoice("m", "", "", 1, 1, tuple(found[:2])).chosen is None


def test_only_models_that_are_here_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    commit = "0" * 40
    values = ("s", "mit", ("en",), 1, 4, 1, 1, 64, "WordPiece")
    cached, half, far = (BaseEntry(name, f"org/{name}", *values, revision=commit) for name in ("a", "b", "c"))
    packaged = BaseEntry("p", "org/p", *values, distribution="no-such-distribution")
    for name, files in (("a", ("config.json", "model.safetensors")), ("b", ("config.json",))):
        folder = tmp_path / f"models--org--{name}" / "snapshots" / commit
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).write_text("{}", "utf-8")

    here, missing = split([packaged, cached, half, far])

    assert here == [f"org/a@{commit}"]
    assert list(missing) == ["p", f"org/b@{commit}", f"org/c@{commit}"]
    assert missing["p"] == "not installed: pip install no-such-distribution"
    assert why_not_here(far) == f"not on this machine: hf download org/c --revision {commit}"
