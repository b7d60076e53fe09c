import { InvalidInput, NonFinite } from "../core/errors.ts";

/** What a feature may be: a closed interval, an integer range, 0 or 1, or one of some categories. Raw units. */
export type FeatureSpec =
  | readonly [number, number]
  | { readonly min: number; readonly max: number; readonly integer?: boolean }
  | { readonly binary: true }
  | { readonly categories: readonly string[] };

/** One number that the model sees: a numeric feature, or one category of a categorical feature as 0 or 1. */
export interface Column {
  /** The feature's name, or `feature=category`. */
  readonly name: string;
  readonly feature: string;
  readonly kind: "continuous" | "integer" | "category";
  readonly lower: number;
  readonly upper: number;
}

/** Every input that counts, in raw units, with the scaler that follows from it. Plain data. */
export interface Domain<N extends string = string> {
  readonly features: Readonly<Record<N, FeatureSpec>>;
  readonly columns: readonly Column[];
  /** Columns of each categorical feature: exactly one of them is 1. */
  readonly groups: readonly (readonly number[])[];
  readonly scaler: Scaler;
}

/**
 * Scaled value = (raw - offset) / scale, per column. The scale is the power of two at or above the column's width,
 * so that the division is exact and a certificate needs no rationals; scaled values lie in [0, 1].
 */
export interface Scaler {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

/** An input: raw column values in the domain's order, or a value for each feature by name. */
export type Input = ArrayLike<number> | Readonly<Record<string, number | string>>;

/**
 * A bounded domain in raw units.
 *
 * @throws InvalidInput when a bound is missing, not finite or reversed, or a category is repeated.
 * @example domain({ income: [1.1, 198.5], credit: { binary: true }, purpose: { categories: ["car", "home"] } });
 */
export function domain<const F extends Readonly<Record<string, FeatureSpec>>>(
  features: F,
): Domain<keyof F & string> {
  const columns: Column[] = [];
  const groups: number[][] = [];
  for (const [feature, spec] of Object.entries(features)) {
    if (typeof spec !== "object" || spec === null)
      throw new InvalidInput(`${feature}: give [lower, upper], { binary: true } or { categories: [...] }`);
    if ("categories" in spec) {
      const { categories } = spec;
      const texts = Array.isArray(categories) && categories.every((category) => typeof category === "string");
      if (!texts || categories.length === 0 || new Set(categories).size < categories.length)
        throw new InvalidInput(`feature "${feature}": give at least one category, each once, as text`);
      groups.push(categories.map((_, k) => columns.length + k));
      for (const category of categories)
        columns.push({ name: `${feature}=${category}`, feature, kind: "category", lower: 0, upper: 1 });
    } else columns.push(numericColumn(feature, spec));
  }
  const names = new Set(columns.map(({ name }) => name));
  if (columns.length === 0 || names.size < columns.length)
    throw new InvalidInput("a domain needs at least one feature, and no two columns of one name");
  const offset = columns.map(({ lower }) => lower);
  const scale = columns.map(({ lower, upper }) => powerOfTwoAbove(upper - lower));
  return { features, columns, groups, scaler: { offset, scale } };
}

/** No bound is larger in size, so that scales and sums over the domain are finite. */
const LARGEST = 1e150;

function numericColumn(feature: string, spec: Exclude<FeatureSpec, { categories: unknown }>): Column {
  if ("binary" in spec) return { name: feature, feature, kind: "integer", lower: 0, upper: 1 };
  const [lower, upper] = Array.isArray(spec)
    ? (spec as readonly [number, number])
    : [(spec as { min: number }).min, (spec as { max: number }).max];
  const integer = "integer" in spec && spec.integer === true;
  if (typeof lower !== "number" || typeof upper !== "number" || !Number.isFinite(upper - lower))
    throw new InvalidInput(
      `feature "${feature}": bounds ${lower} and ${upper}: give two finite numbers, or { binary: true } or { categories }`,
    );
  if (Math.max(Math.abs(lower), Math.abs(upper)) > LARGEST)
    throw new InvalidInput(
      `feature "${feature}": bounds ${lower} and ${upper}: give bounds of at most ${LARGEST} in size; choose a larger unit`,
    );
  if (lower > upper)
    throw new InvalidInput(
      `feature "${feature}": the bounds are reversed, ${lower} > ${upper}; give [low, high]`,
    );
  if (integer && !(Number.isSafeInteger(lower) && Number.isSafeInteger(upper)))
    throw new InvalidInput(
      `feature "${feature}": the bounds of an integer feature must be integers of at most 2^53 - 1 in size`,
    );
  return { name: feature, feature, kind: integer ? "integer" : "continuous", lower, upper };
}

/** The least power of two that is at least `width`; 1 for width 0. */
function powerOfTwoAbove(width: number): number {
  if (width === 0) return 1;
  let power = 2 ** Math.ceil(Math.log2(width));
  while (power < width) power *= 2;
  while (power / 2 >= width) power /= 2;
  return power;
}

/**
 * The domain of a table: specs where given, else the smallest and largest value of numeric columns, and the
 * values of text columns as categories.
 *
 * @throws InvalidInput for a spec of an unknown feature, NonFinite for a value that is no finite number.
 */
export function domainFromData(
  rows: readonly Readonly<Record<string, number | string>>[],
  specs: Readonly<Record<string, FeatureSpec>> = {},
): Domain {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) throw new InvalidInput("a domain from data needs at least one row");
  for (const name of Object.keys(specs))
    if (!names.includes(name))
      throw new InvalidInput(`the domain names "${name}", but the columns are ${names.join(", ")}`);
  const features: Record<string, FeatureSpec> = {};
  for (const name of names) {
    const spec = specs[name];
    const values = rows.map((row) => row[name]!);
    if (spec !== undefined) features[name] = spec;
    else if (values.some((value) => typeof value === "string"))
      features[name] = { categories: [...new Set(values.map(String))].sort() };
    else {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const value of values as number[]) {
        if (!Number.isFinite(value))
          throw new NonFinite(`column "${name}" holds ${value}; drop or fix the row`);
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      features[name] = [low, high];
    }
  }
  return domain(features);
}

