import { connect } from "node:net";
import { VmrigError } from "vmrig/driver";
import { z } from "zod";
import { closeSocket, type MachineSocket } from "./machine-socket.ts";
import { readLines } from "./json-lines.ts";

const agentReply = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
]);
export type AgentReply = z.infer<typeof agentReply>;

/**
 * A connection to the socket of a guest agent. Replies have no id. The guest may have been restored
 * or rebooted in the middle of a message, so the connection is in sync only after the echo of a
 * fresh number, and drops all input before it.
 */
export interface AgentConnection {
  /**
   * - `silent`: the agent has echoed no number yet.
   * - `awake`: the agent has echoed an earlier number. The echo of the last one will follow.
   * - `synced`: the agent has echoed the last number. Only then can no old reply follow.
   *
   * @throws VmrigError `MACHINE_UNREACHABLE` if the connection broke
   */
  state(): "silent" | "awake" | "synced";
  /** Sends a fresh number. */
  requestSync(): void;
  /** Sends a command. Returns a function that returns the reply, as soon as it has arrived. */
  request(command: string, parameters: object): () => AgentReply | undefined;
  /** Sends a command without a reply; resolves when it is written. */
  notify(command: string, parameters: object): Promise<void>;
  close(): Promise<void>;
}

export function connectAgent({ path, machine }: MachineSocket): AgentConnection {
  const socket = connect(path);
  const tokens = new Set<number>();
  let last: number | undefined;
  let state: "silent" | "awake" | "synced" = "silent";
  let fault: Error | undefined;
  let onReply: ((reply: AgentReply) => void) | undefined;

  socket.on("error", (error) => (fault ??= error));
  socket.on("close", () => (fault ??= new Error("QEMU closed the connection")));
  readLines(
    socket,
    (line) => {
      const message = agentReply.parse(line);
      if (!("return" in message && typeof message.return === "number")) onReply?.(message);
      else if (message.return === last) state = "synced";
      else if (tokens.has(message.return) && state === "silent") state = "awake";
    },
    () => {},
  );
  const encode = (command: string, parameters: object): string =>
    `${JSON.stringify({ execute: command, arguments: parameters })}\n`;

  return {
    state() {
      if (fault !== undefined) throw agentError(machine, fault);
      return state;
    },
    requestSync() {
      last = 1 + Math.floor(Math.random() * 0x7fff_fffe);
      tokens.add(last);
      socket.write(Buffer.from([0xff]));
      socket.write(encode("guest-sync-delimited", { id: last }));
    },
    request(command, parameters) {
      let reply: AgentReply | undefined;
      onReply = (message) => (reply ??= message);
      socket.write(encode(command, parameters));
      return () => reply;
    },
    notify: (command, parameters) =>
      new Promise((resolve, reject) => {
        if (fault !== undefined) return reject(agentError(machine, fault));
        socket.write(encode(command, parameters), () => resolve());
      }),
    close: () => closeSocket(socket),
  };
}

export function agentError(machine: string, cause: Error): VmrigError {
  return new VmrigError("MACHINE_UNREACHABLE", {
    message: `The guest agent of ${machine} failed: ${cause.message}.`,
    cause,
  });
}
