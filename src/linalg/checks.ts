import { InvalidInput, NonFinite } from "../core/errors.ts";

/** A vector, or a row-major matrix. */
export type Floats = Float32Array | Float64Array;

/** Throws `InvalidInput` unless n is a non-negative integer. */
export function checkSize(name: string, n: number): void {
  if (!(Number.isSafeInteger(n) && n >= 0)) {
    throw new InvalidInput(`${name} is ${n}, but must be an integer from 0 up`);
  }
}

/** Throws `InvalidInput` unless the array has that many elements. */
export function checkLength(name: string, array: Floats, length: number, shape: string): void {
  if (array.length !== length) {
    throw new InvalidInput(`${name} has ${array.length} elements, but ${shape} needs ${length}`);
  }
}

/** Throws `InvalidInput` unless all arrays hold the same kind of float as the first. */
export function checkKinds(first: Floats, ...others: readonly Floats[]): void {
  for (const other of others) {
    if (other.BYTES_PER_ELEMENT !== first.BYTES_PER_ELEMENT) {
      throw new InvalidInput("float32 and float64 arrays do not mix; convert one of them");
    }
  }
}

/** Throws `NonFinite` that names the first NaN or infinity in the lower triangle, if there is one. */
export function checkFiniteTriangle(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = a[i * n + j]!;
      if (!Number.isFinite(value)) throw new NonFinite(`the matrix is ${value} in row ${i}, column ${j}`);
    }
  }
}
