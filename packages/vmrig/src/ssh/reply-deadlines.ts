import type { Clock } from "../clock/clock.ts";

/** Requests that wait for a reply of the server. */
export interface ReplyDeadlines {
  /**
   * Calls `unanswered` when no reply arrives in time.
   *
   * @returns the function to call when the reply arrives
   */
  expect(unanswered: () => void): () => void;
}

/**
 * Creates reply deadlines with one timer for all requests of a connection. A timer per request
 * would be a considerable part of the cost of a command.
 */
export function createReplyDeadlines(
  clock: Clock,
  limitMs: number,
  closed: AbortSignal,
): ReplyDeadlines {
  /** Requests without a reply, in the order of their deadlines. */
  const pending = new Set<{ readonly deadline: number; readonly unanswered: () => void }>();
  let watching = false;

  const watch = async (): Promise<void> => {
    watching = true;
    while (pending.size > 0) {
      const [{ deadline } = { deadline: 0 }] = pending;
      await clock.sleep(Math.max(0, deadline - clock.monotonic()), closed);
      for (const request of pending) {
        if (request.deadline > clock.monotonic()) break;
        pending.delete(request);
        request.unanswered();
      }
    }
    watching = false;
  };

  return {
    expect(unanswered) {
      const request = { deadline: clock.monotonic() + limitMs, unanswered };
      pending.add(request);
      // The loop ends with the connection. Every caller learns of that through the connection.
      if (!watching) watch().catch(() => {});
      return () => void pending.delete(request);
    },
  };
}

/**
 * How long a server may take to reply to a session request. An emulated machine under load takes a
 * second for each step.
 */
export const ANSWER_MS = 30_000;
