import { toDate } from "../clock/real-time.ts";
import { copyNames, describeCopy } from "../config/copy-spec.ts";
import type { Inventory, MachineStatus } from "../driver/inventory.ts";
import type { CopySpec } from "../driver/driver.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { systemClock, type Clock } from "../clock/clock.ts";
import type { Holder } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import type { LeaseView } from "../lease/lease-view.ts";
import { describeAddresses } from "../redis/address.ts";
import { readState, type StateStamp } from "../provision/state.ts";
import type { StateStore } from "../provision/state/state-store.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { IN_USE_IN } from "../local-files/used-elsewhere.ts";
import { readRetainedCopy } from "../gate/copies/retained-copy.ts";
import { pristinesInUse } from "../baseline/pristine.ts";
import { baselineAge } from "../gate/copies/baseline-age.ts";
import { brokenMark, upToDateOf } from "../gate/copies/copy-record.ts";
import { storeAddresses } from "../gate/store/open-store.ts";
import { askAccount, type Unreachable } from "./account/ask-account.ts";
import { readCosts, type RigCosts } from "./account/rig-costs.ts";
import { baselineOf, wantedBaseline, type Baseline } from "./wanted-baseline.ts";

/**
 * Status of a rig, readable by every user. Plain data: `vmrig status --json` prints it. Times are
 * ISO 8601, in UTC.
 */
export interface RigStatus {
  readonly rig: string;
  /**
   * Address of the lease store. While the embedded Redis does not run, no lease is held or waited
   * for.
   */
  readonly redis: { readonly address: string; readonly running: boolean };
  readonly copies: readonly CopyStatus[];
  /** Why the machines cannot be listed: the account does not answer, or refuses. */
  readonly unreachable?: string;
  /** What the rig costs. Missing for machines that cost nothing. */
  readonly costs?: RigCosts | Unreachable;
  /** Runs that wait, in the order of the queue. */
  readonly queue: readonly Waiting[];
}

export interface CopyStatus {
  readonly copy: string;
  readonly state: "free" | "held" | "retained";
  /** Current holder. Missing when the copy is free. */
  readonly holder?: Holder;
  /** Time of the grant. Missing for a lock that was set by hand. */
  readonly since?: string;
  /**
   * When the lease ends without a renewal. Missing for a lock that was set by hand, without an end.
   */
  readonly expires?: string;
  /**
   * The copy is retained: its run is over, and the copy stays as it is. `yours`: `vmrig ssh` of
   * this user can log in.
   */
  readonly retained?: { readonly until: string; readonly why: string; readonly yours: boolean };
  /** When a run last used the machines, by Redis' clock. Missing when Redis has no note of it. */
  readonly lastUsed?: string;
  /** The copy is broken: runs leave it out, and `vmrig up --copy NAME` repairs it. */
  readonly broken?: { readonly since: string; readonly cause: string };
  /** Largest fence issued so far; 0 when there was none. */
  readonly fence: number;
  /** Terraform's state. Missing before the first run, and after `vmrig destroy`. */
  readonly terraform?: StateStamp;
  /** Names of machines that an apply may have changed since: it works on them, or did not succeed. */
  readonly applying: readonly string[];
  /** Who uses the machines outside of this container. They are not visible from here. */
  readonly elsewhere?: string;
  readonly machines: readonly MachineView[];
}

export interface MachineView extends Omit<MachineStatus, "hostKey" | "owner" | "origin"> {
  /**
   * Baseline of the machine: `current` is the one that the config asks for, `other` is another one,
   * `none` is none; `unknown` means that a comparison would need a download.
   */
  readonly baseline: Baseline;
  /**
   * When the packages of its baseline were the newest ones: the creation of the machine, or its last
   * upgrade. Missing when it is not known.
   */
  readonly upToDate?: string;
}

export interface Waiting {
  readonly position: number;
  readonly holder: Holder;
  readonly since: string;
  /** The run has a copy already, and waits behind all runs that have none. */
  readonly extra: boolean;
  /** Names of the acceptable copies. */
  readonly accepts: readonly string[];
}

export interface RigStatusOptions extends Pick<GateOptions, "rig" | "folders"> {
  /** Missing while the embedded Redis does not run. */
  readonly store: LeaseStore | undefined;
  readonly states: StateStore;
  /** @defaultValue asks the driver */
  readonly costs?: () => ReturnType<typeof readCosts>;
  readonly clock?: Clock;
}

