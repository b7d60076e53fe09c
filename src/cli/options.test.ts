import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { checked, integer, listOf, number, oneOf } from "./options.ts";

it("parses integers within bounds", () => {
  expect(integer()("42")).toBe(42);
  expect(integer({ minimum: -5 })("-3")).toBe(-3);
  for (const text of ["", "1.5", "1e3", "abc", "-1", "9007199254740993", "0x10"]) {
    expect(() => integer()(text)).toThrow(InvalidArgumentError);
  }
  expect(() => integer({ minimum: 1, maximum: 9 })("10")).toThrow("at most 9");
});

it("parses finite numbers within bounds", () => {
  expect(number()("1e-3")).toBe(0.001);
  for (const text of ["", " ", "NaN", "Infinity", "1,5"])
    expect(() => number()(text)).toThrow(InvalidArgumentError);
  expect(() => number({ minimum: 0 })("-0.1")).toThrow("at least 0");
});

describe("names", () => {
  const methods = ["sft", "dpo", "early"] as const;

  it("parses lists of known names", () => {
    expect(listOf(methods)("sft, early")).toEqual(["sft", "early"]);
    expect(() => listOf(methods)("sft,rl")).toThrow('"rl" is not one of sft, dpo, early');
    expect(() => listOf(methods)("sft,sft")).toThrow("named twice");
    expect(() => listOf(methods)("")).toThrow(InvalidArgumentError);
  });

  it("parses one of known names", () => {
    expect(oneOf(methods)("dpo")).toBe("dpo");
    expect(() => oneOf(methods)("DPO")).toThrow("Choose one of sft, dpo, early");
  });
});

it("makes what a library parser refuses wrong usage, and nothing else", () => {
  const refuse = checked(() => {
    throw new InvalidInput("no such role");
  });
  expect(() => refuse("x")).toThrow(InvalidArgumentError);
  const broken = checked(() => {
    throw new RangeError("bug");
  });
  expect(() => broken("x")).toThrow(RangeError);
});
