import { z } from "zod";
import type { CopySpec, Inventory } from "../../driver/driver.ts";
import type { StateStamp } from "../../provision/state-stamp.ts";

/**
 * The gate's record of a copy, stored next to the copy's lease, so that a warm run starts no
 * Terraform. The record is a cache: the state is the authority. A missing, old or wrong record only
 * costs a Terraform run.
 */
const copyRecord = z.object({
  version: z.literal(1),
  infrastructure: z.string(),
  stamp: z.object({ lineage: z.string(), serial: z.number(), owner: z.string() }),
  hostKeys: z.record(z.string(), z.string()),
});

const marked = z.object({ broken: z.object({ summary: z.string(), at: z.number() }) });
/** Why runs leave a copy out, and since when, in milliseconds since the epoch. */
export type BrokenMark = z.infer<typeof marked>["broken"];

/**
 * Returns the broken mark of a record, even of a record that has no other valid field. Repairing
 * the copy writes a record without the mark.
 */
export function brokenMark(record: unknown): BrokenMark | undefined {
  return marked.safeParse(record).data?.broken;
}

export type CopyRecord = z.infer<typeof copyRecord>;

export function makeRecord(
  infrastructure: string,
  stamp: StateStamp,
  inventory: Inventory,
): CopyRecord {
  const hostKeys = Object.fromEntries(
    inventory.machines.flatMap(({ name, hostKey }) =>
      hostKey === undefined ? [] : [[name, hostKey]],
    ),
  );
  return { version: 1, infrastructure, stamp, hostKeys };
}

/** Returns why the record does not match the present state; `undefined` when it matches. */
export function staleness(
  record: unknown,
  now: {
    readonly copy: CopySpec;
    readonly infrastructure: string;
    readonly stamp: StateStamp | undefined;
    /** Whether a Terraform, living or dead, has locked the state. */
    readonly working: boolean;
    readonly inventory: Inventory;
  },
): string | undefined {
  const parsed = copyRecord.safeParse(record);
  if (brokenMark(record) !== undefined) return "it was marked as broken";
  if (!parsed.success) return "there is no record of it";
  const { infrastructure, stamp, hostKeys } = parsed.data;
  if (infrastructure !== now.infrastructure) return "the config describes different machines";
  if (now.stamp === undefined) return "its Terraform state is gone";
  if (now.working) return "another Terraform is changing its state, or was killed while it did";
  if (now.stamp.lineage !== stamp.lineage || now.stamp.serial !== stamp.serial)
    return "its Terraform state changed";
  if (now.inventory.machines.length !== now.copy.machines.length)
    return "its machines are not those of the config";
  for (const { name } of now.copy.machines) {
    const machine = now.inventory.machines.find((candidate) => candidate.name === name);
    if (machine === undefined || machine.power === "absent") return `${name} is gone`;
    if (machine.unreadable !== undefined) return `${name} cannot be read: ${machine.unreadable}`;
    if (machine.incomplete) return `the creation of ${name} was interrupted`;
    if (machine.owner !== stamp.owner) return `${name} belongs to another state`;
    if (machine.hostKey === undefined || machine.hostKey !== hostKeys[name])
      return `${name} has another host key`;
  }
  return undefined;
}
