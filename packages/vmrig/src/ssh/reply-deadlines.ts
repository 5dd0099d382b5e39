import type { Clock } from "../clock/clock.ts";

/** Requests that a server owes an answer. */
export interface ReplyDeadlines {
  /** `unanswered` is called when none has come in time. @returns what to call when it has come */
  expect(unanswered: () => void): () => void;
}

/**
 * One timer for all requests of a connection: a timer of its own would be a good part of what a
 * command costs.
 */
export function createReplyDeadlines(
  clock: Clock,
  limitMs: number,
  closed: AbortSignal,
): ReplyDeadlines {
  /** In the order of their deadlines. */
  const owed = new Set<{ readonly deadline: number; readonly unanswered: () => void }>();
  let watching = false;

  const watch = async (): Promise<void> => {
    watching = true;
    while (owed.size > 0) {
      const [{ deadline } = { deadline: 0 }] = owed;
      await clock.sleep(Math.max(0, deadline - clock.monotonic()), closed);
      for (const request of owed) {
        if (request.deadline > clock.monotonic()) break;
        owed.delete(request);
        request.unanswered();
      }
    }
    watching = false;
  };

  return {
    expect(unanswered) {
      const request = { deadline: clock.monotonic() + limitMs, unanswered };
      owed.add(request);
      // When the connection ends, so does the watch: everybody on it is told of that.
      if (!watching) watch().catch(() => {});
      return () => void owed.delete(request);
    },
  };
}
