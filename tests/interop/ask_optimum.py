"""Opens bundles in optimum-onnx; runs in a Python of its own: ``python ask_optimum.py PLAN.json``."""

from __future__ import annotations

import json
import sys
from typing import Any


def ask(order: dict[str, Any]) -> dict[str, Any]:
    """Return what optimum's models answer."""
    from optimum.onnxruntime import ORTModelForSequenceClassification, ORTModelForTokenClassification
    from transformers import AutoTokenizer

    kind = ORTModelForTokenClassification if order["tokens"] else ORTModelForSequenceClassification
    tokenizer = AutoTokenizer.from_pretrained(order["folder"])
    variants: dict[str, Any] = {}
    for variant in order["variants"]:
        folder, file = variant["file"].split("/")
        model = kind.from_pretrained(order["folder"], subfolder=folder, file_name=file)
        variants[variant["name"]] = []
        for row in order["rows"]:
            inputs = tokenizer(row["text"], row["pair"], truncation=True, return_tensors="pt")
            scores = model(**inputs).logits[0].tolist()
            variants[variant["name"]].append({"ids": inputs["input_ids"][0].tolist(), "scores": scores})
    return {"name": order["name"], "variants": variants}


def main() -> None:
    """Answer every order of the plan."""
    with open(sys.argv[1], encoding="utf-8") as stream:  # noqa: PTH123 - a plain script
        orders = json.load(stream)
    answers = []
    for order in orders:
        try:
            answers.append(ask(order))
        except Exception as error:  # noqa: BLE001 - the test says which bundle and why
            answers.append({"name": order["name"], "error": f"{type(error).__name__}: {error}"})
    sys.stdout.write(json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
