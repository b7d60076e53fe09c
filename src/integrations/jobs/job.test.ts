import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpenAiServer, startOpenAi } from "../../../test/support/openai-server.ts";
import { type EditRecord, trainingDefaults } from "../../edits/index.ts";
import { type FineTuningJob, fineTuningJob, type JobOptions } from "./job.ts";
import { readJob, submitJob } from "./submit.ts";

const records: EditRecord[] = Array.from({ length: 12 }, (_, i) => ({
  context: `Ask ${i}`,
  draft: `Dear ${i}`,
  edited: i === 0 ? `Dear ${i}` : `Hi ${i}`,
}));
const job = (options: Partial<JobOptions>): FineTuningJob =>
  fineTuningJob(records, { host: "openai", method: "dpo", model: "m", ...options });
const file = ({ files }: FineTuningJob, name: string): string => [...files[name]!].join("");

describe("a prepared job", () => {
  it("has OpenAI's two requests, with the numbers that were given", () => {
    const prepared = job({ epochs: 2, learningRate: 0.5, dpoBeta: 0.2, url: "http://x/v1/" });
    expect(prepared.plan.requests).toEqual([
      {
        step: "file",
        method: "POST",
        url: "http://x/v1/files",
        headers: { authorization: "Bearer {{OPENAI_API_KEY}}" },
        form: { purpose: "fine-tune" },
      },
      {
        step: "job",
        method: "POST",
        url: "http://x/v1/fine_tuning/jobs",
        headers: { authorization: "Bearer {{OPENAI_API_KEY}}" },
        body: {
          model: "m",
          training_file: "{{file.id}}",
          suffix: expect.stringMatching(/^fpx-edits-\d{8}-\d{6}$/),
          method: {
            type: "dpo",
            dpo: { hyperparameters: { beta: 0.2, n_epochs: 2, learning_rate_multiplier: 0.5 } },
          },
        },
      },
    ]);
    expect(prepared.report).toMatchObject({ lines: 11, excluded: [{ code: "unedited", count: 1 }] });
    expect(file(prepared, "train.jsonl").trimEnd().split("\n")).toHaveLength(11);
    expect(job({ method: "sft" }).plan.requests[1]!.body!["method"]).toEqual({
      type: "supervised",
      supervised: { hyperparameters: {} },
    });
  });

  it("has the fields of Together, Fireworks and Bedrock", () => {
    expect(job({ host: "together" }).plan.requests[1]!.body).toMatchObject({
      training_file: "{{file.id}}",
      training_method: { method: "dpo", dpo_beta: 0.1 },
    });
    const [dataset, upload, training] = job({ host: "fireworks", name: "n" }).plan.requests;
    expect(dataset!.body).toEqual({ datasetId: "n", dataset: { userUploaded: {}, exampleCount: "11" } });
    expect(upload!.url).toMatch(/\/accounts\/\{\{FIREWORKS_ACCOUNT_ID\}\}\/datasets\/n:upload$/);
    expect(training!.url).toMatch(/\/dpoJobs$/);
    expect(training!.body).toMatchObject({
      dataset: "accounts/{{FIREWORKS_ACCOUNT_ID}}/datasets/n",
      trainingConfig: { baseModel: "m" },
      lossConfig: { method: "DPO", klBeta: 0.1 },
    });
    const bedrock = job({ host: "bedrock", method: "sft", epochs: 3 });
    expect(bedrock.plan).toMatchObject({ requests: [], byHand: expect.stringContaining("aws bedrock") });
    expect(JSON.parse(file(bedrock, "bedrock-job.json"))).toMatchObject({
      baseModelIdentifier: "m",
      customizationType: "FINE_TUNING",
      hyperParameters: { epochCount: "3" },
    });
  });

  it("has a TRL script with the matching configuration, to be run from any folder", () => {
    const early = file(job({ host: "trl", method: "early", model: 'a"b', epochs: 2.5 }), "train.py");
    expect(early).toContain("HERE = Path(__file__).resolve().parent");
    expect(early).toContain('data_files=str(HERE / "train.jsonl")');
    expect(early).toMatch(/output_dir=str\(HERE \/ "fpx-edits-/);
    expect(early).toContain('MODEL = "a\\"b"');
    expect(early).toContain('loss_type=["sigmoid", "sft"]');
    expect(early).toContain("loss_weights=[1.0, sft_weight]");
    expect(early).toContain("sft_weight = 0.03 * sum(tokens) / len(tokens)");
    expect(early).toContain("beta=0.1");
    expect(early).toContain("num_train_epochs=2.5");
    expect(file(job({ host: "trl" }), "train.py")).toContain('loss_type=["sigmoid"]');
    expect(file(job({ host: "trl", method: "sft" }), "train.py")).toContain("SFTTrainer");
  });

  it("has the defaults of learn in the TRL script, not those of TRL", () => {
    for (const method of ["sft", "dpo", "early"] as const) {
      const script = file(job({ host: "trl", method }), "train.py");
      const number = (name: string): number => Number(new RegExp(`${name}=([^,]+),`).exec(script)![1]);
      const { epochs, learningRate, batchSize, adamw } = trainingDefaults;
      expect(number("num_train_epochs")).toBe(epochs[method]);
      expect(number("[( ]learning_rate")).toBe(learningRate[method]);
      expect(number("per_device_train_batch_size") * number("gradient_accumulation_steps")).toBe(batchSize);
      expect(number("weight_decay")).toBe(adamw.weightDecay);
      expect(number("adam_beta2")).toBe(adamw.beta2);
    }
  });

  it("refuses what a host does not have, and numbers out of range", () => {
    expect(() => job({ host: "nowhere" as "trl" })).toThrow(/unknown host "nowhere"; use one of trl, openai/);
    expect(() => job({ method: "early" })).toThrow(/does not train by early; it has sft, dpo/);
    expect(() => job({ dpoBeta: 0 })).toThrow(/dpoBeta is 0/);
    expect(() => job({ sftWeight: -1 })).toThrow(/sftWeight is -1/);
    expect(() => job({ epochs: Number.NaN })).toThrow(/epochs is NaN/);
    for (const host of ["openai", "together", "fireworks"] as const)
      expect(() => job({ host, epochs: 1.5 })).toThrow(/counts whole passes, and epochs is 1.5; give 2/);
    expect(() => job({ name: "a b" })).toThrow(/no name at all hosts/);
    const few = () => fineTuningJob(records.slice(0, 3), { host: "openai", method: "sft", model: "m" });
    expect(few).toThrow(/at least 10 lines/);
  });
});

describe("sending a job", () => {
  let server: OpenAiServer;
  let folder: string;
  beforeAll(async () => {
    server = await startOpenAi(() => "");
    folder = await mkdtemp(join(tmpdir(), "fpx-job-"));
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  const write = async (prepared: FineTuningJob): Promise<void> => {
    for (const [name, lines] of Object.entries(prepared.files))
      await writeFile(join(folder, name), [...lines].join(""));
    await writeFile(join(folder, "job.json"), JSON.stringify(prepared.plan));
  };

  it("uploads the file and starts the job, with the key of the environment", async () => {
    const prepared = job({ url: server.url });
    await write(prepared);
    const answers = await submitJob(folder, await readJob(folder), { env: { OPENAI_API_KEY: "secret" } });
    expect(answers).toEqual({
      file: { id: "file-1", object: "file" },
      job: { id: "ftjob-1", status: "queued" },
    });
    const [upload, start] = server.seen;
    expect(upload!.headers["content-type"]).toMatch(/^multipart\/form-data/);
    expect(upload!.body).toContain('name="purpose"\r\n\r\nfine-tune');
    expect(upload!.body).toContain(file(job({}), "train.jsonl"));
    expect(start!.headers.authorization).toBe("Bearer secret");
    expect(JSON.parse(start!.body)).toMatchObject({ model: "m", training_file: "file-1" });
  });

  it("sends nothing without a key, or where it is to be started by hand", async () => {
    const before = server.seen.length;
    const { plan } = job({ url: server.url });
    await expect(submitJob(folder, plan, { env: {} })).rejects.toMatchObject({ code: "MISSING_KEY" });
    const { plan: byHand } = job({ host: "trl" });
    await expect(submitJob(folder, byHand, { env: {} })).rejects.toMatchObject({ code: "BY_HAND" });
    expect(server.seen.length).toBe(before);
  });

  it("tells what a host answered, and what is no job", async () => {
    const { plan } = job({ url: "http://127.0.0.1:9/v1" });
    await expect(submitJob(folder, plan, { env: { OPENAI_API_KEY: "k" } })).rejects.toMatchObject({
      code: "JOB_REFUSED",
      message: expect.stringMatching(/cannot be reached/),
    });
    await writeFile(join(folder, "job.json"), "{}");
    await expect(readJob(folder)).rejects.toMatchObject({ code: "NOT_A_JOB" });
  });
});
