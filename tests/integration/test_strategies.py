"""Teachers of every strategy, on the tiny task: what learns, what is left, what is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hub.contract.errors import UsageError
from hub.contract.recipe import from_mapping
from hub.contract.results import ModelResult, TrainingResult
from hub.data import load as load_prepared
from hub.edge.schema import read
from hub.pipeline.build import Built, build
from hub.pipeline.context import BuildRequest
from hub.pipeline.stages import baseline, finetune
from hub.pipeline.stages.branch import kept_draws, validation_score
from hub.pipeline.stages.margin import DRAWS
from hub.pipeline.stages.probing import ROWS, probe_base
from hub.pipeline.stages.rows import labelled
from hub.testing import tiny, tiny_kinds
from hub.train.base import BaseModel, find_base
from tests.support.builds import EXPORTER, Recorder, quick_latencies

Train = Callable[..., tuple[dict[str, Any], dict[str, Any], Built]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def train(base: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Return a function that builds up to the teacher: weights of the base, of the teacher, and the build.

    Builds of one task are one run that goes on: rows and baseline stand, the teacher is that of the last one.
    """
    from safetensors.torch import load_file

    monkeypatch.setattr(baseline, "measure", quick_latencies)

    def run(*settings: str, task: Any = tiny.TASK, name: str = "run") -> tuple[dict[str, Any], dict[str, Any], Built]:
        recipe = task.recipes[0].with_settings([f"base={base}", "teacher.epochs=2", *settings])
        asked = BuildRequest(f"tiny/{task.name}", task, "acme-tiny", "1.2", recipe, EXPORTER)
        built = build(asked, base.parent / "runs", Recorder(), "finetune", name=f"{name}-{task.name}")
        weights = load_file(built.run / "finetune" / "model" / "model.safetensors")
        return {f"bert.{key}": value for key, value in load_file(base / "model.safetensors").items()}, weights, built

    return run


def training_of(built: Built) -> TrainingResult:
    return read(TrainingResult, json.loads((built.run / "finetune" / "training.json").read_text("utf-8")))


def score_on_validation_rows(built: Built) -> float:
    """Return the headline metric of the teacher that was kept on the validation rows of the tiny task."""
    from hub.pipeline.context import Context
    from hub.pipeline.run import Run
    from hub.pipeline.stages.encoding import encode_rows
    from hub.pipeline.stages.finetune import load_teacher, teacher_encoder
    from hub.pipeline.stages.rows import rows_of
    from hub.pipeline.stages.scoring import headline_score
    from hub.train.inference import scores

    run = Run(built.run)
    recipe = from_mapping(run.info.recipe)
    context = Context(BuildRequest("tiny/things", tiny.TASK, "acme-tiny", "1.2", recipe, EXPORTER), run, Recorder())
    model, tokenizer = load_teacher(context)
    rows = rows_of(context, "validation")
    found = scores(model, encode_rows(teacher_encoder(context, tokenizer, built.run), rows))
    return headline_score(rows, tiny.TASK.headline)(rows.form.probabilities(found))


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name, value in before.items() if name in after and not torch.equal(value, after[name])}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_frozen_weights_are_those_of_the_base_to_the_bit(train: Train, precision: str) -> None:
    before, after, _ = train("strategy.name=freeze", "strategy.frozen_layers=2", f"teacher.precision={precision}")
    assert {name.split(".")[1] for name in changed(before, after)} == {"encoder", "pooler"}
    assert all(".layer.2." in name for name in changed(before, after) if "encoder" in name)
    assert any(".layer.2." in name for name in changed(before, after))


def test_released_layers_learn_and_the_others_do_not(train: Train) -> None:
    settings = ("strategy.name=freeze", "strategy.head_only=true", "strategy.unfreeze_epochs=1")
    before, after, _ = train(*settings, "teacher.epochs=2")
    found = {name.split(".layer.")[1][0] for name in changed(before, after) if ".layer." in name}
    assert found <= {"2"}  # the second epoch has released the last one
    assert not any("embeddings" in name for name in changed(before, after))


