import { infrastructureHash } from "../../provision/infrastructure-hash.ts";
import type { LeasedContext } from "../../baseline/leased-context.ts";
import { stepLine } from "../step-line.ts";
import { brokenMark, makeRecord, staleness } from "./copy-record.ts";
import type { LeasedCopyOptions } from "./leased-copy.ts";

/**
 * Checks the machines by the record, and by their own records. Runs Terraform when anything does not
 * match.
 */
export async function ensureMachines(
  options: LeasedCopyOptions,
  leaseGuard: LeasedContext["lease"],
): Promise<void> {
  const { rig, copy, store, states, holder, lease, fingerprint, say, allow } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint, driver.locality);
  const [record, version, inventory] = await Promise.all([
    store.record(copy),
    states.newestVersion(copy),
    driver.inspect(copy),
  ]);
  const stale = staleness(record, { copy, infrastructure, version, inventory });
  if (stale === undefined) return;
  say(`check    ${copy.copy}: ${stale}; asking Terraform`);
  const { provision } = await import("../../provision/provision.ts");
  const provisioned = await provision({
    driver,
    copy,
    fingerprint,
    guard: leaseGuard,
    states,
    by: holder,
    say: (line) => say(stepLine(line)),
    replaceAllowed: brokenMark(record) !== undefined,
    ...(allow && { allow }),
  });
  await store.saveRecord(
    lease,
    makeRecord(infrastructure, provisioned.stamp, await driver.inspect(copy)),
  );
}
