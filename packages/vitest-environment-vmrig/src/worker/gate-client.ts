import { inject } from "vitest";
import { VmrigError } from "vmrig";
import { connectGate, fromErrorJson, type GateClient } from "vmrig/worker";
import type { Provided } from "../provided.ts";
import { worker } from "./worker-state.ts";

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
