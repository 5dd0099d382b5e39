import { waitFor } from "../../wait/wait-for.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { toWatch, type WaitOptions } from "../waits/wait-options.ts";
import type { MachineControl } from "./machine-control.ts";

export interface ConsoleWaitOptions extends WaitOptions {
  readonly context: ExecutionContext;
  readonly control: Pick<MachineControl, "console">;
}

/** Waits for a line of a machine's console. */
export async function waitForConsole(
  pattern: string | RegExp,
  { context, control, ...options }: ConsoleWaitOptions,
): Promise<string> {
  return await waitFor<string>({
    ...toWatch({ context, clock: context.clock }, options),
    what: `${typeof pattern === "string" ? JSON.stringify(pattern) : String(pattern)} on its console`,
    probe: async () => {
      const lines = (await control.console()).split(/\r*\n/);
      const found = lines.findLast((line) =>
        typeof pattern === "string" ? line.includes(pattern) : line.search(pattern) >= 0,
      );
      if (found !== undefined) return { value: found };
      return {
        seen: `as its last line: ${lines.findLast((line) => line.trim() !== "") ?? "nothing"}`,
      };
    },
  });
}
