import { readFile, rm, writeFile } from "node:fs/promises";
import {
  VmrigError,
  waitFor,
  explainWriteErrors,
  type Admission,
  type Driver,
  type PowerAction,
} from "vmrig/driver";
import { admit, acting, BOOT_MS } from "./control.ts";
import { openGuestAgent } from "../qmp/guest-agent.ts";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import { findProcess, startProcess, stopProcess } from "../process/qemu-process.ts";

/** Time for a guest to stop its services: systemd gives a stubborn service 90 s. */
const SHUTDOWN_MS = 120_000;
const AGENT_MS = 20_000;

/**
 * Controls the power of a machine. The agent shuts the guest down, and QEMU exits with it. A reboot
 * is a shutdown and a boot in a new process, as after switching it off and on. So there is one way
 * to boot, and the old boot cannot be mistaken for the new one.
 */
export const power: NonNullable<Driver["power"]> = (ref, action, admission) =>
  acting(ref, admission, async (machine) => {
    await COMMANDS[action](machine, admission);
  });

const COMMANDS: Readonly<
  Record<PowerAction, (machine: MachineDefinition, admission: Admission) => Promise<void>>
> = {
  async crash(machine) {
    await markSwitchedOff(machine);
    const run = await findProcess(machine);
    // SIGKILL: at SIGTERM QEMU would flush the disk.
    if (run !== undefined) kill(run.pid);
    await stopProcess(machine);
  },
  async off(machine, admission) {
    await shutDown(machine, admission);
    await markSwitchedOff(machine);
  },
  on: switchOn,
  async reboot(machine, admission) {
    if ((await findProcess(machine)) === undefined) {
      throw new VmrigError("MACHINE_OFF", {
        message: `${machine.name} is off: its QEMU process is gone.`,
      });
    }
    await shutDown(machine, admission);
    await switchOn(machine, admission);
  },
};

async function switchOn(machine: MachineDefinition, admission: Admission): Promise<void> {
  if ((await findProcess(machine)) !== undefined) return;
  const files = machineFiles(machine, machine.name);
  await stopProcess(machine);
  // A new process has all its links connected.
  await Promise.all([files.unlinked, files.parked].map((path) => rm(path, { force: true })));
  await startProcess(machine);
  await admit(machine, admission, BOOT_MS[machine.accelerator]);
  await rm(files.switchedOff, { force: true });
}

/** Shuts the guest down. @throws VmrigError `MACHINE_UNREACHABLE` if it does not respond or end */
async function shutDown(machine: MachineDefinition, { signal }: Admission): Promise<void> {
  if ((await findProcess(machine)) === undefined) return;
  const { agent: path, console } = machineFiles(machine, machine.name);
  {
    await using agent = await openGuestAgent({
      path,
      machine: machine.name,
      signal,
      timeoutMs: AGENT_MS,
    });
    await agent.shutDown();
    await waitFor({
      what: "its system to shut down",
      on: machine.name,
      timeoutMs: SHUTDOWN_MS,
      intervalMs: 50,
      code: "MACHINE_UNREACHABLE",
      hint: "crash() cuts the power of a machine that hangs",
      signal,
      probe: async () => {
        if ((await findProcess(machine)) === undefined) return { value: true };
        const tail =
          (await readFile(console, "utf8").catch(() => "")).trimEnd().split("\n").at(-1) ?? "";
        return { seen: `last line of its console: ${tail.trim()}` };
      },
    });
  }
  await stopProcess(machine);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It has just exited.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function markSwitchedOff(machine: MachineDefinition): Promise<void> {
  const { switchedOff } = machineFiles(machine, machine.name);
  await explainWriteErrors(switchedOff, () => writeFile(switchedOff, ""));
}
