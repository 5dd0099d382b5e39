import type { SshConnection } from "../../ssh/ssh-connection.ts";

/** Repeats on a new SSH connection the setup of the last one. Must not reject. */
export type ReconnectHook = (connection: SshConnection) => Promise<void>;

/**
 * Setup that every SSH connection of a machine needs. It ends with a connection, and no command
 * gets the next connection before the setup has run.
 */
export interface ReconnectHooks {
  add(standing: ReconnectHook): void;
  delete(standing: ReconnectHook): void;
  readonly greet: ReconnectHook;
  readonly any: boolean;
}

export function createReconnectHooks(): ReconnectHooks {
  const all = new Set<ReconnectHook>();
  return {
    add: (standing) => void all.add(standing),
    delete: (standing) => void all.delete(standing),
    get any() {
      return all.size > 0;
    },
    async greet(connection) {
      await Promise.all([...all].map((standing) => standing(connection)));
    },
  };
}
