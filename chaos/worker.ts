/**
 * A worker of a test runner: `node worker.ts`, with its plan as JSON in CHAOS_WORKER. It ends with
 * the runner, as Vitest's forks do.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isVmrigError } from "vmrig";
import { claimMachines, connectGate, type GateClient } from "vmrig/worker";
import { doHarm } from "./cloud/harm.ts";
import { injectCloudBug } from "./cloud/injected-bugs.ts";
import { actAsExHolder } from "./ex-holder.ts";
import { machineKind, TIME_LIMITS } from "./machines.ts";
import type { MachineUse } from "./plan.ts";
import { withInjectedBug } from "./injected-bugs.ts";
import { recordQueueEvent, eventLogOnMachine, RECORD_EVENT_SCRIPT } from "./event-log.ts";

export interface WorkerOptions {
  readonly socket: string;
  readonly session: string;
  /** Number of this worker in the run. */
  readonly worker: number;
  /** Path of the event log. */
  readonly eventLog: string;
  readonly visits: readonly MachineUse[];
}

const script = await readFile(RECORD_EVENT_SCRIPT, "utf8");
const { commandMs: timeout } = TIME_LIMITS[machineKind()];

type Granted = Awaited<ReturnType<GateClient["claim"]>>;

const { socket, session, worker, eventLog, visits } = JSON.parse(
  process.env["CHAOS_WORKER"] ?? "null",
) as WorkerOptions;
process.on("disconnect", () => process.exit());

/** Wraps the client to record its last grant: the fence, and the nonce of the proof. */
function watched(
  client: GateClient,
): GateClient & { granted(): Granted; last(): Granted | undefined } {
  let last: Granted | undefined;
  const note = (granted: Granted): Granted => (last = granted);
  return {
    ...client,
    claim: async (rollback) => note(await client.claim(rollback)),
    rollBack: async (claim) => note(await client.rollBack(claim)),
    recover: async (claim, unhealthy) => note(await client.recover(claim, unhealthy)),
    last: () => last,
    granted() {
      if (last === undefined) throw new Error("nothing was granted yet");
      return last;
    },
  };
}

async function make(
  visit: string,
  gate: ReturnType<typeof watched>,
  planned: MachineUse,
): Promise<void> {
  const { commands, commandMs, rollBackBefore, disconnects } = planned;
  recordQueueEvent(eventLog, "ask", session);
  const claim = await claimMachines(gate, "file");
  const { machines } = claim;
  for (let number = 1; number <= commands; number++) {
    if (number === rollBackBefore) await claim.rollBack();
    await Promise.all(
      Object.values(machines).map(async ({ $ }) => {
        // The first command may find a machine that needs recovery. The answer then carries the new
        // grant.
        await $`true`;
        const { fence, nonce } = withInjectedBug(gate.granted(), { eventLog, session, visit });
        await $({
          timeout,
          input: script,
        })`bash -s ${eventLogOnMachine(eventLog)} ${session} ${visit} ${fence} ${nonce} ${commandMs}`;
      }),
    );
  }
  const [machine] = Object.values(machines);
  if (machine !== undefined && machineKind() === "cloud")
    await doHarm(process.env["CHAOS_ROOT"] ?? "", session, machine);
  if (!disconnects) await claim.release();
}

/** Acts as an ex-holder after the visit, however it ended. */
async function linger(
  visit: string,
  gate: ReturnType<typeof watched>,
  afterMs: number,
): Promise<void> {
  const granted = gate.last();
  if (granted === undefined) return;
  await sleep(afterMs);
  for (const answer of await actAsExHolder(granted, eventLog, [session, visit]))
    process.stdout.write(`${answer}\n`);
}

let client = watched(await connectGate(socket));
for (const [index, planned] of visits.entries()) {
  const visit = `${worker}.${index + 1}`;
  const visitor = client;
  try {
    await make(visit, visitor, planned);
    if (planned.disconnects) {
      client.close();
      client = watched(await connectGate(socket));
    }
  } catch (error) {
    recordQueueEvent(eventLog, "out", session);
    process.stderr.write(
      `failed   ${isVmrigError(error) ? error.code : "UNKNOWN"} ${String(error)}\n`,
    );
    // Its claim ends with its connection, as with a worker that Vitest restarts.
    client.close();
    const again = await connectGate(socket).catch(() => undefined);
    if (again === undefined) break;
    client = watched(again);
  }
  if (planned.reuseAfterMs !== undefined) await linger(visit, visitor, planned.reuseAfterMs);
  if (machineKind() === "cloud") await injectCloudBug();
  await sleep(planned.pauseMs);
}
client.close();
process.disconnect?.();
