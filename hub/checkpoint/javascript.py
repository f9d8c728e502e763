"""Which models Transformers.js opens: it goes by ``model_type`` and refuses those that it does not know.

Source: the maps of @huggingface/transformers 4.3.1, src/models/registry.js; classes that do not read text are left out.
"""

from __future__ import annotations

_EVERY_KIND = frozenset(
    {
        "bert",
        "camembert",
        "convbert",
        "deberta",
        "deberta-v2",
        "distilbert",
        "electra",
        "mpnet",
        "neobert",
        "roberta",
        "roformer",
        "xlm",
        "xlm-roberta",
    }
)
_MORE = {
    "albert": frozenset({"text-classification", "multi-label", "question-answering", "fill-mask", "embeddings"}),
    "esm": frozenset({"text-classification", "multi-label", "token-classification", "fill-mask", "embeddings"}),
    "eurobert": frozenset({"text-classification", "multi-label", "token-classification", "fill-mask", "embeddings"}),
    "mobilebert": frozenset({"text-classification", "multi-label", "question-answering", "fill-mask", "embeddings"}),
    "modernbert": frozenset({"text-classification", "multi-label", "token-classification", "fill-mask", "embeddings"}),
    "nomic_bert": frozenset({"embeddings"}),
    "squeezebert": frozenset({"text-classification", "multi-label", "question-answering", "fill-mask", "embeddings"}),
}
"""Types of which it knows some kinds of task."""


def opens(model_type: str, kind: str) -> bool:
    """Whether Transformers.js has a class for a kind of task and models of a type.

    Args:
        model_type: as config.json has it.
        kind: one of the kinds of text.
    """
    return model_type in _EVERY_KIND or kind in _MORE.get(model_type, frozenset())


def javascript_notes(model_type: str, kind: str) -> tuple[str, ...]:
    """Return a note when Transformers.js will not open the bundle; none when it will."""
    if opens(model_type, kind):
        return ()
    return (f"Transformers.js has no {kind} for models of type {model_type!r}; in a browser take onnxruntime-web",)
