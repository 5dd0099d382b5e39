import { readFile } from "node:fs/promises";
import { isVmrigError, systemClock, waitFor } from "vmrig/driver";
import { openControl, type LockedMachine } from "../locked-machine.ts";
import { stopProcess } from "../process/qemu-process.ts";
import { isRunningWithArgument } from "../process/running-program.ts";
import { openGuestAgent, type GuestAgent } from "../qmp/guest-agent.ts";

/** Time for a guest to stop its services: systemd gives a stubborn service 90 s. */
const SHUTDOWN_MS = 120_000;
const AGENT_MS = 20_000;
const PRESS_MS = 5_000;

/**
 * Shuts the guest down: asks its agent, or presses the power button when the agent does not
 * respond. Succeeds if the machine is off.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` if the guest does not end
 */
export async function shutDown(machine: LockedMachine): Promise<void> {
  const { name, files, process, authority } = machine;
  const { signal } = authority;
  if (process === undefined) return;
  {
    await using agent = await openAgent(machine);
    const pressing = agent === undefined ? createPowerButton(machine) : undefined;
    await agent?.shutDown();
    await waitFor({
      what: "its system to shut down",
      on: name,
      timeoutMs: SHUTDOWN_MS,
      intervalMs: 50,
      code: "MACHINE_UNREACHABLE",
      hint: "crash() cuts the power of a machine that hangs",
      signal,
      probe: async () => {
        if (!(await isRunningWithArgument(process.pid, files.pidFile))) return { value: true };
        await pressing?.();
        return { seen: `last line of its console: ${await lastLine(files.console)}` };
      },
    });
  }
  await stopProcess(machine);
}

/** Returns `undefined` when the agent does not respond: a test may have stopped it. */
async function openAgent({
  name,
  files,
  authority: { signal },
}: LockedMachine): Promise<GuestAgent | undefined> {
  try {
    return await openGuestAgent({ path: files.agent, machine: name, signal, timeoutMs: AGENT_MS });
  } catch (error) {
    signal.throwIfAborted();
    if (isVmrigError(error) && error.code === "MACHINE_UNREACHABLE") return undefined;
    throw error;
  }
}

/**
 * Returns a function that presses the power button every few seconds: a guest that is still booting
 * does not notice it.
 */
function createPowerButton(machine: LockedMachine): () => Promise<void> {
  let pressedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (systemClock.monotonic() - pressedAt < PRESS_MS) return;
    pressedAt = systemClock.monotonic();
    try {
      await using qmp = await openControl(machine);
      await qmp.execute("system_powerdown");
    } catch (error) {
      machine.authority.signal.throwIfAborted();
      // QEMU ends together with the guest.
      if (!isVmrigError(error) || error.code !== "QEMU_FAILED") throw error;
    }
  };
}

async function lastLine(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
