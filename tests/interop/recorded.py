"""Answers of another runtime, put where the model of a bundle was, so that the bundle's own self-test judges them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hub.edge import Bundle, selftest
from hub.edge.comparing import Check
from hub.edge.folder import read_manifest

DTYPES = {"onnx/model.onnx": "fp32", "onnx/model_quantized.onnx": "q8"}
"""What Transformers.js calls the variants whose names it knows."""


@dataclass(frozen=True)
class Case:
    """A bundle that other runtimes open.

    Args:
        name: of the case.
        folder: the bundle.
    """

    name: str
    folder: Path

    def order(self) -> dict[str, Any]:
        """Return what a runtime needs to know: where the files are, what to ask."""
        manifest = read_manifest(self.folder)
        rows = [{"text": row.text, "pair": row.text_pair} for row in selftest.load(self.folder)]
        variants = {name: v.file for name, v in manifest.variants.items() if v.file in DTYPES}
        return {
            "name": self.name,
            "folder": str(self.folder),
            "tokens": manifest.kind == "token-classification",
            "output": manifest.output,
            "variants": [{"name": n, "file": file, "dtype": DTYPES[file]} for n, file in variants.items()],
            "rows": rows,
        }

    def judge(self, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Check]:
        """Run the self-test on another runtime's answers.

        Args:
            answers: by variant, for each row of the self-test its token ids and its raw scores.
        """
        manifest, rows, checks = read_manifest(self.folder), selftest.load(self.folder), []
        assert set(answers) == {v["name"] for v in self.order()["variants"]}
        for variant, found in answers.items():
            assert len(found) == len(rows) >= 5
            told = {tuple(answer["ids"]): np.array(answer["scores"], dtype=np.float32) for answer in found}
            bundle = Bundle(self.folder, manifest, variant, wrap=lambda runtime, told=told: Recorded(runtime, told))  # type: ignore[misc]
            checks += selftest.replay(bundle)
        return checks


class Recorded:
    """A runtime that gives what another one gave.

    Args:
        runtime: of the bundle, asked for its inputs alone.
        told: raw scores by token ids.
    """

    def __init__(self, runtime: Any, told: Mapping[tuple[int, ...], npt.NDArray[np.float32]]) -> None:
        self.inputs = tuple(dict.fromkeys((*runtime.inputs, "attention_mask")))
        self._told = told

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return the scores of a batch; other tokens than the other runtime read are a KeyError."""
        masks = feeds["attention_mask"].astype(bool)
        found = [self._told[tuple(row[mask].tolist())] for row, mask in zip(feeds["input_ids"], masks, strict=True)]
        if found[0].ndim == 1:
            return np.array(found)
        scores = np.zeros((*masks.shape, found[0].shape[-1]), dtype=np.float32)
        for row, mask, given in zip(scores, masks, found, strict=True):
            row[mask] = given
        return scores


def assert_same(cases: Sequence[Case], answers: Sequence[Mapping[str, Any]]) -> None:
    """Assert that a runtime opened every bundle, and that every self-test holds with its answers."""
    assert [answer["name"] for answer in answers] == [case.name for case in cases]
    for case, answer in zip(cases, answers, strict=True):
        assert "error" not in answer, f"{case.name}: {answer['error']}"
        failed = [check for check in case.judge(answer["variants"]) if not check.ok]
        assert not failed, f"{case.name}: {failed}"


def write_plan(cases: Sequence[Case], file: Path) -> Path:
    """Write the orders of all cases."""
    file.write_text(json.dumps([case.order() for case in cases]), "utf-8")
    return file


def assert_pipelines(cases: Sequence[Case], answers: Sequence[Mapping[str, Any]]) -> int:
    """Compare the probabilities that a runtime's own pipeline gives; return how many variants were compared."""
    compared = 0
    for case, answer in zip(cases, answers, strict=True):
        for variant, rows in answer["scores"].items():
            compared += 1
            for row, found in zip(selftest.load(case.folder), rows, strict=True):
                wanted = row.expect[variant]
                assert isinstance(wanted, Mapping)
                if variant == "fp32":
                    assert {label: found[label] for label in wanted} == pytest.approx(dict(wanted), abs=1e-3)
                assert max(found, key=found.__getitem__) == max(wanted, key=lambda label: wanted[label])
    return compared
