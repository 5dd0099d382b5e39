import type { Connection } from "./connection.ts";
import { keysOf } from "./keys.ts";
import type { Lease } from "./lease.ts";
import { DROP_RECORD, READ_RECORD, SAVE_RECORD } from "./scripts.ts";

/** @returns what was saved last, `undefined` when there is nothing or it is not JSON: a record is a cache */
export async function readRecord(connection: Connection, namespace: string, resource: string): Promise<unknown> {
  const text = await connection.ask(READ_RECORD, [keysOf(namespace, resource).record]);
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** @returns whether Redis still knew the lease as ours; else nothing was written */
export async function saveRecord(connection: Connection, namespace: string, lease: Lease, value: unknown): Promise<boolean> {
  const { lock, holder, record } = keysOf(namespace, lease.resource);
  return (await connection.ask(SAVE_RECORD, [lock, holder, record], [lease.fence, JSON.stringify(value)])) === 1;
}

/** @returns whether Redis still knew the lease as ours; else nothing was removed */
export async function dropRecord(connection: Connection, namespace: string, lease: Lease): Promise<boolean> {
  const { lock, holder, record } = keysOf(namespace, lease.resource);
  return (await connection.ask(DROP_RECORD, [lock, holder, record], [lease.fence])) === 1;
}
