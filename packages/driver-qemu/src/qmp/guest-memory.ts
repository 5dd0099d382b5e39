import { rm } from "node:fs/promises";
import { inTime } from "vmrig/driver";
import { connectGdb, gdbError, type GdbConnection } from "./gdb-connection.ts";
import type { Qmp } from "./qmp.ts";

/**
 * The RAM of a stopped guest, by physical address. QMP has no command that writes to RAM; QEMU's
 * GDB stub has one.
 */
export interface GuestMemory extends AsyncDisposable {
  /** @throws VmrigError `QEMU_FAILED` */
  read(address: number, length: number): Promise<Buffer>;
  /** @throws VmrigError `QEMU_FAILED` */
  write(address: number, bytes: Uint8Array): Promise<void>;
}

export interface GuestMemoryOptions {
  readonly qmp: Qmp;
  readonly machine: string;
  /** Path of the stub's socket, which exists only while the memory is open. */
  readonly path: string;
}

/** Timeout of a reply: the stub of a stopped guest replies within a millisecond. */
const REPLY_MS = 10_000;

/** Opens the RAM of a guest that is stopped, and stays stopped until the memory is closed. */
export async function openGuestMemory({
  qmp,
  machine,
  path,
}: GuestMemoryOptions): Promise<GuestMemory> {
  // A killed or cancelled process may have left the stub open.
  await monitor(qmp, "gdbserver none");
  await rm(path, { force: true });
  const started = await monitor(
    qmp,
    `gdbserver "unix:${path.replaceAll(",", ",,")},server=on,wait=off"`,
  );
  const connection = connectGdb({ path, machine });
  const close = async (): Promise<void> => {
    await connection.close();
    await monitor(qmp, "gdbserver none");
    await rm(path, { force: true });
  };
  const send = async (content: string): Promise<string> =>
    await inTime(connection.send(content), {
      timeoutMs: REPLY_MS,
      late: () => gdbError(machine, `no reply within ${REPLY_MS / 1_000} s (${started.trim()})`),
    });
  try {
    await usePhysicalAddresses(send, machine);
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
  return {
    async read(address, length) {
      const reply = await send(`m${address.toString(16)},${length.toString(16)}`);
      const bytes = Buffer.from(reply, "hex");
      if (bytes.length !== length) throw gdbError(machine, `cannot read RAM: ${reply}`);
      return bytes;
    },
    async write(address, bytes) {
      const content = Buffer.from(bytes).toString("hex");
      const reply = await send(`M${address.toString(16)},${bytes.length.toString(16)}:${content}`);
      if (reply !== "OK") throw gdbError(machine, `cannot write RAM: ${reply}`);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** QEMU's documentation, "GDB usage", "Switch to physical memory mode". */
async function usePhysicalAddresses(send: GdbConnection["send"], machine: string): Promise<void> {
  const reply = await send("Qqemu.PhyMemMode:1");
  if (reply !== "OK") throw gdbError(machine, `no physical addresses: ${reply || "not supported"}`);
}

/** Runs a command of QEMU's human monitor. @returns its output */
async function monitor(qmp: Qmp, command: string): Promise<string> {
  return String(await qmp.execute("human-monitor-command", { "command-line": command }));
}
