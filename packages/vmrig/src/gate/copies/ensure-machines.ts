import type { Inventory } from "../../driver/inventory.ts";
import type { StateStamp } from "../../provision/state.ts";
import { infrastructureHash } from "../../provision/infrastructure-hash.ts";
import type { LeasedContext } from "../../baseline/leased-context.ts";
import { stepLine } from "../step-line.ts";
import {
  brokenMark,
  makeRecord,
  staleness,
  stampOf,
  upToDateOf,
  type UpToDate,
} from "./copy-record.ts";
import type { LeasedCopyOptions } from "./leased-copy.ts";

/** The record of the copy. */
export interface RecordedMachines {
  /** What the driver said of them. Missing when Terraform ran since. */
  readonly inventory?: Inventory;
  readonly upToDate: UpToDate;
  /** Writes it again, once more is known of the machines: their first boot, or an upgrade. */
  record(upToDate: UpToDate): Promise<void>;
}

/**
 * Checks the machines by the record, and by their own records. Runs Terraform when anything does not
 * match.
 */
export async function ensureMachines(
  options: LeasedCopyOptions,
  { lease: guard, secret }: Pick<LeasedContext, "lease" | "secret">,
): Promise<RecordedMachines> {
  const { rig, copy, store, states, holder, lease, fingerprint, say } = options;
  const { allow, replace } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint, driver.locality);
  const [record, version, inventory] = await Promise.all([
    store.record(copy),
    states.newestVersion(copy),
    driver.inspect(copy),
  ]);
  const stale =
    staleness(record, { copy, infrastructure, version, inventory }) ??
    (replace && `${[...replace].join(", ")} is to be replaced`);
  const upToDate = upToDateOf(record);
  const save = async (stamp: StateStamp, known = upToDate): Promise<void> => {
    const now = await driver.inspect(copy);
    await store.saveRecord(lease, makeRecord(infrastructure, stamp, now, known));
  };
  const recorded = (stamp: StateStamp): RecordedMachines => ({
    upToDate,
    record: (more) => save(stamp, { ...upToDate, ...more }),
  });
  if (stale === undefined) return { ...recorded(stampOf(record)), inventory };
  say(`check    ${copy.copy}: ${stale}; asking Terraform`);
  const { provision } = await import("../../provision/provision.ts");
  const provisioned = await provision({
    driver,
    copy,
    fingerprint,
    guard,
    secret,
    states,
    by: holder,
    say: (line) => say(stepLine(line)),
    ...(allow && { allow }),
    // Of a broken copy, what may be replaced is replaced, although it seems intact.
    replace: new Set([...(replace ?? []), ...(brokenMark(record) && allow ? allow : [])]),
  });
  await save(provisioned.stamp);
  return recorded(provisioned.stamp);
}
