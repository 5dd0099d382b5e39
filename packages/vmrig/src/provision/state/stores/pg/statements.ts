import { KEPT_VERSIONS } from "../../state-store.ts";
import type { PgTables } from "./schema.ts";

/** Statements of a store. All take the rig as $1 and the copy as $2. */
export interface PgStatements {
  /** $3 the fence. Returns the largest fence, and the newest version. */
  readonly claim: string;
  /** Makes a first write possible without a claim. */
  readonly prepare: string;
  /** $3 fence, $4 base, $5 facts, $6 text. Returns one row when the version was stored. */
  readonly write: string;
  /** Why a write was not stored: the largest fence, the newest version, the id of its write. */
  readonly explain: string;
  readonly newest: string;
  readonly read: string;
  /** $3 the version. */
  readonly readVersion: string;
  /** $3 how many. */
  readonly history: string;
}

export function statementsFor({ heads, versions }: PgTables): PgStatements {
  const mine = "rig = $1 and copy = $2";
  const newest = `join ${heads} h on h.rig = v.rig and h.copy = v.copy`;
  return {
    claim: `
      insert into ${heads} as h (rig, copy, fence, version) values ($1, $2, $3, 0)
      on conflict (rig, copy) do update set fence = greatest(h.fence, excluded.fence)
      returning fence, version`,
    prepare: `
      insert into ${heads} (rig, copy, fence, version) values ($1, $2, 0, 0)
      on conflict do nothing`,
    // One statement: an UPDATE that waited for another one checks its condition again.
    write: `
      with head as (
        update ${heads} set fence = $3, version = version + 1
        where ${mine} and fence <= $3 and version = $4
        returning version
      ), added as (
        insert into ${versions} (rig, copy, version, facts, text)
        select $1, $2, version, $5, $6 from head
      ), pruned as (
        delete from ${versions} using head
        where ${mine} and ${versions}.version <= head.version - ${KEPT_VERSIONS}
      )
      select version from head`,
    explain: `
      select h.fence, h.version, v.facts->>'write' as write
      from ${heads} h left join ${versions} v
        on v.rig = h.rig and v.copy = h.copy and v.version = h.version
      where h.rig = $1 and h.copy = $2`,
    newest: `
      select version from ${heads} where ${mine}`,
    read: `
      select v.facts::text as facts, v.text from ${versions} v ${newest} and h.version = v.version
      where v.rig = $1 and v.copy = $2`,
    readVersion: `
      select facts::text as facts, text from ${versions} where ${mine} and version = $3`,
    history: `
      select facts::text as facts from ${versions} where ${mine} order by version desc limit $3`,
  };
}
