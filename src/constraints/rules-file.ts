import { InvalidInput } from "../core/errors.ts";
import { domain as buildDomain, type FeatureSpec } from "./domain.ts";
import { allOf } from "./formula.ts";
import { parseFormula } from "./parse-formula.ts";
import {
  argmaxIn,
  dominance,
  type Effect,
  effectDominance,
  forAll,
  independent,
  monotone,
  type Rule,
  range,
  when,
} from "./rules.ts";

/** What a rules file holds. */
export interface RulesFile {
  readonly rules: readonly Rule[];
  /** Features in raw units, where the file gives them. */
  readonly domain: Readonly<Record<string, FeatureSpec>>;
  /** Names of the outputs, where the file gives them. */
  readonly outputs?: readonly string[];
  /** Where each rule stands, in the order of `rules`: file and line, or the place in the data. */
  readonly places: readonly string[];
}

type Path = readonly (string | number)[];
type PlaceOf = (path: Path) => string;
type Fail = (path: Path, message: string) => never;

/**
 * Reads rules from YAML or JSON text.
 *
 * @throws InvalidInput naming `path` and the line.
 * @example
 * await parseRules("rules:\n  - name: no-credit\n    when: credit = 0 and income < 5\n    then: score < 0\n");
 */
export async function parseRules(text: string, path = "rules"): Promise<RulesFile> {
  const { LineCounter, parseDocument, isNode } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new InvalidInput(
      `${path}:${lines.linePos(problem.pos[0]).line}: ${problem.message.split("\n", 1)[0]}`,
    );
  const placeOf: PlaceOf = (at) => {
    let place = [...at];
    let node = document.getIn(place, true);
    while (!isNode(node) && place.length > 0) {
      place = place.slice(0, -1);
      node = document.getIn(place, true);
    }
    const line = isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1;
    return `${path}:${line}`;
  };
  return readRules(plainData(document, path), placeOf);
}

/** The values of a document. An alias without its anchor is found here only, and one that doubles itself refused. */
function plainData(document: { toJS(): unknown }, path: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new InvalidInput(`${path}: ${(error as Error).message.trim().split("\n", 1)[0]}; mend the alias`);
  }
}

/** Reads rules from data, as it stands in a rules file. @throws InvalidInput naming the place, as in `rules[2].then`. */
export function rulesFromData(data: unknown): RulesFile {
  return readRules(data, (path) => {
    const place = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
    return place.replace(/^\./, "") || "the rules";
  });
}

function readRules(data: unknown, placeOf: PlaceOf): RulesFile {
  const fail: Fail = (path, message) => {
    throw new InvalidInput(`${placeOf(path)}: ${message}`);
  };
  const file = record(data, [], fail);
  onlyKeys(file, ["domain", "outputs", "rules"], [], fail);
  if (!Array.isArray(file["rules"])) fail(["rules"], "give a list of rules under the key rules");
  const made = (file["rules"] as unknown[]).map((item, r) =>
    guard(["rules", r], fail, () => ruleOf(item, r, fail)),
  );
  const rules = made.flat();
  const places = made.flatMap((own, r) => own.map(() => placeOf(["rules", r])));
  const domain = Object.fromEntries(
    Object.entries(record(file["domain"] ?? {}, ["domain"], fail)).map(([name, spec]) => [
      name,
      guard(["domain", name], fail, () => {
        const own = specOf(spec, ["domain", name], fail);
        // Reversed bounds and the like are found here, where the line is known.
        buildDomain({ [name]: own });
        return own;
      }),
    ]),
  );
  if (file["outputs"] === undefined) return { rules, domain, places };
  return { rules, domain, places, outputs: names(file["outputs"], ["outputs"], fail) };
}

const KINDS = ["then", "monotone", "range", "dominance", "argmax", "independent", "effect"] as const;

