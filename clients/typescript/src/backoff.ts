import type { HubbubError } from "./errors.js";

/** How long to wait between attempts, in milliseconds. */
export interface BackoffOptions {
  /** The longest wait before the first repeat. */
  base: number;
  /** The longest wait at all. */
  cap: number;
}

/**
 * Full jitter: anything from 0 to `min(cap, base * 2^attempt)`. The clients of a server that comes
 * back are spread evenly over the whole time, where a fixed or half-fixed wait has them come in waves.
 */
export function fullJitter(attempt: number, { base, cap }: BackoffOptions, random: () => number): number {
  return random() * Math.min(cap, base * 2 ** Math.min(attempt, 30));
}

/** How long to wait before sending again what was refused for the moment: as long as the server says, or a jitter. */
export function waitAfter(error: HubbubError, attempt: number, backoff: BackoffOptions, random: () => number): number {
  return error.retryAfter === null ? fullJitter(attempt, backoff, random) : error.retryAfter * 1000;
}
