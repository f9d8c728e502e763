"""Generated results of a build that never happened: test data for reports and cards."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from hub.contract import metrics
from hub.contract.recipe import Recipe
from hub.contract.results import (
    BuildResult,
    CardNote,
    CleaningReport,
    CurvePoint,
    Evaluation,
    Finding,
    GateResult,
    Interval,
    LabelName,
    Latency,
    LicenceNote,
    MetricName,
    ModelResult,
    ReliabilityBin,
    SliceName,
    TrainingResult,
)
from hub.edge.schema import Abstention, FileEntry, LabelEntry, Manifest, SessionOptions, Variant

CHAPTERS = {
    "A00-B99": "Certain infectious and parasitic diseases",
    "C00-D49": "Neoplasms",
    "D50-D89": "Diseases of the blood and blood-forming organs and certain disorders involving the immune mechanism",
    "E00-E89": "Endocrine, nutritional and metabolic diseases",
    "F01-F99": "Mental, behavioral and neurodevelopmental disorders",
    "G00-G99": "Diseases of the nervous system",
    "H00-H59": "Diseases of the eye and adnexa",
    "H60-H95": "Diseases of the ear and mastoid process",
    "I00-I99": "Diseases of the circulatory system",
    "J00-J99": "Diseases of the respiratory system",
    "K00-K95": "Diseases of the digestive system",
    "L00-L99": "Diseases of the skin and subcutaneous tissue",
    "M00-M99": "Diseases of the musculoskeletal system and connective tissue",
    "N00-N99": "Diseases of the genitourinary system",
    "O00-O9A": "Pregnancy, childbirth and the puerperium",
    "P00-P96": "Certain conditions originating in the perinatal period",
    "Q00-Q99": "Congenital malformations, deformations and chromosomal abnormalities",
    "R00-R99": "Symptoms, signs and abnormal clinical and laboratory findings, not elsewhere classified",
    "S00-T88": "Injury, poisoning and certain other consequences of external causes",
    "V00-Y99": "External causes of morbidity",
    "Z00-Z99": "Factors influencing health status and contact with health services",
}

TIMES = {
    "teacher": {"16": 14.0, "64": 24.9},
    "student fp32": {"16": 2.31, "64": 6.42},
    "student int8": {"16": 0.587, "64": 1.73},
}


def label_names(count: int = 21) -> tuple[LabelName, ...]:
    """The chapters, or numbered labels when another count is asked for."""
    if count == len(CHAPTERS):
        return tuple(LabelName(key, name) for key, name in CHAPTERS.items())
    return tuple(LabelName(f"topic-{index:03d}", f"Topic number {index}") for index in range(count))


def evaluation(labels: tuple[LabelName, ...], skill: float, seed: int, rows: int = 1200) -> Evaluation:
    """Score generated probabilities with the metrics of the contract; ``skill`` is the logit of the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(len(labels), size=rows)
    logits = rng.normal(size=(rows, len(labels)))
    hardness = rng.uniform(0.3, 1.7, size=len(labels))[truth]
    logits[np.arange(rows), truth] += skill * hardness
    logits[np.arange(rows), (truth + 1) % len(labels)] += 0.8
    chances = np.exp(1.3 * logits)
    outcome = metrics.Outcome(tuple(label.id for label in labels), truth, chances / chances.sum(axis=1, keepdims=True))
    values = {
        "macro_f1": metrics.macro_f1(outcome),
        "accuracy": metrics.accuracy(outcome),
        "top_3_accuracy": metrics.top_3_accuracy(outcome),
        "log_loss": metrics.log_loss(outcome),
    }
    return Evaluation(
        rows=rows,
        metrics=values,
        intervals={name: Interval(values[name] - 0.011, values[name] + 0.0103) for name in ("macro_f1", "accuracy")},
        per_label=metrics.per_label(outcome),
        confusion=tuple(tuple(int(cell) for cell in line) for line in metrics.confusion(outcome)),
        reliability=reliability(outcome),
    )


