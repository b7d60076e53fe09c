/** Numbers as they are printed in plots, tables and reports. */

/** Options of `formatNumber`. */
export interface NumberFormat {
  /** Digits after the point; by default so many that three significant digits show. */
  readonly decimals?: number;
  /** Prints hundredths with a percent sign: 0.25 as 25%; default false. */
  readonly percent?: boolean;
}

/**
 * Prints a number for people: grouped thousands, powers of ten outside 0.0001 to 10 million.
 *
 * @example
 * formatNumber(0.21437); // "0.214"
 */
export function formatNumber(value: number, { decimals, percent = false }: NumberFormat = {}): string {
  if (Number.isNaN(value)) return "n/a";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const shown = percent ? value * 100 : value;
  const size = Math.abs(shown);
  if (decimals === undefined && size !== 0 && (size < 1e-4 || size >= 1e7)) {
    const exponent = Math.floor(Math.log10(size));
    return `${powerOfTen(shown, exponent, 2)}${percent ? "%" : ""}`;
  }
  const digits = decimals ?? (Number.isInteger(shown) ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size))));
  return `${group(withoutNegativeZero(shown.toFixed(Math.min(100, digits))))}${percent ? "%" : ""}`;
}

/** As many digits after the point as show the half-width of an interval by two significant digits. */
export function decimalsOf(low: number, high: number): number | undefined {
  const half = (high - low) / 2;
  return half > 0 && Number.isFinite(half)
    ? Math.min(100, Math.max(0, 1 - Math.floor(Math.log10(half))))
    : undefined;
}

/** Prints an estimate with its interval: `0.214 [0.201, 0.227]`. */
export function formatInterval(
  estimate: number,
  low: number,
  high: number,
  { decimals = 3, percent = false }: NumberFormat = {},
): string {
  const print = (value: number): string => formatNumber(value, { decimals, percent });
  return `${print(estimate)} [${print(low)}, ${print(high)}]`;
}

/** `m×10ᵉ` with `decimals` digits in the mantissa; zero is "0". */
export function powerOfTen(value: number, exponent: number, decimals: number): string {
  if (value === 0) return "0";
  return `${(value / 10 ** exponent).toFixed(decimals)}×10${superscript(exponent)}`;
}

/** Groups the digits before the point by thousands. */
export function group(digits: string): string {
  return digits.replace(/^(-?)(\d+)/, (_, sign: string, whole: string) => {
    return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}`;
  });
}

function superscript(value: number): string {
  return String(value).replace(/./g, (character) => SUPERSCRIPTS[character] ?? character);
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

function withoutNegativeZero(digits: string): string {
  return /^-0(\.0*)?$/.test(digits) ? digits.slice(1) : digits;
}
