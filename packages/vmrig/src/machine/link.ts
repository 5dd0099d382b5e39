import { isNextTickFaked } from "../clock/real-time.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { ConnectionLostError } from "../ssh/connection-lost.ts";

/**
 * Returns the only connection of a machine: opened when it is first needed, reused, and opened
 * again after it has ended.
 */
export type Connector = () => Promise<SshConnection>;

/** @param greet runs on a new connection before any command uses it. Must not reject */
export function createLink(
  connect: () => Promise<SshConnection>,
  greet?: (connection: SshConnection) => Promise<void>,
): Connector {
  let current: Promise<SshConnection> | undefined;
  return async function link() {
    if (isNextTickFaked()) throw nextTickFaked();
    const known = current;
    if (known !== undefined) {
      const connection = await known;
      if (!connection.closed.aborted) return connection;
      // Several commands may find that the connection has ended. The first one opens a new
      // connection.
      if (current === known) current = undefined;
    }
    if (current === undefined) {
      const dialling =
        greet === undefined
          ? connect()
          : connect().then((connection) => greet(connection).then(() => connection));
      current = dialling;
      dialling.catch(() => {
        if (current === dialling) current = undefined;
      });
    }
    return current;
  };
}

function nextTickFaked(): VmrigError {
  return new VmrigError("NEXT_TICK_FAKED", {
    message: "A test fakes process.nextTick(), which the sockets and streams of Node.js call.",
    details: ["meanwhile nothing arrives from a machine, and open connections may break"],
    hint: 'leave "nextTick" out of `toFake`, as vi.useFakeTimers() does without options',
  });
}

/**
 * Retries once when the connection turns out to be dead, after a reboot or a rollback that a test
 * need not notice. Only for work that has not started yet.
 */
export async function onLive<Result>(
  link: Connector,
  work: (connection: SshConnection) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(await link());
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
    return await work(await link());
  }
}
