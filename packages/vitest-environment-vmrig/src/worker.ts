import { inject } from "vitest";
import { VmrigError } from "vmrig";
import { connectGate, fromErrorJson, type Claim, type GateClient } from "vmrig/worker";
import type { Provided } from "./provided.ts";

const KEY = Symbol.for("vmrig.worker");

interface Worker {
  client?: Promise<GateClient>;
  /** Where the client is connected to: a watcher's next run may have another gate. */
  socket?: string | undefined;
  claim?: Claim;
}

/** What lasts as long as a worker process. On `globalThis`, because Vitest evaluates the modules of each test file anew. */
export function worker(): Worker {
  const global = globalThis as { [KEY]?: Worker };
  return (global[KEY] ??= {});
}

/** The worker's one connection to the gate. @throws VmrigError why there is none */
export function gateClient(): Promise<GateClient> {
  const state = worker();
  const provided = inject("vmrig") as ReturnType<typeof inject<"vmrig">> | undefined;
  const socket = provided !== undefined && "socket" in provided ? provided.socket : undefined;
  if (state.client === undefined || state.socket !== socket) Object.assign(state, { client: connect(provided), socket });
  return state.client as Promise<GateClient>;
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
