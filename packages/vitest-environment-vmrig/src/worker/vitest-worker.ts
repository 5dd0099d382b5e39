import { VmrigError } from "vmrig";
import { worker } from "./worker-state.ts";

/**
 * Internal state of Vitest's workers. Outside of a test there is no other way to learn that the run
 * was cancelled.
 */
interface OfVitest {
  readonly __vitest_worker__?: {
    readonly onCancel?: (listener: () => void) => () => void;
    readonly config?: { readonly hookTimeout?: number };
  };
}

/** Returns the default timeout of a hook, in milliseconds. */
export function hookTimeout(): number {
  return (globalThis as OfVitest).__vitest_worker__?.config?.hookTimeout ?? 120_000;
}

/**
 * Waits for the gate unless the run is cancelled. On cancellation the worker closes its connection:
 * the gate removes the worker from the queue, or releases the machines that it has leased
 * meanwhile.
 *
 * @throws VmrigError `CANCELLED`
 */
export async function unlessCancelled<T>(wait: () => Promise<T>): Promise<T> {
  const cancelled = Promise.withResolvers<never>();
  const forget = (globalThis as OfVitest).__vitest_worker__?.onCancel?.(() => {
    const { client } = worker();
    delete worker().client;
    client?.then(
      (connected) => connected.close(),
      () => {}, // there is no connection to close
    );
    cancelled.reject(
      new VmrigError("CANCELLED", {
        message: "The run was cancelled before this file had leased its machines.",
      }),
    );
  });
  try {
    return await Promise.race([wait(), cancelled.promise]);
  } finally {
    forget?.();
  }
}
