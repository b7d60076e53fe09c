/** Exact arithmetic on doubles: every finite double is m * 2^e, and sums and products of such numbers stay so. */
import { NonFinite } from "../core/errors.ts";

/** The number mantissa * 2^exponent. */
export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export const ZERO: Dyadic = { mantissa: 0n, exponent: 0 };

const view = new DataView(new ArrayBuffer(8));

/** The exact value of a finite double. */
export function exact(value: number): Dyadic {
  if (value === 0) return ZERO;
  if (Number.isSafeInteger(value)) return { mantissa: BigInt(value), exponent: 0 };
  view.setFloat64(0, value);
  const high = view.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  if (biased === 0x7ff)
    throw new NonFinite(`${value} has no exact value: the weights are too large for sums over the domain`);
  const fraction = (high & 0xfffff) * 2 ** 32 + view.getUint32(4);
  const mantissa = BigInt(biased === 0 ? fraction : fraction + 2 ** 52);
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent: (biased || 1) - 1075 };
}

export function add(a: Dyadic, b: Dyadic): Dyadic {
  if (a.mantissa === 0n) return b;
  if (b.mantissa === 0n) return a;
  const shift = a.exponent - b.exponent;
  if (shift === 0) return { mantissa: a.mantissa + b.mantissa, exponent: a.exponent };
  return shift > 0
    ? { mantissa: (a.mantissa << BigInt(shift)) + b.mantissa, exponent: b.exponent }
    : { mantissa: a.mantissa + (b.mantissa << BigInt(-shift)), exponent: a.exponent };
}

export const multiply = (a: Dyadic, b: Dyadic): Dyadic => ({
  mantissa: a.mantissa * b.mantissa,
  exponent: a.exponent + b.exponent,
});

export const negate = (a: Dyadic): Dyadic => ({ mantissa: -a.mantissa, exponent: a.exponent });

export const subtract = (a: Dyadic, b: Dyadic): Dyadic => add(a, negate(b));

/** a / 2^k for a double that is the power of two 2^k. */
export const divideByPower = (a: Dyadic, power: number): Dyadic => ({
  mantissa: a.mantissa,
  exponent: a.exponent - Math.log2(power),
});

/** -1, 0 or 1. */
export const sign = (a: Dyadic): -1 | 0 | 1 => (a.mantissa === 0n ? 0 : a.mantissa < 0n ? -1 : 1);

export const compare = (a: Dyadic, b: Dyadic): -1 | 0 | 1 => sign(subtract(a, b));

export const larger = (a: Dyadic, b: Dyadic): Dyadic => (compare(a, b) < 0 ? b : a);

/** The least double that is not below the number. */
export function roundUp(a: Dyadic): number {
  const near = nearby(a);
  return compare(exact(near), a) < 0 ? nextUp(near) : near;
}

/** The largest double that is not above the number. */
export const roundDown = (a: Dyadic): number => 0 - roundUp(negate(a));

/** A double within one unit in the last place; infinities are cut to the largest double. */
function nearby({ mantissa, exponent }: Dyadic): number {
  const bits = (mantissa < 0n ? -mantissa : mantissa).toString(2).length;
  const drop = Math.max(0, bits - 53);
  const head = Number(mantissa >> BigInt(drop));
  let power = exponent + drop;
  let value = head;
  // In two parts: 2 ** power alone may overflow or vanish where the product does not.
  while (power < -1000 && value !== 0) {
    value *= 2 ** -500;
    power += 500;
  }
  value *= 2 ** Math.min(power, 1000);
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** The next double above. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

/** The next double below. */
export const nextDown = (value: number): number => -nextUp(-value);
