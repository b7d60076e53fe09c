/** Linear and logarithmic scales with ticks at round numbers and labels that print each tick exactly. */
import { InvalidInput } from "../core/errors.ts";
import { group, powerOfTen } from "./number.ts";

/** A tick of an axis: a value and what is printed beside it. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** A map from data values to the unit interval. */
export interface Scale {
  readonly kind: "linear" | "log";
  readonly domain: readonly [low: number, high: number];
  readonly ticks: readonly Tick[];
  /** Values of unlabelled grid lines. */
  readonly minor: readonly number[];
  /** 0 at the low end of the domain, 1 at the high end. */
  position(value: number): number;
}

/** Options of a scale. */
export interface ScaleOptions {
  /** About how many ticks; default 5. */
  readonly ticks?: number;
  /** Keeps the given ends exactly instead of widening them to the next tick; default false. */
  readonly exact?: boolean;
  /** Prints hundredths with a percent sign; linear scales only; default false. */
  readonly percent?: boolean;
  /** Puts ticks at whole numbers only; linear scales only; default false. */
  readonly integer?: boolean;
}

/** A step between ticks: `mantissa · 10^exponent` with mantissa 1, 2 or 5. */
interface Step {
  readonly mantissa: number;
  readonly exponent: number;
}

/** The round step nearest above `raw / 1.5`, so that about as many steps fit as were asked for. */
export function roundStep(raw: number): Step {
  const exponent = Math.floor(Math.log10(raw) + 1e-12);
  const fraction = raw / powerExact(exponent);
  if (fraction < 1.5) return { mantissa: 1, exponent };
  if (fraction < 3.5) return { mantissa: 2, exponent };
  if (fraction < 7.5) return { mantissa: 5, exponent };
  return { mantissa: 1, exponent: exponent + 1 };
}

/** The `index`-th multiple of the step, as the nearest double to the decimal number. */
export function multipleOf(step: Step, index: number): number {
  const count = index * step.mantissa;
  return step.exponent >= 0 ? count * powerExact(step.exponent) : count / powerExact(-step.exponent);
}

/** A linear scale over [low, high], widened to round numbers unless `exact`. */
export function linearScale(low: number, high: number, options: ScaleOptions = {}): Scale {
  checkEnds(low, high);
  const { ticks: wanted = 5, exact = false, percent = false, integer = false } = options;
  const [from, to] = widenConstant(low, high, integer ? 1 : 0);
  let step = roundStep((to - from) / wanted);
  if (integer && step.exponent < 0) step = { mantissa: 1, exponent: 0 };
  const size = multipleOf(step, 1);
  const slack = 1e-9;
  const first = exact ? Math.ceil(from / size - slack) : Math.floor(from / size + slack);
  const last = exact ? Math.floor(to / size + slack) : Math.ceil(to / size - slack);
  const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => multipleOf(step, first + i));
  const start = exact ? from : Math.min(from, values[0] ?? from);
  const end = exact ? to : Math.max(to, values[values.length - 1] ?? to);
  return {
    kind: "linear",
    domain: [start, end],
    ticks: withLabels(values, linearLabels(values, step, percent)),
    minor: [],
    position: (value) => (value - start) / (end - start),
  };
}

