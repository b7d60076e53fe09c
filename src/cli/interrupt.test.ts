import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { Cancelled } from "../core/errors.ts";
import { listenForInterrupt } from "./interrupt.ts";

class Source extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

it("aborts on the first Ctrl-C and ends on the second", () => {
  const source = new Source();
  let hints = 0;
  const interrupt = listenForInterrupt(source, () => void (hints += 1));
  expect(interrupt.exitCode()).toBeUndefined();
  source.emit("SIGINT");
  expect(interrupt.signal.aborted).toBe(true);
  expect(interrupt.signal.reason).toBeInstanceOf(Cancelled);
  expect([hints, interrupt.exitCode(), source.exits]).toEqual([1, 130, []]);
  source.emit("SIGINT");
  expect([hints, source.exits]).toEqual([1, [130]]);
});

it("treats SIGTERM alike, with its own exit code", () => {
  const source = new Source();
  const interrupt = listenForInterrupt(source, () => undefined);
  source.emit("SIGTERM");
  expect([interrupt.signal.aborted, interrupt.exitCode()]).toEqual([true, 143]);
});

it("gives the signals back", () => {
  const source = new Source();
  listenForInterrupt(source, () => undefined).dispose();
  expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
});