/** Reads the status of a rig: needs no lease, changes nothing, creates nothing. */
export async function readRigStatus(options: RigStatusOptions): Promise<RigStatus> {
  const { rig, folders, store, clock = systemClock } = options;
  const view: LeaseView = (await store?.view({ rig: rig.name, copies: copyNames(rig) })) ?? {
    rig: rig.name,
    copies: [],
    queue: [],
  };
  const now = clock.wall();
  const copies = copyNames(rig).map((_, index) => describeCopy(rig, index + 1, folders));
  const [costs, ...looks] = await Promise.all([
    (options.costs ?? (() => readCosts(rig.driver, rig.name)))(),
    ...copies.map((copy) => lookAtCopy(options, copy, view, now)),
  ]);
  const unreachable = looks.flatMap((look) => look.unreachable ?? [])[0];
  return {
    rig: rig.name,
    redis: {
      address: store?.shown ?? describeAddresses(storeAddresses(rig, folders)),
      running: store !== undefined,
    },
    copies: looks.map(({ unreachable: _unreachable, ...copy }) => copy),
    ...(unreachable !== undefined && { unreachable }),
    ...(costs !== undefined && { costs }),
    queue: view.queue.map(({ holder, waitedMs, extra, accepts }, index) => ({
      position: index + 1,
      holder,
      since: iso(now - waitedMs),
      extra,
      accepts,
    })),
  };
}

async function lookAtCopy(
  { rig, store, states }: RigStatusOptions,
  copy: CopySpec,
  view: LeaseView,
  now: number,
): Promise<CopyStatus & Partial<Unreachable>> {
  const [{ stamp, applying }, inventory, record, note, unusedMs] = await Promise.all([
    readState(states, copy),
    askAccount(rig.driver, (limit) => rig.driver.inspect(copy, limit)).catch(elsewhereOf),
    store?.record(copy),
    readRetainedCopy(copy),
    store?.lastUse(copy),
  ]);
  const broken = brokenMark(record);
  const { fence = 0, held } = view.copies.find((candidate) => candidate.copy === copy.copy) ?? {};
  return {
    copy: copy.copy,
    state: held === undefined ? "free" : held.retained === undefined ? "held" : "retained",
    ...(held && { holder: held.holder }),
    ...(held?.heldForMs !== undefined && { since: iso(now - held.heldForMs) }),
    ...(held !== undefined &&
      Number.isFinite(held.expiresInMs) && { expires: iso(now + held.expiresInMs) }),
    ...(held?.retained && {
      retained: {
        until: iso(held.retained.until),
        why: held.retained.why,
        yours: note?.fence === held.fence,
      },
    }),
    ...(unusedMs !== undefined && { lastUsed: iso(now - unusedMs) }),
    ...(broken && { broken: { since: iso(broken.at), cause: broken.summary } }),
    fence,
    ...(stamp && { terraform: stamp }),
    applying,
    ...("machines" in inventory
      ? { machines: await lookAtMachines({ rig, copy, inventory, record, now }) }
      : { ...inventory, machines: [] }),
  };
}

/** @throws the error, unless another container uses the machines */
function elsewhereOf(error: unknown): { readonly elsewhere: string } {
  if (!isVmrigError(error) || error.code !== "HOME_SHARED") throw error;
  const detail = error.details.find((line) => line.startsWith(IN_USE_IN));
  return { elsewhere: detail?.slice(IN_USE_IN.length) ?? error.summary };
}

async function lookAtMachines({
  rig,
  copy,
  inventory,
  record,
  now,
}: Pick<RigStatusOptions, "rig"> & {
  readonly copy: CopySpec;
  readonly inventory: Inventory;
  readonly record: unknown;
  readonly now: number;
}): Promise<MachineView[]> {
  const names = new Set(copy.machines.map(({ name }) => name));
  const own = inventory.machines.filter(({ name }) => names.has(name));
  const inUse = pristinesInUse(own);
  const upToDate = upToDateOf(record);
  const from = (name: string): string | undefined => {
    const pristine = inUse.get(name);
    if (pristine === undefined) return undefined;
    const age = baselineAge({ pristines: new Map([[name, pristine]]), upToDate, now });
    return age === undefined ? undefined : iso(now - age);
  };
  const wanted = await wantedBaseline(rig, copy, inventory);
  return inventory.machines.map(
    ({ hostKey: _hostKey, owner: _owner, origin: _origin, ...machine }) => {
      const since = from(machine.name);
      return {
        ...machine,
        baseline: baselineOf(machine, wanted),
        ...(since !== undefined && { upToDate: since }),
      };
    },
  );
}

function iso(ms: number): string {
  return toDate(ms).toISOString();
}
