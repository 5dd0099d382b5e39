import { z } from "zod";
import { systemClock, type Clock } from "../../../../clock/clock.ts";
import type { CopyName } from "../../../../lease/keys.ts";
import { checkSize } from "../../size-limit.ts";
import { decodeVersion, versionOf } from "../../state-record.ts";
import {
  KEPT_VERSIONS,
  type StateStore,
  type StateVersion,
  type StoredState,
} from "../../state-store.ts";
import { openPgConnection } from "./pg-connection.ts";
import { createTables, tablesOf } from "./schema.ts";
import { statementsFor } from "./statements.ts";

export interface PgStoreOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full` */
  readonly url: string;
  /** @defaultValue `vmrig` */
  readonly schema?: string;
  readonly clock?: Clock;
  /** @defaultValue 5000 */
  readonly statementTimeoutMs?: number;
}

const HEAD = z.object({ fence: z.coerce.number(), version: z.coerce.number() });
const NUMBER = z.object({ version: z.coerce.number() });
const EXPLAINED = HEAD.extend({ write: z.string().nullable() });
const VERSION = z.object({ facts: z.string() });
const STATE = VERSION.extend({ text: z.string() });

/**
 * Creates the tables of a store, by a user that may create a schema. Does nothing when they exist.
 *
 * @throws VmrigError `STATE_UNREACHABLE`, `STATE_UNWRITABLE`, `CONFIG_INVALID`
 */
export async function initPgStore(options: PgStoreOptions): Promise<void> {
  const connection = open(options);
  try {
    await connection.ask(createTables(tablesOf(options.schema ?? "vmrig")), []);
  } finally {
    await connection.close();
  }
}

/**
 * State store in PostgreSQL. Connects with the first call.
 *
 * @throws VmrigError `CONFIG_INVALID` for an address or schema that is not valid
 */
export function pgStore(options: PgStoreOptions): StateStore {
  const sql = statementsFor(tablesOf(options.schema ?? "vmrig"));
  const connection = open(options);
  const { shown } = connection;

  const facts = (copy: CopyName, row: unknown): StateVersion =>
    decodeVersion(VERSION.parse(row).facts, `of "${copy.copy}" in ${shown}`);
  const state = (copy: CopyName, row: unknown): StoredState | undefined =>
    row === undefined ? undefined : { ...facts(copy, row), text: STATE.parse(row).text };
  const readVersion = async (
    { rig, copy }: CopyName,
    version: number,
  ): Promise<StoredState | undefined> =>
    state({ rig, copy }, (await connection.ask(sql.readVersion, [rig, copy, version]))[0]);

  return {
    shown,

    async claim({ rig, copy }, fence) {
      const head = HEAD.parse((await connection.ask(sql.claim, [rig, copy, fence]))[0]);
      if (head.fence > fence) return { outcome: "fenced", fence: head.fence };
      const current = await readVersion({ rig, copy }, head.version);
      return { outcome: "claimed", current };
    },

    async write({ rig, copy }, write) {
      checkSize(write.text, copy, shown);
      const { fence, base, id, text } = write;
      if (base === 0) await connection.ask(sql.prepare, [rig, copy]);
      const version = versionOf(write);
      const values = [rig, copy, fence, base, JSON.stringify(version), text];
      if ((await connection.ask(sql.write, values)).length > 0)
        return { outcome: "written", version: version.version };
      const row = (await connection.ask(sql.explain, [rig, copy]))[0];
      const head = EXPLAINED.parse(row ?? { fence: 0, version: 0, write: null });
      if (head.fence > fence) return { outcome: "fenced", fence: head.fence };
      return head.write === id
        ? { outcome: "written", version: head.version }
        : { outcome: "conflict", version: head.version };
    },

    async newestVersion({ rig, copy }) {
      const row = (await connection.ask(sql.newest, [rig, copy]))[0];
      return row === undefined ? 0 : NUMBER.parse(row).version;
    },

    async read(copy) {
      return state(copy, (await connection.ask(sql.read, [copy.rig, copy.copy]))[0]);
    },

    async history(copy) {
      const rows = await connection.ask(sql.history, [copy.rig, copy.copy, KEPT_VERSIONS]);
      return rows.map((row) => facts(copy, row));
    },

    readVersion,

    [Symbol.asyncDispose]: () => connection.close(),
  };
}

function open(options: PgStoreOptions) {
  const { url, clock = systemClock, statementTimeoutMs = 5000 } = options;
  return openPgConnection({ url, clock, statementTimeoutMs });
}
