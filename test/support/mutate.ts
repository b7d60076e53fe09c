/** Damages that files meet: bytes flipped, cut off, repeated, and values of JSON exchanged for others. */
import fc from "fast-check";

/** Does one damage to a copy. */
type Damage<T> = (good: T) => T;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const byteDamage: fc.Arbitrary<Damage<Uint8Array>> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([at, byte]) => (bytes: Uint8Array) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[Math.floor(at * copy.length)] = byte;
    return copy;
  }),
  place.map((end) => (bytes: Uint8Array) => bytes.slice(0, Math.floor(end * bytes.length))),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 12 })).map(
    ([at, more]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at * bytes.length), more, bytes.subarray(at * bytes.length)),
  ),
  fc.tuple(place, place, place).map(([from, to, at]) => (bytes: Uint8Array) => {
    const [a, b] = [Math.min(from, to) * bytes.length, Math.max(from, to) * bytes.length];
    return joined(
      bytes.subarray(0, at * bytes.length),
      bytes.subarray(a, b),
      bytes.subarray(at * bytes.length),
    );
  }),
);

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A file with one to four damages. */
export const damagedBytes = (good: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(byteDamage, { minLength: 1, maxLength: 4 })
    .map((damages) => damages.reduce((bytes, damage) => damage(bytes), good));

/** A text with one to four damages, read as UTF-8. */
export const damagedText = (good: string): fc.Arbitrary<string> =>
  damagedBytes(new TextEncoder().encode(good)).map((bytes) => new TextDecoder().decode(bytes));

const strange = fc.oneof(
  fc.constantFrom<unknown>(null, true, "", 0, -1, 1.5, 1e308, 2 ** 53, "__proto__", [], {}, [null], "NaN"),
  fc.string(),
  fc.jsonValue({ maxDepth: 2 }),
);

const jsonDamage: fc.Arbitrary<Damage<unknown>> = fc
  .tuple(place, strange, fc.constantFrom("exchange", "delete", "add"))
  .map(([at, value, kind]) => (good: unknown) => {
    const copy = structuredClone(good);
    const spots: { holder: Record<string, unknown>; key: string }[] = [];
    const walk = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      for (const [key, inner] of Object.entries(node)) {
        spots.push({ holder: node as Record<string, unknown>, key });
        walk(inner);
      }
    };
    walk(copy);
    const spot = spots[Math.floor(at * spots.length)];
    if (spot === undefined) return value;
    if (kind === "exchange") spot.holder[spot.key] = value;
    else if (kind === "add" && !Array.isArray(spot.holder)) spot.holder[`${spot.key}x`] = value;
    else if (Array.isArray(spot.holder))
      spot.holder.splice(Number(spot.key), kind === "delete" ? 1 : 0, value);
    else delete spot.holder[spot.key];
    return copy;
  });

/** A value of JSON with one to three damages to its structure. */
export const damagedJson = (good: unknown): fc.Arbitrary<unknown> =>
  fc
    .array(jsonDamage, { minLength: 1, maxLength: 3 })
    .map((damages) => damages.reduce((value, damage) => damage(value), good));