/** What to do with an input outside the domain, where nothing is certified. */
export type Outside = "refuse" | "clamp";

/**
 * Raw column values of an input, one-hot where categorical.
 *
 * @throws InvalidInput for a missing feature, unknown category, or (by default) a value outside its bounds.
 */
export function encode(domain: Domain, input: Input, outside: Outside = "refuse"): Float64Array {
  const { columns } = domain;
  const raw = new Float64Array(columns.length);
  if (isVector(input)) {
    if (input.length !== columns.length)
      throw new InvalidInput(`an input has ${input.length} values for ${columns.length} columns`);
    // What is no number (null from JSON, text) shall not count as one.
    for (let i = 0; i < raw.length; i++) raw[i] = typeof input[i] === "number" ? input[i]! : Number.NaN;
  } else {
    for (const [i, column] of columns.entries()) {
      const value = input[column.feature];
      if (value === undefined) throw new InvalidInput(`an input lacks the feature "${column.feature}"`);
      if (column.kind === "category") raw[i] = column.name === `${column.feature}=${value}` ? 1 : 0;
      else if (typeof value === "number") raw[i] = value;
      else throw new InvalidInput(`feature "${column.feature}" is "${value}"; give a number`);
    }
  }
  for (const [i, { name, kind, lower, upper }] of columns.entries()) {
    const value = raw[i]!;
    if (!Number.isFinite(value)) throw new NonFinite(`feature "${name}" is ${value}; give finite numbers`);
    const whole = kind === "continuous" || Number.isInteger(value);
    if (value >= lower && value <= upper && whole) continue;
    if (outside === "refuse")
      throw new InvalidInput(
        `feature "${name}" is ${value}, ${whole ? `outside [${lower}, ${upper}]` : "but must be whole"}: nothing is certified there; clamp it or widen the domain`,
      );
    raw[i] = Math.min(upper, Math.max(lower, whole ? value : Math.round(value)));
  }
  for (const group of domain.groups) {
    if (group.reduce((sum, i) => sum + raw[i]!, 0) !== 1)
      throw new InvalidInput(
        `feature "${columns[group[0]!]!.feature}" has no known category: use one of ${group.map((i) => columns[i]!.name.split("=").at(-1)).join(", ")}`,
      );
  }
  return raw;
}

const isVector = (input: Input): input is ArrayLike<number> =>
  Array.isArray(input) || ArrayBuffer.isView(input);

/** A value for each feature by name, from raw column values. */
export function decode(domain: Domain, raw: ArrayLike<number>): Record<string, number | string> {
  const named: Record<string, number | string> = {};
  for (const [i, { name, feature, kind }] of domain.columns.entries()) {
    if (kind !== "category") named[feature] = raw[i]!;
    else if (raw[i] === 1) named[feature] = name.slice(feature.length + 1);
  }
  return named;
}

/** Scaled values of raw column values, into `out`. */
export function scaleInto(scaler: Scaler, raw: ArrayLike<number>, out: Float64Array, at = 0): void {
  const { offset, scale } = scaler;
  for (let i = 0; i < offset.length; i++) out[at + i] = (raw[i]! - offset[i]!) / scale[i]!;
}
