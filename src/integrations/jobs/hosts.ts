/** The hosts of fine-tuning, and what each must be asked; as their public documentation has it, none of them called from here. */

import type { EditFormatName } from "../../edits/index.ts";
import type { JobMethod, JobRequest } from "./job.ts";
import { trlScript } from "./trl-script.ts";

/** What a host is asked for. */
export interface JobSettings {
  readonly method: JobMethod;
  readonly model: string;
  readonly name: string;
  readonly dpoBeta: number;
  readonly sftWeight: number;
  readonly epochs?: number;
  readonly learningRate?: number;
  /** Lines of the training file. */
  readonly examples: number;
  readonly url: string;
}

/** One host. */
export interface Host {
  readonly title: string;
  /** Format of the training file by method; a method that is not named is not to be had. */
  readonly formats: Readonly<Partial<Record<JobMethod, EditFormatName>>>;
  readonly url: string;
  /** Whether it takes no part of a pass. */
  readonly wholeEpochs: boolean;
  prepare(settings: JobSettings): {
    readonly requests?: readonly JobRequest[];
    readonly files?: Readonly<Record<string, string>>;
    readonly byHand?: string;
  };
}

const bearer = (variable: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer {{${variable}}}`,
});

/** Leaves out what is not set. */
const given = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const openai: Host = {
  title: "OpenAI, and servers with its interface",
  formats: { sft: "openai-sft", dpo: "openai-dpo" },
  url: "https://api.openai.com/v1",
  wholeEpochs: true,
  prepare({ method, model, name, dpoBeta, epochs, learningRate, url }) {
    const headers = bearer("OPENAI_API_KEY");
    const shared = { n_epochs: epochs, learning_rate_multiplier: learningRate };
    const training =
      method === "dpo"
        ? { type: "dpo", dpo: { hyperparameters: given({ beta: dpoBeta, ...shared }) } }
        : { type: "supervised", supervised: { hyperparameters: given(shared) } };
    return {
      requests: [
        { step: "file", method: "POST", url: `${url}/files`, headers, form: { purpose: "fine-tune" } },
        {
          step: "job",
          method: "POST",
          url: `${url}/fine_tuning/jobs`,
          headers,
          body: { model, training_file: "{{file.id}}", suffix: name, method: training },
        },
      ],
    };
  },
};

const together: Host = {
  title: "Together",
  formats: { sft: "together-sft", dpo: "together-dpo" },
  url: "https://api.together.xyz/v1",
  wholeEpochs: true,
  prepare({ method, model, name, dpoBeta, epochs, learningRate, url }) {
    const headers = bearer("TOGETHER_API_KEY");
    return {
      requests: [
        {
          step: "file",
          method: "POST",
          url: `${url}/files/upload`,
          headers,
          form: { purpose: "fine-tune", file_name: "train.jsonl", file_type: "jsonl" },
        },
        {
          step: "job",
          method: "POST",
          url: `${url}/fine-tunes`,
          headers,
          body: given({
            model,
            training_file: "{{file.id}}",
            suffix: name,
            n_epochs: epochs,
            learning_rate: learningRate,
            training_type: { type: "Lora" },
            training_method: method === "dpo" ? { method: "dpo", dpo_beta: dpoBeta } : { method: "sft" },
          }),
        },
      ],
    };
  },
};

const fireworks: Host = {
  title: "Fireworks",
  formats: { sft: "fireworks-sft", dpo: "fireworks-dpo" },
  url: "https://api.fireworks.ai/v1",
  wholeEpochs: true,
  prepare({ method, model, name, dpoBeta, epochs, learningRate, examples, url }) {
    const headers = bearer("FIREWORKS_API_KEY");
    const account = `${url}/accounts/{{FIREWORKS_ACCOUNT_ID}}`;
    const dataset = `accounts/{{FIREWORKS_ACCOUNT_ID}}/datasets/${name}`;
    const training = given({
      baseModel: model,
      outputModel: `accounts/{{FIREWORKS_ACCOUNT_ID}}/models/${name}`,
      epochs,
      learningRate,
    });
    const job =
      method === "dpo"
        ? {
            url: `${account}/dpoJobs`,
            body: { dataset, trainingConfig: training, lossConfig: { method: "DPO", klBeta: dpoBeta } },
          }
        : { url: `${account}/supervisedFineTuningJobs`, body: { dataset, ...training } };
    return {
      requests: [
        {
          step: "dataset",
          method: "POST",
          url: `${account}/datasets`,
          headers,
          body: { datasetId: name, dataset: { userUploaded: {}, exampleCount: String(examples) } },
        },
        { step: "file", method: "POST", url: `${account}/datasets/${name}:upload`, headers, form: {} },
        { step: "job", method: "POST", headers, ...job },
      ],
    };
  },
};

const bedrock: Host = {
  title: "Claude on Amazon Bedrock",
  formats: { sft: "bedrock-sft" },
  url: "https://bedrock.amazonaws.com",
  wholeEpochs: true,
  prepare({ model, name, epochs, learningRate }) {
    const hyperParameters = given({
      epochCount: epochs === undefined ? undefined : String(epochs),
      learningRateMultiplier: learningRate === undefined ? undefined : String(learningRate),
    });
    const request = {
      jobName: name,
      customModelName: name,
      roleArn: "arn:aws:iam::ACCOUNT:role/ROLE",
      baseModelIdentifier: model,
      customizationType: "FINE_TUNING",
      trainingDataConfig: { s3Uri: "s3://BUCKET/train.jsonl" },
      outputDataConfig: { s3Uri: "s3://BUCKET/output/" },
      ...(Object.keys(hyperParameters).length === 0 ? {} : { hyperParameters }),
    };
    return {
      files: { "bedrock-job.json": `${JSON.stringify(request, null, 2)}\n` },
      byHand:
        "put ACCOUNT, ROLE and BUCKET into bedrock-job.json, then: aws s3 cp train.jsonl s3://BUCKET/train.jsonl && aws bedrock create-model-customization-job --cli-input-json file://bedrock-job.json",
    };
  },
};

const trl: Host = {
  title: "a machine of your own, by TRL",
  formats: { sft: "trl-prompt-completion", dpo: "trl-preference", early: "trl-preference" },
  url: "",
  wholeEpochs: false,
  prepare: (settings) => ({
    files: { "train.py": trlScript(settings) },
    byHand: "pip install trl peft, then: python train.py",
  }),
};

export type HostName = "trl" | "openai" | "together" | "fireworks" | "bedrock";
/** By name. */
export const HOSTS: Readonly<Record<HostName, Host>> = { trl, openai, together, fireworks, bedrock };
