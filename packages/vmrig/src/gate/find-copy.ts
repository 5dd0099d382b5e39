import { copyNames, copySpecs } from "../config/copy-spec.ts";
import type { CopySpec } from "../driver/driver.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import { systemClock } from "../clock/clock.ts";
import type { GateOptions } from "./gate-options.ts";
import { createLeasedCopy, type LeasedCopy } from "./leased-copy.ts";
import { leaseCopy } from "./lease-copy.ts";
import { brokenMark, type BrokenMark } from "./copy-record.ts";
import { openStore } from "./open-store.ts";
import { formatElapsed } from "../clock/format-elapsed.ts";
import { guardAgainstSplitRedis } from "./redis-split-guard.ts";

export interface CopyFinderOptions extends GateOptions {
  /** Ends what is under way, Terraform too, when the run is over before the machines are ready. */
  readonly until: AbortSignal;
}

/** Where a run gets its copies from. */
export interface CopyFinder {
  /**
   * Waits in line for a copy that is fit, and makes it ready. `extra` when this run has one
   * already: whoever has none goes first.
   */
  find(extra: boolean, signal: AbortSignal): Promise<LeasedCopy>;
  /** From now on nobody gets the copy, until a person has mended it. */
  markBroken(leasedCopy: LeasedCopy, error: VmrigError): Promise<void>;
  /** Whether somebody else waits for a copy of the rig. */
  othersWait(): Promise<boolean>;
  close(): Promise<void>;
}

export function copyFinder(options: CopyFinderOptions): CopyFinder {
  const { rig, folders, holder, say, only, until, allow, clock = systemClock } = options;
  const stores = new Set<LeaseStore>();
  let current: Promise<LeaseStore> | undefined;
  /**
   * Opened when the first copy is asked for, and once more when that failed or the store fell
   * silent: an embedded Redis that has ended since is started again by nobody else. What is held
   * through the old one goes on with that.
   */
  const open = (): Promise<LeaseStore> => {
    if (current !== undefined) return current;
    const opening = openStore(rig, folders, process.env, say);
    current = opening;
    opening.then(
      (store) => stores.add(store),
      () => (current = undefined),
    );
    return opening;
  };
  const orForget = (error: unknown): never => {
    if (isVmrigError(error) && error.code === "REDIS_UNREACHABLE") current = undefined;
    throw error;
  };

  return {
    async find(extra, signal) {
      const copies = await copySpecs(rig, folders);
      // Before the lease, under which nobody should wait for a download. All copies are made of the
      // same.
      const fingerprint = await rig.driver.fingerprint(copies[0] as CopySpec, { signal, say });
      const fit = async (): Promise<readonly string[]> =>
        only === undefined ? fitCopies(await open(), copies, say) : [only];
      // An embedded Redis may have ended since it was asked last: once more, which starts it again.
      const accept = await fit()
        .catch(orForget)
        .catch((error: unknown) =>
          current === undefined ? fit().catch(orForget) : Promise.reject(error),
        );
      const opened = await open();
      const asked = clock.monotonic();
      const lease = await leaseCopy({
        rig,
        copies: copyNames(rig),
        accept,
        extra,
        store: opened,
        holder,
        signal,
        say,
      }).catch(orForget);
      const leased = clock.monotonic();
      const copy = copies.find((candidate) => candidate.copy === lease.copy) as CopySpec;
      let guard: (() => Promise<void>) | undefined;
      try {
        guard =
          rig.driver.locality === "this-computer"
            ? await guardAgainstSplitRedis(copy, opened)
            : undefined;
        const leasedCopy = await createLeasedCopy({
          rig,
          copy,
          store: opened,
          lease,
          fingerprint,
          say,
          until,
          ...(allow && { allow }),
          ...(guard && { guard }),
        });
        lease.assertHeld();
        say(
          `lease    ${copy.copy}: leased in ${formatElapsed(leased - asked)}, checked in ${formatElapsed(clock.monotonic() - leased)}`,
        );
        return leasedCopy;
      } catch (error) {
        await guard?.().catch(() => {});
        await lease.release();
        throw error;
      }
    },
    async markBroken({ lease, copy }, error) {
      say(`broken   ${copy.copy}: left out from now on; ${error.summary}`);
      const known = await (await open()).record(copy);
      await (
        await open()
      ).saveRecord(lease, {
        ...(known as object | undefined),
        broken: { summary: error.summary, at: clock.wall() },
      });
    },
    async othersWait() {
      const { line } = await (
        await open()
      )
        .view({ rig: rig.name, copies: copyNames(rig) })
        .catch(orForget);
      return line.some(({ holder: other }) => other.session !== holder.session);
    },
    async close() {
      await current?.catch(() => undefined);
      await Promise.all([...stores].map((store) => store.close()));
    },
  };
}

/** @throws VmrigError `RIG_BROKEN` when there is none */
async function fitCopies(
  store: LeaseStore,
  copies: readonly CopySpec[],
  say: (line: string) => void,
): Promise<string[]> {
  const marks = await Promise.all(
    copies.map(
      async ({ rig, copy }) => [copy, brokenMark(await store.record({ rig, copy }))] as const,
    ),
  );
  const broken = marks.filter(
    (mark): mark is readonly [string, BrokenMark] => mark[1] !== undefined,
  );
  const reasons = broken.map(
    ([copy, { summary, at }]) => `${copy}: ${summary} (${new Date(at).toISOString()})`,
  );
  if (broken.length < copies.length) {
    for (const reason of reasons) say(`broken   left out: ${reason}`);
    return marks.flatMap(([copy, mark]) => (mark === undefined ? [copy] : []));
  }
  throw new VmrigError("RIG_BROKEN", {
    message: `No copy of rig "${copies[0]?.rig}" is fit for use.`,
    details: reasons,
    hint: "mend it by hand: `vmrig up --copy NAME`, with --allow ADDRESS for machines that must be replaced",
  });
}
