import type { Connection } from "../../ssh/connection.ts";

/** Has a new SSH connection do what the last one did. It never rejects. */
export type Standing = (connection: Connection) => Promise<void>;

/** What must be on each SSH connection of a machine: it goes with one, and nobody gets the next one before it is back. */
export interface Standings {
  add(standing: Standing): void;
  delete(standing: Standing): void;
  readonly greet: Standing;
  readonly any: boolean;
}

export function createStandings(): Standings {
  const all = new Set<Standing>();
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