def reliability(outcome: metrics.Outcome, bins: int = 15) -> tuple[ReliabilityBin, ...]:
    """Bins of equal width by top probability; empty ones are left out."""
    top = outcome.probabilities.max(axis=1)
    right = outcome.predicted == outcome.truth
    place = np.minimum((top * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(float(top[place == b].mean()), float(right[place == b].mean()), int((place == b).sum()))
        for b in range(bins)
        if (place == b).any()
    )


def model(
    name: str, labels: tuple[LabelName, ...], parts: Mapping[str, float], size: int, **more: object
) -> ModelResult:
    """One row of the result table; ``parts`` maps slices to skills."""
    evaluations = {
        part: evaluation(labels, skill, seed, 1200 if index == 0 else 900)
        for index, (part, skill) in enumerate(parts.items())
        for seed in [41 + index]
    }
    if name == "linear baseline":
        evaluations = {part: dataclasses.replace(entry, reliability=()) for part, entry in evaluations.items()}
    latency = {
        tokens: Latency(int(tokens), p50, round(p50 * 1.31, 4), round(p50 * 1.77, 4), 1, 200)
        for tokens, p50 in TIMES.get(name, {}).items()
    }
    return ModelResult(name=name, bytes=size, latency=latency, evaluations=evaluations, **more)  # type: ignore[arg-type]


def models(
    labels: tuple[LabelName, ...], names: tuple[str, ...] = ("unseen", "known-codes")
) -> tuple[ModelResult, ...]:
    """Linear baseline, teacher and two variants on the slices."""

    def skills(*values: float) -> dict[str, float]:
        return dict(zip(names, values, strict=False))

    return (
        model("linear baseline", labels, skills(3.1, 5.6), 38_400_000, role="baseline"),
        model("teacher", labels, skills(4.2, 5.2), 90_864_388, role="teacher", parameters=22_721_301),
        model(
            "student fp32", labels, skills(4.16, 5.15), 28_312_004, role="variant", variant="fp32", parameters=6_998_805
        ),
        model(
            "student int8", labels, skills(4.1, 5.1), 7_624_113, role="variant", variant="int8", parameters=6_998_805
        ),
    )


def training(name: str, epochs: int, loss: float) -> TrainingResult:
    """A smooth training whose last epoch but one was the best."""
    points = []
    for step in range(1, epochs * 10 + 1):
        epoch = step / 10
        measured = step % 10 == 0
        score = 0.85 - 0.5 * 0.4**epoch - (0.004 if epoch == epochs else 0.0) if measured else -1.0
        points.append(CurvePoint(step * 33, epoch, 0.6 + loss * 0.5**epoch, score, step * 4.2))
    best = max((point for point in points if point.score >= 0), key=lambda point: point.score)
    return TrainingResult(
        name,
        tuple(points),
        round(best.epoch),
        best.score,
        20_973,
        epochs * 330,
        epochs * 42.0,
        "bf16",
        {"fp32": 744.0, "bf16": 241.0},
    )


def cleaning(labels: tuple[LabelName, ...]) -> CleaningReport:
    """A report with findings of every kind."""
    counts = {"train": 20_973, "validation": 1_900, "calibration": 1_850, "test": 2_100}
    return CleaningReport(
        rows_in={name: rows + 40 for name, rows in counts.items()},
        rows_out=counts,
        labels={
            name: {label.id: rows // len(labels) + index for index, label in enumerate(labels)}
            for name, rows in counts.items()
        },
        findings=(
            Finding("duplicate", 61, "same text and label more than once; one kept", ("C50.911", "C50.912")),
            Finding("conflict", 7, "same text with different labels; all removed", ("M84.40XA",)),
            Finding("over-long", 92, "texts longer than 64 tokens are cut by the model"),
        ),
        leaks=0,
        near_leaks=14,
        notes=("The chapter of special purposes has 5 codes and is left out.",),
    )


def build_result(
    labels: int = 21, slices: tuple[str, ...] = ("unseen", "known-codes"), **changes: object
) -> BuildResult:
    """A whole result; ``changes`` replace fields.

    Without ``slices`` the models are evaluated on the part named ``all``.
    """
    names = label_names(labels)
    summaries = {
        "unseen": "whole three-character categories the model has never seen",
        "known-codes": "other wordings of codes whose title is in training",
    }
    result = BuildResult(
        run="20260401-test",
        task="medical/icd10-chapter",
        kind="text-classification",
        summary="Diagnosis text to ICD-10-CM chapter.",
        recipe=Recipe(name="quick", summary="Minutes on two cores.").to_mapping(),
        labels=names,
        slices=tuple(SliceName(name, summaries.get(name, name)) for name in slices),
        headline_metric="macro_f1",
        models=models(names, slices or ("all",)),
        default_variant="int8",
        trainings=(training("teacher", 5, 2.4), training("student", 8, 3.1)),
        cleaning=cleaning(names),
        gates=(
            GateResult("parity", 1e-4, 3.1e-7, True, "largest difference in probability over 200 rows"),
            GateResult("int8-drop", 1.0, 0.35, True, "points of macro F1 on unseen"),
            GateResult("teacher-share", 95.0, 99.2, True, "percent of the teacher's macro F1 on unseen"),
            GateResult("size", 12_000_000.0, 7_624_113.0, True, "bytes of the default variant"),
        ),
        abstention={
            "fp32": {"target_precision": 0.95, "threshold": 0.612, "coverage": 0.788, "precision": 0.951},
            "int8": {"target_precision": 0.95, "threshold": 0.6214, "coverage": 0.7811, "precision": 0.9504},
        },
        licences=(
            LicenceNote(
                "data",
                "ICD-10-CM tabular list",
                "other",
                "public domain",
                "https://example.org/icd",
                "US government work.",
            ),
            LicenceNote(
                "base model", "all-MiniLM-L6-v2", "Apache-2.0", "Apache License 2.0", "https://example.org/apache", ""
            ),
        ),
        card=CardNote(
            description="Sorts short diagnosis texts into the chapters of ICD-10-CM.",
            intended_use="Pre-sorting of diagnosis lists that a person checks.",
            out_of_scope="Decisions about patients.",
            limits="Not a medical device. English only.",
            language="en",
            tags=("medical", "icd-10"),
        ),
        base_model={"id": "sentence-transformers/all-MiniLM-L6-v2", "version": "0.1.0"},
        data_source={"name": "packaged", "url": "https://example.org/simple-icd-10-cm", "version": "2026-04"},
        machine={
            "processor": "Test Processor 3000",
            "instruction_sets": ["avx2", "avx512f", "avx512_vnni"],
            "cores": 2,
            "memory_bytes": 16_000_000_000,
            "system": "Linux 6.1",
            "python": "3.11.9",
            "packages": {"onnxruntime": "1.31.1", "torch": "2.13.0", "transformers": "5.23.0"},
            "date": "2026-04-01",
        },
        seconds={"data": 4.1, "finetune": 210.0, "distill": 170.5, "compress": 21.0, "export": 30.2, "verify": 24.9},
        created="2026-04-01",
        metrics=(
            MetricName("macro_f1", "mean F1 over the labels", True, "f1"),
            MetricName("accuracy", "share of rows predicted right", True, "accuracy"),
            MetricName("top_3_accuracy", "truth among the three most probable labels"),
            MetricName("log_loss", "mean negative log-likelihood of the truth", False),
        ),
    )
    return dataclasses.replace(result, **changes)  # type: ignore[arg-type]


def manifest(result: BuildResult) -> Manifest:
    """The bundle's manifest that belongs to a result of `build_result`."""
    files = {"fp32": "onnx/model.onnx", "int8": "onnx/model_quantized.onnx"}
    variants = {
        row.variant: Variant(
            file=files[row.variant],
            format="onnx",
            precision=row.variant,
            fetch_bytes=row.bytes,
            batch_invariant=row.variant == "fp32",
            session=SessionOptions(1, ("SkipLayerNormFusion", "BiasGeluFusion")),
            scores={part: dict(entry.metrics) for part, entry in row.evaluations.items()},
            latency=row.latency,
        )
        for row in result.models
        if row.role == "variant"
    }
    return Manifest(
        schema=1,
        name=result.task.split("/")[-1],
        task=result.task,
        kind=result.kind,
        labels=tuple(LabelEntry(label.id, label.name) for label in result.labels),
        max_length=64,
        inputs=("input_ids", "attention_mask", "token_type_ids"),
        output="logits",
        variants=variants,
        default_variant={"portable": result.default_variant},
        files={file: FileEntry(1, "0" * 64) for file in files.values()},
        abstention={name: Abstention(**entry) for name, entry in result.abstention.items()},
        gates=result.gates,
        machine=result.machine,
    )
