import { waitFor } from "../wait/wait-for.ts";
import { readBootState } from "./boot-state.ts";
import type { LeasedContext } from "./leased-context.ts";
import { login } from "./login.ts";

/** Longest time from the first possible login to the end of the boot, on an emulated machine. */
const SETTLE_MS = 240_000;

/**
 * Waits until the boot has finished: a snapshot of a machine that still boots would do the rest of
 * its boot in every test.
 */
export async function settle(context: LeasedContext, name: string): Promise<void> {
  await using connection = await login(context, { copy: context.copy, name }, SETTLE_MS);
  const { failed } = await waitFor({
    what: "its boot to finish",
    on: name,
    timeoutMs: SETTLE_MS,
    intervalMs: 1_000,
    code: "MACHINE_UNREACHABLE",
    signal: context.lease.signal,
    probe: (signal) => readBootState(connection, signal),
  });
  if (failed.length > 0)
    context.say(`boot     ${name}: up, but these units failed: ${failed.join(", ")}`);
}
