import { readActions, type Action } from "./action.ts";
import type { Client } from "../call/client.ts";

/** Asks for the state of actions, for all that wait in this process together. */
export interface ActionPoller {
  /** Returns the actions at the next poll. One that the API does not know is missing. */
  poll(ids: readonly number[], signal: AbortSignal): Promise<ReadonlyMap<number, Action>>;
}

interface Batch {
  readonly ids: Set<number>;
  readonly result: PromiseWithResolvers<ReadonlyMap<number, Action>>;
}

/** The most ids that the vendor's clients put into one call. */
const IDS_PER_CALL = 25;
/** The API gives back one call a second, so more frequent polls would use up the rate limit. */
const INTERVAL_MS = 1_000;

const pollers = new WeakMap<Client, ActionPoller>();

/** Returns the poller that all waits of a client share. */
export function actionPoller(client: Client): ActionPoller {
  const poller = pollers.get(client) ?? createPoller(client);
  pollers.set(client, poller);
  return poller;
}

function createPoller(client: Client): ActionPoller {
  const { clock } = client;
  let next: Batch | undefined;
  let previous: Promise<unknown> = Promise.resolve();
  let polledAt = Number.NEGATIVE_INFINITY;

  /** Collects ids until the next poll is due. */
  const run = async (batch: Batch): Promise<ReadonlyMap<number, Action>> => {
    await previous.catch(() => {});
    await clock.sleep(Math.max(0, polledAt + INTERVAL_MS - clock.monotonic()));
    next = undefined;
    polledAt = clock.monotonic();
    return await readActionsById(client, [...batch.ids]);
  };

  return {
    poll(ids, signal) {
      if (next === undefined) {
        const batch: Batch = { ids: new Set(), result: Promise.withResolvers() };
        next = batch;
        const running = run(batch);
        previous = running;
        running.then(batch.result.resolve, batch.result.reject);
        batch.result.promise.catch(() => {}); // all that waited may have been cancelled
      }
      for (const id of ids) next.ids.add(id);
      return orAborted(next.result.promise, signal);
    },
  };
}

async function readActionsById(
  client: Client,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Action>> {
  const found = new Map<number, Action>();
  for (let start = 0; start < ids.length; start += IDS_PER_CALL) {
    const id = ids.slice(start, start + IDS_PER_CALL);
    const body = await client.call({
      method: "GET",
      path: "/actions",
      query: { id },
      task: "report its actions",
    });
    // The specification gives this list no pages.
    const actions = readActions(body, "GET /actions");
    for (const action of actions) found.set(action.id, action);
  }
  return found;
}

/** One wait may be cancelled while others need the same poll. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), {
      once: true,
      signal: over.signal,
    }),
  );
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}
