"""The model card and the NOTICE of a bundle that was exported from a checkpoint, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping

from huggingface_hub import ModelCardData

from hub.contract import numbers
from hub.contract.export_results import FP32, ExportedVariant, ExportResult
from hub.contract.kinds import KINDS
from hub.edge.schema import Manifest
from hub.publish import markdown as md
from hub.publish.card import gates_table, machine_line
from hub.publish.metadata import JS_PRECISIONS, LIBRARY, PIPELINES, hub_licence_fields, languages, repository
from hub.publish.usage import usage

UNKNOWN = "unknown"


def export_card(result: ExportResult, manifest: Manifest) -> str:
    """Return the bundle's README.md: metadata the Hub reads, then Markdown.

    Args:
        result: what the export measured.
        manifest: of the bundle the card belongs to.

    Returns:
        Text that is equal for equal input. It holds no row of the user and no absolute path.
    """
    body = md.blocks(
        f"# {md.text(manifest.name)}",
        _warnings(result),
        _what(result),
        _facts(result, manifest),
        _comparison(result),
        _section("Not measured", md.items([md.text(sentence) for sentence in result.not_measured])),
        usage(manifest),
        _section("Intended use and limits", _limits(result)),
        _provenance(result),
        _section("Licence", _licence(result)),
    )
    return f"---\n{_metadata(result, manifest).to_yaml()}\n---\n\n{body}\n"


def export_notice(result: ExportResult) -> str:
    """Return the bundle's NOTICE: what it was made from and under which licence, as plain text."""
    checkpoint = result.checkpoint
    lines = [f"This bundle was exported from {_name(result)}.", f"Licence: {checkpoint.licence or UNKNOWN}"]
    if checkpoint.base:
        lines.append(f"That was made from {checkpoint.base}.")
    if not checkpoint.licence:
        lines.append("The checkpoint names no licence; its makers' terms hold all the same.")
    return "\n".join(lines).encode("utf-8", "replace").decode() + "\n"


def _metadata(result: ExportResult, manifest: Manifest) -> ModelCardData:
    checkpoint = result.checkpoint
    licence, name, link = hub_licence_fields(checkpoint.licence)
    source = repository(checkpoint.id) if checkpoint.revision else None
    entries = manifest.variants.values()
    formats = sorted({entry.format for entry in entries} | {entry.precision for entry in entries})
    browser = ["transformers.js"] if any(entry.file in JS_PRECISIONS for entry in entries) else []
    return ModelCardData(
        license=licence,
        license_name=name,
        license_link=link,
        language=languages(checkpoint.language),
        library_name=LIBRARY,
        pipeline_tag=PIPELINES.get(result.kind),
        tags=[*formats, "edge", *browser],
        base_model=source,
        # The Hub's word for another precision or format of the same weights.
        base_model_relation="quantized" if source else None,
        model_name=manifest.name,
    )


def _section(title: str, content: str) -> str:
    return md.blocks(f"## {title}", content) if content else ""


def _warnings(result: ExportResult) -> str:
    return "\n>\n".join(f"> **{md.text(sentence)}**" for sentence in result.leading_sentences())


def _name(result: ExportResult) -> str:
    """Return the checkpoint as a person would look it up."""
    checkpoint = result.checkpoint
    return f"{checkpoint.id} at revision {checkpoint.revision}" if checkpoint.revision else checkpoint.id


def _what(result: ExportResult) -> str:
    checkpoint = result.checkpoint
    made = {
        "run": "a run of domainhub",
        "peft": "a peft adapter merged into its base",
        "sentence-transformers": "a sentence-transformers model",
        "setfit": "a SetFit model, body and head in one graph",
    }.get(checkpoint.source, f"a {md.code(checkpoint.architecture)}")
    return (
        f"The weights of {md.code(checkpoint.id)}, {made}, as a {md.text(result.format)} bundle that runs on a CPU "
        "without PyTorch. Nothing was trained; every figure below was measured on the files in this folder."
    )


def _facts(result: ExportResult, manifest: Manifest) -> str:
    default = result.variant(result.default_variant)
    lines = [
        f"Kind: {md.text(numbers.name(result.kind))}; {_answers(result)}",
        f"At most {manifest.max_length} tokens of a text are read"
        + (f", in windows that share {manifest.window_stride}" if manifest.window_stride else ""),
        f"Variants: {', '.join(md.code(name) for name in manifest.variants)}; "
        f"default {md.code(manifest.default_variant['portable'])}",
    ]
    if default and default.bytes:
        lines.append(f"Size of the default variant: {numbers.size(default.bytes)}, everything that a device fetches")
    passed = len(result.gates) - len(result.missed)
    lines.append(f"Gates: {passed} of {len(result.gates)} passed")
    return md.items(lines)


