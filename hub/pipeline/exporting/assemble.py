"""The bundle of an export: its manifest with the provenance, the self-test, the card and the report."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.checkpoint import Checkpoint
from hub.contract.export_results import FP32, CheckpointNote, ExportResult
from hub.contract.exporter import Exported, Exporter
from hub.contract.figures import without_folders
from hub.contract.kinds import KINDS
from hub.edge.bundle import Bundle
from hub.edge.encode import Encoder
from hub.edge.files import sha256, write_text
from hub.edge.folder import REPORT, SELFTEST
from hub.edge.machine import cores
from hub.edge.schema import LabelEntry, Manifest, SessionOptions, Variant, to_json
from hub.edge.selftest import choose, expected
from hub.edge.selftest import write as write_selftest
from hub.edge.writer import seal
from hub.pipeline.exporting.rows import Measured
from hub.pipeline.exporting.variants import Made
from hub.pipeline.fingerprint import library_versions
from hub.pipeline.stages.rows import Words
from hub.publish.bom import BOM, bom_text
from hub.publish.exported import export_card, export_notice
from hub.report.exported import write_export_report

_WEIGHTS = (".safetensors", ".bin", ".pt", ".pkl", ".npz")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SELFTEST_CANDIDATES, _SELFTEST_TOKENS = 80, 64
PORTABLE = "portable"


@dataclass(frozen=True)
class Parts:
    """What a bundle is made of.

    Args:
        checkpoint: what was exported.
        exporter: that wrote it.
        exported: what it said of the fp32 graph.
        encoder: of the bundle.
        made: its variants, fp32 first.
        public: rows that may stand in its self-test.
    """

    checkpoint: Checkpoint
    exporter: Exporter
    exported: Exported
    encoder: Encoder
    made: tuple[Made, ...]
    public: Measured


def bundle_name(identifier: str) -> str:
    """Return a short name for a bundle: the last part of a checkpoint's id."""
    name = _UNSAFE.sub("-", identifier.rstrip("/").rpartition("/")[2]).strip("-.")
    return name or "checkpoint"


def model_file(exporter: Exporter, variant: str) -> str:
    """Return where a variant's model stands in the bundle; for ONNX where Transformers.js looks for it."""
    names = {FP32: "model", "int8": "model_quantized"}
    name = names.get(variant, f"model_{variant.replace('-', '_')}")
    return f"{exporter.name}/{name}{exporter.suffix}"


def checkpoint_note(checkpoint: Checkpoint) -> CheckpointNote:
    """Return what results state of a checkpoint, its weights hashed; no path of this machine."""
    student = checkpoint.folder / "distill"
    root = student if checkpoint.source == "run" and student.is_dir() else checkpoint.folder
    files = sorted(path for path in root.rglob("*") if path.suffix in _WEIGHTS and path.is_file())
    return CheckpointNote(
        id=without_folders(checkpoint.id),
        revision=checkpoint.revision,
        source=checkpoint.source,
        architecture=checkpoint.architecture,
        parameters=checkpoint.parameters,
        weight_bytes=checkpoint.weight_bytes,
        weights={path.relative_to(root).as_posix(): sha256(path) for path in files},
        licence=checkpoint.licence,
        base=without_folders(checkpoint.base),
        language=checkpoint.language,
        task=checkpoint.task,
    )


def assemble(folder: Path, parts: Parts, result: ExportResult) -> ExportResult:
    """Finish a bundle whose models, configuration and tokenizer are in place.

    Args:
        folder: of the bundle.
        parts: what it is made of.
        result: everything measured; the sizes of its variants are filled in here.

    Returns:
        The result with the sizes.
    """
    manifest = seal(folder, _manifest(parts, result))
    inputs = _selftest_inputs(parts)
    bundle = Bundle.open(folder, variant=FP32, threads=cores())
    chosen = [inputs[i] for i in choose(bundle, inputs)]
    write_selftest(folder / SELFTEST, chosen, expected(folder, chosen))
    manifest = seal(folder, manifest)
    result = with_sizes(result, manifest)
    return write_papers(folder, manifest, result)


def write_papers(folder: Path, manifest: Manifest, result: ExportResult) -> ExportResult:
    """Write card, notice, bill of materials and report, and seal the bundle; return the result with the new sizes."""
    manifest = dataclasses.replace(manifest, gates=result.gates, failed=result.failed)
    write_text(folder / "README.md", export_card(result, manifest))
    write_text(folder / "NOTICE", export_notice(result))
    write_text(folder / BOM, bom_text(manifest))
    manifest = seal(folder, manifest)
    result = with_sizes(result, manifest)
    write_export_report(result, folder / REPORT)
    seal(folder, manifest)
    return result


