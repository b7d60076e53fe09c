/** An app's edit log in a folder of its own beside an OpenAI-compatible server on loopback, anew for each test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type DurableEditLog, openEditLog } from "../../src/integrations/index.ts";
import { type OpenAiServer, startOpenAi } from "./openai-server.ts";

/** The machine of a test may be slow to sync; what is asserted is not the time. */
export const patient = { patience: 30_000 };

export interface AppLog {
  readonly folder: string;
  readonly log: DurableEditLog;
  readonly server: OpenAiServer;
  /** Closes the log and opens it again, as a new process of the app does. */
  reopen(): Promise<void>;
}

/** Makes them before each test of the file and clears away after it; the fields are those of the test that runs. */
export function useAppLog(answer: Parameters<typeof startOpenAi>[0]): AppLog {
  const open = () => openEditLog(join(app.folder, "edits.jsonl"));
  const app = {
    async reopen() {
      await app.log.close();
      app.log = await open();
    },
  } as { -readonly [K in keyof AppLog]: AppLog[K] };
  beforeEach(async () => {
    app.folder = await mkdtemp(join(tmpdir(), "fpx-app-log-"));
    app.server = await startOpenAi(answer);
    app.log = await open();
  });
  afterEach(async () => {
    await app.log.close();
    await app.server.close();
    await rm(app.folder, { recursive: true });
  });
  return app;
}
