import { connect } from "node:net";
import { VmrigError } from "vmrig/driver";
import { closeSocket, type MachineSocket } from "./machine-socket.ts";

/**
 * A connection to QEMU's GDB stub. Sends one packet at a time; sets no deadlines. Format of a
 * packet: GDB manual, "Remote Protocol", "Overview".
 */
export interface GdbConnection {
  /**
   * Sends a packet and returns the content of the reply.
   *
   * @throws VmrigError `QEMU_FAILED` if the connection breaks, or the reply is damaged
   */
  send(content: string): Promise<string>;
  close(): Promise<void>;
}

const PACKET = /\$([^#]*)#([0-9a-f]{2})/;

export function connectGdb({ path, machine }: MachineSocket): GdbConnection {
  const socket = connect(path);
  let buffered = "";
  let pending: PromiseWithResolvers<string> | undefined;
  let fault: VmrigError | undefined;

  const fail = (reason: string, cause?: Error): void => {
    fault ??= gdbError(machine, reason, cause);
    pending?.reject(fault);
  };
  socket.setEncoding("latin1");
  socket.on("error", (error) => fail(error.message, error));
  socket.on("close", () => fail("the connection closed"));
  socket.on("data", (chunk: string) => {
    buffered += chunk;
    const [packet, content = "", sum] = PACKET.exec(buffered) ?? [];
    if (packet === undefined) return;
    buffered = buffered.slice(buffered.indexOf(packet) + packet.length);
    if (checksum(content) !== sum) return fail(`a damaged packet: ${JSON.stringify(packet)}`);
    socket.write("+");
    pending?.resolve(content);
  });

  return {
    async send(content) {
      if (fault !== undefined) throw fault;
      pending = Promise.withResolvers<string>();
      socket.write(`$${content}#${checksum(content)}`);
      return await pending.promise;
    },
    close: () => closeSocket(socket),
  };
}

/** Returns the sum of all bytes modulo 256, as two hexadecimal digits. */
function checksum(content: string): string {
  const sum = Buffer.from(content, "latin1").reduce((total, byte) => (total + byte) & 0xff, 0);
  return sum.toString(16).padStart(2, "0");
}

export function gdbError(machine: string, reason: string, cause?: Error): VmrigError {
  return new VmrigError("QEMU_FAILED", {
    message: `QEMU's GDB stub for ${machine} failed: ${reason}.`,
    cause,
  });
}
