"""The head of a SetFit model: a pickled logistic regression, read by an unpickler that knows nothing else."""

from __future__ import annotations

import io
import pickle  # read by a class that allows six names
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hub.checkpoint.errors import first_line, pickled_only
from hub.contract.errors import CheckpointError

_ARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
"""Where numpy 1 and numpy 2 keep what makes an array again."""


@dataclass(frozen=True)
class SetFitHead:
    """A linear head.

    Args:
        classes: of the training rows, as text, in the order of the outputs.
        weight: float32 [labels, size].
        bias: float32 [labels].
        one_against_rest: see `hub.checkpoint.modules.SentenceClassifier`.
    """

    classes: tuple[str, ...]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    one_against_rest: bool


class _LogisticRegression:
    """Stands for scikit-learn's class: takes the attributes of the pickle, and runs nothing of anyone."""


def read_head(file: Path, *, allow_pickle: bool) -> SetFitHead:
    """Read ``model_head.pkl``.

    The probabilities of the head are the softmax of ``weight @ vector + bias``. scikit-learn keeps one row for two
    classes, whose sigmoid is the second one's probability; here both have a row, of opposite halves.

    Args:
        file: written by joblib, without compression.
        allow_pickle: the user trusts it. Even then nothing is read but a logistic regression of numpy arrays.

    Raises:
        UsageError: HUB-X107, ``allow_pickle`` is not set.
        CheckpointError: HUB-X114, it is no logistic regression, or makes no sense.
    """
    if not allow_pickle:
        raise pickled_only(file.name)
    head = _unpickle(file)
    if not isinstance(head, _LogisticRegression):
        raise _refused(file, f"it holds a {type(head).__name__}")
    values = vars(head)
    try:
        classes = np.asarray(values["classes_"])
        weight = np.asarray(values["coef_"], dtype=np.float64)
        bias = np.broadcast_to(np.asarray(values["intercept_"], dtype=np.float64), (len(weight),))
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(file, f"it was not fitted: {first_line(error)}") from error
    rows = 1 if len(classes) == 2 else len(classes)
    if classes.ndim != 1 or len(classes) < 2 or weight.ndim != 2 or len(weight) != rows:
        raise _refused(file, f"it has {len(classes)} classes and weights of shape {list(weight.shape)}")
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise _refused(file, "its weights are not finite")
    one_by_one = rows > 1 and (values.get("multi_class") == "ovr" or values.get("solver") == "liblinear")
    if rows == 1:
        # Fitted as two classes with one softmax, as scikit-learn could until 1.7, the margin counts twice.
        scale = 1.0 if values.get("multi_class") == "multinomial" else 0.5
        weight, bias = np.concatenate([-weight, weight]) * scale, np.concatenate([-bias, bias]) * scale
    return SetFitHead(
        tuple(str(label) for label in classes.tolist()), weight.astype(np.float32), bias.astype(np.float32), one_by_one
    )


def _unpickle(file: Path) -> Any:
    """Read what joblib wrote, allowing the names of a logistic regression and of numpy's arrays."""
    from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler  # type: ignore[import-untyped]
    from joblib.numpy_pickle_utils import Unpickler  # type: ignore[import-untyped]
    from numpy._core import multiarray

    allowed: dict[tuple[str, str], Any] = {
        ("sklearn.linear_model._logistic", "LogisticRegression"): _LogisticRegression,
        ("sklearn.linear_model.logistic", "LogisticRegression"): _LogisticRegression,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        **{(home, name): getattr(multiarray, name) for home in _ARRAYS for name in ("_reconstruct", "scalar")},
    }

    def find_class(module: str, name: str) -> Any:
        if (module, name) not in allowed:
            raise _refused(file, f"it asks for {module}.{name}")
        return allowed[module, name]

    class Inner(Unpickler):
        """Reads an array of objects, such as labels that are text, inside the file."""

        def find_class(self, module: str, name: str) -> Any:
            return find_class(module, name)

    class Wrapper(NumpyArrayWrapper):
        """joblib's place-holder of an array, whose objects do not escape the rules."""

        def read(self, unpickler: Any, *rest: Any) -> Any:
            if self.dtype.hasobject:
                return Inner(unpickler.file_handle).load()
            self.allow_mmap = False
            return super().read(unpickler, *rest)

    allowed["joblib.numpy_pickle", "NumpyArrayWrapper"] = Wrapper

    class Outer(NumpyUnpickler):
        """joblib's own reader, with the rules."""

        def find_class(self, module: str, name: str) -> Any:
            return find_class(module, name)

    try:
        data = io.BytesIO(file.read_bytes())
        return Outer(str(file), data, ensure_native_byte_order=True).load()
    except CheckpointError:
        raise
    except OSError as error:
        raise _refused(file, str(error)) from error
    except Exception as error:  # a broken pickle raises anything: KeyError, EOFError, UnicodeDecodeError, ...
        reason = (
            first_line(error) if isinstance(error, pickle.UnpicklingError) else f"it is damaged: {first_line(error)}"
        )
        raise _refused(file, reason) from error


def _refused(file: Path, why: str) -> CheckpointError:
    return CheckpointError(
        "HUB-X114",
        f"cannot use the head in {file.name}",
        why,
        "SetFit heads of scikit-learn's LogisticRegression can be exported",
    )
