/** A Python program that trains by TRL what `fpx learn` trains here. */

import type { JobSettings } from "./hosts.ts";

/**
 * The program, to be run beside train.jsonl. The early ensemble is DPO plus TRL's `sft` loss, which is a mean over tokens:
 * the weight of ours, on sums over a text's tokens, is multiplied by the mean number of tokens.
 */
export function trlScript(settings: JobSettings): string {
  const { method, model, name, dpoBeta, sftWeight, epochs, learningRate } = settings;
  const shared = [
    `    output_dir=${python(name)},`,
    ...(epochs === undefined ? [] : [`    num_train_epochs=${epochs},`]),
    ...(learningRate === undefined ? [] : [`    learning_rate=${learningRate},`]),
    "    max_length=None,",
    '    report_to="none",',
  ];
  const head = [
    `"""Fine-tunes ${printable(model)} on train.jsonl; written by fpx. Needs: pip install trl peft"""`,
    "from datasets import load_dataset",
    "from peft import LoraConfig",
    "from transformers import AutoTokenizer",
    method === "sft" ? "from trl import SFTConfig, SFTTrainer" : "from trl import DPOConfig, DPOTrainer",
    "",
    `MODEL = ${python(model)}`,
    'data = load_dataset("json", data_files="train.jsonl", split="train")',
    "tokenizer = AutoTokenizer.from_pretrained(MODEL)",
  ];
  const lora =
    'peft_config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")';
  if (method === "sft")
    return text([
      ...head,
      lora,
      "config = SFTConfig(",
      ...shared,
      "    completion_only_loss=True,",
      ")",
      "trainer = SFTTrainer(MODEL, args=config, train_dataset=data, processing_class=tokenizer, peft_config=peft_config)",
      ...tail,
    ]);
  return text([
    ...head,
    lora,
    ...(method === "early"
      ? [
          "# The weight is on the sum over a text's tokens; TRL's sft loss is a mean over tokens.",
          'tokens = [len(tokenizer(row["chosen"][-1]["content"])["input_ids"]) + 1 for row in data]',
          `sft_weight = ${sftWeight} * sum(tokens) / len(tokens)`,
        ]
      : []),
    "config = DPOConfig(",
    ...shared,
    `    beta=${dpoBeta},`,
    ...(method === "early"
      ? ['    loss_type=["sigmoid", "sft"],', "    loss_weights=[1.0, sft_weight],"]
      : ['    loss_type=["sigmoid"],']),
    ")",
    "trainer = DPOTrainer(MODEL, args=config, train_dataset=data, processing_class=tokenizer, peft_config=peft_config)",
    ...tail,
  ]);
}

const tail = ["trainer.train()", "trainer.save_model()", ""];

const text = (lines: readonly string[]): string => lines.join("\n");

/** A text as a Python literal: JSON's escapes are Python's, too. */
const python = (value: string): string => JSON.stringify(value);

/** For a comment: nothing that could end it. */
const printable = (value: string): string => value.replaceAll(/["\\\n\r]/g, " ");
