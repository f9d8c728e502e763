"""How to run a bundle, as the card shows it: command line, Python with and without the hub, Node, browser."""

from __future__ import annotations

import json

from hub.contract.domain import KINDS, Kind
from hub.edge.answers import MAX_ANSWER_TOKENS
from hub.edge.schema import Manifest, Variant
from hub.publish import markdown as md
from hub.publish import snippets
from hub.publish.metadata import JS_PRECISIONS, has_js_class
from hub.publish.snippets import TEXT

_HUB = """from hub.edge import Bundle

bundle = Bundle.open(".")
{answer}"""

_READS = {
    "text": f'(answer,) = bundle.predict(["{TEXT}"])\n',
    "row": "row = dict.fromkeys(bundle.columns)  # write your own values; None is a missing one\n"
    "(answer,) = bundle.predict([row])\n",
}
_SHOWS = {
    "label": 'print(answer.label, f"{answer.score:.3f}", "abstained" if answer.abstained else "")',
    "labels": 'for label, score in zip(answer.labels, answer.scores, strict=True):\n    print(f"{score:.3f}", label)',
    "spans": 'for span in answer.spans:\n    print(span.start, span.end, span.label, f"{span.score:.3f}", span.text)',
    "number": "print(answer.value{unit})",
    **snippets.SHOWS,
}

_PYTHON = """import json
from pathlib import Path
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

bundle = json.loads(Path("bundle.json").read_text("utf-8"))
tokenizer = Tokenizer.from_file("tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation(bundle["max_length"])
{options}session = onnxruntime.InferenceSession({file}, options, providers=["CPUExecutionProvider"])

{text}
values = {{"input_ids": text.ids, "attention_mask": text.attention_mask, "token_type_ids": text.type_ids}}
feeds = {{entry.name: np.array([values[entry.name]], dtype=np.int64) for entry in session.get_inputs()}}
{answer}"""

_LOGITS = "logits = session.run([{output}], feeds)[0][0].astype(np.float64)\n"

_SOFTMAX = """probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
for index in np.argsort(-probabilities, kind="stable")[:3]:
    print(f"{probabilities[index]:.3f}", bundle["labels"][index]["name"])"""

_SIGMOID = """probabilities = 1 / (1 + np.exp(-logits))
thresholds = bundle.get("thresholds", {{}}).get({variant}, {{}})
for label, probability in zip(bundle["labels"], probabilities, strict=True):
    if probability >= thresholds.get(label["id"], 0.5):
        print(f"{{probability:.3f}}", label["name"])"""

_OPTIONS = """options = onnxruntime.SessionOptions()
options.intra_op_num_threads = {threads}
"""
_DISABLED = """options.add_session_config_entry("optimization.disable_specified_optimizers", {names})
"""

_NODE = """import {{ env, pipeline }} from "@huggingface/transformers";

env.allowRemoteModels = false; // the folder is read, nothing is fetched
const ask = await pipeline("{pipeline}", "./", {{ dtype: "{precision}" }});
console.log(await ask({call}));{remark}"""

_BROWSER = """import {{ env, pipeline }} from "./transformers.js";

env.allowRemoteModels = false; // nothing but this server is asked
env.allowLocalModels = true;
env.localModelPath = "./";
const ask = await pipeline("{pipeline}", "bundle", {{ device: "wasm", dtype: "{precision}" }}); // name of this folder
console.log(await ask({call}));{remark}"""

_NODE_KINDS = {
    "text-classification": ("text-classification", f'"{TEXT}", {{ top_k: 3 }}', ""),
    "multi-label": ("text-classification", f'"{TEXT}", {{ top_k: null }}', " // every label with its own probability"),
    "token-classification": ("token-classification", f'"{TEXT}"', " // by token: a word has the tag of its first one"),
    **snippets.NODE_CALLS,
}
"""Name of the pipeline of Transformers.js, what it is called with, and what to know about its answer."""


