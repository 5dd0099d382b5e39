import { guestOf } from "../baseline/guest.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { leftBehind } from "../evidence/left-behind.ts";
import { takeSystemSnapshot, type SystemSnapshot } from "../evidence/system-snapshot.ts";
import { waitFor } from "../wait/wait-for.ts";
import type { ClaimSession } from "./claim-session.ts";

/** Grace period for processes that are about to end by themselves. */
const GRACE_MS = 2_000;
const SHOWN = 20;

type Watched = Pick<ClaimSession, "copy" | "connect" | "guest" | "evidenceMachines" | "signal">;

/**
 * Records the processes, listeners and configuration of a claim's machines, as root.
 *
 * @returns a function that checks again, and returns `LEFT_BEHIND` when a machine has more than
 *   before or can no longer be inspected. A machine that was out of reach at the start is left out
 * @throws VmrigError `INSPECTION_FAILED`
 */
export async function watchForLeftovers(
  claim: Watched,
): Promise<() => Promise<VmrigError | undefined>> {
  const before = new Map<string, SystemSnapshot>();
  await Promise.all(
    Object.keys(claim.evidenceMachines).map(async (name) => {
      try {
        before.set(name, await look(claim, name));
      } catch (error) {
        if (!isVmrigError(error) || error.code === "INSPECTION_FAILED") throw error;
      }
    }),
  );

  const compare = async (jobs = false): Promise<string[]> => {
    const { configFolder } = guestOf(claim.guest);
    const found = await Promise.all(
      [...before].map(async ([name, known]) => {
        try {
          return leftBehind(known, await look(claim, name, jobs), configFolder).map(
            (line) => `${name}: ${line}`,
          );
        } catch (error) {
          if (!isVmrigError(error)) throw error;
          return [error.summary];
        }
      }),
    );
    return claim.signal.aborted ? [] : found.flat();
  };

  return async () => {
    let found = await compare();
    if (found.length === 0) return undefined;
    await waitFor({
      what: "what a test started to end",
      timeoutMs: GRACE_MS,
      intervalMs: 300,
      async probe() {
        found = await compare(true);
        return found.length === 0 ? { value: true } : { seen: found.join(", ") };
      },
    }).catch((error: unknown) => {
      if (!isVmrigError(error) || error.code !== "WAIT_TIMEOUT") throw error;
    });
    return found.length === 0 ? undefined : toError(claim.copy, found);
  };
}

async function look(
  { connect, evidenceMachines, guest }: Watched,
  name: string,
  jobs = false,
): Promise<SystemSnapshot> {
  // An evidence machine logs in only to a machine that has a proven connection.
  await connect(name);
  const evidenceMachine = evidenceMachines[name];
  if (evidenceMachine === undefined) throw new Error(`this test file has no machine ${name}`);
  return takeSystemSnapshot(evidenceMachine, { guest, jobs });
}

function toError(copy: string, found: readonly string[]): VmrigError {
  const more = found.length - SHOWN;
  return new VmrigError("LEFT_BEHIND", {
    message: `The test left something behind on ${copy}.`,
    details: [...found.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])],
    hint: 'end or undo it in the test or in an afterEach. Or roll back before each test: meta: { vmrig: { rollback: "test" } }',
  });
}
