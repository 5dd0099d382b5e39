import { infrastructureHash } from "../../provision/infrastructure-hash.ts";
import { isStateLocked, readStateStamp } from "../../provision/state-stamp.ts";
import type { LeasedContext } from "../../baseline/leased-context.ts";
import { stepLine } from "../step-line.ts";
import { brokenMark, makeRecord, staleness } from "./copy-record.ts";
import type { LeasedCopyOptions } from "./leased-copy.ts";

/** Checks the machines by the record. Runs Terraform when the record does not match. */
export async function ensureMachines(
  options: LeasedCopyOptions,
  leaseGuard: LeasedContext["lease"],
): Promise<void> {
  const { rig, copy, store, lease, fingerprint, say, allow } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint);
  const [record, stamp, working, inventory] = await Promise.all([
    store.record(copy),
    readStateStamp(copy),
    isStateLocked(copy),
    driver.inspect(copy),
  ]);
  const stale = staleness(record, { copy, infrastructure, stamp, working, inventory });
  if (stale === undefined) return;
  say(`check    ${copy.copy}: ${stale}; asking Terraform`);
  const { provision } = await import("../../provision/provision.ts");
  const provisioned = await provision({
    driver,
    copy,
    fingerprint,
    guard: leaseGuard,
    say: (line) => say(stepLine(line)),
    replaceAllowed: brokenMark(record) !== undefined,
    ...(allow && { allow }),
  });
  await store.saveRecord(
    lease,
    makeRecord(infrastructure, provisioned.stamp, await driver.inspect(copy)),
  );
}
