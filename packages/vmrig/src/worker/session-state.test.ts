import { expect, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Grant } from "../protocol/messages.ts";
import { nextState, type SessionState } from "./session-state.ts";

const grant: Grant = {
  claim: "1",
  copy: "pcs-1",
  fence: 7,
  baseline: "b",
  guest: "linux",
  nonce: "n",
  fresh: true,
  machines: [],
};
const epoch = { grant, off: new Set<string>() };
const ready: SessionState = { kind: "ready", epoch };
const done = Promise.resolve();
const other = Promise.resolve();
const rollingBack: SessionState = { kind: "rollingBack", epoch, done };
const failed: SessionState = { kind: "failed", epoch, reason: "no" };
const reason = new VmrigError("LEASE_LOST", { message: "gone" });

test("a rollback that succeeds begins a new epoch, with no machine switched off", () => {
  const next = nextState(rollingBack, { type: "rolledBack", done, grant });
  expect(next).toEqual({ kind: "ready", epoch: { grant, off: new Set() } });
  expect(next.epoch).not.toBe(epoch);
});

test("a rollback that fails leaves the machines in an unknown state, and keeps the epoch", () => {
  const next = nextState(rollingBack, { type: "rollbackFailed", done, reason: "no" });
  expect(next).toEqual({ kind: "failed", epoch, reason: "no" });
  expect(next.epoch).toBe(epoch);
});

test("a rollback starts from a failed state, too", () => {
  expect(nextState(failed, { type: "rollbackStarted", done })).toEqual(rollingBack);
});

test.each([
  { type: "rolledBack", done: other, grant } as const,
  { type: "rollbackFailed", done: other, reason: "no" } as const,
])("an earlier rollback ($type) does not end the one that runs", (event) => {
  expect(nextState(rollingBack, event)).toMatchObject({ kind: "rollingBack", done });
});

test("a restore that fails spoils the machines, unless a rollback runs", () => {
  expect(nextState(ready, { type: "spoiled", reason: "half" }).kind).toBe("failed");
  expect(nextState(rollingBack, { type: "spoiled", reason: "half" })).toBe(rollingBack);
});

test.each([ready, rollingBack, failed])(
  "$kind ends when the lease is lost or released",
  (state) => {
    expect(nextState(state, { type: "lost", reason })).toEqual({ kind: "lost", epoch, reason });
    expect(nextState(state, { type: "released", reason }).kind).toBe("released");
  },
);

test.each(["lost", "released"] as const)("%s is final", (type) => {
  const ended = nextState(ready, { type, reason });
  expect(nextState(ended, { type: "rollbackStarted", done })).toBe(ended);
  expect(nextState(ended, { type: "rolledBack", done, grant })).toBe(ended);
  expect(nextState(ended, { type: "lost", reason })).toBe(ended);
});
