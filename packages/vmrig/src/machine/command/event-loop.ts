import { monotonic, nextTurn } from "../../clock/real-time.ts";

/** How long chunks may follow each other without a turn of the event loop. */
const MAX_BLOCKED_MS = 10;

/**
 * Yields to the event loop between chunks. Chunks that are always available would starve all other
 * work, including the notice that the command has ended.
 */
export async function* yieldingToEventLoop<T>(
  chunks: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  let since = monotonic();
  for await (const chunk of chunks) {
    yield chunk;
    if (monotonic() - since < MAX_BLOCKED_MS) continue;
    await nextTurn();
    since = monotonic();
  }
}

/** Works on all items, and yields to the event loop in between. */
export async function inTurns<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let since = monotonic();
  for (const item of items) {
    work(item);
    if (monotonic() - since < MAX_BLOCKED_MS) continue;
    await nextTurn();
    since = monotonic();
  }
}