def _answers(result: ExportResult) -> str:
    return {
        "label": f"one of {len(result.labels)} labels",
        "labels": f"any number of {len(result.labels)} labels",
        "spans": "entities in a text",
        "vector": "a vector of unit length",
        "answer": "the part of a context that answers a question",
        "fill": "tokens for the gaps of a text",
    }.get(KINDS[result.kind].answers, "")


def _comparison(result: ExportResult) -> str:
    shipped = [variant for variant in result.variants if variant.shipped]
    lengths = sorted({int(tokens) for variant in shipped for tokens in variant.latency})
    scored = bool(result.headline_metric)
    metric = numbers.capital(numbers.name(result.headline_metric))
    columns = ["Variant", "Compared with", same_answer(result.kind), "Largest difference"]
    columns += [metric] if scored else []
    columns += ["Size", *(f"{tokens} tokens, p50 / p95" for tokens in lengths)]
    rows = [
        [
            md.code(variant.name) + (" (default)" if variant.name == result.default_variant else ""),
            "PyTorch" if variant.name == FP32 else FP32,
            share(variant, result.kind),
            numbers.number(variant.max_difference),
            *([score_of(variant, result.headline_metric)] if scored else []),
            numbers.size(variant.bytes),
            *(_times(variant, str(tokens)) for tokens in lengths),
        ]
        for variant in shipped
    ]
    return md.blocks(
        "## How close it is to the original",
        f"Measured on {md.text(result.rows_from)}, one unpadded text at a time, as it ships; fp32 also in batches of "
        "eight, padded and not.",
        md.table(columns, rows, 2),
        _how_timed(result),
        _tried(result),
        gates_table(result.gates),
    )


def same_answer(kind: str) -> str:
    """Return the heading above the shares of rows that two forms of a model answer alike."""
    return {
        "label": "Same top label",
        "labels": "Same labels",
        "spans": "Same tags",
        "vector": "Mean cosine",
        "answer": "Same span",
        "fill": "Same top token",
    }.get(KINDS[kind].answers, "Same answer")


def share(variant: ExportedVariant, kind: str) -> str:
    """Return the agreement of a variant as people read it."""
    if not variant.rows:
        return "–"
    if KINDS[kind].answers == "vector":
        return f"{variant.agreement:.5f}"
    return f"{numbers.percent(variant.agreement)} of {variant.rows:,}"


def score_of(variant: ExportedVariant, metric: str) -> str:
    """Return the headline score on the first slice, ``–`` without one."""
    evaluation = next(iter(variant.evaluations.values()), None)
    value = evaluation.metrics.get(metric) if evaluation else None
    return "–" if value is None else numbers.number(value)


def _times(variant: ExportedVariant, tokens: str) -> str:
    entry = variant.latency.get(tokens)
    return f"{numbers.milliseconds(entry.p50_ms)} / {numbers.milliseconds(entry.p95_ms)}" if entry else "–"


def _how_timed(result: ExportResult) -> str:
    if not any(variant.latency for variant in result.variants):
        return ""
    machine = machine_line(result.machine)
    text = "Times: text in, scores out, tokenization included, one text at a time, one thread."
    return f"{text} Measured on: {machine}." if machine else text


def _tried(result: ExportResult) -> str:
    """List the forms that were tried and are not here, with the reason."""
    rows = [
        [md.code(variant.name), share(variant, result.kind), md.text(variant.cause)]
        for variant in result.variants
        if not variant.shipped
    ]
    return md.blocks("Tried and left out:", md.table(["Form", "Agreement", "Why"], rows, 3)) if rows else ""


def _limits(result: ExportResult) -> str:
    return (
        f"Those of {md.code(result.checkpoint.id)}: its own card says what it was trained for and where it fails. "
        "This bundle gives the same answers, with the differences stated above."
    )


def _provenance(result: ExportResult) -> str:
    checkpoint, packages = result.checkpoint, result.machine.get("packages")
    lines = [
        f"Checkpoint: {md.code(checkpoint.id)}"
        + (f", revision {md.code(checkpoint.revision)}" if checkpoint.revision else ""),
        f"Class: {md.code(checkpoint.architecture)}, {numbers.count(checkpoint.parameters)} parameters",
        f"Made from: {md.code(checkpoint.base)}" if checkpoint.base else "",
        *(f"Weights {md.code(name)}: SHA-256 {md.code(digest)}" for name, digest in checkpoint.weights.items()),
        f"Exported: {md.text(result.created)}" if result.created else "",
    ]
    if isinstance(packages, Mapping) and packages:
        lines.append("Versions: " + ", ".join(f"{md.text(str(k))} {md.text(str(v))}" for k, v in packages.items()))
    lines.append("Everything that was measured: `report.html`; hashes and labels: `bundle.json`")
    return _section("Provenance", md.items([line for line in lines if line]))


def _licence(result: ExportResult) -> str:
    licence = result.checkpoint.licence
    if licence:
        return f"As the checkpoint's card says: {md.code(licence)}."
    return "Unknown: the checkpoint's card names none. Ask its makers before you pass the bundle on."
