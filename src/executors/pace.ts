/** How long an oracle's questions take, learned while running, and how many of them to send at once. */

/** Weight of the newest measurement. */
const NEWEST = 0.3;
const REMEMBERED = 128;

export interface Pace {
  /** Milliseconds of one question, by its oracle; `undefined` before the first answer. */
  perQuestion(oracle: string): number | undefined;
  /** The 95th percentile of the milliseconds of recent messages; `undefined` before the first answer. */
  slowMessage(oracle: string): number | undefined;
  learn(oracle: string, questions: number, milliseconds: number): void;
}

export function createPace(): Pace {
  const paces = new Map<string, { perQuestion: number; readonly messages: number[] }>();
  return {
    perQuestion: (oracle) => paces.get(oracle)?.perQuestion,
    slowMessage(oracle) {
      const messages = paces.get(oracle)?.messages;
      if (messages === undefined) return undefined;
      return [...messages].sort((a, b) => a - b)[Math.floor(0.95 * (messages.length - 1))];
    },
    learn(oracle, questions, milliseconds) {
      const each = milliseconds / questions;
      const known = paces.get(oracle);
      if (known === undefined) {
        paces.set(oracle, { perQuestion: each, messages: [milliseconds] });
        return;
      }
      known.perQuestion += NEWEST * (each - known.perQuestion);
      known.messages.push(milliseconds);
      if (known.messages.length > REMEMBERED) known.messages.shift();
    },
  };
}

/** Least and most milliseconds of work that a message should carry. */
export interface Load {
  readonly least: number;
  readonly most: number;
}

/** How many of `share` units to send, given the milliseconds of one, so that the message carries a sensible load. */
export function sized(share: number, perUnit: number, { least, most }: Load): number {
  const units = (milliseconds: number) => Math.ceil(milliseconds / Math.max(perUnit, 1e-6));
  return Math.max(1, units(least), Math.min(Math.ceil(share), units(most)));
}
