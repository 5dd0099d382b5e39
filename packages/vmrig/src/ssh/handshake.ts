import { connect as connectTcp, type Socket } from "node:net";
import type { Client, ConnectConfig } from "ssh2";
import type { Clock } from "../clock/clock.ts";
import { loadWithRealTime } from "../clock/load-with-real-time.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Observation } from "../wait/wait-for.ts";
import { batchWrites } from "./ssh2-patches/batch-writes.ts";
import { useFastCiphers } from "./ssh2-patches/fast-ciphers.ts";
import type { SshTarget } from "./ssh-target.ts";
import { toLoginFailure } from "./login-failure.ts";

// Its keepalives are timers.
const ssh2 = loadWithRealTime("ssh2") as typeof import("ssh2");

/** An authenticated SSH client. */
export interface Login {
  readonly client: Client;
  /**
   * Socket of the client. ssh2 does not destroy a socket that it has ended and whose peer has not.
   */
  readonly socket: Socket;
}

/**
 * A port forwarder (QEMU's, a load balancer) accepts TCP before the machine behind it can reply,
 * and may never forward the first bytes. A new attempt succeeds where the old one would hang, so a
 * silent attempt is given up after this time.
 */
const SILENCE_MS = 5000;

/**
 * Measured on an emulated guest: 0.83 s with the first algorithm of each list, up to 1.7 s with
 * others. The other entries are for servers that lack the first one.
 */
const ALGORITHMS = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "diffie-hellman-group14-sha256",
  ],
  cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr"],
} as const;

export interface HandshakeOptions {
  /** The machine's name, for errors. */
  readonly name: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with the first bytes of the server. */
  readonly onReply?: () => void;
}

/**
 * Makes one attempt to log in. A failure that may pass (connection refused, the peer hangs up) is
 * an observation.
 *
 * @throws VmrigError `HOST_KEY_MISMATCH` before anything beyond the key exchange was sent;
 *   `LOGIN_REFUSED`; `MACHINE_UNREACHABLE` when the two sides have no algorithm in common
 */
export async function handshake(
  target: SshTarget,
  { name, clock, signal, onReply }: HandshakeOptions,
): Promise<Observation<Login>> {
  const { host, port, user } = target;
  const [keyType = "", keyBlob = ""] = target.hostKey.split(" ");
  const pinned = Buffer.from(keyBlob, "base64");
  let shown: Buffer | undefined;
  let seen = "no TCP connection yet";

  const client = new ssh2.Client();
  const socket = connectTcp({ host, port, noDelay: true });
  batchWrites(socket);
  const over = new AbortController();
  try {
    return await new Promise<Observation<Login>>((resolve, reject) => {
      const giveUp = (): void => {
        socket.destroy();
        resolve({ seen });
      };
      signal.addEventListener("abort", giveUp, { once: true, signal: over.signal });
      if (signal.aborted) return giveUp();
      clock.sleep(SILENCE_MS, over.signal).then(
        () => {
          if (socket.bytesRead === 0) giveUp();
        },
        () => {},
      );

      socket.once("data", () => onReply?.());
      client.on("connect", () => (seen = "TCP connected, but no reply from an SSH server"));
      client.on("handshake", () => (seen = "SSH server replied, but not to the login"));
      client.on("ready", () => resolve({ value: { client, socket } }));
      client.on("close", () =>
        resolve({
          seen: socket.bytesRead > 0 ? "connection closed before the login was done" : seen,
        }),
      );
      client.on("error", (error) => {
        const failure = toLoginFailure(error, { target, name, pinned, shown });
        if (failure instanceof VmrigError) reject(failure);
        else resolve({ seen: failure });
      });

      client.connect({
        sock: socket,
        username: user,
        privateKey: target.privateKey,
        // The default first tries "none", which costs a round trip.
        authHandler: ["publickey"],
        hostVerifier: (key: Buffer) => (shown = key).equals(pinned),
        algorithms: {
          kex: [...ALGORITHMS.kex],
          cipher: [...ALGORITHMS.cipher],
          serverHostKey: [keyType],
        } as NonNullable<ConnectConfig["algorithms"]>,
        readyTimeout: 0,
        keepaliveInterval: 10_000,
        keepaliveCountMax: 3,
      });
    }).then((observation) => {
      if (!("value" in observation)) socket.destroy();
      return observation;
    });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    over.abort();
    client.removeAllListeners();
    useFastCiphers(client, socket);
    // The server may request a new key exchange later.
    client.on("handshake", () => useFastCiphers(client, socket));
    // ssh2 may report the same failure twice; an `error` without a listener would end the process.
    client.on("error", () => {});
  }
}
