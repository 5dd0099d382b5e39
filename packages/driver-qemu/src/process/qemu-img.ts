import { PACKAGES } from "./packages.ts";
import { requireProgram } from "./qemu-binary.ts";
import { runProgram } from "./run-program.ts";

/** Runs qemu-img on the disk of a machine that is off. */
export async function runQemuImg(...args: readonly string[]): Promise<void> {
  await runProgram(requireProgram("qemu-img", PACKAGES["qemu-img"]), args);
}
