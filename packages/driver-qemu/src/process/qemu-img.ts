import { VmrigError } from "vmrig/driver";
import { PACKAGES } from "./packages.ts";
import { requireProgram } from "./qemu-binary.ts";
import { runProgram } from "./run-program.ts";

/**
 * Runs qemu-img on the disk of a machine that is off.
 *
 * @throws VmrigError `QEMU_FAILED` with its output
 */
export async function runQemuImg(...args: readonly string[]): Promise<void> {
  try {
    await runProgram(requireProgram("qemu-img", PACKAGES["qemu-img"]), args);
  } catch (error) {
    if (!hasOutput(error)) throw error;
    throw new VmrigError("QEMU_FAILED", {
      message: `\`qemu-img ${args[0] ?? ""}\` failed.`,
      details: error.stderr.trim().split("\n"),
      cause: error,
    });
  }
}

function hasOutput(error: unknown): error is Error & { readonly stderr: string } {
  return error instanceof Error && "stderr" in error && typeof error.stderr === "string";
}
