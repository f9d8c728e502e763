// Opens bundles in Transformers.js and compares its answers: node transformers_js.mjs PLAN.json
// The plan names a root folder and cells {name, folder, pipeline, samples: [{text, pair, ids, outputs}]}; one line of
// JSON is printed for each cell, with the largest difference or the reason why it was not compared.
import { readFileSync } from 'node:fs';
import { env, pipeline } from '@huggingface/transformers';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = plan.root;

function difference(found, expected) {
  const numbers = expected.flat(Infinity);
  if (found.data.length !== numbers.length) {
    return Infinity;
  }
  return numbers.reduce((worst, number, i) => Math.max(worst, Math.abs(Number(found.data[i]) - number)), 0);
}

async function compare(cell) {
  const pipe = await pipeline(cell.pipeline, cell.folder, { dtype: 'fp32' });
  let worst = 0;
  for (const sample of cell.samples) {
    const inputs = pipe.tokenizer(sample.text, { text_pair: sample.pair ?? null });
    const ids = Array.from(inputs.input_ids.data, Number);
    if (JSON.stringify(ids) !== JSON.stringify(sample.ids)) {
      throw new Error(`its tokenizer gives other tokens for ${JSON.stringify(sample.text)}`);
    }
    const outputs = await pipe.model(inputs);
    for (const [name, expected] of Object.entries(sample.outputs)) {
      if (outputs[name] === undefined) {
        throw new Error(`its model gives no ${name}, but ${Object.keys(outputs).join(', ')}`);
      }
      worst = Math.max(worst, difference(outputs[name], expected));
    }
  }
  const first = cell.samples[0];
  if (cell.pipeline === 'question-answering') {
    await pipe(first.text, first.pair);
  } else if (first.pair === undefined) {
    await pipe(first.text);
  }
  await pipe.dispose();
  return worst;
}

for (const cell of plan.cells) {
  const answer = { name: cell.name };
  try {
    answer.max_difference = await compare(cell);
    answer.finite = Number.isFinite(answer.max_difference);
  } catch (error) {
    answer.reason = String(error.message ?? error).split('\n')[0];
  }
  console.log(JSON.stringify(answer));
}