def usage(manifest: Manifest) -> str:
    """Return the section on how to use the bundle, for its default variant.

    Args:
        manifest: of the bundle; everything the code names comes from it.
    """
    variant = manifest.variants[manifest.default_variant["portable"]]
    kind = KINDS.get(manifest.kind)
    parts = ["## How to use", "Run these in the folder of the bundle.", _commands(kind)]
    if kind is None:
        return md.blocks(*parts)
    parts += ["In Python with the hub (no PyTorch):", f"```python\n{hub_code(manifest, kind)}\n```"]
    if variant.format != "onnx":
        return md.blocks(*parts)
    if _is_plain(manifest, kind):
        python = "In Python with `onnxruntime`, `tokenizers` and `numpy` alone:"
        parts += [python, f"```python\n{python_code(manifest, variant)}\n```"]
    precision = JS_PRECISIONS.get(variant.file)
    node = _node_code(manifest.kind, precision) if precision and has_js_class(manifest) else ""
    if node:
        parts += ["In Node with `@huggingface/transformers`:", f"```js\n{node}\n```"]
        if manifest.kind in _NODE_KINDS:
            where = (
                "In a module script of a page, with `dist/transformers.js` of the package and this folder beside it:"
            )
            parts += [where, f"```javascript\n{_browser_code(manifest.kind, precision or '')}\n```"]
        if manifest.window_stride:
            parts.append(f"Node reads the first {manifest.max_length} tokens of a text; the hub reads all of it.")
    return md.blocks(*parts)


def hub_code(manifest: Manifest, kind: Kind) -> str:
    """Return Python that answers one input with `hub.edge`."""
    unit = f", {json.dumps(manifest.unit)}" if manifest.unit else ""
    reads = snippets.READS.get(kind.answers, _READS[kind.reads])
    return _HUB.format(answer=reads + _SHOWS[kind.answers].replace("{unit}", unit))


def python_code(manifest: Manifest, variant: Variant) -> str:
    """Return Python that answers one input with onnxruntime and tokenizers."""
    session = variant.session
    options = _OPTIONS.format(threads=session.threads)
    if session.disabled_optimizers:
        options += _DISABLED.format(names=json.dumps(";".join(session.disabled_optimizers)))
    answers = KINDS[manifest.kind].answers
    output = json.dumps(manifest.output)
    if answers in snippets.RUNS:
        outputs = json.dumps(list(manifest.outputs or (manifest.output,)))
        answer = snippets.RUNS[answers].format(output=output, outputs=outputs, longest=MAX_ANSWER_TOKENS)
    elif answers == "labels":
        answer = _LOGITS.format(output=output)
        answer += _SIGMOID.format(variant=json.dumps(manifest.default_variant["portable"]))
    else:
        answer = _LOGITS.format(output=output) + _SOFTMAX
    text = snippets.ENCODES.get(answers, f'text = tokenizer.encode("{TEXT}")')
    return _PYTHON.format(options=options, file=json.dumps(variant.file), text=text, answer=answer)


def _node_code(kind: str, precision: str) -> str:
    """Return JavaScript that answers one input with Transformers.js, ``""`` when it has nothing for the kind."""
    if kind == "embeddings":
        return snippets.NODE_VECTOR.format(precision=precision, text=TEXT)
    if kind not in _NODE_KINDS:
        return ""
    pipeline, call, remark = _NODE_KINDS[kind]
    return _NODE.format(pipeline=pipeline, precision=precision, call=call, remark=remark)


def _browser_code(kind: str, precision: str) -> str:
    """Return a page that answers one input with Transformers.js, served from the folder above the bundle's."""
    pipeline, call, remark = _NODE_KINDS[kind]
    return _BROWSER.format(pipeline=pipeline, precision=precision, call=call, remark=remark)


def _is_plain(manifest: Manifest, kind: Kind) -> bool:
    """Return whether a few lines without the hub give the bundle's answers."""
    one_label = kind.answers == "label" and not manifest.thresholds
    known = one_label or kind.answers == "labels" or kind.answers in snippets.RUNS
    return kind.reads == "text" and known and not manifest.window_stride


def _commands(kind: Kind | None) -> str:
    predict = "--input rows.csv    # a file with the columns that the model reads"
    if kind is None or kind.reads == "text":
        predict = snippets.COMMANDS.get(kind.answers if kind else "", f'"{TEXT}"')
    return (
        "```sh\npip install domainhub\n"
        f"hub predict . {predict}\n"
        "hub verify .    # file hashes, and the answers of the self-test on this machine\n"
        "hub bench .     # time and memory on this machine\n```"
    )
