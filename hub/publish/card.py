"""The model card (README.md of a bundle) and its NOTICE, from what the build measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.contract import figures, numbers
from hub.contract.results import BuildResult, Evaluation, GateResult, LicenceNote, ModelResult, SliceName
from hub.edge.schema import Manifest
from hub.publish import markdown as md
from hub.publish.metadata import metadata
from hub.publish.usage import usage


def card_text(result: BuildResult, manifest: Manifest) -> str:
    """Return the bundle's README.md: metadata the Hub reads, then Markdown.

    Args:
        result: what the build measured.
        manifest: of the bundle the card belongs to.

    Returns:
        Text that is equal for equal input. It holds no text of the data and no absolute path.
    """
    result = figures.published(result)
    body = md.blocks(
        f"# {md.text(manifest.name)}",
        _warnings(result),
        md.prose(result.card.description),
        _facts(result, manifest),
        _results(result),
        _labels(result),
        _calibration(result),
        _section("Left out", md.items([md.text(sentence) for sentence in figures.left_out(result)])),
        usage(manifest),
        _section("Intended use", md.prose(result.card.intended_use)),
        _section("Out of scope", md.prose(result.card.out_of_scope)),
        _section("Limits and risks", md.prose(result.card.limits)),
        _data(result),
        _provenance(result),
        _licences(result),
    )
    return f"---\n{metadata(result, manifest).to_yaml()}\n---\n\n{body}\n"


def notice_text(result: BuildResult) -> str:
    """Return the bundle's NOTICE: what it was made from, under which licences.

    Args:
        result: what the build measured.

    Returns:
        Plain text, equal for equal input.
    """
    result = figures.published(result)
    blocks = [f"{result.task}\n\nThis bundle was made from the works named below."]
    for entry in result.licences:
        lines = [
            f"{numbers.capital(entry.subject)}: {entry.what}",
            f"Licence: {entry.name} ({entry.id})" if entry.name and entry.name != entry.id else f"Licence: {entry.id}",
            entry.url,
            entry.notice,
        ]
        blocks.append("\n".join(line.strip() for line in lines if line.strip()))
    return "\n\n".join(blocks).encode("utf-8", "replace").decode() + "\n"


def _section(title: str, content: str) -> str:
    return md.blocks(f"## {title}", content) if content else ""


def _warnings(result: BuildResult) -> str:
    sentences = figures.leading_sentences(result)
    return "\n>\n".join(f"> **{md.text(sentence)}**" for sentence in sentences)


def _facts(result: BuildResult, manifest: Manifest) -> str:
    default = figures.default_model(result)
    lines = [
        f"Task {md.code(result.task)}: {md.text(result.summary)}",
        _answers(result, manifest),
        f"Variants: {', '.join(md.code(name) for name in manifest.variants)}; "
        f"default {md.code(manifest.default_variant['portable'])}",
    ]
    if default and default.bytes:
        lines.append(f"Size of the default variant: {numbers.size(default.bytes)}, everything that a device fetches")
    if result.gates:
        passed = len(result.gates) - len(figures.missed(result))
        lines.append(f"Gates: {passed} of {len(result.gates)} passed")
    return md.items(lines)


def _answers(result: BuildResult, manifest: Manifest) -> str:
    """Say what the model answers and how much of an input it reads."""
    form = figures.kind(result)
    name = manifest.labels[0].name if manifest.labels else "value"
    unit = f" in {md.text(manifest.unit)}" if manifest.unit else ""
    answers = {
        "label": f"Labels: {len(result.labels)}",
        "labels": f"Labels: {len(result.labels)}, of which a text may have any number",
        "spans": f"Entity types: {len(result.labels)}",
        "number": f"Answer: a number, {md.text(name)}{unit}",
    }[form.answers]
    if form.reads == "row":
        return answers
    if manifest.window_stride:
        return (
            f"{answers}; a text is read in windows of {manifest.max_length} tokens that share "
            f"{manifest.window_stride}, and the scores of all are averaged"
        )
    return f"{answers}; at most {manifest.max_length} tokens of a text are read"


def _part(part: SliceName) -> str:
    return "all test rows" if part.name == "all" else md.text(numbers.name(part.name))


def _results(result: BuildResult) -> str:
    parts = figures.slices(result)
    metric = numbers.capital(numbers.name(result.headline_metric))
    columns = ["Model"]
    for part in parts:
        columns += [f"{metric}, {_part(part)}", "of the teacher"]
    lengths = figures.lengths(result)
    columns += ["Size", *(f"{numbers.capital(figures.length_name(result, t))}, p50 / p95" for t in lengths)]
    rows = []
    for model in result.models:
        row = [md.text(model.name) + (" (default)" if model is figures.default_model(result) else "")]
        for part in parts:
            share = figures.share_of_teacher(result, model, part.name)
            row.append(_score(model.evaluations.get(part.name), result.headline_metric))
            row.append("–" if share is None else numbers.percent(share))
        row.append(numbers.size(model.bytes))
        rows.append(row + [_times(model, tokens) for tokens in lengths])
    return md.blocks(
        "## Results",
        md.items([f"**{_part(part)}**: {md.text(part.summary or part.name)}" for part in parts]),
        md.table(columns, rows),
        _how_measured(result),
        _metrics(result, parts),
        gates_table(result.gates),
    )


def _score(evaluation: Evaluation | None, metric: str) -> str:
    value = evaluation.metrics.get(metric) if evaluation else None
    if evaluation is None or value is None:
        return "–"
    interval = evaluation.intervals.get(metric)
    between = f" ({numbers.number(interval.low)}–{numbers.number(interval.high)})" if interval else ""
    return numbers.number(value) + between


def _times(model: ModelResult, tokens: str) -> str:
    entry = model.latency.get(tokens)
    return f"{numbers.milliseconds(entry.p50_ms)} / {numbers.milliseconds(entry.p95_ms)}" if entry else "–"


def _how_measured(result: BuildResult) -> str:
    text = (
        "In brackets: 95 % bootstrap interval. Size: weights of baseline and teacher; for a variant everything that a "
        "device fetches (1 MB is 1,000,000 bytes)."
    )
    notes = [model.note for model in result.models if model.note]
    text += "".join(f" {note}" for note in (*notes, *figures.disagreement_sentences(result)))
    threads = sorted({entry.threads for model in result.models for entry in model.latency.values()})
    if threads:
        reads = figures.kind(result).reads
        encoding = "tokenization" if reads == "text" else "its encoding"
        text += (
            f" Times: {reads} in, prediction out, {encoding} included, one {reads} at a time, "
            f"{' and '.join(map(str, threads))} thread{'' if threads == [1] else 's'}."
        )
    machine = machine_line(result.machine)
    return f"{text} Measured on: {machine}." if machine else text


def machine_line(machine: Mapping[str, Any]) -> str:
    """Return processor, instruction sets, cores, system and date in one line."""
    sets = machine.get("instruction_sets")
    parts = [
        str(machine.get("processor") or ""),
        " ".join(map(str, sets)) if isinstance(sets, (list, tuple)) else "",
        f"{machine['cores']} cores" if machine.get("cores") else "",
        str(machine.get("system") or ""),
        f"Python {machine['python']}" if machine.get("python") else "",
        str(machine.get("date") or ""),
    ]
    return ", ".join(md.text(part) for part in parts if part)


def _metrics(result: BuildResult, parts: Sequence[SliceName]) -> str:
    default = figures.default_model(result)
    names = figures.metric_names(result)
    if default is None or len(names) < 2:
        return ""
    rows = []
    for name in names:
        known = figures.metric(result, name)
        title = numbers.capital(numbers.name(name)) + ("" if known.higher_is_better else " (lower is better)")
        rows.append([md.text(title), *(_score(default.evaluations.get(part.name), name) for part in parts)])
    return md.blocks(
        f"Every metric of the default variant, {md.text(default.name)}:",
        md.table(["Metric", *(numbers.capital(_part(part)) for part in parts)], rows),
    )


def gates_table(gates: Sequence[GateResult]) -> str:
    """Return what was required and what was measured; nothing without gates."""
    if not gates:
        return ""
    rows = [
        [
            md.text(gate.name),
            "passed" if gate.passed else "**missed**",
            md.text(gate.detail),
            *numbers.pair(gate.limit, gate.value),
        ]
        for gate in gates
    ]
    return md.blocks("Gates:", md.table(["Gate", "Result", "What was compared", "Limit", "Measured"], rows, 3))


def _labels(result: BuildResult) -> str:
    default = figures.default_model(result)
    if default is None:
        return ""
    scored = [
        part
        for part in figures.slices(result)
        if part.name in default.evaluations and default.evaluations[part.name].per_label
    ]
    if not scored:
        return ""
    name, counted = (numbers.capital(word) for word in figures.label_words(result))
    columns = [name, "Name"]
    for part in scored:
        columns += [f"{counted}, {_part(part)}", "F1"]
    thresholds = result.thresholds.get(default.variant, {})
    columns += ["Threshold"] if thresholds else []
    rows = []
    for label in result.labels:
        row = [md.text(label.id), md.text(label.name)]
        for part in scored:
            score = default.evaluations[part.name].per_label.get(label.id)
            row += [f"{score.rows:,}", numbers.number(score.f1)] if score else ["–", "–"]
        if thresholds:
            row.append(numbers.number(thresholds[label.id]) if label.id in thresholds else "–")
        rows.append(row)
    return md.blocks(
        f"## {name}s",
        f"Scores of the default variant, {md.text(default.name)}. {_rule(result) if thresholds else ''}".rstrip(),
        md.table(columns, rows, 2),
    )


def _rule(result: BuildResult) -> str:
    """Say what the thresholds mean."""
    if figures.kind(result).answers == "labels":
        return "A label is predicted when its probability is at or above its threshold, chosen on the validation rows."
    return (
        "The label with the largest ratio of probability to threshold is predicted; the thresholds were chosen on the "
        "validation rows."
    )


def _calibration(result: BuildResult) -> str:
    default = figures.default_model(result)
    errors = []
    for part in figures.slices(result):
        evaluation = default.evaluations.get(part.name) if default else None
        error = figures.calibration_error(evaluation) if evaluation else None
        if error is not None:
            errors.append(f"{numbers.number(error)} on {_part(part)}")
    function = "sigmoid" if figures.kind(result).answers == "labels" else "softmax"
    stated = (
        f"The temperature that calibrates the probabilities is part of the graph: a plain {function} is enough. "
        f"Expected calibration error of the default variant: {', '.join(errors)}."
        if errors
        else ""
    )
    domain = " ".join(md.text(sentence) for sentence in figures.domain_sentences(result))
    sentences = " ".join(figures.abstention_sentences(result))
    promises = figures.promises(result)
    if not promises:
        return _section("Calibration and abstention", md.blocks(*filter(None, (stated, sentences, domain))))
    columns = ["Variant", "Precision aimed at", "Lowest accepted probability", "Rows answered", "Of those right"]
    tested = any("test_precision" in promise.entry for promise in promises)
    columns += ["Test rows answered", "Of those right"] if tested else []
    rows = []
    for promise in promises:
        threshold = promise.entry.get("threshold")
        cells = [md.text(promise.variant) + (" (unasked)" if promise.default and tested else "")]
        cells += [promise.shown("target_precision"), "–" if threshold is None else numbers.number(threshold)]
        keys = ("coverage", "precision", *(("test_coverage", "test_precision") if tested else ()))
        rows.append([*cells, *(promise.shown(key) for key in keys)])
    table = md.table(columns, rows)
    return md.blocks("## Calibration and abstention", *filter(None, (stated, sentences, table, domain)))


def _data(result: BuildResult) -> str:
    source, report = result.data_source, result.cleaning
    name = md.link(source.get("url", ""), source.get("name", "") or "data")
    version = f", version {md.text(source['version'])}" if source.get("version") else ""
    rows = ", ".join(f"{md.text(split)} {count:,}" for split, count in report.rows_out.items())
    lines = [f"Source: {name}{version}"] if source else []
    lines += [f"Rows after cleaning: {rows}"] if rows else []
    lines.append(figures.leaks_sentence(result))
    lines += [f"Note: {md.text(note)}" for note in report.notes]
    return _section("Data", md.items(lines))


def _provenance(result: BuildResult) -> str:
    base = ", ".join(f"{md.text(numbers.name(key))} {md.code(str(value))}" for key, value in result.base_model.items())
    recipe = result.recipe.get("name")
    packages = result.machine.get("packages")
    lines = [
        f"Base model: {base}" if base else "",
        f"Recipe: {md.code(str(recipe))}" if recipe else "",
        f"Run: {md.code(result.run)}" if result.run else "",
        f"Built: {md.text(result.created)}" if result.created else "",
    ]
    if isinstance(packages, Mapping) and packages:
        lines.append("Versions: " + ", ".join(f"{md.text(str(k))} {md.text(str(v))}" for k, v in packages.items()))
    lines.append("Everything that was measured: `report.html`; hashes, labels and thresholds: `bundle.json`")
    return _section("Provenance", md.items([line for line in lines if line]))


def _licences(result: BuildResult) -> str:
    if not result.licences:
        return ""
    rows = [
        [md.text(entry.subject), md.text(entry.what), _licence(entry), md.text(entry.notice) or "–"]
        for entry in result.licences
    ]
    return md.blocks("## Licences and attribution", md.table(["Of", "What", "Licence", "Notice"], rows, 4))


def _licence(entry: LicenceNote) -> str:
    name = f"{entry.name} ({entry.id})" if entry.name and entry.name != entry.id else entry.id
    return md.link(entry.url, name)
