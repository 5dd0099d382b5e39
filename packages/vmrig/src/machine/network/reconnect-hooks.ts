import type { SshConnection } from "../../ssh/connection.ts";

/** Has a new SSH connection do what the last one did. It never rejects. */
export type ReconnectHook = (connection: SshConnection) => Promise<void>;

/**
 * What must be on each SSH connection of a machine: it goes with one, and nobody gets the next one
 * before it is back.
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
