// node web.mjs PLAN.json: onnxruntime-web, the WebAssembly of browsers, answers given batches with given files.
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';

ort.env.wasm.numThreads = 1;
const answers = [];
for (const order of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  try {
    const session = await ort.InferenceSession.create(readFileSync(order.file), { executionProviders: ['wasm'] });
    const rows = [];
    for (const batch of order.batches) {
      const feeds = {};
      for (const input of session.inputNames) {
        const ids = batch[input];
        feeds[input] = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
      }
      rows.push(Array.from((await session.run(feeds))[order.output].data, Number));
    }
    await session.release();
    answers.push({ name: order.name, rows });
  } catch (error) {
    answers.push({ name: order.name, error: String(error?.stack ?? error) });
  }
}
console.log(JSON.stringify(answers));
