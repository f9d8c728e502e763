"""Run by another Python, which has optimum-onnx and not the hub: its answers to the self-test of a bundle.

Arguments: the bundle's folder, the .npz file to write. Prints one JSON object: the versions, or what went wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

MISSING = 4
"""Exit code when optimum-onnx is not there."""

_CLASSES = {
    "text-classification": "ORTModelForSequenceClassification",
    "multi-label": "ORTModelForSequenceClassification",
    "token-classification": "ORTModelForTokenClassification",
    "question-answering": "ORTModelForQuestionAnswering",
    "fill-mask": "ORTModelForMaskedLM",
    "embeddings": "ORTModelForCustomTasks",
}


def main(folder: Path, target: Path) -> int:
    """Answer every row with every ONNX variant; return the exit code."""
    try:
        import numpy as np
        import onnxruntime
        import optimum.onnxruntime as ort
        import transformers
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))  # noqa: T201 - the parent process reads it
        return MISSING
    bundle = json.loads((folder / "bundle.json").read_text("utf-8"))
    lines = (folder / "selftest.jsonl").read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    names = bundle.get("outputs") or [bundle["output"]]
    found: dict[str, Any] = {}
    for variant, entry in bundle["variants"].items():
        file = Path(entry["file"])
        model = getattr(ort, _CLASSES[bundle["kind"]]).from_pretrained(
            folder, subfolder=str(file.parent), file_name=file.name
        )
        for number, row in enumerate(rows):
            outputs = model(**_encode(tokenizer, row, bundle, model))
            arrays = [np.asarray(outputs[name].detach().numpy(), dtype=np.float32)[0] for name in names]
            found[f"{variant}/{number}"] = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=-1)
    np.savez(target, allow_pickle=False, **found)
    versions = {"transformers": transformers.__version__, "onnxruntime": onnxruntime.__version__}
    print(json.dumps({"versions": versions, "rows": len(rows)}))  # noqa: T201 - the parent process reads it
    return 0


def _encode(tokenizer: Any, row: Any, bundle: Any, model: Any) -> Any:
    """Return a row's tokens as the model takes them; of a question only its context is cut."""
    texts = (row["text"], row["text_pair"]) if row.get("text_pair") is not None else (row["text"],)
    cut = "only_second" if bundle["kind"] == "question-answering" else "longest_first"
    tokens = tokenizer(*texts, truncation=cut, max_length=bundle["max_length"], return_tensors="pt")
    return {name: tokens[name] for name in bundle["inputs"] if name in tokens}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
