"""Code of the card for models that answer with vectors, parts of a context, or words for gaps."""

from __future__ import annotations

TEXT = "Write your own text here"
QUESTION, CONTEXT = "Who wrote the program?", "Ada wrote the program in 1843."

READS = {
    "answer": f'(answer,) = bundle.predict([("{QUESTION}", "{CONTEXT}")])\n',
    "fill": f'(answer,) = bundle.predict([f"{TEXT} {{bundle.encoder.special.mask}}"])\n',
}
"""One input, in Python with the hub, by what is answered."""

SHOWS = {
    "vector": "print(len(answer.vector), answer.vector[:4])",
    "answer": 'print(f"{answer.score:.3f}", answer.answer or "the context holds no answer", answer.start, answer.end)',
    "fill": 'for gap in answer.fills:\n    print(*(f"{score:.3f} {token}" for token, score in gap), sep="; ")',
}
"""Its answer."""

ENCODES = {
    "vector": f'text = tokenizer.encode("{TEXT}")',
    "answer": f'question, context = "{QUESTION}", "{CONTEXT}"\ntext = tokenizer.encode(question, context)',
    "fill": 'mask = json.loads(Path("tokenizer_config.json").read_text("utf-8"))["mask_token"]\n'
    'mask = mask if isinstance(mask, str) else mask["content"]\n'
    f'text = tokenizer.encode(f"{TEXT} {{mask}}")',
}
"""One input, in Python without the hub."""

RUNS = {
    "vector": """vector = session.run([{output}], feeds)[0][0]
print(len(vector), vector[:4])""",
    "answer": """scores = np.stack([scores[0] for scores in session.run({outputs}, feeds)]).astype(np.float64)
context_tokens = np.array([part == 1 for part in text.sequence_ids])
counted = context_tokens | (np.arange(len(text.ids)) == 0)  # the first token stands for no answer
powers = np.exp(np.where(counted, scores - scores[:, counted].max(axis=1, keepdims=True), -np.inf))
starts, ends = powers / powers.sum(axis=1, keepdims=True)
products = np.outer(starts * context_tokens, ends * context_tokens)
products = np.tril(np.triu(products), {longest} - 1)  # the last token is not before the first one
first, last = np.unravel_index(products.argmax(), products.shape)
answer = context[text.offsets[first][0] : text.offsets[last][1]]
score, none = products[first, last], starts[0] * ends[0]
print(f"{{max(score, none):.3f}}", "the context holds no answer" if none > score else answer)""",
    "fill": """scores = session.run([{output}], feeds)[0][0].astype(np.float64)
for place in np.flatnonzero(np.array(text.ids) == tokenizer.token_to_id(mask)):
    powers = np.exp(scores[place] - scores[place].max())
    for token in np.argsort(-powers, kind="stable")[:3]:
        print(f"{{powers[token] / powers.sum():.3f}}", tokenizer.decode([int(token)], skip_special_tokens=False))""",
}
"""Its answer."""

NODE_VECTOR = """import {{ AutoModel, AutoTokenizer, env }} from "@huggingface/transformers";

env.allowRemoteModels = false; // the folder is read, nothing is fetched
const tokenizer = await AutoTokenizer.from_pretrained("./");
const model = await AutoModel.from_pretrained("./", {{ dtype: "{precision}" }});
const inputs = await tokenizer(["{text}"], {{ padding: true, truncation: true }});
const {{ sentence_embedding }} = await model(inputs); // pooled and of unit length
console.log(sentence_embedding.tolist());"""

NODE_CALLS = {
    "question-answering": ("question-answering", f'"{QUESTION}", "{CONTEXT}"', ""),
    "fill-mask": ("fill-mask", f"`{TEXT} ${{ask.tokenizer.mask_token}}`", ""),
}
"""Name of the pipeline of Transformers.js, what it is called with, and what to know about its answer."""

COMMANDS = {
    "answer": f'"{QUESTION}" --pair "{CONTEXT}"',
    "fill": f'"{TEXT}"    # with the mask token of the tokenizer where a word is missing',
}
"""Arguments of ``hub predict``."""
