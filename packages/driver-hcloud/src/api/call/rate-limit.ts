import { createHash } from "node:crypto";
import type { Clock } from "vmrig/driver";
import type { Rate } from "./exchange.ts";

/** Tells the rate limit the outcome of a call that it let through. */
export type EndTurn = (outcome: {
  readonly rate: Rate | undefined;
  /** Whether the API refused the call because there were too many. */
  readonly isRefused: boolean;
}) => void;

/** The calls that one token may make. */
export interface RateLimit {
  /** Waits until a call may be sent. Calls go in the order in which they asked. */
  takeTurn(signal: AbortSignal): Promise<EndTurn>;
}

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Between 0 and 1. */
  readonly random: () => number;
}

const LONGEST_PAUSE_MS = 60_000;

/**
 * Follows the headers of the replies: the API counts the calls of a whole project, and gives back
 * one call a second. `Retry-After` does not exist there.
 */
function createRateLimit({ clock, random }: RateLimitOptions): RateLimit {
  let known: { readonly rate: Rate; readonly at: number } | undefined;
  let inFlight = 0;
  let refusals = 0;
  let sent = 0;
  /** Calls up to this one were sent before the last refusal. */
  let sentBeforeRefusal = 0;
  let blockedUntil = Number.NEGATIVE_INFINITY;
  let queue: Promise<unknown> = Promise.resolve();

  const pauseMs = (): number => {
    const now = clock.monotonic();
    const blockedMs = blockedUntil - now;
    if (known === undefined) return blockedMs;
    const { rate, at } = known;
    const perMs = rate.limit / 3_600_000;
    const left = rate.remaining + (now - at) * perMs - inFlight;
    const emptyMs = left >= 1 ? 0 : Math.min((1 - left) / perMs, at + rate.fullInMs - now);
    return Math.max(blockedMs, emptyMs);
  };

  const onRefusal = (number: number): void => {
    // Calls that were under way together are refused together, which is one refusal.
    if (number <= sentBeforeRefusal) return;
    sentBeforeRefusal = sent;
    refusals += 1;
    const growing = 1_000 * 2 ** (refusals - 1) * (1 + random() / 2);
    const fullInMs = Math.max(1_000, known?.rate.fullInMs ?? LONGEST_PAUSE_MS);
    blockedUntil = clock.monotonic() + Math.min(growing, LONGEST_PAUSE_MS, fullInMs);
  };

  const pass = async (signal: AbortSignal): Promise<EndTurn> => {
    signal.throwIfAborted();
    const ms = pauseMs();
    if (ms > 0) await clock.sleep(Math.ceil(ms), signal);
    const number = ++sent;
    inFlight += 1;
    return ({ rate, isRefused }) => {
      inFlight -= 1;
      if (rate !== undefined) known = { rate, at: clock.monotonic() };
      if (isRefused) onRefusal(number);
      else if (rate !== undefined && number > sentBeforeRefusal) refusals = 0;
    };
  };

  return {
    takeTurn(signal) {
      const turn = queue.then(() => pass(signal));
      queue = turn.catch(() => {});
      return turn;
    },
  };
}

/**
 * The limits of this process. They are state of the module on purpose: two clients of one token
 * share one limit, and do not know each other. The key is a digest, so that no token is in it.
 */
const limits = new Map<string, RateLimit>();

/** Returns the rate limit that all clients of a token share in this process. */
export function sharedRateLimit(
  { token, endpoint }: { readonly token: string; readonly endpoint: string },
  options: RateLimitOptions,
): RateLimit {
  const key = createHash("sha256").update(`${endpoint}\n${token.trim()}`).digest("hex");
  const limit = limits.get(key) ?? createRateLimit(options);
  limits.set(key, limit);
  return limit;
}
