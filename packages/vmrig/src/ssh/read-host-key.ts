import { connect as connectTcp } from "node:net";
import { systemClock, type Clock } from "../clock/clock.ts";
import { loadWithRealTime } from "../clock/load-with-real-time.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";

const ssh2 = loadWithRealTime("ssh2") as typeof import("ssh2");

export interface ReadHostKeyOptions {
  readonly host: string;
  readonly port: number;
  /** The machine's name, for errors. */
  readonly name: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

const TYPE = "ssh-ed25519";
const INTERVAL_MS = 500;
/** A port forwarder may accept a connection before anything behind it answers. */
const SILENCE_MS = 10_000;

/**
 * Waits for an SSH server and returns the host key that it shows, `ssh-ed25519 AAAA…`. Nothing proves
 * that the server is the expected one: only for a system whose key cannot be known in advance.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline, with the last observation
 */
export async function readHostKey(options: ReadHostKeyOptions): Promise<string> {
  const { host, port, name, timeoutMs, signal, clock = systemClock } = options;
  return await waitFor({
    what: `SSH at ${host}:${port}`,
    on: name,
    timeoutMs,
    intervalMs: INTERVAL_MS,
    code: "MACHINE_UNREACHABLE",
    clock,
    ...(signal === undefined ? {} : { signal }),
    probe: (enough) => attempt({ host, port, clock, enough }),
  });
}

async function attempt({
  host,
  port,
  clock,
  enough,
}: Pick<ReadHostKeyOptions, "host" | "port"> & {
  readonly clock: Clock;
  readonly enough: AbortSignal;
}): Promise<Observation<string>> {
  const client = new ssh2.Client();
  const socket = connectTcp({ host, port });
  const over = new AbortController();
  try {
    return await new Promise<Observation<string>>((resolve) => {
      const silent = (): void => resolve({ seen: "no reply from an SSH server" });
      enough.addEventListener("abort", silent, { once: true, signal: over.signal });
      if (enough.aborted) return silent();
      clock.sleep(SILENCE_MS, over.signal).then(silent, () => {});
      client.on("error", (error) => resolve({ seen: error.message.toLowerCase() }));
      client.on("close", () => resolve({ seen: "the connection was closed" }));
      client.connect({
        sock: socket,
        username: "root",
        // Ends the attempt after the key exchange, before any authentication.
        hostVerifier: (key: Buffer) => {
          resolve({ value: `${TYPE} ${key.toString("base64")}` });
          return false;
        },
        algorithms: { serverHostKey: [TYPE] },
        readyTimeout: 0,
      });
    });
  } finally {
    over.abort();
    // ssh2 reports the refused key as an error, after the answer.
    client.removeAllListeners();
    client.on("error", () => {});
    socket.destroy();
  }
}
