/** What travels between a pool and its workers, and between a cluster's driver and its workers: plain data. */
import type { Batch } from "../core/index.ts";
import { OracleFailure } from "../core/index.ts";

/** Some consecutive questions of a batch: whole blocks when the batch is folded. */
export interface Chunk {
  readonly oracle: string;
  readonly questions: readonly unknown[];
  readonly common: unknown;
  readonly blockSize?: number;
}

/** An error as plain data, so that neither its class nor its fields are lost on the way. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
}

/** Answers with the time they took, the failure of one question, or why this worker must not answer. */
export type Reply =
  | { readonly answers: readonly unknown[]; readonly milliseconds: number }
  | { readonly failure: PlainError; readonly index: number }
  | { readonly refused: string };

/** Questions that cannot be cut: one, or one block of a folded batch. */
export const unitSize = ({ blockSize }: Pick<Batch, "blockSize">): number => blockSize ?? 1;

/** The units `from` up to `to` of a batch. */
export function chunkOf(batch: Batch, from: number, to: number): Chunk {
  const { oracle, questions, common, blockSize } = batch;
  const size = unitSize(batch);
  return {
    oracle: oracle.name,
    questions: questions.slice(from * size, to * size),
    common,
    ...(blockSize === undefined ? {} : { blockSize }),
  };
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  return {
    name,
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(typeof code === "string" ? { code } : {}),
  };
}

/** The failure of question `index` of the batch, with what the worker threw as its cause. */
export function oracleFailure(oracle: string, index: number, plain: PlainError): OracleFailure {
  const { name, message, stack, code } = plain;
  const cause = Object.assign(new Error(message), { name }, code === undefined ? {} : { code });
  if (stack !== undefined) cause.stack = stack;
  return new OracleFailure(oracle, index, cause);
}
