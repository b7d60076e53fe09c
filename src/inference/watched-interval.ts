import { FpxError } from "../core/errors.ts";

/**
 * An interval for a fixed number of observations was asked for twice, at different counts. Looked at again and again,
 * such an interval of nominal 95 % misses the truth sooner or later in most streams; use `confidenceSequence`.
 */
export class WatchedInterval extends FpxError {
  constructor(first: number, now: number) {
    super(
      "WATCHED_INTERVAL",
      `an interval was asked for at ${first} observations and now at ${now}: its level holds at one count that is fixed beforehand; watch a stream by confidenceSequence`,
    );
  }
}
