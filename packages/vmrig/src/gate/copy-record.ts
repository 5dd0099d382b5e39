import { z } from "zod";
import type { CopySpec, Inventory } from "../driver/driver.ts";
import type { StateStamp } from "../provision/state-stamp.ts";

/**
 * What the gate remembers of a copy, next to its lease, so that a warm run starts no Terraform. It
 * is a cache: the state is the authority, and a record that is missing, old or wrong only costs the
 * full road.
 */
const copyRecord = z.object({
  version: z.literal(1),
  infrastructure: z.string(),
  stamp: z.object({ lineage: z.string(), serial: z.number(), owner: z.string() }),
  hostKeys: z.record(z.string(), z.string()),
});

const marked = z.object({ broken: z.object({ summary: z.string(), at: z.number() }) });
/** Why nobody gets a copy, and since when, in milliseconds since the epoch. */
export type BrokenMark = z.infer<typeof marked>["broken"];

/**
 * The mark is part of the record, also of one that says nothing else. Mending the copy writes a
 * record without it.
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

/** Why the record does not speak for what is there; `undefined` when it does. */
export function staleness(
  record: unknown,
  now: {
    readonly copy: CopySpec;
    readonly infrastructure: string;
    readonly stamp: StateStamp | undefined;
    /** Whether the state is locked, by a living Terraform or a dead one. */
    readonly working: boolean;
    readonly inventory: Inventory;
  },
): string | undefined {
  const parsed = copyRecord.safeParse(record);
  if (brokenMark(record) !== undefined) return "it was found broken";
  if (!parsed.success) return "there is no record of it";
  const { infrastructure, stamp, hostKeys } = parsed.data;
  if (infrastructure !== now.infrastructure) return "the config asks for other machines";
  if (now.stamp === undefined) return "its Terraform state is gone";
  if (now.working) return "a Terraform works on its state, or was killed while it did";
  if (now.stamp.lineage !== stamp.lineage || now.stamp.serial !== stamp.serial)
    return "its Terraform state changed";
  if (now.inventory.machines.length !== now.copy.machines.length)
    return "there are other machines than the config names";
  for (const { name } of now.copy.machines) {
    const machine = now.inventory.machines.find((candidate) => candidate.name === name);
    if (machine === undefined || machine.power === "absent") return `${name} is gone`;
    if (machine.owner !== stamp.owner) return `${name} belongs to another state`;
    if (machine.hostKey === undefined || machine.hostKey !== hostKeys[name])
      return `${name} has another host key`;
  }
  return undefined;
}
