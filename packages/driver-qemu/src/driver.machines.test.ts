import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { qemu } from "@vmrig/driver-qemu";
import type { CopySpec, MachineStatus } from "vmrig/driver";
import { driverContract, type PlantedOrphan } from "vmrig/driver-contract";
import { findQemu } from "./process/qemu-binary.ts";
import { endAll, endWithThisProcess, processes } from "./processes.test.kit.ts";
import { runProgram } from "./process/run-program.ts";

const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
endWithThisProcess(root);
const copy: CopySpec = {
  rig: "contract",
  copy: "contract-1",
  folder: join(root, "rigs", "contract-1"),
  runtimeFolder: join(root, "run", "contract-1"),
  // The user's own cache, because the image is built there.
  cacheFolder:
    process.env["VMRIG_CACHE"] ??
    join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig"),
  machines: ["pc1", "pc2"].map((name, index) => ({
    name,
    cpus: 1,
    memoryMb: 512,
    diskGb: 4,
    lanAddress: `10.77.0.${11 + index}`,
  })),
};
await Promise.all(
  [copy.folder, copy.runtimeFolder].map((folder) =>
    mkdir(folder, { recursive: true, mode: 0o700 }),
  ),
);

afterAll(async () => {
  await endAll(root);
  await rm(root, { recursive: true, force: true });
});

for (const { title, run } of driverContract({
  driver: qemu(),
  copy,
  lan: true,
  // The disk mounted as /, and then the programs and the home, which may be cached in RAM.
  wipe: "sudo -n sh -c 'dd if=/dev/zero of=/dev/vda bs=1M count=32 conv=fsync; rm -rf /home /etc /usr/bin'",
  kill,
  orphan,
  leftovers: async () =>
    (await processes(root)).map(({ pid, command }) => `process ${pid}: ${command}`),
})) {
  test(title, async () => {
    // Its assertions use node:assert, which Vitest does not count.
    expect(await run()).toBeUndefined();
  });
}

function kill({ name, location = "" }: MachineStatus): Promise<void> {
  const pid = /^pid (\d+)/.exec(location)?.[1];
  if (pid === undefined) return Promise.reject(new Error(`${name} has no process: ${location}`));
  process.kill(Number(pid), "SIGKILL");
  return Promise.resolve();
}

/**
 * Starts QEMU like the driver, but without a guest, for a machine whose folder was deleted while it
 * ran.
 */
async function orphan(): Promise<PlantedOrphan> {
  const folder = join(root, "gone", "machines", "pc9");
  await mkdir(folder, { recursive: true });
  const binary = await findQemu(copy.cacheFolder);
  const pidFile = join(folder, "qemu.pid");
  await runProgram(binary.path, [
    "-machine",
    "none",
    "-nodefaults",
    "-display",
    "none",
    "-S",
    "-pidfile",
    pidFile,
    "-daemonize",
  ]);
  const pid = Number(await readFile(pidFile, "utf8"));
  await rm(join(root, "gone"), { recursive: true });
  return {
    mark: `process ${pid}, `,
    lives: async () => (await processes(root)).some((found) => found.pid === pid),
  };
}
