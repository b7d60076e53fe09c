/** Operations that act on each element, with NumPy broadcasting for those of two or more tensors. */

import { InvalidInput } from "../../core/errors.ts";
import { broadcastShapes } from "./dims.ts";
import { type DType, graphOf, type Operand, type Operations, requireType, type Tensor } from "./graph.ts";

type UnaryName =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "reciprocal"
  | "square"
  | "sin"
  | "cos"
  | "tanh"
  | "erf"
  | "sigmoid"
  | "softplus"
  | "relu";
type BinaryName = "add" | "sub" | "mul" | "div" | "maximum" | "minimum";
type ComparisonName = "equal" | "less" | "lessOrEqual";

function unary(op: UnaryName, x: Tensor): Tensor {
  requireType(op, x, "float");
  return x.graph.make(op, {} as Operations[UnaryName], [x], [{ dtype: "float", shape: x.shape }])[0]!;
}

/** The operand as a tensor of the graph; a number becomes a scalar constant of the element type. */
function lift(where: string, value: Operand, like: Operand): Tensor {
  if (typeof value !== "number") return value;
  const dtype = typeof like === "number" ? "float" : like.dtype;
  return graphOf(where, like).constant(value, { dtype });
}

function operands(where: string, a: Operand, b: Operand): readonly [Tensor, Tensor] {
  graphOf(where, a, b);
  const pair = [lift(where, a, b), lift(where, b, a)] as const;
  if (pair[0].dtype !== pair[1].dtype) {
    throw new InvalidInput(`${where}: element types ${pair[0].dtype} and ${pair[1].dtype} differ; use cast`);
  }
  return pair;
}

function binary(op: BinaryName, a: Operand, b: Operand): Tensor {
  const [x, y] = operands(op, a, b);
  if (x.dtype === "bool") throw new InvalidInput(`${op}: bool tensors cannot be calculated with; use cast`);
  const shape = broadcastShapes(x.shape, y.shape, op);
  return x.graph.make(op, {}, [x, y], [{ dtype: x.dtype, shape }])[0]!;
}

function comparison(op: ComparisonName, a: Operand, b: Operand): Tensor {
  const [x, y] = operands(op, a, b);
  const shape = broadcastShapes(x.shape, y.shape, op);
  return x.graph.make(op, {}, [x, y], [{ dtype: "bool", shape }])[0]!;
}

/** −x. */
export function neg(x: Tensor): Tensor {
  return unary("neg", x);
}

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return unary("exp", x);
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return unary("log", x);
}

/** The square root. */
export function sqrt(x: Tensor): Tensor {
  return unary("sqrt", x);
}

/** 1/x. */
export function reciprocal(x: Tensor): Tensor {
  return unary("reciprocal", x);
}

/** x². */
export function square(x: Tensor): Tensor {
  return unary("square", x);
}

/** The sine of an angle in radians. */
export function sin(x: Tensor): Tensor {
  return unary("sin", x);
}

/** The cosine of an angle in radians. */
export function cos(x: Tensor): Tensor {
  return unary("cos", x);
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return unary("tanh", x);
}

/** The error function. */
export function erf(x: Tensor): Tensor {
  return unary("erf", x);
}

/** 1/(1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  return unary("sigmoid", x);
}

/** log(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return unary("softplus", x);
}

/** log σ(x) = −softplus(−x), without overflow: the loss of direct preference optimisation is −logSigmoid. */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)));
}

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return unary("relu", x);
}

/** x·σ(x), also called swish. */
export function silu(x: Tensor): Tensor {
  requireType("silu", x, "float");
  const like = { dtype: "float" as const, shape: x.shape };
  return x.graph.make("silu", {}, [x], [like, like])[0]!;
}

/** x·Φ(x); `approximate: "tanh"` is the form of GPT-2 (gelu_new), `"none"` (default) the exact one with erf. */
export function gelu(x: Tensor, options: { readonly approximate?: "tanh" | "none" } = {}): Tensor {
  requireType("gelu", x, "float");
  const like = { dtype: "float" as const, shape: x.shape };
  return x.graph.make("gelu", { approximate: options.approximate ?? "none" }, [x], [like, like])[0]!;
}

/** a + b. */
export function add(a: Operand, b: Operand): Tensor {
  return binary("add", a, b);
}

/** a − b. */
export function sub(a: Operand, b: Operand): Tensor {
  return binary("sub", a, b);
}

/** a·b, element by element. */
export function mul(a: Operand, b: Operand): Tensor {
  return binary("mul", a, b);
}

/** a/b; for int32 the quotient is truncated. */
export function div(a: Operand, b: Operand): Tensor {
  return binary("div", a, b);
}

/** The larger of each pair; at a tie the gradient goes to `a`. */
export function maximum(a: Operand, b: Operand): Tensor {
  return binary("maximum", a, b);
}

/** The smaller of each pair; at a tie the gradient goes to `a`. */
export function minimum(a: Operand, b: Operand): Tensor {
  return binary("minimum", a, b);
}

/** a = b, a bool tensor. */
export function equal(a: Operand, b: Operand): Tensor {
  return comparison("equal", a, b);
}

/** a < b, a bool tensor. */
export function less(a: Operand, b: Operand): Tensor {
  return comparison("less", a, b);
}

/** a ≤ b, a bool tensor. */
export function lessOrEqual(a: Operand, b: Operand): Tensor {
  return comparison("lessOrEqual", a, b);
}

function logical(op: "and" | "or", a: Tensor, b: Tensor): Tensor {
  requireType(op, a, "bool");
  requireType(op, b, "bool");
  return a.graph.make(op, {}, [a, b], [{ dtype: "bool", shape: broadcastShapes(a.shape, b.shape, op) }])[0]!;
}

/** Whether both hold; bool tensors. */
export function and(a: Tensor, b: Tensor): Tensor {
  return logical("and", a, b);
}

/** Whether at least one holds; bool tensors. */
export function or(a: Tensor, b: Tensor): Tensor {
  return logical("or", a, b);
}

/** Whether it does not hold; a bool tensor. */
export function not(a: Tensor): Tensor {
  requireType("not", a, "bool");
  return a.graph.make("not", {}, [a], [{ dtype: "bool", shape: a.shape }])[0]!;
}

/** `a` where the condition holds, else `b`; the three broadcast together. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  requireType("where", condition, "bool");
  const numbers = typeof a === "number" && typeof b === "number";
  const x = numbers ? condition.graph.constant(a) : lift("where", a, b);
  const y = numbers ? condition.graph.constant(b) : lift("where", b, a);
  if (x.dtype !== y.dtype)
    throw new InvalidInput(`where: element types ${x.dtype} and ${y.dtype} differ; use cast`);
  if (x.dtype === "bool")
    throw new InvalidInput("where: bool branches cannot be chosen from; use and, or, not");
  const shape = broadcastShapes(condition.shape, broadcastShapes(x.shape, y.shape, "where"), "where");
  return condition.graph.make("where", {}, [condition, x, y], [{ dtype: x.dtype, shape }])[0]!;
}

/** The tensor in another element type: float to int32 truncates, bool counts as 0 or 1, non-zero is true. */
export function cast(x: Tensor, to: DType): Tensor {
  if (x.dtype === to) return x;
  return x.graph.make("cast", { to }, [x], [{ dtype: to, shape: x.shape }])[0]!;
}
