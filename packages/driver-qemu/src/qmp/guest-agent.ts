import { randomBytes } from "node:crypto";
import { LEASE_KEY_COMMENT, systemClock, waitFor, type PublicKey } from "vmrig/driver";
import { z } from "zod";
import {
  agentError,
  connectAgent,
  type AgentConnection,
  type AgentReply,
} from "./agent-connection.ts";
import type { MachineSocket } from "./machine-socket.ts";

/**
 * The QEMU guest agent of one machine: access without network and key. Each reply is awaited before
 * the connection is closed: an agent with a reply and no client retries without a pause, uses a
 * whole processor, and can no longer be stopped by its system (`ga_channel_write_all` in QEMU's
 * qga/channel-posix.c).
 */
export interface GuestAgent extends AsyncDisposable {
  /**
   * Authorises `key` for `user`, in place of the keys of earlier leases. Keeps all other keys, such
   * as one that a test added. The user's home must exist.
   */
  authorize(user: string, key: PublicKey): Promise<void>;
  /**
   * Starts to write a file of the guest to its disk, so that a crash of the guest does not lose it.
   * Does not wait for the disk, and does nothing where the guest does not allow it.
   */
  flush(path: string): Promise<void>;
  /**
   * Makes the guest's kernel reseed its random numbers. For machines without a generation ID; needs
   * perl in the guest.
   */
  reseed(): Promise<void>;
  /**
   * Requests a shutdown of the guest; resolves after the request, not after the shutdown. The agent
   * sends no reply on success.
   */
  shutDown(): Promise<void>;
}

export interface GuestAgentOptions extends MachineSocket {
  readonly signal: AbortSignal;
  /** Timeout of the guest's first reply; an emulated machine takes a minute to boot. */
  readonly timeoutMs: number;
}

/** Timeout of the reply to a command. */
const REPLY_MS = 20_000;

/**
 * Mixes the bytes on stdin into the kernel's random numbers, and makes it use them immediately: 0x5207
 * is RNDRESEEDCRNG of random(4).
 */
const RESEED =
  'read STDIN, $seed, 64; open F, ">", "/dev/urandom" or exit 1; syswrite F, $seed; ioctl F, 0x5207, 0 or exit 2';

const authorizedKeys = z.object({ keys: z.array(z.string()) });
const execResult = z.object({ pid: z.number() });
const execStatus = z.object({ exited: z.boolean(), exitcode: z.number().optional() });

/** Pause before another sync request. */
const SYNC_MS = 2_000;

/**
 * Waits until the agent responds.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline
 */
export async function openGuestAgent(options: GuestAgentOptions): Promise<GuestAgent> {
  const { path, machine, signal } = options;
  const connection = connectAgent({ path, machine });
  try {
    await synchronize(connection, options);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const request = async (
    what: string,
    command: string,
    parameters: object,
  ): Promise<AgentReply> => {
    const reply = connection.request(command, parameters);
    return await waitFor({
      what: `the guest agent to ${what}`,
      on: machine,
      code: "MACHINE_UNREACHABLE",
      timeoutMs: REPLY_MS,
      intervalMs: 5,
      signal,
      probe: async () => {
        connection.state();
        const value = reply();
        return value === undefined ? { seen: "no answer" } : { value };
      },
    });
  };
  const call = async (what: string, command: string, parameters: object): Promise<unknown> => {
    const outcome = await request(what, command, parameters);
    if ("error" in outcome) throw agentError(machine, new Error(outcome.error.desc));
    return outcome.return;
  };
  const keysOf = async (username: string): Promise<string[]> => {
    const what = "list the authorised keys";
    const reply = await request(what, "guest-ssh-get-authorized-keys", { username });
    if ("return" in reply) {
      // The agent lists the last line first.
      return read(machine, authorizedKeys, reply.return).keys.toReversed();
    }
    if (/No such file/i.test(reply.error.desc)) return [];
    throw agentError(machine, new Error(reply.error.desc));
  };
  return {
    async authorize(user, key) {
      const line = `${key} ${LEASE_KEY_COMMENT}`;
      const keys = await keysOf(user);
      const others = keys.filter((known) => !known.endsWith(` ${LEASE_KEY_COMMENT}`));
      if (keys.length === others.length + 1 && keys.includes(line)) return;
      await call("change the authorised keys", "guest-ssh-add-authorized-keys", {
        username: user,
        // The agent joins the lines and does not end the last one. With a last empty line, a test
        // can append a key.
        keys: [...others, line, ""],
        reset: true,
      });
    },
    async flush(path) {
      // Some distributions disable guest-exec. Without it, the key may be lost in a crash, and is
      // authorised again.
      await request("start sync", "guest-exec", { path: "sync", arg: [path] });
    },
    async reseed() {
      const { pid } = read(
        machine,
        execResult,
        await call("run perl", "guest-exec", {
          path: "perl",
          arg: ["-e", RESEED],
          "input-data": randomBytes(64).toString("base64"),
        }),
      );
      const exitCode = await waitFor({
        what: "the guest to reseed its random numbers",
        on: machine,
        code: "MACHINE_UNREACHABLE",
        timeoutMs: REPLY_MS,
        intervalMs: 20,
        signal,
        probe: async () => {
          const status = read(
            machine,
            execStatus,
            await call("report on perl", "guest-exec-status", { pid }),
          );
          return status.exited ? { value: status.exitcode ?? -1 } : { seen: "it runs" };
        },
      });
      if (exitCode !== 0)
        throw agentError(machine, new Error(`perl exited with ${exitCode} while it reseeded`));
    },
    shutDown: () => connection.notify("guest-shutdown", { mode: "powerdown" }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** Reads a reply. The guest may send anything. */
function read<T>(machine: string, schema: z.ZodType<T>, reply: unknown): T {
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  throw agentError(machine, new Error(`it sent ${JSON.stringify(reply).slice(0, 200)}`));
}

async function synchronize(
  connection: AgentConnection,
  { machine, signal, timeoutMs }: GuestAgentOptions,
): Promise<void> {
  let requestedAt = Number.NEGATIVE_INFINITY;
  await waitFor({
    what: "the guest agent",
    on: machine,
    code: "MACHINE_UNREACHABLE",
    timeoutMs,
    intervalMs: 10,
    signal,
    probe: async () => {
      const state = connection.state();
      if (state === "synced") return { value: true };
      // QEMU buffers input until a booting guest reads it, so a few requests are enough, and the
      // guest would have to drain a flood.
      if (state === "silent" && systemClock.monotonic() - requestedAt > SYNC_MS) {
        requestedAt = systemClock.monotonic();
        connection.requestSync();
      }
      return { seen: "no answer to guest-sync" };
    },
  });
}
