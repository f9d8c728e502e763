// Opens bundles in Transformers.js, in Node or in a browser, and says what each model answers.

function nested(tensor) {
  const rows = tensor.tolist()[0];
  return rows.map((value) => (Array.isArray(value) ? value.map(Number) : Number(value)));
}

async function askOne(transformers, order) {
  const { AutoTokenizer, AutoModelForSequenceClassification, AutoModelForTokenClassification, pipeline } = transformers;
  const tokenizer = await AutoTokenizer.from_pretrained(order.folder);
  const kind = order.tokens ? AutoModelForTokenClassification : AutoModelForSequenceClassification;
  const variants = {};
  const scores = {};
  for (const { name, dtype } of order.variants) {
    const model = await kind.from_pretrained(order.folder, { dtype });
    variants[name] = [];
    for (const row of order.rows) {
      const inputs = tokenizer(row.text, { text_pair: row.pair ?? null, truncation: true });
      const { logits } = await model(inputs);
      variants[name].push({ ids: Array.from(inputs.input_ids.data, Number), scores: nested(logits) });
    }
    await model.dispose();
    if (!order.tokens && order.rows.every((row) => row.pair == null)) {
      // As the card shows it: the pipeline's own probabilities.
      const ask = await pipeline('text-classification', order.folder, { dtype });
      scores[name] = [];
      for (const row of order.rows) {
        const found = await ask(row.text, { top_k: null });
        scores[name].push(Object.fromEntries(found.map(({ label, score }) => [label, score])));
      }
      await ask.dispose();
    }
  }
  return { name: order.name, variants, scores };
}

export async function ask(transformers, orders) {
  const answers = [];
  for (const order of orders) {
    try {
      answers.push(await askOne(transformers, order));
    } catch (error) {
      answers.push({ name: order.name, error: String(error?.stack ?? error) });
    }
  }
  return answers;
}
