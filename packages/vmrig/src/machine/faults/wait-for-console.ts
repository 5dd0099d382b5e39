import { waitFor } from "../../wait/wait-for.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { toWatch, type WaitOptions } from "../waits/wait-options.ts";
import type { MachineControl } from "./machine-control.ts";

export interface ConsoleWaitOptions extends WaitOptions {
  readonly context: ExecutionContext;
  readonly control: Pick<MachineControl, "console">;
}

const [ESC, BEL] = ["\u001b", "\u0007"];
/** Control sequences of ECMA-48 (CSI) and xterm (OSC): systemd writes some when it starts. */
const SEQUENCE = new RegExp(
  String.raw`${ESC}(?:\[[0-?]*[ -/]*[@-~]|\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\))`,
  "g",
);

/** Returns the lines of a console, without control sequences of terminals. */
export function linesOf(console: string): readonly string[] {
  return console.replaceAll(SEQUENCE, "").split(/\r*\n/);
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
      const lines = linesOf(await control.console());
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
