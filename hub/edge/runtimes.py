"""Finds what runs a format: ONNX Runtime, or a runtime that another distribution declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hub.contract.errors import BundleError, HubError, MissingError

if TYPE_CHECKING:
    from hub.contract.exporter import Runtime

GROUP = "hub.runtimes"
"""Entry-point group: the name is the format, the object a ``function(file: Path, options: Mapping) -> Runtime``."""

ONNX = "onnx"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


def open_file(form: str, file: Path, options: Mapping[str, Any]) -> Runtime:
    """Open a model file with the runtime of its format.

    Args:
        form: of the file: ``onnx``, or the name of an entry point of `GROUP`.
        file: the model.
        options: ``threads``, ``output``, and those of the format.

    Raises:
        MissingError: HUB-E007, nothing that is installed runs the format.
        BundleError: HUB-E010, the file cannot be loaded.
    """
    if form == ONNX:
        from hub.edge.onnx import OnnxRuntime

        return OnnxRuntime(file, options)
    return ForeignRuntime(form, _declared(form, file), file, options)


class ForeignRuntime:
    """A runtime of another distribution, whose own errors become ours.

    Args:
        form: the format.
        make: what the distribution declares.
        file: the model.
        options: as in `open_file`.

    Raises:
        MissingError: HUB-E007, the distribution cannot be imported.
        BundleError: HUB-E010, the file cannot be loaded.
    """

    def __init__(self, form: str, make: EntryPoint, file: Path, options: Mapping[str, Any]) -> None:
        self._form, self._file = form, file
        try:
            function = make.load()
        except Exception as error:  # whatever somebody else's import raises
            why = f"{make.value} cannot be imported: {_first_line(error)}"
            raise _missing(form, file, why, f'pip install --force-reinstall "domainhub-{form}"') from error
        try:
            self._runtime: Runtime = function(file, options)
            self._inputs = tuple(str(name) for name in self._runtime.inputs)
        except Exception as error:  # its classes are its own business
            raise self._broken("load", error) from error

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs the graph takes."""
        return self._inputs

    def run(self, feeds: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Run one batch; see `hub.contract.exporter.Runtime.run`.

        Raises:
            BundleError: HUB-E010, the graph cannot take these inputs.
        """
        try:
            return np.asarray(self._runtime.run(feeds), dtype=np.float32)
        except Exception as error:  # as above
            raise self._broken("run", error) from error

    def _broken(self, verb: str, error: Exception) -> HubError:
        if isinstance(error, HubError):
            return error
        return BundleError(
            "HUB-E010",
            f"the runtime of {self._form} cannot {verb} {self._file.name}",
            _first_line(error),
            "get the bundle again or build it again",
        )


def _declared(form: str, file: Path) -> EntryPoint:
    if _NAME.fullmatch(form) is None:
        raise _missing(form, file, "that is no name of a format", "choose another variant")
    found = sorted(entry_points(group=GROUP, name=form), key=lambda entry: entry.value)
    if not found:
        others = sorted({ONNX, *(entry.name for entry in entry_points(group=GROUP))})
        fix = f'pip install "domainhub-{form}", or choose another variant'
        raise _missing(form, file, f"what is installed runs {', '.join(others)}", fix)
    if len({entry.value for entry in found}) > 1:
        raise _missing(form, file, f"several declare it: {', '.join(e.value for e in found)}", "remove all but one")
    return found[0]


def _missing(form: str, file: Path, why: str, fix: str) -> MissingError:
    return MissingError("HUB-E007", f"nothing here runs the format {form!r} of {file.name}", why, fix)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
