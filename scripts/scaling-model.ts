/** What a cluster can do: a formula for questions a second, and a simulation that checks it. Times in milliseconds. */

/** Costs of one job, measured on loopback by `npm run bench -- executors` and beside it; see docs/scaling.md. */
export interface Costs {
  /** Of the driver's thread. */
  readonly driver: number;
  /** Of Redis, which has one thread. */
  readonly redis: number;
  /** Of the main thread of a worker process. */
  readonly worker: number;
  /** From handing out a job to having its answer, when nothing else is going on and the oracle takes no time. */
  readonly latency: number;
}

export const MEASURED: Costs = { driver: 0.13, redis: 0.14, worker: 0.3, latency: 1.4 };

/** One kind of work on one cluster. */
export interface Load {
  /** Of one question. */
  readonly oracle: number;
  /** Questions that a step asks at once. */
  readonly batch: number;
  readonly workers: number;
  /** Threads of each worker process. */
  readonly threads: number;
  /** Round trip over the network, on top of loopback's. */
  readonly network?: number;
}

/** What the executor aims at: work in one job. */
const LEAST = 5;
const MOST = 250;

/** Questions in one job, as the executor cuts them. */
export function questionsAJob({ oracle, batch, workers, threads }: Load): number {
  const fair = batch / (2 * workers * threads);
  return Math.min(
    batch,
    Math.max(1, Math.ceil(LEAST / oracle), Math.min(Math.ceil(fair), Math.ceil(MOST / oracle))),
  );
}

export interface Prediction {
  readonly questionsASecond: number;
  /** What the round waits for. */
  readonly bound: "work" | "driver" | "redis" | "worker";
  /** Share of the threads' time that goes to oracles. */
  readonly efficiency: number;
}

/** A round takes as long as its busiest part, and once there and back. */
export function predict(load: Load, costs: Costs = MEASURED): Prediction {
  const { oracle, batch, workers, threads, network = 0 } = load;
  const each = questionsAJob(load);
  const jobs = Math.ceil(batch / each);
  // Each job a thread takes costs a round trip between two of them.
  const turns = Math.ceil(jobs / (workers * threads));
  const parts = {
    work: turns * (each * oracle) + (turns - 1) * (network + 2 * costs.redis),
    driver: jobs * costs.driver,
    redis: jobs * costs.redis,
    worker: Math.ceil(jobs / workers) * costs.worker,
  };
  const bound = (Object.keys(parts) as (keyof typeof parts)[]).reduce((a, b) =>
    parts[b] > parts[a] ? b : a,
  );
  // The slowest of many oracles takes a fifth longer than their mean; with one turn only, the last job is handed out
  // when most of the others have begun.
  const tail = each * oracle * (bound === "work" ? 0.2 : 1.2);
  const handingOut = bound === "work" && turns === 1 ? (2 / 3) * parts.redis : 0;
  const round = parts[bound] + tail + handingOut + costs.latency + 2 * network;
  return {
    questionsASecond: (1000 * batch) / round,
    bound,
    efficiency: (batch * oracle) / (round * workers * threads),
  };
}

/** Things that happen later, soonest first. */
function createAgenda() {
  const heap: { readonly at: number; readonly act: (at: number) => void }[] = [];
  const before = (i: number, j: number): boolean => heap[i]!.at < heap[j]!.at;
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  return {
    add(at: number, act: (at: number) => void): void {
      heap.push({ at, act });
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!before(i, parent)) break;
        swap(i, parent);
        i = parent;
      }
    },
    /** Lets everything happen; returns when the last thing did. */
    run(): number {
      let now = 0;
      while (heap.length > 0) {
        swap(0, heap.length - 1);
        const { at, act } = heap.pop()!;
        for (let i = 0; ; ) {
          let least = i;
          for (const child of [2 * i + 1, 2 * i + 2])
            if (child < heap.length && before(child, least)) least = child;
          if (least === i) break;
          swap(i, least);
          i = least;
        }
        now = at;
        act(at);
      }
      return now;
    },
  };
}

/**
 * Follows every job of a round through the driver, Redis, the network, the main thread of a worker and its threads,
 * each of which serves one after the other; oracles vary by a fifth. Returns questions a second.
 */
export function simulate(load: Load, random: () => number, costs: Costs = MEASURED): number {
  const { oracle, batch, workers, threads, network = 0 } = load;
  const each = questionsAJob(load);
  const jobs = Math.ceil(batch / each);
  const wire = (costs.latency - costs.driver - costs.redis - costs.worker) / 4 + network / 2;
  const agenda = createAgenda();
  /** A resource: works on what comes, in the order in which it comes. */
  const serial = (cost: number) => {
    let free = 0;
    return (at: number, then: (at: number) => void): void => {
      free = Math.max(free, at) + cost;
      agenda.add(free, then);
    };
  };
  const driver = serial(costs.driver / 2);
  const redis = serial(costs.redis / 3);
  const mains = Array.from({ length: workers }, () => serial(costs.worker / 2));
  const idle = Array.from({ length: workers * threads }, (_, i) => i % workers);
  const queued: number[] = [];

  const later = (at: number, delay: number, act: (at: number) => void): void => agenda.add(at + delay, act);
  const serve = (at: number): void => {
    while (queued.length > 0 && idle.length > 0) {
      const questions = queued.pop()!;
      const worker = idle.pop()!;
      const work = questions * oracle * (0.8 + 0.4 * random());
      redis(at, (taken) =>
        later(taken, wire, (arrived) =>
          mains[worker]!(arrived, (begun) =>
            later(begun, work, (worked) =>
              mains[worker]!(worked, (told) =>
                later(told, wire, (answered) =>
                  redis(answered, (kept) => {
                    later(kept, wire, (heard) => driver(heard, () => undefined));
                    idle.push(worker);
                    serve(kept);
                  }),
                ),
              ),
            ),
          ),
        ),
      );
    }
  };
  for (let job = 0; job < jobs; job++)
    driver(0, (sent) =>
      later(sent, wire, (arrived) =>
        redis(arrived, (at) => {
          queued.push(Math.min(each, batch - job * each));
          serve(at);
        }),
      ),
    );
  return (1000 * batch) / agenda.run();
}
