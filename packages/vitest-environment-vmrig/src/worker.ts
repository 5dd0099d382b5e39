import { inject } from "vitest";
import { VmrigError } from "vmrig";
import {
  connectGate,
  fromErrorJson,
  type ClaimSession,
  type GateClient,
  type Setup,
  type WantedFile,
} from "vmrig/worker";
import type { Provided } from "./provided.ts";

const KEY = Symbol.for("vmrig.worker");

interface Worker {
  client?: Promise<GateClient>;
  /** Socket that the client is connected to: the next run of a watcher may have another gate. */
  socket?: string | undefined;
  claim?: ClaimSession;
  /** Files that the current test adds to its evidence, beside those of the config. */
  wanted?: WantedFile[] | undefined;
  /** Set-ups by their `describe` or file. */
  setups?: WeakMap<object, Setup>;
}

/**
 * Returns the state of the worker process. It is on `globalThis`, because Vitest evaluates the
 * modules again for each test file.
 */
export function worker(): Worker {
  const global = globalThis as { [KEY]?: Worker };
  return (global[KEY] ??= {});
}

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

/**
 * Returns the worker's one connection to the gate. @throws VmrigError the reason why there is no
 * gate
 */
export function gateClient(): Promise<GateClient> {
  const state = worker();
  const provided = inject("vmrig") as ReturnType<typeof inject<"vmrig">> | undefined;
  const socket = provided !== undefined && "socket" in provided ? provided.socket : undefined;
  if (state.client === undefined || state.socket !== socket)
    Object.assign(state, { client: connect(provided), socket });
  return state.client as Promise<GateClient>;
}

/** Returns whether a failed test pauses until a person continues the run. */
export function pauses(): boolean {
  const provided = inject("vmrig") as ReturnType<typeof inject<"vmrig">> | undefined;
  return provided !== undefined && "pause" in provided && provided.pause;
}

async function connect(provided: Provided | undefined): Promise<GateClient> {
  if (provided === undefined) {
    throw new VmrigError("PLUGIN_MISPLACED", {
      message: "This file's project has no vmrig plugin, so there are no machines for it.",
      hint: "move the file into the project of vmrigProject(…), or add plugins: [vmrig()] to its config",
    });
  }
  if ("error" in provided) throw fromErrorJson(provided.error);
  return connectGate(provided.socket);
}
