import { systemClock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { createRollbackAhead } from "./rollback-ahead.ts";
import { consoleTail } from "./console-tail.ts";
import { createClaims, type Claim } from "./claims.ts";
import { copyFinder } from "./find-copy.ts";
import type { LeasedCopy } from "./leased-copy.ts";
import type { GateOptions } from "./gate-options.ts";
import { whenIdle } from "./idle.ts";
import { createPauses } from "./pauses.ts";
import { createPool } from "./pool.ts";

import type { Gate } from "./gate.ts";

export function openGate(options: GateOptions): Gate {
  const { rig, say, clock = systemClock } = options;
  const closing = new AbortController();
  const finder = copyFinder({ ...options, until: closing.signal });
  const givingBack = new Set<Promise<unknown>>();
  const listeners = new Set<(reason: VmrigError) => void>();
  /** How many copies this run left to a person. */
  let kept = 0;
  /** That the rig is busy was said: of tests that are skipped not every reporter says why. */
  let saidBusy = false;
  /** How many claims this run will make, as far as anybody knows, and how many it has made. */
  let expected = 0;
  let asked = 0;
  let over: VmrigError | undefined;
  let closed: Promise<void> | undefined;

  const pool = createPool<LeasedCopy>({
    limit: Math.max(
      1,
      Math.min(options.only === undefined ? rig.copies : 1, options.maxCopies ?? Infinity),
    ),
    async open(extra, signal) {
      const leasedCopy = await finder.find(extra, AbortSignal.any([signal, closing.signal]));
      leasedCopy.lease.signal.addEventListener("abort", () => lose(leasedCopy), { once: true });
      return leasedCopy;
    },
    onFree: () => freed(),
    onRefused: (error) =>
      say(`copies   no other copy: ${isVmrigError(error) ? error.summary : String(error)}`),
  });
  const idle = whenIdle({
    clock,
    idleMs: rig.lease.idle,
    signal: closing.signal,
    othersWait: () => finder.othersWait(),
    async rest() {
      const resting = pool.drain();
      for (const leasedCopy of resting) {
        claims.stale(leasedCopy);
        ahead.drop(leasedCopy);
      }
      if (resting.length > 0)
        say(
          `idle     ${resting.map(({ lease }) => lease.copy).join(", ")}: given back, nobody here needs it now`,
        );
      await Promise.all(resting.map((leasedCopy) => leasedCopy.release()));
    },
  });

  const pauses = createPauses({
    forMs: rig.keepFor,
    copies: rig.copies,
    say,
    clock,
    signal: closing.signal,
  });
  const ahead = createRollbackAhead({
    clock,
    guest: rig.driver.guest ?? "linux",
    say,
    signal: closing.signal,
  });
  /**
   * Machines that nobody has are made ready for the files that are still to come; not more of them
   * than there are files.
   */
  const goAhead = (): void => {
    if (closing.signal.aborted || over !== undefined) return;
    for (const leasedCopy of pool.free) {
      if (ahead.size >= expected - asked) return;
      if (claims.isBuiltOn(leasedCopy)) continue;
      claims.stale(leasedCopy);
      ahead.begin(leasedCopy);
    }
  };
  const freed = (): void => {
    goAhead();
    idle.watch(pool.quiet);
  };

  const claims = createClaims({
    rig,
    clock,
    say,
    async leaveOut(leasedCopy, error) {
      await finder.markBroken(leasedCopy, error);
      pool.discard(leasedCopy);
      await leasedCopy.release();
    },
    // The same one again would be as broken.
    ...(options.only === undefined && { another: (signal) => pool.take(signal) }),
    takeReady: (leasedCopy) => ahead.take(leasedCopy),
    giveBack(leasedCopy) {
      pool.give(leasedCopy);
      freed();
    },
  });

  const lose = (leasedCopy: LeasedCopy): void => {
    if (closing.signal.aborted || leasedCopy.lease.state !== "lost") return;
    const reason: unknown = leasedCopy.lease.signal.reason;
    claims.forget(leasedCopy);
    ahead.drop(leasedCopy);
    pool.discard(leasedCopy);
    void leasedCopy.release();
    if (isVmrigError(reason) && over === undefined) end(reason);
  };

  /** Takes a copy out of the run as it is. A run that has no other one ends with it. */
  const keep = async (leasedCopy: LeasedCopy): Promise<void> => {
    try {
      const until = await leasedCopy.keep(rig.keepFor, "after a failed run");
      say(
        `kept     ${leasedCopy.lease.copy}: as the failed tests left it, until ${new Date(until).toLocaleTimeString("en-GB")}`,
      );
      say(
        `kept     ${leasedCopy.lease.copy}: get in with \`vmrig ssh\`, give it back with \`vmrig release\``,
      );
    } catch (error) {
      say(
        `kept     ${leasedCopy.lease.copy}: could not be kept; ${isVmrigError(error) ? error.summary : String(error)}`,
      );
      pool.give(leasedCopy);
      return;
    }
    kept += 1;
    const message = `The run ends here: the machines of ${leasedCopy.copy.copy} are kept as its failed tests left them.`;
    if (kept >= (options.only === undefined ? rig.copies : 1))
      end(new VmrigError("CANCELLED", { message }));
    claims.stale(leasedCopy);
    pool.discard(leasedCopy);
  };

  const end = (reason: VmrigError): void => {
    over = reason;
    pool.dismiss(reason);
    for (const listener of listeners) listener(reason);
  };

  const shutDown = async (): Promise<void> => {
    const reason = new VmrigError("CANCELLED", {
      message: `The run was ended while it waited for rig "${rig.name}".`,
    });
    closing.abort(reason);
    await Promise.all(givingBack);
    const left = await pool.close(reason);
    await Promise.all(left.map((leasedCopy) => leasedCopy.release()));
    await idle.ended();
    await finder.close();
  };

  return {
    welcome: {
      rig: rig.name,
      machines: Object.keys(rig.machines),
      rollback: rig.rollback,
      strict: rig.strict,
      copies: rig.copies,
      onBusy: rig.lease.onBusy,
      evidence: {
        files: [...rig.evidence.files],
        secrets: [...rig.evidence.secrets],
        timeoutMs: rig.evidence.timeout,
      },
    },

    begin() {
      over = undefined;
      kept = 0;
      saidBusy = false;
      expected = 0;
      asked = 0;
      claims.stale();
      idle.watch(pool.quiet);
    },
    expect(count) {
      expected = count;
      goAhead();
    },
    async claim(rollback, signal) {
      if (over !== undefined) throw over;
      const both =
        signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      asked += 1;
      idle.disturb();
      let claim: Claim | undefined;
      try {
        const leasedCopy = await pool.take(both);
        claim = claims.open(leasedCopy, rollback);
        leasedCopy.lease.assertHeld();
        const known = rollback === "run" ? claims.again(claim) : undefined;
        return known ?? (await claims.handOut(claim, () => leasedCopy.rollBack(), both));
      } catch (error) {
        if (
          rig.lease.onBusy === "skip" &&
          isVmrigError(error) &&
          error.code === "RIG_BUSY" &&
          !saidBusy
        ) {
          saidBusy = true;
          say(`busy     ${error.summary} Tests that need it are skipped.`);
        }
        if (claim !== undefined) this.release(claim.id);
        idle.watch(pool.quiet);
        throw error;
      }
    },
    async rollBack(id) {
      const claim = claims.find(id);
      return claims.handOut(claim, () => claim.leasedCopy.rollBack(), closing.signal);
    },
    async heal(id, sick) {
      const claim = claims.find(id);
      for (const { machine, error } of sick)
        say(`broken   ${claim.leasedCopy.lease.copy} ${machine}: ${error.summary}`);
      return claims.handOut(claim, () => claim.leasedCopy.heal(sick), closing.signal);
    },
    console: async (id, name) =>
      consoleTail(rig.driver, { copy: claims.find(id).leasedCopy.copy, name }),
    act: async (id, command) => claims.act(claims.find(id), command),
    // It may be over when its turn has come.
    pause: async (id, failure) =>
      claims.pause(claims.find(id), async () => pauses.begin(claims.find(id), failure)),
    resume: (id) => pauses.resume(id),
    onPause: (listener) => pauses.listen(listener),
    release(id, failed = false) {
      const claim = claims.end(id);
      if (claim === undefined) return;
      // Whoever made it is gone.
      pauses.resume(id);
      const work = claim.work.then(async () => {
        if (claim.failed !== undefined) return undefined;
        // Those that stay are swept by the next holder.
        await claim.leasedCopy.forget().catch(() => {});
        return failed && rig.keep === "failed"
          ? keep(claim.leasedCopy)
          : pool.give(claim.leasedCopy);
      });
      givingBack.add(work);
      void work.finally(() => {
        givingBack.delete(work);
        freed();
      });
    },
    lost: (id) => claims.find(id).leasedCopy.lease.signal,
    onOver(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    close: () => (closed ??= shutDown()),
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}
