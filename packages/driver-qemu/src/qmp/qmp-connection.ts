import { connect } from "node:net";
import { VmrigError } from "vmrig/driver";
import { z } from "zod";
import { closeSocket, type MachineSocket } from "./machine-socket.ts";
import { readLines } from "./json-lines.ts";

const reply = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string() }),
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number().optional() }),
]);

/** A connection to QEMU's control socket. Matches replies to commands; sets no deadlines. */
export interface QmpConnection {
  /** Whether QEMU has sent its greeting. @throws VmrigError `QEMU_FAILED` if the connection broke */
  isGreeted(): boolean;
  /**
   * Sends a command and waits for its reply.
   *
   * @throws VmrigError `QEMU_FAILED` with QEMU's message, or if the connection breaks
   */
  send(command: string, parameters?: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

export function connectQmp({ path, machine }: MachineSocket): QmpConnection {
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
  socket.on("error", (error) => fail(qmpError(machine, error.message, error)));
  socket.on("close", () => fail(qmpError(machine, "the connection closed")));
  readLines(socket, (line) => {
    const message = reply.parse(line);
    if ("QMP" in message) greeted = true;
    else if ("return" in message) take(pending, message.id)?.resolve(message.return);
    else if ("error" in message) {
      const { class: kind, desc } = message.error;
      take(pending, message.id)?.reject(qmpError(machine, `${kind}: ${desc}`));
    }
  });

  return {
    isGreeted() {
      if (fault !== undefined) throw fault;
      return greeted;
    },
    async send(command, parameters) {
      if (fault !== undefined) throw fault;
      const id = ++sequence;
      const request = Promise.withResolvers<unknown>();
      pending.set(id, request);
      const message = { execute: command, id, ...(parameters && { arguments: parameters }) };
      socket.write(`${JSON.stringify(message)}\n`);
      return await request.promise;
    },
    close: () => closeSocket(socket),
  };
}

function take<K, V>(map: Map<K, V>, key: K | undefined): V | undefined {
  if (key === undefined) return undefined;
  const value = map.get(key);
  map.delete(key);
  return value;
}

export function qmpError(machine: string, reason: string, cause?: Error): VmrigError {
  return new VmrigError("QEMU_FAILED", {
    message: `QEMU's control channel for ${machine} failed: ${reason}.`,
    cause,
  });
}
