import { connect } from "node:net";
import type { CopySpec } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { listServers, type Server } from "../api/servers.ts";
import { rigLabels } from "../labels.ts";
import { SSH_PORT } from "./machine-status.ts";

/** A firewall drops what it refuses, so that no answer comes at all. */
const ANSWER_MS = 10_000;

/**
 * Tells whether any machine of a rig answers this computer at its SSH port. If none does, it may be
 * this computer that the firewall shuts out, and not the machines that are dead.
 */
export async function isLetIn(
  client: Client,
  { rig }: CopySpec,
  signal: AbortSignal,
): Promise<boolean> {
  const servers = await listServers(client, { labels: rigLabels({ rig }), signal });
  const asked = servers
    .filter(({ status }) => status === "running")
    .flatMap((server: Server) => server.public_net.ipv4?.ip ?? []);
  const answers = await Promise.all(asked.map((host) => answersAt(host, SSH_PORT, ANSWER_MS)));
  return answers.includes(true);
}

/** Tells whether a computer answers at a port, also if it refuses the connection. */
export function answersAt(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", ({ code }: NodeJS.ErrnoException) =>
      end(code === "ECONNREFUSED" || code === "ECONNRESET"),
    );
  });
}
