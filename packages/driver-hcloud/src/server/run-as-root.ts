import { VmrigError } from "vmrig/driver";
import type { RootShell } from "../guest/root-shell.ts";

export interface ScriptOptions {
  readonly args?: readonly string[];
  /** What the script does, as it reads after "Could not": `make a host key on pc1`. */
  readonly task: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a script as root on a machine. It must succeed.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` with its last lines
 */
export async function runAsRoot(
  shell: RootShell,
  script: string,
  { args, task, timeoutMs, signal }: ScriptOptions,
): Promise<{ readonly stdout: string }> {
  const { code, stdout, stderr } = await shell.run(script, {
    ...(args && { args }),
    timeoutMs,
    signal,
  });
  if (code === 0) return { stdout };
  throw new VmrigError("MACHINE_UNREACHABLE", {
    message: `Could not ${task}.`,
    details: [
      code === -1 ? `no result within ${timeoutMs / 1000} s` : `exit code ${code}`,
      ...`${stdout}\n${stderr}`
        .trimEnd()
        .split("\n")
        .slice(-5)
        .map((line) => `output: ${line}`),
    ],
    hint: "run again; a machine that stays like this is written again by its recovery",
  });
}
