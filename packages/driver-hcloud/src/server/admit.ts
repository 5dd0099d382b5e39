import { VmrigError, type Admission, type MachineRef } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { letIn } from "./change.ts";
import { claimServer } from "./claimed-server.ts";
import { openPinned } from "./pinned-session.ts";

/** The caller tries again while the machine boots. */
const ADMIT_MS = 5_000;

/** Authorizes the lease's key again on a running machine, see `Driver.admit`. */
export async function admit(client: Client, ref: MachineRef, by: Admission): Promise<void> {
  const server = await claimServer(client, ref, by);
  if (server.status === "off")
    throw new VmrigError("MACHINE_OFF", { message: `${ref.name} is off.`, hint: "use `start()`" });
  await using session = await openPinned(server, { ref, by, timeoutMs: ADMIT_MS });
  await letIn(session, { ref, by });
}
