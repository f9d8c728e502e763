"""How to run a bundle, as the card shows it: command line, plain Python, Node."""

from __future__ import annotations

import json

from hub.edge.schema import Manifest, Variant
from hub.publish import markdown as md
from hub.publish.metadata import JS_PRECISIONS

_PYTHON = """import json
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

bundle = json.load(open("bundle.json", encoding="utf-8"))
tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation(bundle["max_length"])
{options}session = onnxruntime.InferenceSession({file}, options, providers=["CPUExecutionProvider"])

text = tokenizer.encode("Write your own text here")
values = {{"input_ids": text.ids, "attention_mask": text.attention_mask, "token_type_ids": text.type_ids}}
feeds = {{entry.name: np.array([values[entry.name]], dtype=np.int64) for entry in session.get_inputs()}}
logits = session.run([{output}], feeds)[0][0].astype(np.float64)
probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
for index in np.argsort(-probabilities, kind="stable")[:3]:
    print(f"{{probabilities[index]:.3f}}", bundle["labels"][index]["name"])"""

_OPTIONS = """options = onnxruntime.SessionOptions()
options.intra_op_num_threads = {threads}
"""
_DISABLED = """options.add_session_config_entry("optimization.disable_specified_optimizers", {names})
"""

_NODE = """import {{ env, pipeline }} from "@huggingface/transformers";

env.allowRemoteModels = false; // the folder is read, nothing is fetched
const classify = await pipeline("text-classification", "./", {{ dtype: "{precision}" }});
console.log(await classify("Write your own text here", {{ top_k: 3 }}));"""


def usage(manifest: Manifest) -> str:
    """Return the section on how to use the bundle, for its default variant.

    Args:
        manifest: of the bundle; everything the code names comes from it.
    """
    variant = manifest.variants[manifest.default_variant["portable"]]
    parts = ["## How to use", "Run these in the folder of the bundle.", _commands()]
    if variant.format == "onnx" and manifest.kind == "text-classification":
        python = "In Python with `onnxruntime`, `tokenizers` and `numpy` alone (no PyTorch):"
        parts += [python, f"```python\n{python_code(manifest, variant)}\n```"]
        precision = JS_PRECISIONS.get(variant.file)
        if precision:
            node = "In Node with `@huggingface/transformers`:"
            parts += [node, f"```js\n{_NODE.format(precision=precision)}\n```"]
    return md.blocks(*parts)


def python_code(manifest: Manifest, variant: Variant) -> str:
    """Return Python that classifies a text with onnxruntime and tokenizers."""
    session = variant.session
    options = _OPTIONS.format(threads=session.threads)
    if session.disabled_optimizers:
        options += _DISABLED.format(names=json.dumps(";".join(session.disabled_optimizers)))
    return _PYTHON.format(options=options, file=json.dumps(variant.file), output=json.dumps(manifest.output))


def _commands() -> str:
    return (
        "```sh\npip install domainhub\n"
        'hub predict . "Write your own text here"\n'
        "hub verify .    # file hashes, and the answers of the self-test on this machine\n"
        "hub bench .     # time and memory on this machine\n```"
    )
