import { VmrigError, waitFor } from "vmrig/driver";
import { actionPoller } from "./action-poller.ts";
import type { Action } from "./action.ts";
import type { Client } from "../call/client.ts";

export interface AwaitedActions {
  readonly actions: readonly Action[];
  /** What they do, as it reads after "to": `restart the server "pc1"`. */
  readonly task: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until all actions have succeeded. All waits of a client share their polls.
 *
 * @throws VmrigError `CLOUD_ACTION_FAILED` if one fails or is not over in time
 */
export async function awaitActions(
  client: Client,
  { actions, task, timeoutMs, signal }: AwaitedActions,
): Promise<void> {
  let open = openActions(actions, task);
  if (open.length === 0) return;
  await waitFor({
    what: `Hetzner Cloud to ${task}`,
    timeoutMs,
    intervalMs: 0, // the poller makes the pauses
    clock: client.clock,
    code: "CLOUD_ACTION_FAILED",
    hint: "see the actions of the resource in the cloud's console, then run again",
    ...(signal === undefined ? {} : { signal }),
    async probe(signal) {
      const polled = await actionPoller(client).poll(
        open.map(({ id }) => id),
        signal,
      );
      open = openActions(
        open.map((action) => polled.get(action.id) ?? unknownAction(action, task)),
        task,
      );
      return open.length === 0 ? { value: undefined } : { seen: describe(open) };
    },
  });
}

/** Returns the actions that still run. */
function openActions(actions: readonly Action[], task: string): readonly Action[] {
  const failed = actions.find(({ status }) => status === "error");
  if (failed === undefined) return actions.filter(({ status }) => status === "running");
  const { message, code } = failed.error ?? { message: "no reason given", code: failed.command };
  throw new VmrigError("CLOUD_ACTION_FAILED", {
    message: `Hetzner Cloud could not ${task}: ${message.replace(/\.$/, "")} (${code}).`,
    details: [`action ${failed.id}: ${failed.command}`],
    hint: "run again; if it fails again, look at the resource in the cloud's console",
  });
}

function unknownAction({ id, command }: Action, task: string): never {
  throw new VmrigError("CLOUD_ACTION_FAILED", {
    message: `Hetzner Cloud does not know the action any more that was to ${task}.`,
    details: [`action ${id}: ${command}`],
    hint: "look at the resource in the cloud's console, then run again",
  });
}

const describe = (actions: readonly Action[]): string =>
  actions.map(({ command, progress }) => `${command} at ${progress} %`).join(", ");
