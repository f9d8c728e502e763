// node ort_node.mjs PLAN.json: onnxruntime-node and the tokenizers of JavaScript, nothing of Transformers.js.
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-node';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

async function askOne(order) {
  const tokenizer = new Tokenizer(read(`${order.folder}/tokenizer.json`), read(`${order.folder}/tokenizer_config.json`));
  const variants = {};
  for (const { name, file } of order.variants) {
    const session = await ort.InferenceSession.create(`${order.folder}/${file}`);
    variants[name] = [];
    for (const row of order.rows) {
      const encoded = tokenizer.encode(row.text, { text_pair: row.pair ?? null, return_token_type_ids: true });
      const values = {
        input_ids: encoded.ids,
        attention_mask: encoded.attention_mask,
        token_type_ids: encoded.token_type_ids,
      };
      const feeds = {};
      for (const input of session.inputNames) {
        feeds[input] = new ort.Tensor('int64', BigInt64Array.from(values[input], BigInt), [1, encoded.ids.length]);
      }
      const scores = (await session.run(feeds))[order.output];
      const numbers = Array.from(scores.data, Number);
      const width = scores.dims[scores.dims.length - 1];
      const rows = Array.from({ length: numbers.length / width }, (_, i) => numbers.slice(i * width, (i + 1) * width));
      variants[name].push({ ids: Array.from(encoded.ids, Number), scores: order.tokens ? rows : rows[0] });
    }
    await session.release();
  }
  return { name: order.name, variants };
}

const answers = [];
for (const order of read(process.argv[2])) {
  try {
    answers.push(await askOne(order));
  } catch (error) {
    answers.push({ name: order.name, error: String(error?.stack ?? error) });
  }
}
console.log(JSON.stringify(answers));
