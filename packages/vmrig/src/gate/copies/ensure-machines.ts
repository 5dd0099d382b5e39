import type { StateStamp } from "../../provision/state.ts";
import { infrastructureHash } from "../../provision/infrastructure-hash.ts";
import type { LeasedContext } from "../../baseline/leased-context.ts";
import { stepLine } from "../step-line.ts";
import { brokenMark, makeRecord, staleness, stampOf } from "./copy-record.ts";
import type { LeasedCopyOptions } from "./leased-copy.ts";

/**
 * Checks the machines by the record, and by their own records. Runs Terraform when anything does not
 * match.
 *
 * @returns a function that records the machines again, once their first boot has changed what is
 *   known of them
 */
export async function ensureMachines(
  options: LeasedCopyOptions,
  { lease: guard, secret }: Pick<LeasedContext, "lease" | "secret">,
): Promise<() => Promise<void>> {
  const { rig, copy, store, states, holder, lease, fingerprint, say, allow } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint, driver.locality);
  const [record, version, inventory] = await Promise.all([
    store.record(copy),
    states.newestVersion(copy),
    driver.inspect(copy),
  ]);
  const stale = staleness(record, { copy, infrastructure, version, inventory });
  const save = async (stamp: StateStamp): Promise<void> =>
    await store.saveRecord(lease, makeRecord(infrastructure, stamp, await driver.inspect(copy)));
  if (stale === undefined) return () => save(stampOf(record));
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
    replaceAllowed: brokenMark(record) !== undefined,
    ...(allow && { allow }),
  });
  await save(provisioned.stamp);
  return () => save(provisioned.stamp);
}