function ruleOf(item: unknown, r: number, fail: Fail): readonly Rule[] {
  const at: Path = ["rules", r];
  const fields = record(item, at, fail);
  onlyKeys(fields, ["name", "when", ...KINDS], at, fail);
  const kinds = KINDS.filter((kind) => fields[kind] !== undefined);
  if (kinds.length !== 1)
    fail(at, `a rule has exactly one of ${KINDS.join(", ")}; this one has ${kinds.join(" and ") || "none"}`);
  const kind = kinds[0]!;
  if (fields["when"] !== undefined && kind !== "then" && kind !== "argmax")
    fail([...at, "when"], `"when" goes with "then" or "argmax"; a ${kind} rule holds everywhere`);
  const name = fields["name"] === undefined ? undefined : string(fields["name"], [...at, "name"], fail);
  const options = name === undefined ? {} : { name };
  const conditions = fields["when"] === undefined ? [] : formulas(fields["when"], [...at, "when"], fail);
  const inside = [...at, kind];
  if (kind === "then") {
    const then = formulas(fields["then"], inside, fail);
    const formula = conditions.length === 0 ? allOf(...then) : when(...conditions).then(...then);
    return [forAll(() => formula, { name: name ?? `rule ${r + 1}` })];
  }
  const detail = record(fields[kind], inside, fail);
  const text = (key: string): string => string(detail[key], [...inside, key], fail);
  const number = (key: string): number | undefined =>
    detail[key] === undefined ? undefined : finite(detail[key], [...inside, key], fail);
  switch (kind) {
    case "monotone":
      onlyKeys(detail, ["output", "feature", "direction"], inside, fail);
      return [monotone(text("output"), text("feature"), text("direction") as "increasing", options)];
    case "independent":
      onlyKeys(detail, ["output", "feature"], inside, fail);
      return [independent(text("output"), text("feature"), options)];
    case "dominance":
      onlyKeys(detail, ["lower", "upper"], inside, fail);
      return [dominance(text("lower"), text("upper"), options)];
    case "range": {
      onlyKeys(detail, ["output", "from", "to"], inside, fail);
      const [from, to] = [number("from"), number("to")];
      return [
        range(
          text("output"),
          { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
          options,
        ),
      ];
    }
    case "argmax": {
      onlyKeys(detail, ["in", "of"], inside, fail);
      const lists = [
        names(detail["in"], [...inside, "in"], fail),
        names(detail["of"], [...inside, "of"], fail),
      ] as const;
      return [
        argmaxIn(...lists, {
          ...options,
          ...(conditions.length === 0 ? {} : { condition: allOf(...conditions) }),
        }),
      ];
    }
    case "effect": {
      onlyKeys(detail, ["output", "weaker", "stronger"], inside, fail);
      const effect = (key: string): Effect => {
        const place = [...inside, key];
        const own = record(detail[key], place, fail);
        onlyKeys(own, ["feature", "sign", "range"], place, fail);
        const { feature, sign, range: width } = own;
        if (sign !== 1 && sign !== -1) fail([...place, "sign"], "sign: give 1 or -1");
        return {
          feature: string(feature, place, fail),
          sign: sign as 1 | -1,
          range: finite(width, place, fail),
        };
      };
      return effectDominance(text("output"), effect("weaker"), effect("stronger"), options);
    }
  }
}

function formulas(value: unknown, at: Path, fail: Fail) {
  const list = Array.isArray(value) ? value : [value];
  return list.map((item, i) => {
    const place = Array.isArray(value) ? [...at, i] : at;
    const source = string(item, place, fail);
    return guard(place, fail, () => parseFormula(source));
  });
}

function specOf(value: unknown, at: Path, fail: Fail): FeatureSpec {
  if (value === "binary") return { binary: true };
  if (Array.isArray(value)) {
    if (value.length !== 2) fail(at, "bounds: give two numbers, [low, high]");
    return [finite(value[0], at, fail), finite(value[1], at, fail)];
  }
  const fields = record(value, at, fail);
  if (fields["categories"] !== undefined) {
    onlyKeys(fields, ["categories"], at, fail);
    return { categories: names(fields["categories"], [...at, "categories"], fail) };
  }
  onlyKeys(fields, ["binary", "min", "max", "integer"], at, fail);
  if (fields["binary"] === true) return { binary: true };
  return {
    min: finite(fields["min"], at, fail),
    max: finite(fields["max"], at, fail),
    integer: fields["integer"] === true,
  };
}

/** Turns errors about the content into errors with a place. */
function guard<T>(at: Path, fail: Fail, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInput) || /^[^ ]*(:\d+|\]|\.\w+): /.test(error.message)) throw error;
    return fail(at, error.message);
  }
}

function record(value: unknown, at: Path, fail: Fail): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    fail(at, `${at.at(-1) ?? "the file"}: give keys and values, got ${JSON.stringify(value) ?? "nothing"}`);
  return value as Record<string, unknown>;
}

function onlyKeys(
  fields: Readonly<Record<string, unknown>>,
  allowed: readonly string[],
  at: Path,
  fail: Fail,
): void {
  for (const key of Object.keys(fields))
    if (!allowed.includes(key)) fail([...at, key], `unknown key "${key}"; use ${allowed.join(", ")}`);
}

function string(value: unknown, at: Path, fail: Fail): string {
  if (typeof value !== "string" || value === "")
    fail(at, `${String(at.at(-1))}: give a text, got ${JSON.stringify(value) ?? "nothing"}`);
  return value as string;
}

function names(value: unknown, at: Path, fail: Fail): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) fail(at, `${String(at.at(-1))}: give a list of names`);
  return (value as unknown[]).map((item, i) =>
    string(typeof item === "number" ? String(item) : item, [...at, i], fail),
  );
}

function finite(value: unknown, at: Path, fail: Fail): number {
  if (typeof value !== "number" || !Number.isFinite(value))
    fail(at, `${String(at.at(-1))}: give finite numbers, got ${JSON.stringify(value) ?? "nothing"}`);
  return value as number;
}
