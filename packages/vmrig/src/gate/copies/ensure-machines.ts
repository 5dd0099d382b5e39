import { infrastructureHash } from "../../provision/infrastructure-hash.ts";
import { foreignMachine } from "../../provision/compare-machines.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { isStateLocked, stampOf } from "../../provision/state-stamp.ts";
import { readState } from "../../provision/state.ts";
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
  const { rig, copy, store, lease, fingerprint, say, allow } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint);
  const [record, state, working, inventory] = await Promise.all([
    store.record(copy),
    readState(stateFiles(copy).state),
    isStateLocked(copy),
    driver.inspect(copy),
  ]);
  const stamp = stampOf(state);
  const stale =
    staleness(record, { copy, infrastructure, stamp, working, inventory }) ??
    foreignMachine(state, inventory);
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
