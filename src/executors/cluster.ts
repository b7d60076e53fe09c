import { type Batch, type Executor, InvalidInput, inline } from "../core/index.ts";
import { type Exchange, openExchange } from "./exchange.ts";
import { allowListeners, gather } from "./gather.ts";
import { surviveLosses } from "./losses.ts";
import { buildOf } from "./names.ts";
import { createPace, type Load, sized } from "./pace.ts";
import { unitSize } from "./protocol.ts";
import { checkRedisUrl } from "./redis.ts";

/** Options of `cluster`. */
export interface ClusterOptions {
  /**
   * Path or URL of the module that holds the problem: only workers that loaded the same text, down to what it imports
   * by relative paths, answer.
   */
  readonly module: string | URL;
  /** `problem.fingerprint`: only workers that loaded the same problem answer. */
  readonly fingerprint: string;
  /**
   * Name of the run, of letters, digits, dots, dashes and underscores: a run that is started again under its name
   * finds the answers that are already there. Default: a name that no other run has.
   */
  readonly run?: string;
  /** A batch that is expected to take less milliseconds is answered in the driver's thread. Default 1. */
  readonly inlineBelow?: number;
  /** Seconds to wait without any worker that may answer, before the run ends with an error. Default 120. */
  readonly patience?: number;
  /** Told of a batch's progress whenever answers arrive. */
  readonly onProgress?: (answered: number, asked: number) => void;
  /** Told what a person should know: no worker yet, a worker of another version, a lost connection. */
  readonly onNote?: (line: string) => void;
}

/** A message costs about a millisecond; work of many seconds would make a lost worker expensive. */
const LOAD: Load = { least: 5, most: 250 };
/** A job is given to a second worker after this many milliseconds at the least. */
const LEAST_SLOW = 1000;

/**
 * Answers batches on any number of machines: workers started with `fpx worker` take them from a queue in Redis. Same
 * bits as `inline`. Workers may join, leave and be killed; a question that loses its worker three times is an
 * `OracleFailure`. Needs the packages `bullmq` and `ioredis`.
 *
 * Throws `InvalidInput` for an address that cannot be meant, and from `ask` `ClusterUnreachable` (code
 * `CLUSTER_UNREACHABLE`) when Redis cannot be reached or no worker comes.
 *
 * @param url `redis://[user:password@]host[:port]`, or `rediss://` for TLS.
 *
 * @example
 * const executor = cluster("redis://10.0.0.5", {
 *   module: new URL("./problem.ts", import.meta.url),
 *   fingerprint: problem.fingerprint,
 *   run: "bowl-7",
 * });
 * const { result } = await run(solver, problem, { seed: 7, executor });
 * await executor.close();
 */
export function cluster(url: string, options: ClusterOptions): Executor {
  const { run, inlineBelow = 1, patience = 120, onProgress, onNote = () => undefined } = options;
  checkRedisUrl(url);
  if (run !== undefined && !/^[\w.-]{1,128}$/.test(run))
    throw new InvalidInput(
      `run "${run}": give a name of at most 128 letters, digits, dots, dashes and underscores`,
    );
  for (const [option, value] of Object.entries({ inlineBelow, patience }))
    if (!(value >= 0)) throw new InvalidInput(`${option} is ${value}: give a number of at least 0`);
  const build = buildOf(options);
  const pace = createPace();
  const slow = (oracle: string): number => Math.max(LEAST_SLOW, 3 * (pace.slowMessage(oracle) ?? 0));
  let opened: Promise<Exchange> | undefined;

  async function answerByWorkers(batch: Batch, signal?: AbortSignal): Promise<readonly unknown[]> {
    allowListeners(signal);
    opened ??= openExchange({ url, build, run, patience, onNote, slow });
    const exchange = await opened;
    const { oracle, questions, blockSize } = batch;
    const size = unitSize(batch);
    const units = Math.ceil(questions.length / size);
    const common = await exchange.publish(batch.common);
    const fair = units / (2 * exchange.threads());
    const proposed = sized(fair, (pace.perQuestion(oracle.name) ?? LOAD.most) * size, LOAD);
    const each =
      run === undefined
        ? proposed
        : await exchange.cut([oracle.name, questions, blockSize, common?.digest], proposed);
    const answers = await gather(batch, {
      lanes: units,
      end: (from) => from + each,
      send: (chunk) =>
        surviveLosses(chunk, (part, allowed) => exchange.answer(part, common, allowed, signal)),
      pace,
      onProgress,
    });
    exchange.release();
    return answers;
  }

  return {
    ask(batch, signal) {
      const each = pace.perQuestion(batch.oracle.name);
      if (each !== undefined && each * batch.questions.length < inlineBelow) return inline.ask(batch, signal);
      return answerByWorkers(batch, signal);
    },
    async close() {
      const exchange = await opened?.catch(() => undefined);
      await exchange?.close();
    },
  };
}
