import { VmrigError } from "../../../../errors/vmrig-error.ts";

/** Tables of a schema, quoted for SQL. */
export interface PgTables {
  readonly schema: string;
  /** One row per copy: the largest fence, and the number of the newest version. */
  readonly heads: string;
  /** One row per kept version. */
  readonly versions: string;
}

/** @throws VmrigError `CONFIG_INVALID` for a name that would need quotes everywhere else, too */
export function tablesOf(schema: string): PgTables {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `"${schema}" is not a name for a schema of PostgreSQL.`,
      hint: "use lower-case letters, digits and _",
    });
  }
  const quoted = `"${schema}"`;
  return { schema: quoted, heads: `${quoted}.state_heads`, versions: `${quoted}.state_versions` };
}

/** Returns the statements that let a role use the tables that {@link createTables} created. */
export function grantTables({ schema, heads, versions }: PgTables, role: string): string {
  const quoted = `"${role.replaceAll('"', '""')}"`;
  return `grant usage on schema ${schema} to ${quoted};
grant select, insert, update, delete on ${heads}, ${versions} to ${quoted};
`;
}

/**
 * Returns the statements that create the tables. A role with {@link grantTables} suffices
 * afterwards.
 */
export function createTables({ schema, heads, versions }: PgTables): string {
  return `
create schema if not exists ${schema};
create table if not exists ${heads} (
  rig text not null, copy text not null, fence bigint not null, version bigint not null,
  primary key (rig, copy));
create table if not exists ${versions} (
  rig text not null, copy text not null, version bigint not null,
  facts jsonb not null, text text not null,
  primary key (rig, copy, version));
`;
}
