/** A cluster whose Redis speaks TLS and wants a password: whole processes, as people start them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import study from "../../test/fixtures/executors/bowl.ts";
import { fpx, root } from "../../test/support/fpx.ts";
import { makeCertificate, startRedis } from "../../test/support/services.ts";
import { startWorker, type WorkerProcess } from "../../test/support/workers.ts";
import { run } from "../core/index.ts";
import { cluster } from "./index.ts";

const module = join(root, "test/fixtures/executors/bowl.ts");
const dir = await mkdtemp(join(tmpdir(), "fpx-tls-"));
const certificate = makeCertificate(dir);
const redis = certificate && (await startRedis(["--requirepass", "secret"], certificate));
let worker: WorkerProcess | undefined;

describe.skipIf(redis === undefined)("a cluster over TLS", () => {
  const url = redis?.url.replace("//", "//:secret@") ?? "";
  const env = { NODE_EXTRA_CA_CERTS: certificate?.authority ?? "" };
  afterAll(async () => {
    await worker?.kill();
    await redis?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("has the bits of inline where the authority is known", async () => {
    worker = startWorker(url, module, { name: "default", env });
    await worker.ready;
    const database = join(dir, "fpx.db");
    const ended = await fpx(
      ["run", module, "--cluster", url, "--max-steps", "12", "--db", database, "--json"],
      undefined,
      env,
    );
    const { result } = await run(study.solver, study.problem, { seed: 7, stop: { maxSteps: 12 } });
    expect(ended).toMatchObject({ code: 0 });
    expect((JSON.parse(ended.stdout) as { result: number[] }).result).toEqual([...result]);
  });

  it("refuses a certificate that nobody vouches for and a plain address, and says why", async () => {
    for (const [address, why] of [
      [url, /cannot use Redis at localhost:\d+: .*certificate.*NODE_EXTRA_CA_CERTS/],
      [url.replace("rediss:", "redis:"), /cannot use Redis at localhost:\d+: .*rediss:\/\/ when/],
    ] as const) {
      const executor = cluster(address, { module, fingerprint: study.problem.fingerprint, inlineBelow: 0 });
      const asked = executor.ask({
        oracle: study.problem.later as never,
        questions: [1],
        common: undefined,
      }) as Promise<unknown>;
      const error = (await asked.catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toMatch(why);
      expect(error.message).not.toContain("secret");
      await executor.close();
    }
  });
});
