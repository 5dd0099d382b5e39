import type { OptionNames } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { FaultTarget } from "./fault-target.ts";
import { runAsRoot } from "./run-as-root.ts";

/**
 * Shell: `fallocate` reserves space without writing. No file system reports its free space to the
 * byte, so the chunks shrink until none fits.
 */
const FILL = [
  'cd "$1" && mkdir -p .vmrig-fill && cd .vmrig-fill || exit 1',
  '[ "$2" -eq 0 ] || fallocate -l "$2" reserved || exit 1',
  'piece=1073741824; n=$(ls | wc -l); while [ "$piece" -ge 65536 ]',
  'do if fallocate -l "$piece" "$n" 2>/dev/null; then n=$(( n + 1 )); else rm -f "$n"; piece=$(( piece / 2 )); fi; done',
  "rm -f reserved; sync",
].join("; ");

export interface FillDiskOptions {
  /** @defaultValue `/` */
  readonly folder?: string | undefined;
  /** Number of bytes that stay free. @defaultValue 0 */
  readonly leave?: number | undefined;
}

export const FILL_DISK_OPTIONS: OptionNames<FillDiskOptions> = { folder: true, leave: true };

export async function fillDisk(
  machine: FaultTarget,
  { folder = "/", leave = 0 }: FillDiskOptions,
): Promise<void> {
  if (!Number.isSafeInteger(leave) || leave < 0)
    throw new VmrigError("COMMAND_INVALID", { message: `${leave} is not a number of bytes.` });
  await runAsRoot(machine, `fill the disk of ${machine.name}`, FILL, [folder, String(leave)]);
}
