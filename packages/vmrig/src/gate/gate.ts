import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../clock/clock.ts";
import { copySpec } from "../config/copy-spec.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig, RollbackPolicy } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Holder } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import type { Grant, Welcome } from "./messages.ts";
import { makeHolding, type Holding } from "./holding.ts";
import { leaseCopy } from "./lease-copy.ts";
import { openStore } from "./store.ts";
import { oneAtATime } from "./turn.ts";

export interface GateOptions {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  /** Who this run is, as others see it in line. */
  readonly holder: Holder;
  /** Gets one whole line per change of state. */
  readonly say: (line: string) => void;
  /** Addresses that a person allowed to be replaced; a test run allows none. */
  readonly allow?: ReadonlySet<string>;
  readonly clock?: Clock;
}

/**
 * The one place that leases, provisions and rolls back. Nothing is leased until the first {@link Gate.claim}; then the lease is kept for
 * the next claims, until the gate closes.
 */
export interface Gate extends AsyncDisposable {
  readonly welcome: Welcome;
  /**
   * Waits in line for the rig, if it is not held yet, and hands out its machines. They are at their baseline, unless `rollback` is `run`
   * and this run had them before. One claim at a time; others wait.
   */
  claim(rollback: RollbackPolicy, signal?: AbortSignal): Promise<Grant>;
  /** The machines of a claim back to their baseline, in the middle of it. */
  rollBack(claim: string): Promise<Grant>;
  /** A worker found a machine not to be at its baseline. */
  broken(claim: string, machine: string, error: VmrigError): void;
  release(claim: string): void;
  /** Aborts when the lease of a claim is lost. @throws VmrigError `LEASE_LOST` for a claim that is over */
  lost(claim: string): AbortSignal;
  /** Rests the machines, hands on the lease, closes the connections. */
  close(): Promise<void>;
}

interface Claim {
  readonly id: string;
  readonly holding: Holding;
  readonly done: () => void;
}

export function openGate(options: GateOptions): Gate {
  const { rig, folders, holder, say, clock = systemClock } = options;
  const turn = oneAtATime();
  const closing = new AbortController();
  let store: Promise<LeaseStore> | undefined;
  let holding: Promise<Holding> | undefined;
  let current: Claim | undefined;
  let handedOut: Grant | undefined;
  let closed: Promise<void> | undefined;
  /** The rollback under way, whoever asked for it. Until it has ended nobody else may have the machines, nor the lease. */
  let busy: Promise<unknown> = Promise.resolve();

  const hold = async (signal: AbortSignal): Promise<Holding> => {
    const copy = await copySpec(rig, 1, folders);
    store ??= openStore(rig, folders);
    store.catch(() => (store = undefined));
    const opened = await store;
    const asked = clock.monotonic();
    const lease = await leaseCopy({ rig, copy, store: opened, holder, signal, say });
    const leased = clock.monotonic();
    try {
      const made = await makeHolding({
        rig,
        copy,
        store: opened,
        lease,
        say,
        until: closing.signal,
        ...(options.allow && { allow: options.allow }),
      });
      lease.assertHeld();
      say(`lease    ${copy.copy}: leased in ${ms(leased - asked)}, checked in ${ms(clock.monotonic() - leased)}`);
      lease.signal.addEventListener("abort", () => forget(made), { once: true });
      return made;
    } catch (error) {
      await lease.release();
      throw error;
    }
  };

  const forget = (made: Holding): void => {
    holding = undefined;
    handedOut = undefined;
    if (current?.holding === made) finish(current);
  };

  /** The claim is over, and the next one has its turn. */
  const finish = (claim: Claim): void => {
    current = undefined;
    void busy.then(claim.done);
  };

  const handOut = async (id: string, held: Holding): Promise<Grant> => {
    handedOut = undefined;
    const started = clock.monotonic();
    const work = busy.then(() => held.rollBack());
    busy = work.catch(() => {});
    const machines = await work;
    held.lease.assertHeld();
    say(
      `rollback ${held.lease.copy}: ${machines.map(({ name }) => name).join(", ")} back at ${held.baseline} in ${ms(clock.monotonic() - started)}`,
    );
    const granted: Grant = {
      claim: id,
      copy: held.lease.copy,
      fence: held.lease.fence,
      fresh: true,
      baseline: held.baseline,
      guest: rig.driver.guest ?? "linux",
      nonce: randomUUID(),
      machines: machines.map(({ name, lanAddress, target }) => ({ name, lanAddress, target: { ...target } })),
    };
    if (current?.id === id) handedOut = granted;
    return granted;
  };

  const find = (id: string): Claim => {
    if (current?.id === id) return current;
    throw new VmrigError("LEASE_LOST", { message: `The claim ${id} on rig "${rig.name}" is over: its lease was lost or released.` });
  };

  const shutDown = async (): Promise<void> => {
    closing.abort(new VmrigError("CANCELLED", { message: `The run was ended while it waited for rig "${rig.name}".` }));
    const held = await holding?.catch(() => undefined);
    await busy;
    await held?.release();
    await (await store?.catch(() => undefined))?.close();
  };

  return {
    welcome: { rig: rig.name, machines: Object.keys(rig.machines), rollback: rig.rollback },

    async claim(rollback, signal) {
      const both = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      const done = await turn(both);
      try {
        holding ??= hold(both);
        holding.catch(() => (holding = undefined));
        const held = await holding;
        held.lease.assertHeld();
        const id = randomUUID();
        current = { id, holding: held, done };
        return rollback === "run" && handedOut !== undefined ? { ...handedOut, claim: id, fresh: false } : await handOut(id, held);
      } catch (error) {
        // The turn may have been handed on already, when the lease was lost.
        if (current?.done === done) current = undefined;
        done();
        throw error;
      }
    },
    async rollBack(id) {
      return handOut(id, find(id).holding);
    },
    broken(id, machine, error) {
      find(id);
      // Nobody gets it without a rollback, also where one per run would do.
      handedOut = undefined;
      say(`broken   ${machine}: ${error.summary}`);
    },
    release(id) {
      if (current?.id === id) finish(current);
    },
    lost: (id) => find(id).holding.lease.signal,
    close: () => (closed ??= shutDown()),
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}

function ms(value: number): string {
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}
