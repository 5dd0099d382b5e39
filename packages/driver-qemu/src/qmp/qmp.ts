import { randomUUID } from "node:crypto";
import { systemClock, waitFor } from "vmrig/driver";
import { z } from "zod";
import type { MachineSocket } from "./machine-socket.ts";
import { connectQmp, qmpError } from "./qmp-connection.ts";

const jobList = z.array(
  z.object({ id: z.string(), status: z.string(), error: z.string().optional() }),
);

/**
 * The control channel of one QEMU process (QEMU Machine Protocol). QEMU serves one client at a time
 * and lets the next one wait without a greeting: while the channel is open, no other client can
 * stop, load or end this machine.
 */
export interface Qmp extends AsyncDisposable {
  /**
   * Executes a command.
   *
   * @throws VmrigError `QEMU_FAILED` with QEMU's message, or if the connection breaks or no reply
   *   arrives; the signal's reason
   */
  execute(command: string, parameters?: Record<string, unknown>): Promise<unknown>;
  /**
   * Runs a job (`snapshot-save`, `snapshot-load`, …) to its end.
   *
   * @throws VmrigError `QEMU_FAILED` with QEMU's message
   */
  job(command: string, parameters: Record<string, unknown>): Promise<void>;
}

export interface QmpOptions extends MachineSocket {
  readonly signal?: AbortSignal;
  /** Timeout of the greeting. @defaultValue 10000 */
  readonly timeoutMs?: number;
  /**
   * Timeout of a reply: QEMU sends none while it writes or reads a guest's RAM.
   *
   * @defaultValue 120000
   */
  readonly replyMs?: number;
}

/**
 * Opens the control channel.
 *
 * @throws VmrigError `QEMU_FAILED` if no greeting arrives: the process is gone, hangs, or another
 *   client has the channel
 */
export async function openQmp(options: QmpOptions): Promise<Qmp> {
  const { path, machine, signal, timeoutMs = 10_000, replyMs = 120_000 } = options;
  const connection = connectQmp({ path, machine });

  const execute: Qmp["execute"] = async (command, parameters) => {
    signal?.throwIfAborted();
    const replied = new AbortController();
    const stopped =
      signal === undefined ? replied.signal : AbortSignal.any([replied.signal, signal]);
    const timeout = systemClock.sleep(replyMs, stopped).then(() => {
      throw qmpError(machine, `no answer to ${command} within ${replyMs / 1_000} s`);
    });
    try {
      return await Promise.race([connection.send(command, parameters), timeout]);
    } finally {
      replied.abort();
    }
  };

  try {
    await waitFor({
      what: "QEMU's control channel",
      on: machine,
      code: "QEMU_FAILED",
      timeoutMs,
      intervalMs: 5,
      ...(signal && { signal }),
      probe: async () => (connection.isGreeted() ? { value: true } : { seen: "no greeting" }),
    });
    await execute("qmp_capabilities");
  } catch (error) {
    await connection.close();
    throw error;
  }

  return {
    execute,
    job: (command, parameters) =>
      runJob({ execute, command, parameters, machine, signal, timeoutMs: replyMs }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

interface Job {
  readonly execute: Qmp["execute"];
  readonly command: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly machine: string;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

async function runJob(job: Job): Promise<void> {
  const { execute, command, parameters, machine, signal, timeoutMs } = job;
  const id = `vmrig-${randomUUID()}`;
  await execute(command, { "job-id": id, ...parameters });
  const outcome = await waitFor({
    what: `QEMU's job ${command}`,
    on: machine,
    code: "QEMU_FAILED",
    timeoutMs,
    intervalMs: 5,
    ...(signal && { signal }),
    probe: async () => {
      const jobs = jobList.parse(await execute("query-jobs"));
      const state = jobs.find((candidate) => candidate.id === id);
      // A job stays until its client dismisses it.
      if (state === undefined) throw qmpError(machine, `its job ${command} vanished`);
      return state.status === "concluded" ? { value: state } : { seen: state.status };
    },
  });
  await execute("job-dismiss", { id });
  if (outcome.error !== undefined) throw qmpError(machine, `${command} failed: ${outcome.error}`);
}
