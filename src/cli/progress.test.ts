import { describe, expect, it } from "vitest";
import { displayWidth, stripAnsi } from "../report/index.ts";
import {
  createProgress,
  formatDuration,
  type Progress,
  type ProgressMode,
  progressMode,
  wantsColor,
} from "./progress.ts";

/** A stream that keeps its writes, and a clock that only the test moves. */
function setUp(mode: ProgressMode, options: { columns?: number; color?: boolean } = {}) {
  const writes: string[] = [];
  const stream = {
    write: (text: string) => writes.push(text) > 0,
    isTTY: true,
    columns: options.columns ?? 120,
  };
  let time = 1000;
  const progress: Progress = createProgress({ stream, mode, now: () => time, color: options.color ?? false });
  const wait = (ms: number): void => void (time += ms);
  return { progress, writes, wait };
}

/** What a terminal shows in the end: `\r` and the clearing code begin the line anew. */
function screen(writes: readonly string[]): string[] {
  const lines = [""];
  for (const part of writes
    .join("")
    .replaceAll("\r\u001b[2K", "\r")
    .split(/([\n\r])/)) {
    if (part === "\n") lines.push("");
    else if (part === "\r") lines[lines.length - 1] = "";
    else lines[lines.length - 1] += part;
  }
  return lines;
}

describe("on a terminal", () => {
  it("rewrites one line with bar, percentage, count, rate, time left and metrics", () => {
    const { progress, writes, wait } = setUp("line");
    progress.start("sft", { total: 300 });
    for (let step = 1; step <= 150; step += 1) {
      wait(100);
      progress.update(step, { loss: 0.41234 });
    }
    expect(screen(writes)).toEqual([
      `sft  ${"█".repeat(10)}${"░".repeat(10)}   50 %  150/300 steps  10.0/s  15 s left  loss 0.412`,
    ]);
    expect(writes.every((text) => text.startsWith("\r\u001b[2K"))).toBe(true);
  });

  it("ends with one line that says how long it took", () => {
    const { progress, writes, wait } = setUp("line");
    progress.start("sft", { total: 10 });
    wait(65_000);
    progress.update(10, { loss: 0.5 });
    progress.finish();
    progress.finish();
    expect(screen(writes)).toEqual(["sft: 10 steps in 1 min 5 s  loss 0.500", ""]);
  });

  it("redraws at most every 100 ms", () => {
    const { progress, writes, wait } = setUp("line");
    progress.start("sft", { total: 10_000 });
    for (let step = 1; step <= 10_000; step += 1) {
      wait(1);
      progress.update(step);
    }
    expect(writes.length).toBeGreaterThan(90);
    expect(writes.length).toBeLessThan(110);
  });

  it("fits the width, whatever the label, metrics and colours", () => {
    for (const columns of [20, 40, 60, 80]) {
      const { progress, writes, wait } = setUp("line", { columns, color: true });
      progress.start("学習 sft", { total: 300 });
      wait(1000);
      progress.update(100, { loss: 0.4, accuracy: 0.9, "gradient norm": 12345 });
      for (const text of writes)
        expect(displayWidth(stripAnsi(text).replace("\r", ""))).toBeLessThan(columns);
    }
  });

  it("takes a terminal that does not know its width for 80 columns wide", () => {
    const { progress, writes } = setUp("line", { columns: 0 });
    progress.start("sft", { total: 300 });
    expect(screen(writes)[0]).toMatch(/^sft .*0\/300 steps$/);
  });

  it("lets notes pass above the line", () => {
    const { progress, writes } = setUp("line");
    progress.start("sft", { total: 2 });
    progress.note("snapshot kept");
    expect(screen(writes)).toEqual(["snapshot kept", expect.stringMatching(/^sft {2}░/)]);
  });

  it("leaves an empty line when cleared", () => {
    const { progress, writes } = setUp("line");
    progress.start("sft");
    progress.clear();
    expect(screen(writes)).toEqual([""]);
  });

  it("uses colours only when wanted", () => {
    const plain = setUp("line", { color: false });
    plain.progress.start("sft", { total: 3 });
    expect(stripAnsi(plain.writes.join(""))).toBe(plain.writes.join("").replace("\u001b[2K", ""));
    const colored = setUp("line", { color: true });
    colored.progress.start("sft", { total: 3 });
    expect(colored.writes.join("")).toContain("\u001b[1msft");
  });
});

