import type { SshConnection } from "../ssh/connection.ts";
import { ConnectionLostError } from "../ssh/connection-lost.ts";

/**
 * The one connection of a machine: dialled when it is first needed, kept, and dialled anew once it
 * has ended.
 */
export type Connector = () => Promise<SshConnection>;

/** @param greet what is done on a new connection before anybody gets it. It never rejects */
export function createLink(
  connect: () => Promise<SshConnection>,
  greet?: (connection: SshConnection) => Promise<void>,
): Connector {
  let current: Promise<SshConnection> | undefined;
  return async function link() {
    const known = current;
    if (known !== undefined) {
      const connection = await known;
      if (!connection.closed.aborted) return connection;
      // Of several commands that find it ended, the first dials.
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

/**
 * Once more where the connection turns out to be dead: a reboot or a rollback, which a test need
 * not notice. For what has then not begun.
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
