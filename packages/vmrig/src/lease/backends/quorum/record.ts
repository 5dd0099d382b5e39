import { keysOf, type CopyName } from "../../keys.ts";
import type { FencedCopy, LeaseBackend } from "../../lease-backend.ts";
import { parseRecord, READ_RECORD, SAVE_RECORD } from "../record.ts";
import type { Servers } from "./servers.ts";

/**
 * Returns the record functions. A stamp in front of each record identifies the newest of several:
 * the fence under which it was written, and a write counter of this process. A dropped record is
 * written empty, so that a server that missed the removal does not restore the old value.
 */
export function recordsOf(
  servers: Servers,
  namespace: string,
): Pick<LeaseBackend, "record" | "saveRecord" | "dropRecord"> {
  let writes = 0;
  const write = (lease: FencedCopy, text: string): Promise<boolean> => {
    const { lock, holder, record } = keysOf(namespace, lease);
    const stamped = `${lease.fence}.${(writes += 1)} ${text}`;
    return servers.vote(
      async (server) =>
        (await server.run(SAVE_RECORD, [lock, holder, record], [lease.fence, stamped])) === 1,
    );
  };
  return {
    async record(copy: CopyName) {
      const texts = await servers.askAgain((server) =>
        server.run(READ_RECORD, [keysOf(namespace, copy).record]),
      );
      const found = texts.map(({ answer }) => parseStamp(answer));
      return parseRecord(found.toSorted((a, b) => b.fence - a.fence || b.write - a.write)[0]?.text);
    },
    saveRecord: (lease, value) => write(lease, JSON.stringify(value)),
    dropRecord: (lease) => write(lease, ""),
  };
}

interface Stamped {
  readonly fence: number;
  readonly write: number;
  readonly text: string | undefined;
}

/**
 * Parses the stamp. A record without a stamp, as a store of one server writes it, is older than all
 * others.
 */
function parseStamp(answer: unknown): Stamped {
  if (typeof answer !== "string") return { fence: -1, write: 0, text: undefined };
  const [, fence = "0", write = "0", text = answer] = /^(\d+)\.(\d+) (.*)$/s.exec(answer) ?? [];
  return { fence: Number(fence), write: Number(write), text };
}
