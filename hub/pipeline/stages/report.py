"""The bundle with its proof: self-test, card, report; and the run's own copy of the report."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.contract.bases import BaseChoice
from hub.contract.figures import without_folders
from hub.contract.reference import resolve
from hub.contract.results import (
    BuildResult,
    CardNote,
    GateResult,
    LabelName,
    LicenceNote,
    MetricName,
    SliceName,
)
from hub.data import Prepared
from hub.edge.bundle import Bundle
from hub.edge.files import sha256, write_json, write_text
from hub.edge.schema import Abstention, LabelEntry, Manifest, OutOfDomain, SessionOptions, Variant, to_json
from hub.edge.selftest import choose, expected
from hub.edge.selftest import write as write_selftest
from hub.edge.writer import seal
from hub.evaluate.forms import form_of
from hub.pipeline.context import Context
from hub.pipeline.fingerprint import library_versions
from hub.pipeline.run import now
from hub.pipeline.stages.budgets import provenance as budget_provenance
from hub.pipeline.stages.budgets import size_gate, summary_of
from hub.pipeline.stages.compress import CHOICES, FP32, INT8, form_named, variant_files
from hub.pipeline.stages.decisions import default_entry
from hub.pipeline.stages.export import EXPORT
from hub.pipeline.stages.finetune import TOKENIZER
from hub.pipeline.stages.folds import read_folds
from hub.pipeline.stages.rows import Words, rows_of
from hub.pipeline.stages.training import INSTEAD, MODEL, read_training
from hub.pipeline.stages.verify import RESULT as VERIFIED
from hub.pipeline.stages.verify import Verified
from hub.pipeline.tables import bundle as tables
from hub.publish.bom import BOM, bom_text
from hub.publish.card import card_text, notice_text
from hub.report import write_report
from hub.train.base import find_base
from hub.train.students import LIGHT, form_of_student

BUNDLE = "bundle"
REPORT = "report.html"
BUILD = "build"
_FILES = {
    FP32: "onnx/model.onnx",
    INT8: "onnx/model_quantized.onnx",
    "fp16": "onnx/model_fp16.onnx",
    "int4": "onnx/model_q4.onnx",
}
_SETTLE = 6
"""Times that the words of a bundle are written at most before the size in them is their own."""

_STAGES = ("data", "baseline", "finetune", "distill", "export", "compress", "verify")


def run(context: Context, folder: Path) -> str:
    """Assemble the bundle in ``bundle/`` and leave report.html and build.json beside it."""
    prepared = context.prepared()
    verified = context.result("verify", VERIFIED, Verified)
    choices = json.loads((context.run.stage("compress") / f"{CHOICES}.json").read_text("utf-8"))
    bundle = folder / BUNDLE
    shutil.rmtree(bundle, ignore_errors=True)
    context.reporter.tick(0, 3, "bundle")
    _copy_files(context, bundle)
    manifest = seal(bundle, _manifest(context, prepared, verified, choices))
    context.reporter.tick(1, 3, "self-test")
    texts = _selftest_inputs(context, prepared)
    chosen = [texts[i] for i in choose(Bundle.open(bundle, variant=FP32), texts)]
    write_selftest(bundle / "selftest.jsonl", chosen, expected(bundle, chosen))
    manifest = seal(bundle, manifest)
    context.reporter.tick(2, 3, "report and card")
    result = _write_words(context, folder, manifest, lambda gates: _build_result(context, prepared, gates, choices))
    file = folder / f"{BUILD}.json"
    write_json(file, to_json(result))
    return sha256(file)


def _write_words(
    context: Context, folder: Path, manifest: Manifest, result_with: Callable[[tuple[GateResult, ...]], BuildResult]
) -> BuildResult:
    """Write card, licences and report, and seal the bundle.

    The budget's gate on the size stands in the card and in bundle.json, whose bytes count: they are written again
    until the size in them is their own.
    """
    bundle, budget, size = folder / BUNDLE, context.request.budget, -1
    default = manifest.default_variant.get("this-machine", manifest.default_variant["portable"])
    gates = manifest.gates
    for _ in range(_SETTLE):
        sized = (*gates, *size_gate(budget, size))
        manifest = dataclasses.replace(manifest, gates=sized)
        result = _with_sizes(result_with(sized), manifest)
        write_text(bundle / "README.md", card_text(result, manifest))
        write_text(bundle / "NOTICE", notice_text(result))
        write_text(bundle / BOM, bom_text(manifest))
        manifest = seal(bundle, manifest)
        result = _with_sizes(result, manifest)
        write_report(result, folder / REPORT)
        shutil.copyfile(folder / REPORT, bundle / REPORT)
        before, size = size, seal(bundle, manifest).variants[default].fetch_bytes
        if sized == gates or before == size:
            break
    return result


def _copy_files(context: Context, bundle: Path) -> None:
    """Put model files, configuration and tokenizer where other people's runtimes look for them."""
    (bundle / "onnx").mkdir(parents=True)
    of_table = context.kind.reads == "row"
    for name, file in (tables.files_of(context) if of_table else variant_files(context)).items():
        shutil.copyfile(file, bundle / _FILES[name])
    if of_table:
        tables.copy_files(context, bundle)
        return
    student = context.run.stage("distill") / MODEL
    for name in (TOKENIZER, "tokenizer_config.json"):
        shutil.copyfile(student / name, bundle / name)
    config = json.loads((student / "config.json").read_text("utf-8"))
    for key in ("_name_or_path", "transformers_version", "dtype", "torch_dtype", "_attn_implementation"):
        config.pop(key, None)
    write_json(bundle / "config.json", config)


