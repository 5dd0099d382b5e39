import { connect } from "node:net";
import { systemClock, VmrigError, waitFor, type PublicKey } from "vmrig/driver";
import { z } from "zod";
import { readLines } from "./json-lines.ts";

const answer = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
]);

/**
 * The QEMU guest agent of one machine: access without network and key. Each reply is awaited before
 * the connection is closed: an agent with a reply and no client retries without a pause, uses a
 * whole processor, and can no longer be stopped by its system (`ga_channel_write_all` in QEMU's
 * qga/channel-posix.c).
 */
export interface GuestAgent extends AsyncDisposable {
  /** Makes `key` the only authorised key of `user`. The user's home must exist. */
  authorize(user: string, key: PublicKey): Promise<void>;
  /**
   * Requests a shutdown of the guest; resolves after the request, not after the shutdown. The agent
   * sends no reply on success.
   */
  shutDown(mode: "powerdown" | "reboot"): Promise<void>;
}

export interface GuestAgentOptions {
  readonly path: string;
  readonly machine: string;
  readonly signal: AbortSignal;
  /**
   * Timeout of the guest's reply; an emulated machine takes a minute to boot.
   */
  readonly timeoutMs: number;
}

/**
 * Waits until the agent responds. The guest may have been restored or rebooted in the middle of a
 * message, so each attempt sends `guest-sync-delimited` with a fresh number, and all input before
 * the echo of such a number is dropped.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline
 */
export async function openGuestAgent(options: GuestAgentOptions): Promise<GuestAgent> {
  const { path, machine, signal, timeoutMs } = options;
  const socket = connect(path);
  let fault: Error | undefined;
  let waiting: ((value: z.infer<typeof answer>) => void) | undefined;
  /**
   * A slow guest may answer the first request after the second was sent. Only after the reply to
   * the last request can no old reply follow.
   */
  const tokens = new Set<number>();
  let last: number | undefined;
  let awake = false;
  let synced = false;
  socket.on("error", (error) => (fault ??= error));
  socket.on("close", () => (fault ??= new Error("QEMU closed the connection")));
  readLines(
    socket,
    (line) => {
      const message = answer.parse(line);
      if ("return" in message && typeof message.return === "number") {
        awake ||= tokens.has(message.return);
        synced ||= message.return === last;
      } else waiting?.(message);
    },
    () => {},
  );
  const send = (command: string, parameters: Record<string, unknown>): void => {
    socket.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
  };

  try {
    let sentAt = Number.NEGATIVE_INFINITY;
    await waitFor({
      what: "the guest agent",
      on: machine,
      code: "MACHINE_UNREACHABLE",
      timeoutMs,
      intervalMs: 10,
      signal,
      probe: () => {
        if (fault !== undefined) throw unreachable(machine, fault);
        if (synced) return Promise.resolve({ value: true });
        // QEMU buffers input until a booting guest reads it, so a few requests are enough, and the
        // guest would have to drain a flood.
        if (!awake && systemClock.monotonic() - sentAt > 2_000) {
          const token = 1 + Math.floor(Math.random() * 0x7fff_fffe);
          tokens.add(token);
          last = token;
          sentAt = systemClock.monotonic();
          socket.write(Buffer.from([0xff]));
          send("guest-sync-delimited", { id: token });
        }
        return Promise.resolve({ seen: "no answer to guest-sync" });
      },
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }

  return {
    async authorize(user, key) {
      let result: z.infer<typeof answer> | undefined;
      waiting = (message) => (result ??= message);
      send("guest-ssh-add-authorized-keys", { username: user, keys: [key], reset: true });
      const outcome = await waitFor({
        what: "the guest agent to change the authorised key",
        on: machine,
        code: "MACHINE_UNREACHABLE",
        timeoutMs: 20_000,
        intervalMs: 5,
        signal,
        probe: () => {
          if (fault !== undefined) throw unreachable(machine, fault);
          return Promise.resolve(result === undefined ? { seen: "no answer" } : { value: result });
        },
      });
      if ("error" in outcome) throw unreachable(machine, new Error(outcome.error.desc));
    },
    shutDown(mode) {
      return new Promise<void>((resolve, reject) => {
        if (fault !== undefined) return reject(unreachable(machine, fault));
        socket.write(
          `${JSON.stringify({ execute: "guest-shutdown", arguments: { mode } })}\n`,
          () => resolve(),
        );
      });
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        if (socket.closed) resolve();
        else socket.once("close", () => resolve()).destroy();
      }),
  };
}

function unreachable(machine: string, cause: Error): VmrigError {
  return new VmrigError("MACHINE_UNREACHABLE", {
    message: `The guest agent of ${machine} failed: ${cause.message}.`,
    cause,
  });
}
