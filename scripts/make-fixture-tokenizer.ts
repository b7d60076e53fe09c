/** Writes test/fixtures/llama/tokenizer: a small tokenizer learned here, for make_fixtures.py to use from Python. */
import { mkdirSync, writeFileSync } from "node:fs";
import { trainTokenizer } from "../src/lm/tokenizers/train.ts";

const texts = [
  "Dear Ana,\n\nthank you for the report. I will read the report on Friday.\n\nBest regards,\nTom",
  "Hi Tom,\n\ncould you send me the figures by Monday? Thank you for the quick answer.\n\nBest,\nAna",
];
const folder = new URL("../test/fixtures/llama/tokenizer/", import.meta.url);
const { json, config } = trainTokenizer(texts, { vocabSize: 288 });
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("tokenizer.json", folder), `${JSON.stringify(json)}\n`);
writeFileSync(new URL("tokenizer_config.json", folder), `${JSON.stringify(config, null, 2)}\n`);
