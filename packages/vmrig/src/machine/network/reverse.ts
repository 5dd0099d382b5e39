import { asVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { Connection } from "../../ssh/connection.ts";
import { ListenRefusedError, type Listener, type Place } from "../../ssh/listen.ts";
import { onLive } from "../link.ts";
import type { Become } from "../command/script.ts";
import type { Seat } from "../command/execution-context.ts";
import { connectHere } from "./connect-here.ts";
import { clear, refusal, takeAgain } from "./listen-address.ts";
import type { Standing, Standings } from "./reconnect-hooks.ts";
import { checkPath, checkPort, inWords, toDestination, type Target } from "./target.ts";
import { createTraffic } from "./traffic.ts";

interface Back extends AsyncDisposable {
  /** How many connections are open now. */
  readonly connections: number;
  /** Why the last connection that did not come about did not, or why the machine listens no more. */
  readonly refused: VmrigError | undefined;
  /** The machine listens no more, and its connections end. */
  close(): Promise<void>;
}

/** A port of the machine that leads to this computer. */
export interface Reverse extends Back {
  /** As the machine sees it: `http://127.0.0.1:43210` */
  readonly url: string;
  /** `127.0.0.1`: only the machine itself reaches it. */
  readonly host: string;
  readonly port: number;
}

/** A unix socket of the machine that leads to this computer. */
export interface ReverseSocket extends Back {
  readonly path: string;
}

export interface Origin {
  readonly seat: Seat;
  readonly standings: Standings;
  readonly become: Become;
}

const HOST = "127.0.0.1";

export async function reversePort(from: Origin, target: Target, port: number): Promise<Reverse> {
  const { back, place } = await listenFor(from, target, { port: checkPort(port) });
  const given = "port" in place ? place.port : port;
  return Object.assign(back, { url: `http://${HOST}:${given}`, host: HOST, port: given });
}

export async function reverseSocket(from: Origin, target: Target, path: string): Promise<ReverseSocket> {
  const { back } = await listenFor(from, target, { path: checkPath(path) });
  return Object.assign(back, { path });
}

/** `place`: where it listens now, and will. */
async function listenFor({ seat, standings, become }: Origin, target: Target, asked: Place): Promise<{ back: Back; place: Place }> {
  const to = toDestination(target);
  const explain = (error: unknown): VmrigError =>
    error instanceof ListenRefusedError ? refusal(seat.name, place, error) : asVmrigError(error);
  const traffic = createTraffic(seat, explain);
  let place = asked;
  let listener: Listener | undefined;
  let closing: Promise<void> | undefined;

  const listen = async (connection: Connection): Promise<void> => {
    if (closing !== undefined) return;
    if ("path" in place) await clear(connection, place.path);
    const fresh = await connection.listen(place, (stream) => void traffic.carry(stream, (enough) => connectHere(to, enough)));
    if (closing !== undefined) return fresh.close();
    listener = fresh;
    // Whoever was told the port finds it again after a reboot.
    if (fresh.port !== undefined) place = { port: fresh.port };
  };
  try {
    await onLive(seat.link, listen);
  } catch (error) {
    throw explain(error);
  }
  traffic.begin(`reverse ${inWords("path" in place ? place : { host: HOST, ...place })} → ${inWords(to)} of this computer`);

  const again: Standing = (connection) =>
    takeAgain(seat, become, connection, place, () => listen(connection)).catch((error: unknown) => traffic.refuse(error));
  standings.add(again);

  const close = (): Promise<void> =>
    (closing ??= (async () => {
      seat.signal?.removeEventListener("abort", stop);
      standings.delete(again);
      await listener?.close();
      await traffic.close();
    })());
  const stop = (): void => void close();
  seat.signal?.addEventListener("abort", stop, { once: true });
  if (seat.signal?.aborted === true) {
    await close();
    throw seat.signal.reason;
  }

  const back: Back = {
    get connections() {
      return traffic.open;
    },
    get refused() {
      return traffic.refused;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return { back, place };
}