def with_sizes(result: ExportResult, manifest: Manifest) -> ExportResult:
    """State each shipped variant's size as what fetching it transfers."""
    sizes = {name: variant.fetch_bytes for name, variant in manifest.variants.items()}
    variants = tuple(
        dataclasses.replace(variant, bytes=sizes[variant.name]) if variant.shipped else variant
        for variant in result.variants
    )
    return dataclasses.replace(result, variants=variants)


def _manifest(parts: Parts, result: ExportResult) -> Manifest:
    checkpoint, kind = parts.checkpoint, KINDS[parts.checkpoint.kind]
    shipped = [made for made in parts.made if made.shipped]
    variants = {made.name: _variant(made, parts, result) for made in shipped}
    default = result.default_variant
    portable = FP32 if variants[default].requires else default
    slices = next(iter(variants.values())).scores
    headline = {"slice": next(iter(slices)), "metric": result.headline_metric} if slices else {}
    return Manifest(
        schema=1,
        name=result.name,
        task=checkpoint.task or checkpoint.kind,
        kind=checkpoint.kind,
        labels=tuple(
            LabelEntry(label, name or label)
            for label, name in zip(checkpoint.labels, checkpoint.names or checkpoint.labels, strict=True)
        ),
        max_length=checkpoint.max_length,
        inputs=parts.exported.inputs,
        output=kind.outputs[0],
        outputs=kind.outputs if len(kind.outputs) > 1 else (),
        variants=variants,
        default_variant={PORTABLE: portable, **({result.profile: default} if result.profile != PORTABLE else {})},
        files={},
        headline=headline,
        window_stride=checkpoint.window_stride,
        gates=result.gates,
        failed=result.failed,
        machine=result.machine,
        provenance=_provenance(parts, result),
    )


def _variant(made: Made, parts: Parts, result: ExportResult) -> Variant:
    measured = result.variant(made.name)
    session = dict(measured.session) if measured else {}
    return Variant(
        file=model_file(parts.exporter, made.name),
        format=parts.exporter.name,
        precision=made.form.precision if made.form else FP32,
        fetch_bytes=0,
        batch_invariant=made.form.batch_invariant if made.form else True,
        session=SessionOptions(disabled_optimizers=tuple(session.pop("disabled_optimizers", ())), options=session),
        scores={part: evaluation.metrics for part, evaluation in made.evaluations.items()},
        latency=measured.latency if measured else {},
        requires=made.form.requires if made.form else (),
    )


def _provenance(parts: Parts, result: ExportResult) -> dict[str, Any]:
    """Return where the bundle comes from: nothing in it names a folder of this machine."""
    forms = {made.name: _form(made) for made in parts.made if made.shipped and made.form}
    return {
        "checkpoint": to_json(result.checkpoint),
        "built": result.created,
        "packages": dict(library_versions()),
        "exporter": {
            "name": parts.exporter.name,
            "outputs": list(parts.exported.outputs),
            "details": _plain(parts.exported.details),
        },
        "forms": forms,
        "profile": result.profile,
        "measured_on": result.rows_from,
        "notes": list(result.notes),
        "licences": [{"subject": "checkpoint", "what": result.checkpoint.id, "id": result.checkpoint.licence}],
    }


def _form(made: Made) -> dict[str, Any]:
    form = made.form
    return {} if form is None else {"form": form.name, "summary": form.summary, "options": _plain(form.options)}


def _plain(value: Any) -> Any:
    """Return other people's facts as plain JSON values without folders of this machine."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return without_folders(str(value))


def _selftest_inputs(parts: Parts) -> list[Any]:
    """Return candidates for the self-test: short ones, since every device replays them, and one that is cut."""
    texts: Sequence[Any] = [entry.text if isinstance(entry, Words) else entry for entry in parts.public.inputs]
    single = [text for text in texts if isinstance(text, str)]
    texts = single or texts  # pairs only where every row is one
    lengths = [len(parts.encoder.encode([text])[0].ids) for text in texts]
    short = [text for text, length in zip(texts, lengths, strict=True) if length <= _SELFTEST_TOKENS]
    longest = [texts[max(range(len(texts)), key=lambda i: lengths[i])]] if texts else []
    return list(dict.fromkeys([*short[:_SELFTEST_CANDIDATES], *longest]))