/** A logarithmic scale (base 10) over [low, high], both above zero, widened to round numbers unless `exact`. */
export function logScale(low: number, high: number, { exact = false }: ScaleOptions = {}): Scale {
  checkEnds(low, high);
  if (low <= 0) throw new InvalidInput(`a log axis begins above 0, got ${low}; use a linear axis`);
  const firstDecade = Math.floor(Math.log10(low) + 1e-9);
  const lastDecade = Math.max(firstDecade + 1, Math.ceil(Math.log10(high) - 1e-9));
  const ladder: number[] = [];
  for (let decade = firstDecade; decade <= lastDecade; decade += 1) {
    for (let digit = 1; digit <= (decade === lastDecade ? 1 : 9); digit += 1) {
      const value = multipleOf({ mantissa: digit, exponent: decade }, 1);
      if (value > 0 && Number.isFinite(value)) ladder.push(value);
    }
  }
  const round = ladder.filter((value) => [1, 2, 5].includes(leadingDigit(value)));
  const below = round.filter((value) => value <= low * (1 + 1e-9)).at(-1) ?? low;
  const above = round.find((value) => value >= high * (1 - 1e-9)) ?? high;
  const constant = high - low <= 1e-8 * high;
  const [start, end] = constant
    ? [powerExact(firstDecade), powerExact(lastDecade)]
    : exact
      ? [low, high]
      : [below, above];
  const inside = (value: number): boolean => value >= start * (1 - 1e-9) && value <= end * (1 + 1e-9);
  const span = Math.log10(end) - Math.log10(start);
  const base = Math.log10(start);
  const position = (value: number): number => (Math.log10(value) - base) / span;

  if (span < 1) {
    const { ticks } = linearScale(start, end, { exact: true });
    return { kind: "log", domain: [start, end], ticks, minor: ladder.filter(inside), position };
  }
  const every = Math.ceil(span / 7);
  const labelled = round.filter((value) => {
    if (!inside(value)) return false;
    if (leadingDigit(value) !== 1) return span < 3;
    return Math.round(Math.log10(value)) % every === 0;
  });
  return {
    kind: "log",
    domain: [start, end],
    ticks: withLabels(labelled, logLabels(labelled)),
    minor: ladder.filter((value) => inside(value) && (every === 1 || leadingDigit(value) === 1)),
    position,
  };
}

function checkEnds(low: number, high: number): void {
  if (!(low <= high) || !Number.isFinite(high - low)) {
    throw new InvalidInput(`an axis runs from a lower to a higher finite number, got ${low} to ${high}`);
  }
}

/** Ends that are equal, or too close for doubles to hold ticks between them, are moved apart. */
function widenConstant(low: number, high: number, least: number): [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > Math.max(1e-290, 1e-10 * size)) return [low, high];
  const room = Math.max(least, size < 1e-280 ? 1 : size * 0.1);
  return [low - room, high + room];
}

function withLabels(values: readonly number[], labels: readonly string[]): readonly Tick[] {
  return values.map((value, index) => ({ value, label: labels[index]!.replace(/^-/, "−") }));
}

function linearLabels(values: readonly number[], step: Step, percent: boolean): readonly string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  const shift = percent ? 2 : 0;
  const magnitude = largest === 0 ? 0 : Math.floor(Math.log10(largest) + 1e-12);
  if (largest !== 0 && (magnitude + shift >= 6 || magnitude + shift < -3)) {
    const decimals = Math.max(0, magnitude - step.exponent);
    const scaled = percent ? values.map((value) => value * 100) : values;
    return scaled.map((value) => `${powerOfTen(value, magnitude + shift, decimals)}${percent ? "%" : ""}`);
  }
  const decimals = Math.max(0, -step.exponent - shift);
  return values.map((value) => {
    const digits = (percent ? value * 100 : value).toFixed(decimals);
    return `${group(digits)}${percent ? "%" : ""}`;
  });
}

function logLabels(values: readonly number[]): readonly string[] {
  const plain = values.every((value) => value > 0.9e-3 && value < 1.1e5);
  return values.map((value) => {
    const exponent = Math.floor(Math.log10(value) + 1e-9);
    return plain
      ? group(value.toFixed(Math.max(0, -exponent)))
      : powerOfTen(value, exponent, 0).replace(/^1×/, "");
  });
}

function leadingDigit(value: number): number {
  return Number(value.toExponential(0)[0]);
}

/** 10^exponent as the nearest double; `10 ** exponent` may be off in the last bit. */
function powerExact(exponent: number): number {
  return Number(`1e${exponent}`);
}
