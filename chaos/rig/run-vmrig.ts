import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import type { ChaosRig } from "./chaos-rig.ts";

/** The longest verb creates a server, with its first boot and its recipe, after a wait in the queue. */
const VERB_MS = 1_200_000;
/** A state, or a list of everything. */
const MOST_OUTPUT = 1 << 24;

/** Runs the command `vmrig` as a person would. @throws Error with its output */
export async function runVmrig(
  { env }: Pick<ChaosRig, "env">,
  words: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const program = fileURLToPath(import.meta.resolve("vmrig/cli"));
  return await promisify(execFile)(process.execPath, [program, ...words], {
    cwd: join(import.meta.dirname, ".."),
    env,
    timeout: VERB_MS,
    maxBuffer: MOST_OUTPUT,
  });
}