def test_layer_decay_slows_the_lower_layers_down(train: Train) -> None:
    before, after, _ = train("strategy.layer_decay=0.1")
    moved = [
        float((after[f"bert.encoder.layer.{layer}.output.dense.weight"] - value).abs().mean())
        for layer in range(3)
        for value in [before[f"bert.encoder.layer.{layer}.output.dense.weight"]]
    ]
    assert moved[0] < 0.3 * moved[1] < 0.3 * moved[2]


@pytest.mark.parametrize("adapter", ["lora", "ia3"])
def test_a_merged_teacher_is_an_ordinary_checkpoint_and_the_adapter_stands_alone(
    train: Train, base: Path, adapter: str
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    before, after, built = train("strategy.name=lora", f"strategy.adapter={adapter}", "strategy.rank=4")
    assert not any(part in name for name in after for part in ("lora", "ia3", "base_layer", "modules_to_save"))
    assert any(".layer.0." in name for name in changed(before, after))
    assert not any("embeddings" in name or "LayerNorm" in name for name in changed(before, after))
    folder = built.run / "finetune"
    teacher = AutoModelForSequenceClassification.from_pretrained(folder / "model").eval()
    plain = AutoModelForSequenceClassification.from_pretrained(base, num_labels=4).eval()
    apart = PeftModel.from_pretrained(plain, str(folder / "adapter")).eval()
    ids = torch.randint(5, 90, (4, 9), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(apart(input_ids=ids).logits, teacher(input_ids=ids).logits, atol=1e-5, rtol=0)


def test_an_adapter_names_the_revision_of_its_base(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    def pinned(name: str) -> BaseModel:
        return dataclasses.replace(find_base(name), revision="0123abc")

    monkeypatch.setattr(finetune, "find_base", pinned)
    _, _, built = train("strategy.name=lora", "strategy.rank=3", "teacher.epochs=1", "lexical.use=false")
    config = json.loads((built.run / "finetune" / "adapter" / "adapter_config.json").read_text("utf-8"))
    assert config["revision"] == "0123abc"


@pytest.mark.parametrize("task", [tiny.TASK, tiny_kinds.SEVERAL, tiny_kinds.ENTITIES], ids=lambda task: task.kind)
def test_a_probe_changes_the_head_alone_and_scores_what_it_says(train: Train, task: Any) -> None:
    before, after, built = train("strategy.name=probe", task=task)
    assert not changed(before, after)
    told = training_of(built)
    assert told.best_epoch == 1
    assert 0 < told.best_score <= 1
    assert np.isfinite(told.points[0].loss)


def test_the_head_of_a_probe_weighs_labels_as_the_recipe_says(train: Train) -> None:
    plain, weighed = (
        train("strategy.name=probe", "lexical.use=false", *more, task=tiny_kinds.SEVERAL)[1]["classifier.weight"]
        for more in ((), ("teacher.class_weights=balanced",))
    )
    assert (plain != weighed).any()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is the device that is asked for")
def test_a_probe_reads_on_the_device_of_the_recipe(train: Train) -> None:
    with pytest.raises(UsageError, match="HUB-T005"):
        train("strategy.name=probe", "teacher.device=cuda")


def test_pairs_change_the_encoder_and_the_head_is_fitted(train: Train) -> None:
    settings = ("strategy.name=fewshot", "strategy.pairs=3", "data.max_rows_per_label=8", "teacher.learning_rate=1e-3")
    before, after, built = train(*settings, "lexical.use=false")
    assert any(".layer.0." in name for name in changed(before, after))
    told = training_of(built)
    assert told.rows == 32
    assert told.steps == 2 * 32 * 3 * 2 // 4  # epochs, rows, pairs of each sort; 4 pairs are a batch of 8 texts
    assert told.points[-1].loss < told.points[0].loss
    assert told.best_score == pytest.approx(score_on_validation_rows(built))
    again = train(*settings, "lexical.use=false", name="again")[1]
    assert not changed(after, again)


def test_pairs_are_trained_on_the_mean_where_the_head_reads_it(train: Train) -> None:
    settings = ("strategy.name=fewshot", "strategy.pairs=3", "data.max_rows_per_label=8", "teacher.pooling=mean")
    _, after, built = train(*settings, "lexical.use=false", name="mean")
    assert not any("pooler" in name for name in after)
    assert training_of(built).best_score > 0.6  # of four labels, from eight rows each


@pytest.mark.parametrize("task", [tiny.TASK, tiny_kinds.SEVERAL], ids=lambda task: task.kind)
def test_names_of_labels_are_rows(train: Train, task: Any) -> None:
    settings = ("strategy.name=probe", "lexical.use=false")
    _, plain, built = train(*settings, task=task)
    rows = training_of(built).rows
    _, named, built = train(*settings, "strategy.label_names=true", task=task)
    assert training_of(built).rows == rows + len(task.labels)
    assert (plain["classifier.weight"] != named["classifier.weight"]).any()


def test_the_head_is_fitted_on_validation_rows_too(train: Train) -> None:
    settings = ("strategy.name=probe", "lexical.use=false", "teacher.class_weights=balanced")
    _, plain, built = train(*settings)
    rows = training_of(built).rows
    _, refitted, built = train(*settings, "strategy.refit=true")
    assert training_of(built).rows == rows
    assert (plain["classifier.weight"] != refitted["classifier.weight"]).any()


def test_what_a_student_must_keep_is_the_score_before_validation_rows_were_learnt(train: Train) -> None:
    settings = ("strategy.name=probe", "data.max_rows_per_label=6")
    _, _, plain = train(*settings)
    _, _, refitted = train(*settings, "strategy.refit=true", name="refit")

    finished = refitted.run / "finetune"
    kept = kept_draws(finished)

    assert kept is not None
    assert kept["score"] == validation_score(plain.run / "finetune")
    assert len(kept["draws"]) == DRAWS
    assert kept_draws(plain.run / "finetune") is None
    assert json.loads((finished / "mixture.json").read_text("utf-8")) == json.loads(
        (plain.run / "finetune" / "mixture.json").read_text("utf-8")
    )


def test_without_a_branch_that_score_is_kept_too(train: Train) -> None:
    _, _, built = train("strategy.name=probe", "lexical.use=false", "strategy.refit=true")

    assert validation_score(built.run / "finetune") == pytest.approx(training_of(built).best_score)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (("strategy.name=fewshot", "data.max_rows_per_label=1"), "HUB-R034"),
        (("strategy.name=lora", "strategy.targets=nothing"), "HUB-R033"),
        (("strategy.name=freeze", "strategy.frozen_layers=9"), "HUB-R032"),
        (("strategy.name=probe", "strategy.layer_decay=0.9"), "HUB-R031"),
        (("strategy.name=sometimes",), "HUB-R002"),
        (("strategy.refit=true",), "HUB-R031"),
    ],
)
def test_what_does_not_fit_is_refused(train: Train, settings: tuple[str, ...], code: str) -> None:
    with pytest.raises(UsageError, match=code):
        train(*settings)


def test_the_probe_stands_beside_the_baseline(train: Train, base: Path) -> None:
    _, _, built = train("strategy.name=probe")
    folder = built.run / "baseline"
    row = read(ModelResult, json.loads((folder / "probe.json").read_text("utf-8")))
    assert (row.role, row.name) == ("probe", "linear probe")
    assert set(row.evaluations) == {"short", "long"}
    prepared = load_prepared(built.run / "data")
    splits = {
        name: labelled(prepared, tiny.TASK.kind, prepared.dataset.split(name)) for name in ("train", "validation")
    }
    recipe = tiny.RECIPE.with_settings([f"base={base}"])
    cache = built.run / "cache"
    asked = probe_base(str(base), splits["train"], splits["validation"], recipe, metric=tiny.TASK.headline)
    cached = probe_base(str(base), splits["train"], splits["validation"], recipe, cache=cache)
    assert asked.score == cached.score == json.loads((folder / "probe-choice.json").read_text("utf-8"))["score"]
    assert cached.features_per_second == 0.0  # nothing had to be read
    assert asked.features_per_second > 0
    assert asked.size_bytes == 4 * asked.parameters == row.bytes
    assert asked.rows == min(ROWS, len(splits["train"]))
    for file in cache.glob("features-*.npz"):
        file.write_bytes(b"cut short")
    assert probe_base(str(base), splits["train"], splits["validation"], recipe, cache=cache).score == asked.score
