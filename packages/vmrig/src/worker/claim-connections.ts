import { dial } from "../ssh/dial.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";

/** The open SSH connections of a claim, and the machines that are between two boots or states. */
export interface ClaimConnections {
  /** Dials. The connection is closed when the lease is lost. */
  open(name: string, target: SshTarget): Promise<SshConnection>;
  /** Closes the connections to these machines. @defaultValue all */
  hangUp(names?: readonly string[]): void;
  /**
   * Closes the connections to these machines and marks the machines as away until `work` has ended.
   */
  whileAway(names: readonly string[], work: () => Promise<void>): Promise<void>;
  /** Resolves when the machine is no longer away; `undefined` when it is not. */
  returning(name: string): Promise<void> | undefined;
}

/** Sessions per connection that vmrig opens: more than a test runs at a time. */
const MAX_SESSIONS = 100;

export function createClaimConnections(lost: AbortSignal): ClaimConnections {
  const connections = new Map<SshConnection, string>();
  const away = new Map<string, Promise<void>>();

  const hangUp = (names?: readonly string[]): void => {
    for (const [connection, name] of connections) {
      if (names !== undefined && !names.includes(name)) continue;
      connection.hangUp();
      connections.delete(connection);
    }
  };

  return {
    async open(name, target) {
      const connection = await dial(target, { name, maxSessions: MAX_SESSIONS, signal: lost });
      connections.set(connection, name);
      connection.closed.addEventListener("abort", () => connections.delete(connection), {
        once: true,
      });
      return connection;
    },
    hangUp,
    async whileAway(names, work) {
      const back = Promise.withResolvers<void>();
      for (const name of names) away.set(name, back.promise);
      hangUp(names);
      try {
        await work();
      } finally {
        for (const name of names) away.delete(name);
        back.resolve();
      }
    },
    returning: (name) => away.get(name),
  };
}
