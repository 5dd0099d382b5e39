import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { systemClock, VmrigError, waitFor } from "vmrig/driver";
import { z } from "zod";
import { readLines } from "./json-lines.ts";

const reply = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string() }),
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
]);

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

export interface QmpOptions {
  readonly path: string;
  /** Machine name for errors: `pc1`. */
  readonly machine: string;
  readonly signal?: AbortSignal;
  /** Timeout of the greeting. @defaultValue 10000 */
  readonly timeoutMs?: number;
  /**
   * Timeout of a reply: QEMU sends none while it writes or reads a guest's RAM.
   *
   * @defaultValue 120000
   */
  readonly answerMs?: number;
}

/**
 * Opens the control channel.
 *
 * @throws VmrigError `QEMU_FAILED` if no greeting arrives: the process is gone, hangs, or another
 *   client has the channel
 */
export async function openQmp(options: QmpOptions): Promise<Qmp> {
  const { path, machine, signal, timeoutMs = 10_000, answerMs = 120_000 } = options;
  const socket = connect(path);
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let greeted = false;
  let fault: Error | undefined;
  let sequence = 0;

  const fail = (error: Error): void => {
    fault ??= error;
    for (const request of pending.values()) request.reject(error);
    pending.clear();
  };
  socket.on("error", (error) => fail(broken(machine, error.message, error)));
  socket.on("close", () => fail(broken(machine, "the connection closed")));
  readLines(socket, (line) => {
    const message = reply.parse(line);
    if ("QMP" in message) greeted = true;
    else if ("return" in message) take(pending, message.id)?.resolve(message.return);
    else if ("error" in message) {
      take(pending, message.id)?.reject(
        broken(machine, `${message.error.class}: ${message.error.desc}`),
      );
    }
  });

  const execute = async (
    command: string,
    parameters?: Record<string, unknown>,
  ): Promise<unknown> => {
    if (fault !== undefined) throw fault;
    signal?.throwIfAborted();
    const id = ++sequence;
    const request = Promise.withResolvers<unknown>();
    pending.set(id, request);
    socket.write(
      `${JSON.stringify({ execute: command, id, ...(parameters && { arguments: parameters }) })}\n`,
    );
    const answered = new AbortController();
    const enough =
      signal === undefined ? answered.signal : AbortSignal.any([answered.signal, signal]);
    const tooLong = systemClock.sleep(answerMs, enough).then(() => {
      throw broken(machine, `no answer to ${command} within ${answerMs / 1_000} s`);
    });
    try {
      return await Promise.race([request.promise, tooLong]);
    } finally {
      pending.delete(id);
      answered.abort();
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
      probe: () => {
        if (fault !== undefined) throw fault;
        return Promise.resolve(greeted ? { value: true } : { seen: "no greeting" });
      },
    });
    await execute("qmp_capabilities");
  } catch (error) {
    socket.destroy();
    throw error;
  }

  return {
    execute,
    async job(command, parameters) {
      const id = `vmrig-${randomUUID()}`;
      await execute(command, { "job-id": id, ...parameters });
      const outcome = await waitFor({
        what: `QEMU's job ${command}`,
        on: machine,
        code: "QEMU_FAILED",
        timeoutMs: answerMs,
        intervalMs: 5,
        ...(signal && { signal }),
        probe: async () => {
          const job = jobList
            .parse(await execute("query-jobs"))
            .find((candidate) => candidate.id === id);
          // A job stays until its client dismisses it.
          if (job === undefined) throw broken(machine, `its job ${command} vanished`);
          return job.status === "concluded" ? { value: job } : { seen: job.status };
        },
      });
      await execute("job-dismiss", { id });
      if (outcome.error !== undefined) throw broken(machine, `${command} failed: ${outcome.error}`);
    },
    [Symbol.asyncDispose]: () => closed(socket),
  };
}

function take<K, V>(map: Map<K, V>, key: K | undefined): V | undefined {
  if (key === undefined) return undefined;
  const value = map.get(key);
  map.delete(key);
  return value;
}

function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once("close", () => resolve()).destroy());
}

function broken(machine: string, what: string, cause?: Error): VmrigError {
  return new VmrigError("QEMU_FAILED", {
    message: `QEMU's control channel of ${machine}: ${what}.`,
    cause,
  });
}
