import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Client } from "ssh2";
import type { Target } from "./rig.ts";

/** Minimum cost of a rollback: QEMU's own monitor and plain ssh2. */

/** Runs one command of QEMU's human monitor over QMP, for example `loadvm`. */
export async function monitor(socketPath: string, line: string): Promise<void> {
  const socket = connect(socketPath);
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`QEMU closed ${socketPath}`);
      const message = JSON.parse(value) as Record<string, unknown>;
      if (!("event" in message)) return message;
    }
  };
  await next();
  socket.write('{"execute":"qmp_capabilities"}\n');
  await next();
  socket.write(
    `${JSON.stringify({ execute: "human-monitor-command", arguments: { "command-line": line } })}\n`,
  );
  const answer = await next();
  socket.destroy();
  if (answer["return"] !== "")
    throw new Error(`QEMU answered "${line}" with ${JSON.stringify(answer)}`);
}

/** Algorithms with the lowest cost on an emulated machine, the same that vmrig uses. */
const ALGORITHMS = {
  kex: ["curve25519-sha256"],
  cipher: ["aes128-gcm@openssh.com"],
  serverHostKey: ["ssh-ed25519"],
} as const;

export async function connectRaw(target: Target): Promise<Client> {
  const client = new Client();
  await new Promise<void>((resolve, reject) => {
    // A rebooting machine ends a handshake with more than one error, or with none.
    client.once("ready", resolve).on("error", reject);
    client.once("close", () => reject(new Error("the connection was closed")));
    client.connect({
      host: target.host,
      port: target.port,
      username: target.user,
      privateKey: target.privateKey,
      readyTimeout: 20_000,
      algorithms: {
        kex: [...ALGORITHMS.kex],
        cipher: [...ALGORITHMS.cipher],
        serverHostKey: [...ALGORITHMS.serverHostKey],
      },
    });
  });
  return client;
}

export function execRaw(client: Client, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error(`${command}: the connection was closed`));
    client.once("close", gone);
    client.exec(command, (error, channel) => {
      if (error !== undefined) return reject(error);
      let output = "";
      let code = -1;
      channel.on("data", (chunk: Buffer) => (output += chunk.toString()));
      channel.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      channel.on("exit", (exit: number) => (code = exit));
      channel.on("close", () => {
        client.off("close", gone);
        if (code === 0) resolve(output.trim());
        else reject(new Error(`${command}: exit ${code}: ${output}`));
      });
    });
  });
}