def _manifest(context: Context, prepared: Prepared, verified: Verified, choices: Mapping[str, Any]) -> Manifest:
    exported = json.loads((context.run.stage("export") / f"{EXPORT}.json").read_text("utf-8"))
    results = {row.variant: row for row in verified.models if row.role == "variant"}
    variants = {}
    for name, row in results.items():
        session = choices["variants"][name]["session"]
        form = form_named(context.request.exporter, choices["int8"]["form"]) if name != FP32 else None
        variants[name] = Variant(
            file=_FILES[name],
            format=context.request.exporter.name,
            precision=form.precision if form else FP32,
            fetch_bytes=0,
            batch_invariant=form.batch_invariant if form else True,
            session=SessionOptions(
                session["threads"], tuple(session["disabled_optimizers"]), session.get("options", {})
            ),
            scores={part: evaluation.metrics for part, evaluation in row.evaluations.items()},
            latency=row.latency,
            requires=form.requires if form else (),
        )
    first = next(iter(results.values()))
    default = verified.default_variant
    # What only some CPUs run is the default of this machine; every other one gets the reference.
    defaults = {"portable": FP32, "this-machine": default} if variants[default].requires else {"portable": default}
    return Manifest(
        schema=1,
        name=context.request.task.name,
        task=context.request.task_id,
        kind=context.request.task.kind,
        labels=_output_labels(context, prepared),
        max_length=context.recipe.max_length if context.kind.reads == "text" else 0,
        inputs=tuple(exported["inputs"]),
        output=exported["outputs"][0],
        variants=variants,
        default_variant=defaults,
        files={},
        headline={"slice": next(iter(first.evaluations)), "metric": context.request.task.headline.name},
        abstention={name: Abstention(**found) for name in results if (found := _choice(choices, name, "abstention"))},
        target_precisions={
            name: tuple(Abstention(**entry) for entry in found)
            for name in results
            if (found := _choice(choices, name, "target_precisions"))
        },
        out_of_domain=None if choices["out_of_domain"] is None else OutOfDomain(**choices["out_of_domain"]),
        window_stride=context.recipe.window_stride if context.kind.reads == "text" else 0,
        thresholds=_thresholds(prepared, choices),
        gates=verified.gates,
        machine=verified.machine,
        provenance=_provenance(context, prepared, choices),
    )


def _choice(choices: Mapping[str, Any], variant: str, what: str) -> Any:
    return choices["variants"][variant][what]


