import { systemClock } from "../clock/clock.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Grant, Welcome } from "../protocol/messages.ts";
import type { Claim } from "./claims.ts";
import { consoleTail } from "./console-tail.ts";
import { copyFinder } from "./copies/find-copy.ts";
import type { GateOptions } from "./gate-options.ts";
import type { Gate } from "./gate.ts";
import { createPauses } from "./pauses.ts";
import { createRunCopies } from "./copies/run-copies.ts";
import { NEW_RUN, nextRunState, type RunEvent, type RunState } from "./run-state.ts";

/** Opens a gate. Nothing is leased until its first claim. */
export function openGate(options: GateOptions): Gate {
  const { rig, say, clock = systemClock } = options;
  const closing = new AbortController();
  const listeners = new Set<(reason: VmrigError) => void>();
  const finder = copyFinder({ ...options, until: closing.signal });
  let state: RunState = NEW_RUN;
  let closed: Promise<void> | undefined;

  const move = (event: RunEvent): void => {
    state = nextRunState(state, event);
  };
  const end = (reason: VmrigError): void => {
    move({ type: "ended", reason });
    copies.dismiss(reason);
    for (const listener of listeners) listener(reason);
  };
  const copies = createRunCopies({
    ...options,
    clock,
    finder,
    state: () => state,
    move,
    end,
    closing: closing.signal,
  });
  const { claims } = copies;
  const pauses = createPauses({
    forMs: rig.keepFor,
    copies: rig.copies,
    say,
    clock,
    signal: closing.signal,
  });

  const claim: Gate["claim"] = async (rollback, signal) => {
    if (state.kind === "over") throw state.reason;
    const until = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
    move({ type: "claimed" });
    copies.disturb();
    let opened: Claim | undefined;
    try {
      // 1. Take a copy that this run has leased, or wait in the queue for one.
      const leasedCopy = await copies.take(until);
      opened = claims.open(leasedCopy, rollback);
      leasedCopy.lease.assertHeld();
      // 2. Hand out its machines as they are, where one rollback serves the whole run.
      const known = rollback === "run" ? claims.again(opened) : undefined;
      if (known !== undefined) return known;
      // 3. Else roll them back first.
      return await claims.handOut(opened, () => leasedCopy.rollBack(), until);
    } catch (error) {
      reportBusyOnce(error);
      if (opened !== undefined) release(opened.id);
      copies.watchIdle();
      throw error;
    }
  };

  const reportBusyOnce = (error: unknown): void => {
    if (rig.lease.onBusy !== "skip" || state.busyReported) return;
    if (!isVmrigError(error) || error.code !== "RIG_BUSY") return;
    move({ type: "busyReported" });
    say(`busy     ${error.summary} Tests that need it are skipped.`);
  };

  const release: Gate["release"] = (id, failed = false) => {
    const ended = claims.end(id);
    if (ended === undefined) return;
    pauses.resume(id); // the claimant has left
    copies.takeBack(ended, failed);
  };

  const rollBackClaim = async (id: string): Promise<Grant> => {
    const found = claims.find(id);
    return claims.handOut(found, () => found.leasedCopy.rollBack(), closing.signal);
  };

  const shutDown = async (): Promise<void> => {
    const reason = new VmrigError("CANCELLED", {
      message: `The run stopped while waiting for rig "${rig.name}".`,
    });
    // 1. Refuse new claims; end the waits of those in the queue.
    move({ type: "closed", reason });
    closing.abort(reason);
    // 2. Release every copy.
    await copies.close(reason);
    // 3. Close the connections to Redis.
    await finder.close();
  };

  return {
    welcome: welcomeOf(rig),
    begin() {
      move({ type: "begun" });
      claims.stale();
      copies.watchIdle();
    },
    expect(count) {
      move({ type: "expected", claims: count });
      copies.rollBackAhead();
    },
    claim,
    rollBack: rollBackClaim,
    async recover(id, unhealthy) {
      const found = claims.find(id);
      for (const { machine, error } of unhealthy) {
        say(`broken   ${found.leasedCopy.lease.copy} ${machine}: ${error.summary}`);
      }
      return claims.handOut(found, () => found.leasedCopy.recover(unhealthy), closing.signal);
    },
    console: async (id, name) =>
      consoleTail(rig.driver, { copy: claims.find(id).leasedCopy.copy, name }),
    control: async (id, command) => claims.control(claims.find(id), command),
    // Found again when its turn has come: the claim may have ended until then.
    pause: async (id, failure) =>
      claims.pause(claims.find(id), async () => pauses.begin(claims.find(id), failure)),
    resume: (id) => pauses.resume(id),
    onPause: (listener) => pauses.listen(listener),
    release,
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

function welcomeOf(rig: ResolvedRig): Welcome {
  const { files, secrets, timeout } = rig.evidence;
  return {
    rig: rig.name,
    machines: Object.keys(rig.machines),
    rollback: rig.rollback,
    strict: rig.strict,
    copies: rig.copies,
    onBusy: rig.lease.onBusy,
    evidence: { files: [...files], secrets: [...secrets], timeoutMs: timeout },
  };
}
