"""The edge side: what a bundle is, and how it is opened, run, checked, measured and written.

Importing this package loads nothing heavy; `Bundle` brings numpy, onnxruntime and tokenizers in when it
is first used. No module here needs PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.edge.bundle import (
        AnswerPrediction,
        AnyPrediction,
        Bundle,
        FillPrediction,
        LabelsPrediction,
        NumberPrediction,
        Prediction,
        SpansPrediction,
        TextSpan,
        VectorPrediction,
    )

__all__ = [
    "AnswerPrediction",
    "AnyPrediction",
    "Bundle",
    "FillPrediction",
    "LabelsPrediction",
    "NumberPrediction",
    "Prediction",
    "SpansPrediction",
    "TextSpan",
    "VectorPrediction",
]


def __getattr__(name: str) -> Any:
    """Import `hub.edge.bundle` when one of its names is first asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hub.edge import bundle

    return getattr(bundle, name)
