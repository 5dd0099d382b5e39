import type { WaitLimit } from "../../driver/authority.ts";
import type { Driver } from "../../driver/driver.ts";
import { systemClock } from "../../clock/clock.ts";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import { withDeadline, type DeadlineOptions } from "../../wait/with-deadline.ts";

/** The provider did not answer, or refused: nothing is known about the machines. */
export interface Unreachable {
  readonly unreachable: string;
}

/** A person waits for the answer. The driver itself repeats its requests for longer. */
const ANSWER_MS = 15_000;

/**
 * Asks a driver something that only informs. A provider that cannot be reached is an answer, too.
 *
 * @throws the other errors of the driver
 */
export async function askAccount<T>(
  { account }: Driver,
  ask: (limit: WaitLimit) => Promise<T>,
  { timeoutMs = ANSWER_MS, clock = systemClock }: Partial<DeadlineOptions> = {},
): Promise<T | Unreachable> {
  if (account === undefined) return await ask({});
  return await withDeadline({ timeoutMs, clock }, async (signal) => {
    try {
      return await ask({ signal });
    } catch (error) {
      if (signal.aborted)
        return { unreachable: `${account.name} did not answer within ${timeoutMs / 1000} s.` };
      if (isVmrigError(error) && ["CLOUD_REFUSED", "CLOUD_UNREACHABLE"].includes(error.code))
        return { unreachable: error.summary };
      throw error;
    }
  });
}