describe("elsewhere", () => {
  it("writes a plain line every five seconds", () => {
    const { progress, writes, wait } = setUp("plain");
    progress.start("sft", { total: 40 });
    for (let step = 1; step <= 40; step += 1) {
      wait(500);
      progress.update(step, { loss: 0.5 });
    }
    progress.finish();
    expect(writes).toEqual([
      "sft   25 %  10/40 steps  2.00/s  15 s left  loss 0.500\n",
      "sft   50 %  20/40 steps  2.00/s  10 s left  loss 0.500\n",
      "sft   75 %  30/40 steps  2.00/s  5 s left  loss 0.500\n",
      "sft  100 %  40/40 steps  2.00/s  loss 0.500\n",
      "sft: 40 steps in 20 s  loss 0.500\n",
    ]);
  });

  it("writes JSON lines", () => {
    const { progress, writes, wait } = setUp("json");
    progress.start("dpo", { total: 10, unit: "pairs" });
    wait(2000);
    progress.update(4, { loss: 0.123456789 });
    progress.note("snapshot kept");
    progress.finish();
    expect(writes.map((text) => JSON.parse(text))).toEqual([
      { event: "start", stage: "dpo", done: 0, total: 10, unit: "pairs" },
      {
        event: "progress",
        stage: "dpo",
        done: 4,
        total: 10,
        unit: "pairs",
        rate: 2,
        secondsLeft: 3,
        metrics: { loss: 0.123456789 },
      },
      { event: "note", message: "snapshot kept" },
      {
        event: "finish",
        stage: "dpo",
        done: 4,
        unit: "pairs",
        seconds: 2,
        metrics: { loss: 0.123456789 },
      },
    ]);
    expect(writes.every((text) => text.endsWith("\n") && !text.slice(0, -1).includes("\n"))).toBe(true);
  });

  it("writes nothing when silent", () => {
    const { progress, writes } = setUp("silent");
    progress.start("sft", { total: 1 });
    progress.update(1);
    progress.note("x");
    progress.finish();
    expect(writes).toEqual([]);
  });
});

it("takes the rate over the last seconds, and not over what was done before a resume", () => {
  const { progress, writes, wait } = setUp("line");
  progress.start("sft", { total: 1000, done: 500 });
  for (let i = 1; i <= 20; i += 1) {
    wait(1000);
    progress.update(500 + i);
  }
  expect(screen(writes)[0]).toContain("1.00/s");
  for (let i = 1; i <= 30; i += 1) {
    wait(1000);
    progress.update(520 + 4 * i);
  }
  expect(screen(writes)[0]).toContain("4.00/s");
});

it("closes an open stage when the next begins", () => {
  const { progress, writes } = setUp("plain");
  progress.start("sft");
  progress.start("dpo");
  expect(writes).toEqual(["sft: 0.0 s\n"]);
});

it("chooses the mode and the colours by stream and environment", () => {
  const terminal = { write: () => true, isTTY: true };
  const pipe = { write: () => true };
  expect(progressMode(terminal, {}, false)).toBe("line");
  expect(progressMode(terminal, { TERM: "dumb" }, false)).toBe("plain");
  expect(progressMode(pipe, {}, false)).toBe("plain");
  expect(progressMode(terminal, {}, true)).toBe("json");
  expect(wantsColor(terminal, {})).toBe(true);
  expect(wantsColor(terminal, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColor(terminal, { NO_COLOR: "" })).toBe(true);
  expect(wantsColor(pipe, {})).toBe(false);
});

it.each([
  [0.26, "0.3 s"],
  [59.4, "59 s"],
  [59.6, "1 min 0 s"],
  [3599.7, "1 h 0 min"],
  [4200, "1 h 10 min"],
])("prints %d seconds as %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
