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
  /** Where the client is connected to: a watcher's next run may have another gate. */
  socket?: string | undefined;
  claim?: ClaimSession;
  /** What the test that runs wants to be kept should it fail, beside what the config names. */
  wanted?: WantedFile[] | undefined;
  /** By the `describe` or file that they stand in. */
  setups?: WeakMap<object, Setup>;
}

/**
 * What lasts as long as a worker process. On `globalThis`, because Vitest evaluates the modules of
 * each test file anew.
 */
export function worker(): Worker {
  const global = globalThis as { [KEY]?: Worker };
  return (global[KEY] ??= {});
}

/**
 * What Vitest keeps in its workers for itself. Outside of a test nothing else tells that the run is
 * cancelled.
 */
interface OfVitest {
  readonly __vitest_worker__?: {
    readonly onCancel?: (listener: () => void) => () => void;
    readonly config?: { readonly hookTimeout?: number };
  };
}

/** How long a hook may take that does not say so itself, in milliseconds. */
export function hookTimeout(): number {
  return (globalThis as OfVitest).__vitest_worker__?.config?.hookTimeout ?? 120_000;
}

/**
 * What a worker waits for at the gate, for as long as nobody cancels the run. Then it hangs up: the
 * gate takes it out of the line, or takes back what it has got meanwhile.
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
      () => {}, // there is nobody to hang up on
    );
    cancelled.reject(
      new VmrigError("CANCELLED", {
        message: "The run was cancelled before this file had its machines.",
      }),
    );
  });
  try {
    return await Promise.race([wait(), cancelled.promise]);
  } finally {
    forget?.();
  }
}

/** The worker's one connection to the gate. @throws VmrigError why there is none */
export function gateClient(): Promise<GateClient> {
  const state = worker();
  const provided = inject("vmrig") as ReturnType<typeof inject<"vmrig">> | undefined;
  const socket = provided !== undefined && "socket" in provided ? provided.socket : undefined;
  if (state.client === undefined || state.socket !== socket)
    Object.assign(state, { client: connect(provided), socket });
  return state.client as Promise<GateClient>;
}

/** Whether a failed test stops there until somebody has looked. */
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
