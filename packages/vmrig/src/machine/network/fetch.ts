import type { IncomingMessage } from "node:http";
import { systemClock } from "../../clock/clock.ts";
import { describeThrown } from "../../errors/thrown.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { TunnelRefusedError, type Destination } from "../../ssh/tunnel.ts";
import type { Seat } from "../seat.ts";
import { toResponse } from "./answer.ts";
import { exchange } from "./exchange.ts";
import { hintFor, openTunnel } from "./open-tunnel.ts";
import { locationOf, redirected } from "./redirect.ts";
import { toSent, type MachineRequestInit, type Sent } from "./request.ts";
import { underSignals } from "./under-signals.ts";

/** Fetch, 4.4. */
const MOST_REDIRECTS = 20;

/** Each request has a connection of its own, so that none is left when the test has ended. */
export async function fetchThrough(
  seat: Seat,
  target: string | URL,
  init: MachineRequestInit,
  atEnd: ((work: () => Promise<void>) => void) | undefined,
): Promise<Response> {
  const first = await toSent(target, init);
  const { signal, release, end } = underSignals(seat, init.signal);
  const tell = seat.witness?.()?.({
    machine: seat.name,
    user: seat.user,
    command: `fetch ${first.method} ${first.url.href}`,
    look: undefined,
    secrets: [],
    printed: () => ({ stdout: undefined, stderr: undefined }),
  });
  const clock = seat.clock ?? systemClock;
  const startedMs = clock.monotonic();
  const after = (): string => `after ${((clock.monotonic() - startedMs) / 1000).toFixed(1)} s`;
  try {
    const { message, sent, hops } = await follow(seat, first, init, signal);
    message.once("close", release);
    atEnd?.(async () => end(new Error("The test that fetched it has ended.")));
    const response = toResponse(message, { method: sent.method, url: sent.url, redirected: hops > 0 });
    tell?.(`answered ${response.status} ${after()}`);
    return response;
  } catch (thrown) {
    release();
    const error = signal.aborted ? (signal.reason as unknown) : failure(seat, first, init, thrown);
    tell?.(`failed ${after()}: ${isVmrigError(error) ? error.summary : describeThrown(error)}`);
    throw error;
  }
}

interface Answered {
  readonly message: IncomingMessage;
  /** The last request. */
  readonly sent: Sent;
  readonly hops: number;
}

async function follow(
  seat: Seat,
  first: Sent,
  { redirect = "follow", tls, socketPath }: MachineRequestInit,
  signal: AbortSignal,
): Promise<Answered> {
  let sent = first;
  for (let hops = 0; ; hops += 1) {
    const tunnel = await openTunnel(seat, destination(sent.url, socketPath), signal);
    const message = await exchange(tunnel, sent, tls, signal);
    const to = redirect === "manual" ? undefined : locationOf(message, sent.url);
    if (to === undefined) return { message, sent, hops };
    message.destroy();
    tunnel.destroy();
    if (redirect === "error") throw new Error(`it is redirected to ${to.href}`);
    if (hops === MOST_REDIRECTS) throw new Error(`it is redirected more than ${MOST_REDIRECTS} times, the last time to ${to.href}`);
    sent = redirected(sent, message.statusCode ?? 0, to);
  }
}

function destination({ hostname, port, protocol }: URL, socketPath: string | undefined): Destination {
  if (socketPath !== undefined) return { path: socketPath };
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (protocol === "https:" ? 443 : 80)) };
}

function failure({ name }: Seat, { method, url }: Sent, { socketPath }: MachineRequestInit, error: unknown): VmrigError {
  if (isVmrigError(error)) return error;
  const refused = error instanceof TunnelRefusedError;
  const why = error instanceof Error ? error.message || describeThrown(error) : describeThrown(error);
  const hint = refused
    ? hintFor(error, destination(url, socketPath))
    : isCertificate(error)
      ? "give its `ca`, or `rejectUnauthorized: false`, in the option `tls`"
      : undefined;
  return new VmrigError("FETCH_FAILED", {
    message: `${method} ${url.href} from ${name}${socketPath === undefined ? "" : ` through ${socketPath}`} failed: ${why}.`,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

function isCertificate(error: unknown): boolean {
  return error instanceof Error && "code" in error && /CERT|ALTNAME|VERIFY/.test(String(error.code));
}
