"""Rules about what an exporter makes of a file it wrote: smaller forms, another temperature, a branch beside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import HubError
from hub.contract.exporter import Exported, Exporter, QuantizedForm, QuantizeRequest, Runtime
from hub.contract.reference import resolve
from hub.edge.files import sha256
from hub.edge.machine import instruction_sets
from hub.testing.checks import BrokenError, expect
from hub.testing.tiny_exports import Arrays, calibration, feeds, logits, margins, tiny_branch

ROWS, TOKENS = 24, 12
"""Rows that a quantized model is tried on; the clearer half of them must keep their label."""

SCALED_TOLERANCE = 1e-4
NEIGHBOUR_SHARE = 0.05
"""How far an answer may move with its neighbours in a batch-invariant form, as a share of the range of all logits:
numbers that fall between two steps of 8 bits may be rounded either way."""


def quantizes(exporter: Exporter, form: QuantizedForm, model: Any, exported: Exported) -> str:
    """Make a form of an exported `tiny_classifier` and look whether clear rows keep their label.

    Raises:
        BrokenError: it does not run, answers otherwise, or depends on neighbours although it says that it does not.
    """
    missing = sorted(set(form.requires) - set(instruction_sets()))
    if missing:
        return f"not tried: this machine has no {', '.join(missing)}"
    with _unchanged(exporter, exported) as folder:
        target = folder / f"small{exporter.suffix}"
        request = QuantizeRequest(exported.file, target, form, calibration)
        resolve(exporter.quantize)(request)
        expect(target.is_file(), f"the form {form.name!r} wrote no file")
        runtime: Runtime = resolve(exporter.runtime)(target, {})
        expect(tuple(runtime.inputs) == exported.inputs, f"it takes {runtime.inputs}, the fp32 file {exported.inputs}")
        batch = feeds(ROWS, TOKENS)
        expected, alone = logits(model, batch), _one_by_one(runtime, batch)
        expect(alone.shape == expected.shape, f"logits of shape {alone.shape}, not {expected.shape}")
        top = np.sort(expected, axis=1)
        clear = np.argsort(top[:, -2] - top[:, -1], kind="stable")[: ROWS // 2]
        changed = int((alone.argmax(axis=1) != expected.argmax(axis=1))[clear].sum())
        expect(not changed, f"{changed} of the {len(clear)} clearest rows have another label in the form {form.name!r}")
        if form.batch_invariant:
            together = runtime.run({name: batch[name] for name in runtime.inputs})
            moved = float(np.abs(together - alone).max()) / float(np.ptp(expected))
            why = f"an answer moves by {moved:.1%} with its neighbours, but the form is declared batch-invariant"
            expect(moved <= NEIGHBOUR_SHARE, why)
        return f"{len(clear)} clear rows keep their label, largest difference {np.abs(alone - expected).max():.2g}"


def keeps(exporter: Exporter, model: Any, exported: Exported) -> str:
    """Keep every part of an exported `tiny_classifier` in fp32, and ask for one that it does not have.

    Raises:
        BrokenError: the parts have no names of their own, answers still differ, or an unknown part is taken.
    """
    names = resolve(exporter.parts)(exported.file)
    expect(isinstance(names, tuple) and bool(names), f"its parts are {names!r}, not names")
    expect(len(set(names)) == len(names), f"two of its parts have one name: {', '.join(names)}")
    forms = [form for form in exporter.forms if set(form.requires) <= set(instruction_sets()) and not form.calibrated]
    expect(bool(forms), "each of its forms needs rows or instructions that not every machine has")
    with _unchanged(exporter, exported) as folder:
        target = folder / f"kept{exporter.suffix}"
        resolve(exporter.quantize)(QuantizeRequest(exported.file, target, forms[0], calibration, keep=names))
        worst = _differs(exporter, target, _expected(model))
        unknown = QuantizeRequest(
            exported.file, folder / f"other{exporter.suffix}", forms[0], calibration, ("no_such_part",)
        )
        try:
            resolve(exporter.quantize)(unknown)
        except HubError as error:
            return f"{len(names)} parts, largest difference {worst:.1g}; {error.code} for an unknown one"
        raise BrokenError("it takes the name of a part that the file does not have")


def scales(exporter: Exporter, model: Any, exported: Exported) -> str:
    """Halve the logits of an exported `tiny_classifier`.

    Raises:
        BrokenError: they are not halved.
    """
    with _unchanged(exporter, exported) as folder:
        target = folder / f"scaled{exporter.suffix}"
        resolve(exporter.scale)(exported.file, target, 0.5, exported.outputs[0])
        return f"largest difference {_differs(exporter, target, 0.5 * _expected(model)):.1g}"


def adds_branch(exporter: Exporter, model: Any, exported: Exported) -> str:
    """Add a branch to a copy of an exported `tiny_classifier`.

    Raises:
        BrokenError: its margins are not added.
    """
    with _unchanged(exporter, exported) as folder:
        for path in exported.file.parent.glob(f"{exported.file.name}*"):
            shutil.copy2(path, folder / path.name)
        branch, copy = tiny_branch(), folder / exported.file.name
        resolve(exporter.branch)(copy, branch, exported.outputs[0])
        added = margins(branch, feeds(5, 9))
        return f"largest difference {_differs(exporter, copy, _expected(model) + added):.1g}"


def _expected(model: Any) -> npt.NDArray[np.float64]:
    return logits(model, feeds(5, 9)).astype(np.float64)


def _differs(exporter: Exporter, file: Path, expected: npt.NDArray[np.float64]) -> float:
    runtime: Runtime = resolve(exporter.runtime)(file, {})
    batch = feeds(5, 9)
    found = runtime.run({name: batch[name] for name in runtime.inputs})
    worst = float(np.abs(found - expected).max())
    expect(worst <= SCALED_TOLERANCE, f"a logit differs by {worst:.2g}, {SCALED_TOLERANCE:g} is allowed")
    return worst


def _one_by_one(runtime: Runtime, batch: Arrays) -> npt.NDArray[np.float32]:
    """Run each row alone and without its padding, as a variant that is not batch-invariant is run."""
    found = []
    for row, mask in enumerate(batch["attention_mask"]):
        kept = int(mask.sum())
        found.append(runtime.run({name: batch[name][row : row + 1, :kept] for name in runtime.inputs})[0])
    return np.array(found)


@contextmanager
def _unchanged(exporter: Exporter, exported: Exported) -> Iterator[Path]:
    """Give an empty folder; afterwards the exported files must be as they were."""
    files = sorted(exported.file.parent.iterdir())
    before = [(path.name, sha256(path)) for path in files]
    with tempfile.TemporaryDirectory(prefix="domainhub-") as folder:
        yield Path(folder)
    after = [(path.name, sha256(path)) for path in sorted(exported.file.parent.iterdir())]
    if before != after:
        raise BrokenError(f"{exporter.name} changed the file that it was to read")
