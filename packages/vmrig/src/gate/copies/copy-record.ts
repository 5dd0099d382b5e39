import { z } from "zod";
import type { Inventory } from "../../driver/inventory.ts";
import type { CopySpec, SnapshotName } from "../../driver/driver.ts";
import type { StateStamp } from "../../provision/state.ts";

/**
 * The gate's record of a copy, stored next to the copy's lease, so that a warm run starts no
 * Terraform. The record is a cache: the state is the authority. A missing, old or wrong record only
 * costs a Terraform run.
 */
const copyRecord = z.object({
  version: z.literal(2),
  infrastructure: z.string(),
  state: z.object({ version: z.number(), owner: z.string() }),
  machines: z.record(
    z.string(),
    z.object({
      hostKey: z.string().optional(),
      /** Id of the Terraform resource that created it. */
      resource: z.string().optional(),
    }),
  ),
});

const dated = z.object({
  upToDate: z.record(z.string(), z.object({ pristine: z.string(), at: z.number() })),
});
/**
 * When the packages of a machine's pristine snapshot were known to be the newest ones, by machine
 * name: its creation, or the last upgrade, also one that found nothing to upgrade. In milliseconds
 * since the epoch.
 */
export type UpToDate = Readonly<
  Record<string, { readonly pristine: SnapshotName; readonly at: number }>
>;

export function upToDateOf(record: unknown): UpToDate {
  return dated.safeParse(record).data?.upToDate ?? {};
}

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

export type CopyRecord = z.infer<typeof copyRecord> & { readonly upToDate: UpToDate };

export function makeRecord(
  infrastructure: string,
  state: StateStamp,
  inventory: Inventory,
  upToDate: UpToDate = {},
): CopyRecord {
  const machines = Object.fromEntries(
    inventory.machines.map(({ name, hostKey, origin }) => [
      name,
      { ...(hostKey && { hostKey }), ...(origin && { resource: origin.resource }) },
    ]),
  );
  return { version: 2, infrastructure, state, machines, upToDate };
}

/** Returns which state a valid record is of. */
export function stampOf(record: unknown): StateStamp {
  return copyRecord.parse(record).state;
}

/** Returns why the record does not match the present state; `undefined` when it matches. */
export function staleness(
  record: unknown,
  now: {
    readonly copy: CopySpec;
    readonly infrastructure: string;
    /** Newest version of the state; 0 when there is none. */
    readonly version: number;
    readonly inventory: Inventory;
  },
): string | undefined {
  const parsed = copyRecord.safeParse(record);
  if (brokenMark(record) !== undefined) return "it was marked as broken";
  if (!parsed.success) return "there is no record of it";
  const { infrastructure, state, machines } = parsed.data;
  if (infrastructure !== now.infrastructure) return "the config describes different machines";
  if (now.version === 0) return "its Terraform state is gone";
  if (now.version !== state.version) return "its Terraform state changed";
  if (now.inventory.machines.length !== now.copy.machines.length)
    return "its machines are not those of the config";
  for (const { name } of now.copy.machines) {
    const machine = now.inventory.machines.find((candidate) => candidate.name === name);
    if (machine === undefined || machine.power === "absent") return `${name} is gone`;
    if (machine.unreadable !== undefined) return `${name} cannot be read: ${machine.unreadable}`;
    if (machine.incomplete) return `the creation of ${name} was interrupted`;
    if (machine.owner !== state.owner) return `${name} belongs to another state`;
    if (machine.origin?.resource !== machines[name]?.resource)
      return `${name} is not the machine that its Terraform state has`;
    if (machine.hostKey === undefined || machine.hostKey !== machines[name]?.hostKey)
      return `${name} has another host key`;
  }
  return undefined;
}
