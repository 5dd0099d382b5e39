import { randomUUID } from "node:crypto";
import { isVmrigError, type PublicKey, type SnapshotName } from "vmrig/driver";
import type { Difference } from "./kernel/fact.ts";
import { reasonsToReboot } from "./kernel/judge.ts";
import { parseDifferences, type Report } from "./kernel/parse-differences.ts";
import { undoScript } from "./kernel/undo.ts";
import { waitUntilEntered, type Entered } from "./proof.ts";
import type { RootShell } from "./root-shell.ts";
import { runScript } from "./run-script.ts";
import { EXIT } from "./script/exit-codes.ts";
import { CLEAN_UP, FREE_SPACE, RECORD_FRESH, REBOOT, UNDO_RUNNING } from "./script/proof.ts";
import { BEGIN_RESTORE, FINISH_RESTORE, UNDO } from "./script/restore-scripts.ts";
import { checkKey, checkName, type Change } from "./snapshots.ts";

export interface Restore extends Change {
  readonly snapshot: SnapshotName;
  /** The only key of a lease that may log in from now on. */
  readonly authorize: PublicKey;
  /** Logs in again. Called until a login reaches the restored root; the caller ends the others. */
  readonly reconnect: (signal: AbortSignal) => Promise<RootShell>;
  /** Time for each reboot, until a login succeeds. */
  readonly enterMs: number;
}

export interface Restored extends Pick<Entered, "shell" | "root" | "home"> {
  /** Why a full reboot was needed, in plain words. Empty after a soft reboot. */
  readonly because: readonly string[];
}

/** Part of the disk that a restored machine has free, or it keeps no old roots. */
const ENOUGH_FREE = 0.25;
/** A test may leave thousands of files, which do not fit on a command line. */
const MOST_DIFFERENCES = 500;

/**
 * Restores a machine to a snapshot, under the kernel that runs when its state can be set back, and
 * else by a full reboot.
 *
 * @throws VmrigError `FENCED`; `ROLLBACK_FAILED` for a snapshot that is missing or damaged, and for
 *   a full disk; `MACHINE_UNREACHABLE`
 */
export async function restore(restoring: Restore): Promise<Restored> {
  const { machine, snapshot, authorize } = restoring;
  checkName(machine, snapshot);
  checkKey(machine, authorize);
  const restored = await enter(restoring);
  // What the test wrote is in an old root now.
  if (restored.free < ENOUGH_FREE) {
    await runScript({
      ...restoring,
      shell: restored.shell,
      script: FREE_SPACE,
      task: "delete its old roots",
    });
  }
  return restored;
}

async function enter(restoring: Restore): Promise<Restored & Entered> {
  const { snapshot, authorize } = restoring;
  const token = randomUUID();

  // 1. Prepare, and enter at once when the kernel is as it was at the capture.
  const begun = await mayLeave(
    runScript({
      ...restoring,
      script: BEGIN_RESTORE,
      task: `restore ${snapshot}`,
      args: [snapshot, authorize, token],
      answers: [0, EXIT.differs],
    }),
  );
  if (begun?.code !== EXIT.differs) {
    return await settle(restoring, await wait(restoring, token, "soft"), []);
  }

  // 2. Undo the differences, and enter by what is still needed.
  const { differences } = parseDifferences(begun.stdout);
  const tooMany = differences.length >= MOST_DIFFERENCES;
  const left = await undo(restoring, tooMany ? [] : differences, UNDO);
  const because = tooMany
    ? [`at least ${MOST_DIFFERENCES} things differ in the kernel and in memory`]
    : reasonsToReboot(left, "before");
  const how = because.length === 0 ? "soft" : "reboot";
  await mayLeave(
    runScript({
      ...restoring,
      script: FINISH_RESTORE,
      task: `enter ${snapshot}`,
      args: [token, how],
    }),
  );
  const entered = await wait(restoring, token, how);
  if (how === "soft") {
    // Services create what is missing.
    const deferred = left.differences.filter(({ now }) => now !== undefined);
    return await settle(restoring, entered, deferred);
  }
  return await recordFresh(restoring, entered, because);
}

/**
 * Ends what survived the soft reboot, and undoes what could not be undone before it. Reboots when
 * that fails. Looks at nothing else: the processes of the time before are dead, so anything new
 * comes from the services of the snapshot, which are starting.
 */
async function settle(
  restoring: Restore,
  entered: Entered,
  deferred: readonly Difference[],
): Promise<Restored & Entered> {
  if (entered.leftovers.length + deferred.length === 0) return { ...entered, because: [] };
  const place = { ...restoring, shell: entered.shell };
  const { snapshot } = restoring;
  const { stdout } = await runScript({
    ...place,
    script: CLEAN_UP,
    task: `clean up ${snapshot}`,
    args: [snapshot],
  });
  const known = new Set(deferred.map(nameOf));
  const isKnown = (difference: Difference): boolean => known.has(nameOf(difference));
  const found = parseDifferences(stdout).differences.filter(isKnown);
  const left = await undo(place, found, UNDO_RUNNING);
  const differences = left.differences.filter(isKnown);
  const because = reasonsToReboot({ ...left, differences }, "after");
  if (because.length === 0) return { ...entered, because };
  await mayLeave(
    runScript({ ...place, script: REBOOT, task: `enter ${snapshot}`, args: [snapshot] }),
  );
  return await recordFresh(restoring, await wait(restoring, entered.token, "reboot"), because);
}

function nameOf({ kind, key }: Difference): string {
  return `${kind} ${key}`;
}

/** Undoes differences, and returns what is left. */
async function undo(
  place: Restore,
  differences: readonly Difference[],
  script: string,
): Promise<Report> {
  let report: Report = { differences, held: new Set() };
  // What one round frees, the next one removes.
  let former = Infinity;
  while (report.differences.length > 0 && report.differences.length < former) {
    former = report.differences.length;
    const { stdout } = await runScript({
      ...place,
      script,
      task: "undo changes of the kernel's state",
      args: [place.snapshot, undoScript(report.differences)],
    });
    report = parseDifferences(stdout);
  }
  return report;
}

async function recordFresh(
  restoring: Restore,
  entered: Entered,
  because: readonly string[],
): Promise<Restored & Entered> {
  const { snapshot } = restoring;
  await runScript({
    ...restoring,
    shell: entered.shell,
    script: RECORD_FRESH,
    task: `record the boot of ${snapshot}`,
    args: [snapshot],
  });
  return { ...entered, because };
}

function wait(restoring: Restore, token: string, how: "soft" | "reboot"): Promise<Entered> {
  return waitUntilEntered({ ...restoring, token, how, timeoutMs: restoring.enterMs });
}

/**
 * Passes on the outcome of a script that leaves the root that runs, which ends its connection. What
 * came of it is seen at the next login.
 */
async function mayLeave<T>(running: Promise<T>): Promise<T | undefined> {
  try {
    return await running;
  } catch (error) {
    const codes: readonly string[] = ["MACHINE_UNREACHABLE", "CONNECTION_LOST"];
    if (isVmrigError(error) && codes.includes(error.code)) return undefined;
    throw error;
  }
}
