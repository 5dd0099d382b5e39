import { copyNames, copySpecs } from "../../config/copy-spec.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { isVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { LeaseView } from "../../lease/lease-view.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { systemClock } from "../../clock/clock.ts";
import type { GateOptions } from "../gate-options.ts";
import { demandFor, type Demand } from "./fair-share.ts";
import { createLeasedCopy } from "./create-leased-copy.ts";
import { fitCopies } from "./fit-copies.ts";
import type { LeasedCopy } from "./leased-copy.ts";
import { leaseCopy } from "./lease-copy.ts";
import type { EncryptedStore } from "../../provision/state/encryption/encrypted-store.ts";
import { openStates } from "../store/open-states.ts";
import { openStore } from "../store/open-store.ts";
import { formatElapsed } from "../../clock/format-elapsed.ts";
import { guardCopy } from "../store/copy-guard.ts";

export interface CopyFinderOptions extends GateOptions {
  /**
   * Ends the current work, including Terraform, when the run is over before the machines are ready.
   */
  readonly until: AbortSignal;
}

/** Finds and prepares copies for a run. */
export interface CopyFinder {
  /**
   * Waits in the queue for a usable copy, and makes the copy ready. `extra`: this run has a copy
   * already, so runs without one go first. `signal` ends the wait in the queue; `onLeased` is called
   * when that wait is over, before the machines are ready.
   */
  find(extra: boolean, signal: AbortSignal, onLeased: () => void): Promise<LeasedCopy>;
  /** Marks a copy as broken. No run gets the copy until a person has repaired it. */
  markBroken(leasedCopy: LeasedCopy, error: VmrigError): Promise<void>;
  /** Whether another run waits for a copy of the rig. */
  othersWait(): Promise<boolean>;
  /** Returns which other runs need a copy of this run. */
  demandFor(copy: string): Promise<Demand>;
  close(): Promise<void>;
}

export function copyFinder(options: CopyFinderOptions): CopyFinder {
  const { rig, folders, holder, say, only, until, clock = systemClock } = options;
  const { allow, replace, refresh } = options;
  const stores = new Set<LeaseStore>();
  let states: Promise<EncryptedStore> | undefined;
  let current: Promise<LeaseStore> | undefined;
  /**
   * Opens the store when the first copy is asked for. Opens it again after a failure or when the
   * store no longer answers: only this run restarts an embedded Redis that has ended. Leases from
   * the old store continue on the old store.
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
  /** Connects to the Redis of the leases, which runs by then, or to another store. */
  const openedStates = (): Promise<EncryptedStore> => {
    const opening = (states ??= openStates(rig, folders));
    opening.catch(() => (states = undefined));
    return opening;
  };
  const orForget = (error: unknown): never => {
    if (isVmrigError(error) && error.code === "REDIS_UNREACHABLE") current = undefined;
    throw error;
  };

  const view = async (): Promise<LeaseView> => {
    const store = await open();
    return store.view({ rig: rig.name, copies: copyNames(rig) }).catch(orForget);
  };

  return {
    async find(extra, signal, onLeased) {
      const copies = await copySpecs(rig, folders);
      // Downloads run before the lease, so that no other run waits for a download under this lease.
      // All copies use the same image.
      const fingerprint = await rig.driver.fingerprint(copies[0] as CopySpec, { signal, say });
      const fit = async (): Promise<readonly string[]> =>
        only === undefined ? fitCopies({ rig, copies, store: await open(), say }) : [only];
      // The embedded Redis may have ended since the last query. Opening the store again restarts
      // it.
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
      onLeased();
      const leased = clock.monotonic();
      const copy = copies.find((candidate) => candidate.copy === lease.copy) as CopySpec;
      let guard: (() => Promise<void>) | undefined;
      try {
        guard = rig.driver.locality === "this-computer" ? await guardCopy(copy, opened) : undefined;
        const leasedCopy = await createLeasedCopy({
          rig,
          copy,
          store: opened,
          states: await openedStates(),
          holder,
          lease,
          fingerprint,
          say,
          until,
          clock,
          ...(allow && { allow }),
          ...(replace && { replace }),
          ...(refresh === true && { refresh }),
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
      say(`broken   ${copy.copy}: excluded from now on; ${error.summary}`);
      const known = await (await open()).record(copy);
      await (
        await open()
      ).saveRecord(lease, {
        ...(known as object | undefined),
        broken: { summary: error.summary, at: clock.wall() },
      });
    },
    async othersWait() {
      const { queue: line } = await view();
      return line.some(({ holder: other }) => other.session !== holder.session);
    },
    async demandFor(copy) {
      return demandFor(copy, { view: await view(), session: holder.session });
    },
    async close() {
      await current?.catch(() => undefined);
      await states?.then((opened) => opened[Symbol.asyncDispose]()).catch(() => undefined);
      await Promise.all([...stores].map((store) => store.close()));
    },
  };
}