def _abstention(verified: Verified, choices: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """Return the target precision that each variant goes by unasked, with what became of it on test rows."""
    rows = {row.variant: row.target_precisions for row in verified.models if row.role == "variant"}
    found = {name: default_entry(choices["variants"][name], entries) for name, entries in rows.items()}
    return {name: entry for name, entry in found.items() if entry is not None}


def _thresholds(prepared: Prepared, choices: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return from which probability on each label counts, by variant; nothing for kinds without thresholds."""
    labels = [label.id for label in prepared.labels]
    found = {name: _choice(choices, name, "thresholds") for name in choices["variants"]}
    return {name: dict(zip(labels, values, strict=True)) for name, values in found.items() if values}


def _output_labels(context: Context, prepared: Prepared) -> tuple[LabelEntry, ...]:
    """Return the model's outputs: the labels, or the tags that entity types are made of."""
    names = {label.id: label.name or label.id for label in prepared.labels}
    classes = form_of(context.kind.name, tuple(names)).classes
    return tuple(LabelEntry(name, names.get(name, name)) for name in classes)


def _provenance(context: Context, prepared: Prepared, choices: Mapping[str, Any]) -> dict[str, Any]:
    request = context.request
    return {
        "run": context.run.folder.name,
        "built": now(),
        "plugin": {"name": request.plugin, "version": request.plugin_version},
        "packages": dict(library_versions()),
        "data": {"fingerprint": prepared.fingerprint, "source": _data_source(prepared)},
        **_origin(context),
        # The base model may be a folder of the builder's machine; its id is above.
        "recipe": context.recipe.to_mapping() | {"base": without_folders(context.recipe.base)},
        "int8": choices["int8"],
        **budget_provenance(summary_of(context)),
        "licences": [to_json(note) for note in _licences(context, prepared)],
    }


def _origin(context: Context) -> dict[str, Any]:
    """Return what the model was made from beside the rows."""
    if context.kind.reads == "row":
        return {"columns_left_out": dict(tables.left_out(context))}
    vocabulary = json.loads((context.run.stage("distill") / "vocabulary.json").read_text("utf-8"))
    # Only students without attention are named: what else runs the bundle has no class for them.
    form = form_of_student(context.run.stage("distill") / MODEL)
    student = {"student": {"form": form}} if form in LIGHT else {}
    return {"base_model": _base_model(context), "vocabulary": vocabulary, **student}


def _base_model(context: Context) -> dict[str, str]:
    """Return id and version of the base model; networks of tables have none."""
    if context.kind.reads == "row":
        return {}
    base = find_base(context.recipe.base)
    return {"id": base.id, "version": base.version}


def _data_source(prepared: Prepared) -> dict[str, str]:
    source = prepared.source
    if source is None:
        return {"name": "the user's own files", "url": "", "version": ""}
    return {"name": source.summary, "url": source.url, "version": source.version}


def _licences(context: Context, prepared: Prepared) -> tuple[LicenceNote, ...]:
    notes: list[LicenceNote] = []
    if context.kind.reads == "text":
        base = find_base(context.recipe.base)
        notes.append(LicenceNote("base model", base.id, base.licence, notice=base.notice))
    if prepared.source is not None:
        licence = prepared.source.licence
        notes.append(
            LicenceNote("data", prepared.source.summary, licence.id, licence.name, licence.url, licence.notice)
        )
    return tuple(notes)


def _selftest_inputs(context: Context, prepared: Prepared) -> list[Any]:
    """Inputs that may be published: the plugin's examples; the user's rows only when asked for."""
    if context.request.selftest_from_data:
        rows = rows_of(context, "validation").spread(200)
        return [entry.text if isinstance(entry, Words) else entry for entry in rows.inputs]
    if context.kind.reads == "row":
        return tables.publishable_rows(context)
    if context.request.task.examples:
        examples = list(resolve(context.request.task.examples)())
        if examples:
            return examples
    names = [label.name or label.id for label in prepared.labels]
    return [f"{first}, {second}" if first != second else first for first in names for second in names][:200]


def _build_result(
    context: Context, prepared: Prepared, gates: tuple[GateResult, ...], choices: Mapping[str, Any]
) -> BuildResult:
    request, verified = context.request, context.result("verify", VERIFIED, Verified)
    search = summary_of(context)
    records = {name: context.run.record(name) for name in _STAGES}
    card = request.task.card
    return BuildResult(
        run=context.run.folder.name,
        task=request.task_id,
        kind=request.task.kind,
        summary=request.task.summary,
        recipe=context.recipe.to_mapping(),
        labels=tuple(LabelName(label.id, label.name or label.id) for label in prepared.labels),
        slices=tuple(SliceName(part.name, part.summary) for part in prepared.slices),
        headline_metric=request.task.headline.name,
        models=verified.models,
        default_variant=verified.default_variant,
        trainings=tuple(read_training(context, stage) for stage in ("finetune", "distill")),
        cleaning=prepared.report,
        gates=gates,
        abstention=_abstention(verified, choices),
        out_of_domain=verified.out_of_domain,
        licences=_licences(context, prepared),
        thresholds=_thresholds(prepared, choices),
        card=CardNote(card.description, card.intended_use, card.out_of_scope, card.limits, card.language, card.tags),
        base_model=_base_model(context),
        data_source=_data_source(prepared),
        machine=verified.machine,
        seconds={name: record.seconds for name, record in records.items() if record},
        notes=tables.notes_of(context, choices)
        if context.kind.reads == "row"
        else (*_instead(context), *_notes(verified, choices)),
        created=now(),
        search=(search,) if search else (),
        folds=read_folds(context),
        bases=(context.result("base", "bases", BaseChoice),) if request.bases else (),
        metrics=tuple(MetricName(m.name, m.summary, m.higher_is_better, m.hub_name) for m in request.task.metrics),
    )


def _instead(context: Context) -> tuple[str, ...]:
    """Say that the teacher is the student, where it is."""
    file = context.run.stage("distill") / INSTEAD
    return (str(json.loads(file.read_text("utf-8"))["note"]),) if file.is_file() else ()


def _notes(verified: Verified, choices: Mapping[str, Any]) -> tuple[str, ...]:
    if reason := choices["int8"].get("reason"):
        return (str(reason),)
    if verified.default_variant == FP32:
        return ("int8 lost too much on validation in every form tried; the default variant is fp32.",)
    return ()


def _with_sizes(result: BuildResult, manifest: Manifest) -> BuildResult:
    """State each variant's size as what fetching it transfers."""
    models = tuple(
        dataclasses.replace(row, bytes=manifest.variants[row.variant].fetch_bytes) if row.variant else row
        for row in result.models
    )
    return dataclasses.replace(result, models=models)
