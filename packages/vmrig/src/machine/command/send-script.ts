import { ConnectionLostError } from "../../ssh/connection-lost.ts";
import type { ProcessOptions } from "../../ssh/remote-process.ts";
import type { Ending } from "../../ssh/ending.ts";
import type { Connector } from "../link.ts";
import type { StopRequest } from "./stop-request.ts";

/** End of a command that was stopped before it was sent. */
export const NEVER_BEGAN: Ending = { ended: "aborted", lingered: false, durationMs: 0 };

export interface SendOptions {
  readonly link: Connector;
  readonly stopping: StopRequest;
  readonly process: ProcessOptions;
}

/**
 * Runs a script on a machine.
 *
 * @returns {@link NEVER_BEGAN} when the command was stopped first
 */
export async function sendScript(
  script: string,
  { link, stopping, process }: SendOptions,
): Promise<Ending> {
  try {
    try {
      return await (await stopping.unlessStopped(link())).run(script, process);
    } catch (error) {
      // The connection was already dead before the command was sent, after a reboot or a rollback
      // that a test need not notice.
      if (!(error instanceof ConnectionLostError) || error.started) throw error;
      return await (await stopping.unlessStopped(link())).run(script, process);
    }
  } catch (error) {
    if (stopping.signal.aborted && error === stopping.signal.reason) return NEVER_BEGAN;
    throw error;
  }
}
