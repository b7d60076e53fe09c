/**
 * The errors that fpx throws. Each says what is wrong, where, and what to do, and carries a stable `code`
 * that programs may rely on.
 */

/** Base of every error thrown by fpx; `code` is stable across versions. */
export class FpxError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument, option, file or record does not have the form it must have. */
export class InvalidInput extends FpxError {
  constructor(message: string, options?: ErrorOptions & { readonly code?: string }) {
    super(options?.code ?? "INVALID_INPUT", message, options);
  }
}

/** An oracle threw while answering; `index` is the question's place in its batch, `cause` what was thrown. */
export class OracleFailure extends FpxError {
  readonly oracle: string;
  readonly index: number;

  constructor(oracle: string, index: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super("ORACLE_FAILURE", `oracle "${oracle}" failed on question ${index}: ${reason}`, { cause });
    this.oracle = oracle;
    this.index = index;
  }
}

/** A number that must be finite is NaN or infinite. */
export class NonFinite extends FpxError {
  constructor(message: string, options?: ErrorOptions) {
    super("NON_FINITE", message, options);
  }
}

/** The caller's AbortSignal fired. */
export class Cancelled extends FpxError {
  constructor(message = "cancelled", options?: ErrorOptions) {
    super("CANCELLED", message, options);
  }
}

/** A snapshot belongs to another solver, problem, option set, format or kernel, or is damaged. */
export class SnapshotMismatch extends FpxError {
  constructor(message: string, options?: ErrorOptions) {
    super("SNAPSHOT_MISMATCH", message, options);
  }
}

/** An optional peer dependency is not installed; the message names the install command. */
export class MissingDependency extends FpxError {
  constructor(dependency: string, purpose: string, install: string, options?: ErrorOptions) {
    super(
      "MISSING_DEPENDENCY",
      `${purpose} needs ${dependency}, which is not installed; run: ${install}`,
      options,
    );
  }
}

/** Runs something; the message of an FpxError that it throws begins with where that was. */
export function within<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FpxError) error.message = `${where}: ${error.message}`;
    throw error;
  }
}
