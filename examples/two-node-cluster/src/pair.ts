import { fileURLToPath } from "node:url";
import type { Machine } from "vmrig";
import type { Written } from "./history.ts";

const PAIR = fileURLToPath(new URL("../pair", import.meta.url));

export interface Status {
  readonly role: "waiting" | "follower" | "leader" | "suspended";
  readonly epoch: number;
  readonly seq: number;
  readonly value: string;
}

/** Installs the daemon and starts it. The daemon then waits for a leader. */
export async function install(machine: Machine, peer: Machine): Promise<void> {
  await machine.root.upload(PAIR, "/opt/pair");
  await machine.root
    .$`sed s/PEER/${peer.name}/ /opt/pair/paird.service >/etc/systemd/system/paird.service`;
  await machine.root.$`ln -s /opt/pair/pair /usr/local/bin/pair && systemctl start paird`;
  await machine.waitForPort(7400);
}

export async function statusOf(machine: Machine): Promise<Status> {
  return JSON.parse((await machine.$`pair status`).stdout) as Status;
}

/** Writes a value. @returns the write, or undefined when the machine refused */
export async function write(machine: Machine, value: string): Promise<Written | undefined> {
  const { stdout } = await machine.$({ reject: false })`pair write ${value}`;
  const [, epoch, seq] = /^written (\d+) (\d+)$/.exec(stdout) ?? [];
  return epoch === undefined
    ? undefined
    : { node: machine.name, value, epoch: Number(epoch), seq: Number(seq) };
}
