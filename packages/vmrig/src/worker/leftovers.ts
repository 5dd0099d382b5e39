import { guestOf } from "../baseline/guest.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { leftBehind } from "../evidence/left-behind.ts";
import { takeSystemSnapshot, type SystemSnapshot } from "../evidence/system-snapshot.ts";
import { waitFor } from "../wait/wait-for.ts";
import type { ClaimSession } from "./claim-session.ts";

/** What is about to end by itself gets as long. */
const GRACE_MS = 2_000;
const SHOWN = 20;

type Watched = Pick<ClaimSession, "copy" | "connect" | "guest" | "lookers" | "signal">;

/**
 * Sees what runs, listens and is configured on the machines of a claim, as root.
 *
 * @returns looks again, and answers with `LEFT_BEHIND` when there is more than before, or a machine
 *   that can no longer be looked at. One that could not be reached before is left out
 * @throws VmrigError `INSPECTION_FAILED`
 */
export async function watchForLeftovers(
  claim: Watched,
): Promise<() => Promise<VmrigError | undefined>> {
  const before = new Map<string, SystemSnapshot>();
  await Promise.all(
    Object.keys(claim.lookers).map(async (name) => {
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
  { connect, lookers, guest }: Watched,
  name: string,
  jobs = false,
): Promise<SystemSnapshot> {
  // Whoever only looks is let in where somebody was before.
  await connect(name);
  const looker = lookers[name];
  if (looker === undefined) throw new Error(`the claim has no machine ${name}`);
  return takeSystemSnapshot(looker, { guest, jobs });
}

function toError(copy: string, found: readonly string[]): VmrigError {
  const more = found.length - SHOWN;
  return new VmrigError("LEFT_BEHIND", {
    message: `The test left behind on ${copy} what the next one will find.`,
    details: [...found.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])],
    hint: 'end and undo it in the test or an afterEach, or have it rolled back: meta: { vmrig: { rollback: "test" } } on those who need it',
  });
}
