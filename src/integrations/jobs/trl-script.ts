/** A Python program that trains by TRL what `fpx learn` trains here. */

import { trainingDefaults } from "../../edits/index.ts";
import type { JobSettings } from "./hosts.ts";

/** Pairs that go through the model at once; a step adds up the gradients of several. */
const AT_ONCE = 4;

/**
 * The program; train.jsonl is beside it, wherever it is run. Where nothing else is asked for, it trains with the defaults
 * of `fpx learn`. The early ensemble is DPO plus TRL's `sft` loss, which is a mean over tokens: the weight of ours, on sums
 * over a text's tokens, is multiplied by the mean number of tokens.
 */
export function trlScript(settings: JobSettings): string {
  const { method, model, name, dpoBeta, sftWeight } = settings;
  const { batchSize, adamw, lora } = trainingDefaults;
  const { epochs = trainingDefaults.epochs[method], learningRate = trainingDefaults.learningRate[method] } =
    settings;
  const shared = [
    `    output_dir=str(HERE / ${python(name)}),`,
    `    num_train_epochs=${epochs},`,
    `    learning_rate=${learningRate},`,
    `    per_device_train_batch_size=${AT_ONCE},`,
    `    gradient_accumulation_steps=${batchSize / AT_ONCE},`,
    '    lr_scheduler_type="cosine_with_min_lr",',
    '    lr_scheduler_kwargs={"min_lr_rate": 0.1},',
    `    warmup_steps=math.ceil(0.05 * ${epochs} * len(data) / ${batchSize}),`,
    `    weight_decay=${adamw.weightDecay},`,
    `    adam_beta2=${adamw.beta2},`,
    `    max_grad_norm=${adamw.maximumNorm},`,
    "    # Half precision where the machine has it; TRL alone would refuse any other.",
    "    bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),",
    "    max_length=None,",
    '    report_to="none",',
  ];
  const head = [
    `"""Fine-tunes ${printable(model)} on train.jsonl; written by fpx. Needs: pip install trl peft"""`,
    "import math",
    "from pathlib import Path",
    "",
    "import torch",
    "from datasets import load_dataset",
    "from peft import LoraConfig",
    "from transformers import AutoTokenizer",
    method === "sft" ? "from trl import SFTConfig, SFTTrainer" : "from trl import DPOConfig, DPOTrainer",
    "",
    `MODEL = ${python(model)}`,
    "HERE = Path(__file__).resolve().parent",
    'data = load_dataset("json", data_files=str(HERE / "train.jsonl"), split="train")',
    "tokenizer = AutoTokenizer.from_pretrained(MODEL)",
  ];
  const peft = `peft_config = LoraConfig(r=${lora.rank}, lora_alpha=${2 * lora.rank}, target_modules="all-linear", task_type="CAUSAL_LM")`;
  if (method === "sft")
    return text([
      ...head,
      peft,
      "config = SFTConfig(",
      ...shared,
      "    completion_only_loss=True,",
      ")",
      "trainer = SFTTrainer(MODEL, args=config, train_dataset=data, processing_class=tokenizer, peft_config=peft_config)",
      ...tail,
    ]);
  return text([
    ...head,
    peft,
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
