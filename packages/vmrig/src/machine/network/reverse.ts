import { checkPort, type Target } from "./target.ts";
import { type Back, type Origin, HOST, listenFor } from "./reverse-listener.ts";

/** A port of the machine that reaches this computer. */
export interface Reverse extends Back {
  /** URL as seen by the machine: `http://127.0.0.1:43210` */
  readonly url: string;
  /** `127.0.0.1`: only the machine itself reaches it. */
  readonly host: string;
  readonly port: number;
}

/** A unix socket of the machine that reaches this computer. */
export interface ReverseSocket extends Back {
  readonly path: string;
}

export async function reversePort(from: Origin, target: Target, port: number): Promise<Reverse> {
  const { back, place } = await listenFor(from, target, { port: checkPort(port) });
  const given = "port" in place ? place.port : port;
  return Object.assign(back, { url: `http://${HOST}:${given}`, host: HOST, port: given });
}

export async function reverseSocket(
  from: Origin,
  target: Target,
  path: string,
): Promise<ReverseSocket> {
  const { back } = await listenFor(from, target, { path });
  return Object.assign(back, { path });
}
