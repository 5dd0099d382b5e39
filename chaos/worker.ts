/**
 * A worker of a test runner: `node worker.ts`, with its plan as JSON in CHAOS_WORKER. It ends with
 * the runner, as Vitest's forks do.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isVmrigError } from "vmrig";
import { claimMachines, connectGate, type GateClient } from "vmrig/worker";
import { intrude } from "./ex-holder.ts";
import { machineKind, PATIENCE } from "./machines.ts";
import type { Visit } from "./plan.ts";
import { plantedTouch } from "./injected-bugs.ts";
import { sayWord, witnessOf, WITNESS_SCRIPT } from "./witness.ts";

export interface WorkerOrders {
  readonly socket: string;
  readonly session: string;
  /** Number of this worker in the run. */
  readonly worker: number;
  /** Path of the witness log. */
  readonly witness: string;
  readonly visits: readonly Visit[];
}

const script = await readFile(WITNESS_SCRIPT, "utf8");
const { commandMs: timeout } = PATIENCE[machineKind()];

type Granted = Awaited<ReturnType<GateClient["claim"]>>;

const { socket, session, worker, witness, visits } = JSON.parse(
  process.env["CHAOS_WORKER"] ?? "null",
) as WorkerOrders;
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
  planned: Visit,
): Promise<void> {
  const { commands, commandMs, rollBackBefore, rude } = planned;
  sayWord(witness, "ask", session);
  const claim = await claimMachines(gate, "file");
  const { machines } = claim;
  for (let number = 1; number <= commands; number++) {
    if (number === rollBackBefore) await claim.rollBack();
    await Promise.all(
      Object.values(machines).map(async ({ $ }) => {
        // The first command may find a machine that needs recovery. The answer then carries the new
        // grant.
        await $`true`;
        const { fence, nonce } = plantedTouch(gate.granted(), { witness, session, visit });
        await $({
          timeout,
          input: script,
        })`bash -s ${witnessOf(witness)} ${session} ${visit} ${fence} ${nonce} ${commandMs}`;
      }),
    );
  }
  if (!rude) await claim.release();
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
  for (const answer of await intrude(granted, witness, [session, visit]))
    process.stdout.write(`${answer}\n`);
}

let client = watched(await connectGate(socket));
for (const [index, planned] of visits.entries()) {
  const visit = `${worker}.${index + 1}`;
  const visitor = client;
  try {
    await make(visit, visitor, planned);
    if (planned.rude) {
      client.close();
      client = watched(await connectGate(socket));
    }
  } catch (error) {
    sayWord(witness, "out", session);
    process.stderr.write(
      `failed   ${isVmrigError(error) ? error.code : "UNKNOWN"} ${String(error)}\n`,
    );
    // Its claim ends with its connection, as with a worker that Vitest restarts.
    client.close();
    const again = await connectGate(socket).catch(() => undefined);
    if (again === undefined) break;
    client = watched(again);
  }
  if (planned.intrudeAfterMs !== undefined) await linger(visit, visitor, planned.intrudeAfterMs);
  await sleep(planned.pauseMs);
}
client.close();
process.disconnect?.();
