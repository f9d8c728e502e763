// node in_node.mjs PLAN.json: asks Transformers.js about local folders and prints its answers as JSON.
import { readFileSync } from 'node:fs';
import * as transformers from '@huggingface/transformers';
import { ask } from './ask.mjs';

transformers.env.allowRemoteModels = false;
transformers.env.allowLocalModels = true;
transformers.env.localModelPath = '';
console.log(JSON.stringify(await ask(transformers, JSON.parse(readFileSync(process.argv[2], 'utf8')))));
