import { asVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { Connection } from "../../ssh/connection.ts";
import { ListenRefusedError, type Listener, type Place } from "../../ssh/listen.ts";
import { quote } from "../../ssh/quote.ts";
import { TunnelRefusedError } from "../../ssh/tunnel.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { onLive } from "../link.ts";
import type { Seat } from "../seat.ts";
import { connectHere } from "./connect-here.ts";
import type { Standing, Standings } from "./standing.ts";
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

const HOST = "127.0.0.1";

export async function reversePort(seat: Seat, standings: Standings, target: Target, port: number): Promise<Reverse> {
  const back = await listenFor(seat, standings, target, { port: checkPort(port) });
  return Object.assign(back, { url: `http://${HOST}:${back.port}`, host: HOST });
}

export async function reverseSocket(seat: Seat, standings: Standings, target: Target, path: string): Promise<ReverseSocket> {
  return Object.assign(await listenFor(seat, standings, target, { path: checkPath(path) }), { path });
}

async function listenFor(seat: Seat, standings: Standings, target: Target, asked: Place): Promise<Back & { readonly port: number }> {
  const to = toDestination(target);
  const explain = (error: unknown): VmrigError => (error instanceof ListenRefusedError ? refusal(seat, place, error) : asVmrigError(error));
  const traffic = createTraffic(seat, explain);
  let place = asked;
  let listener: Listener | undefined;
  let closing: Promise<void> | undefined;

  const listen = async (connection: Connection): Promise<void> => {
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

  const again: Standing = (connection) => listenPatiently(seat, () => listen(connection)).catch((error: unknown) => traffic.refuse(error));
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

  return {
    port: "port" in place ? place.port : 0,
    get connections() {
      return traffic.open;
    },
    get refused() {
      return traffic.refused;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How long a machine may take to notice that an old connection is over: until then that one has the port. */
const LINGER_MS = 5000;

function listenPatiently({ name, clock }: Seat, work: () => Promise<void>): Promise<void> {
  return waitFor<void>({
    what: "the place where it listened before",
    on: name,
    timeoutMs: LINGER_MS,
    code: "FORWARD_FAILED",
    ...(clock === undefined ? {} : { clock }),
    probe: async () => {
      try {
        return { value: await work() };
      } catch (error) {
        if (error instanceof ListenRefusedError) return { seen: error.message };
        throw error;
      }
    },
  });
}

/** What listened for a connection that broke leaves its file behind, which is in the way of the next one. */
async function clear(connection: Connection, path: string): Promise<void> {
  try {
    (await connection.tunnel({ path })).destroy(); // somebody listens
  } catch (error) {
    if (!(error instanceof TunnelRefusedError)) throw error;
    const [socket, mine] = [`[ -S ${quote(path)} ]`, `[ -O ${quote(path)} ]`];
    await connection.exec(`! ${socket} || ! ${mine} || rm -f -- ${quote(path)}`);
  }
}

function refusal({ name }: Seat, place: Place, cause: ListenRefusedError): VmrigError {
  const socket = "path" in place;
  return new VmrigError("FORWARD_FAILED", {
    message: `The SSH server of ${name} does not listen ${socket ? `at ${place.path}` : `on port ${place.port}`}.`,
    hint: socket
      ? "nothing of that name may be there, its folder must be the login user's, and AllowStreamLocalForwarding must be yes or remote"
      : "nobody may listen there, ports below 1024 are root's alone, and AllowTcpForwarding must be yes or remote in its sshd_config",
    cause,
  });
}
