import type { Program } from "../graph/index.ts";
import type { Runtime, Session, Tensors } from "../runtimes/runtime.ts";

/** Frozen weights of at least so many bytes are not stored in the model: a runtime holds those up to three times. */
const LARGE_BYTES = 2 ** 26;

/**
 * Loads a program with the weights that stay as they are. Small ones are stored in the model; large ones become
 * resident inputs, one by one: at most 4 % slower, and held once.
 */
export async function loadProgram(runtime: Runtime, program: Program, frozen: Tensors): Promise<Session> {
  const bytes = Object.values(frozen).reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes < LARGE_BYTES) return runtime.load(program, { weights: frozen });
  const session = await runtime.load(program);
  for (const name of session.inputs) {
    const tensor = frozen[name];
    if (tensor !== undefined) await session.write({ [name]: tensor });
  }
  return session;
}
