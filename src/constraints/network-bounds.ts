import type { Atom, Clause, Halfspace } from "./compile.ts";
import type { Domain } from "./domain.ts";
import { add, exact, multiply, nextDown, nextUp, roundUp } from "./dyadic.ts";
import type { Head } from "./exact-bound.ts";
import type { Layer, Model, NetworkModel } from "./model.ts";

/** Lower and upper bounds, element by element. */
export interface Box {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** What a clause says of the model's affine part: of the whole model when linear, of the head of a network. */
export function headOf(model: Model, clause: Clause): Head {
  const { domain, weights } = model;
  if (model.kind === "linear") {
    const { region, atoms, slope } = clause;
    return { weights, scaler: domain.scaler, region, atoms, groups: slope ? [] : domain.groups, slope };
  }
  return clause.slope ? slopeHead(model, clause) : outputHead(model, clause);
}

function outputHead(model: NetworkModel, { region, atoms }: Clause): Head {
  const { domain, skip, weights } = model;
  const latent = unitBounds(model.layers, scaledBox(domain, region)).at(-1)!.after;
  const size = latent.lower.length;
  const atHead = (values: Float64Array): Float64Array =>
    Float64Array.of(...new Float64Array(size), ...skip.map((i) => values[i]!));
  const rows = region.rows
    .filter(({ coefficients }) => coefficients.every((c, i) => c === 0 || skip.includes(i)))
    .map(({ coefficients, bound }): Halfspace => ({ coefficients: atHead(coefficients), bound }));
  return {
    weights,
    scaler: {
      offset: [...new Array<number>(size).fill(0), ...skip.map((i) => domain.scaler.offset[i]!)],
      scale: [...new Array<number>(size).fill(1), ...skip.map((i) => domain.scaler.scale[i]!)],
    },
    region: {
      lower: Float64Array.of(...latent.lower, ...skip.map((i) => region.lower[i]!)),
      upper: Float64Array.of(...latent.upper, ...skip.map((i) => region.upper[i]!)),
      rows,
    },
    atoms: atoms.map((atom) => ({
      ...atom,
      inputs: atHead(atom.inputs),
      constant: withoutSkip(atom, region, skip),
    })),
    groups: domain.groups
      .filter((group) => group.every((i) => skip.includes(i)))
      .map((group) => group.map((i) => size + skip.indexOf(i))),
    slope: false,
  };
}

/** The atom's constant with the largest share of the inputs that the head does not see; rounded up. */
function withoutSkip(
  { inputs, constant }: Atom,
  { lower, upper }: Clause["region"],
  skip: readonly number[],
): number {
  let total = exact(constant);
  for (const [i, c] of inputs.entries())
    if (c !== 0 && !skip.includes(i))
      total = add(total, multiply(exact(c), exact(c > 0 ? upper[i]! : lower[i]!)));
  return roundUp(total);
}

/** Slopes of the latents along the direction, over the whole domain: a ReLU passes all, nothing, or either. */
function slopeHead(model: NetworkModel, { region, atoms }: Clause): Head {
  const { domain, layers, skip, weights } = model;
  const direction = region.lower.map((v, i) => v / domain.scaler.scale[i]!);
  const whole = {
    lower: Float64Array.from(domain.columns, (column) => column.lower),
    upper: Float64Array.from(domain.columns, (column) => column.upper),
  };
  const before = unitBounds(layers, scaledBox(domain, whole));
  let slopes: Box = { lower: direction, upper: direction };
  for (const [l, layer] of layers.entries()) {
    slopes = affineBounds({ ...layer, bias: layer.bias.map(() => 0) }, slopes);
    const { lower, upper } = before[l]!.before;
    for (let j = 0; j < lower.length; j++) {
      if (lower[j]! > 0) continue;
      slopes.lower[j] = upper[j]! <= 0 ? 0 : Math.min(0, slopes.lower[j]!);
      slopes.upper[j] = upper[j]! <= 0 ? 0 : Math.max(0, slopes.upper[j]!);
    }
  }
  const size = slopes.lower.length;
  const skipped = skip.map((i) => direction[i]!);
  const width = size + skip.length;
  return {
    weights,
    scaler: { offset: new Array<number>(width).fill(0), scale: new Array<number>(width).fill(1) },
    region: {
      lower: Float64Array.of(...slopes.lower, ...skipped),
      upper: Float64Array.of(...slopes.upper, ...skipped),
      rows: [],
    },
    atoms: atoms.map((atom) => ({ ...atom, inputs: new Float64Array(width) })),
    groups: [],
    slope: true,
  };
}

/** Scaled bounds of raw ones, rounded outwards. */
export function scaledBox({ scaler, columns }: Domain, { lower, upper }: Box): Box {
  const { offset, scale } = scaler;
  const outward = (x: number, i: number, next: (value: number) => number): number =>
    // At the domain's lower bound, and with offset 0, the difference is exact.
    offset[i] === 0 || x === columns[i]!.lower
      ? (x - offset[i]!) / scale[i]!
      : next(x - offset[i]!) / scale[i]!;
  return {
    lower: lower.map((x, i) => outward(x, i, nextDown)),
    upper: upper.map((x, i) => outward(x, i, nextUp)),
  };
}

/** Bounds of every layer's units before and after ReLU, rounded outwards. */
export function unitBounds(
  layers: readonly Layer[],
  inputs: Box,
): { readonly before: Box; readonly after: Box }[] {
  let at = inputs;
  return layers.map((layer) => {
    const before = affineBounds(layer, at);
    const after = {
      lower: before.lower.map((v) => Math.max(0, v)),
      upper: before.upper.map((v) => Math.max(0, v)),
    };
    at = after;
    return { before, after };
  });
}

/** Interval arithmetic in doubles, widened by a bound of its own rounding. */
function affineBounds({ weights, bias }: Layer, { lower, upper }: Box): Box {
  const units = bias.length;
  const out = { lower: new Float64Array(units), upper: new Float64Array(units) };
  const unit = (lower.length + 3) * 2 ** -53;
  for (let j = 0; j < units; j++) {
    const row = weights[j]!;
    let low = bias[j]!;
    let high = low;
    let size = Math.abs(low);
    for (let i = 0; i < lower.length; i++) {
      const w = row[i]!;
      const [a, b] = w > 0 ? [w * lower[i]!, w * upper[i]!] : [w * upper[i]!, w * lower[i]!];
      low += a;
      high += b;
      size += Math.max(Math.abs(a), Math.abs(b));
    }
    // Twice the bound of the sum's error covers the rounding of the bound itself.
    const error = 2 * unit * size;
    out.lower[j] = nextDown(low - error);
    out.upper[j] = nextUp(high + error);
  }
  return out;
}
