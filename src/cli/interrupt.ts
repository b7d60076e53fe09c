/** Ctrl-C: the first asks for a clean end through an AbortSignal, the second ends the process at once. */
import { Cancelled } from "../core/errors.ts";
import type { ExitCode } from "./errors.ts";

type StopSignal = "SIGINT" | "SIGTERM";
const EXIT_CODES: Readonly<Record<StopSignal, ExitCode>> = { SIGINT: 130, SIGTERM: 143 };

/** The part of `process` that is needed here. */
export interface SignalSource {
  on(name: StopSignal, listener: () => void): unknown;
  off(name: StopSignal, listener: () => void): unknown;
  exit(code: number): void;
}

export interface Interrupt {
  /** Aborted by the first Ctrl-C or SIGTERM, with a `Cancelled` as its reason. */
  readonly signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after SIGTERM, `undefined` before either. */
  exitCode(): ExitCode | undefined;
  /** Gives the signals back to their default meaning. */
  dispose(): void;
}

/** Listens until `dispose`; `onFirst` runs once, when the clean end has been asked for. */
export function listenForInterrupt(source: SignalSource, onFirst: () => void): Interrupt {
  const controller = new AbortController();
  let code: ExitCode | undefined;
  const handle = (name: StopSignal): void => {
    if (code !== undefined) {
      source.exit(EXIT_CODES[name]);
      return;
    }
    code = EXIT_CODES[name];
    onFirst();
    controller.abort(new Cancelled("stopped on request"));
  };
  const onInterrupt = (): void => handle("SIGINT");
  const onTerminate = (): void => handle("SIGTERM");
  source.on("SIGINT", onInterrupt);
  source.on("SIGTERM", onTerminate);
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose: () => {
      source.off("SIGINT", onInterrupt);
      source.off("SIGTERM", onTerminate);
    },
  };
}
