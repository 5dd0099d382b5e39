import { expect, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { claimsToCome, NEW_RUN, nextRunState, type RunEvent, type RunState } from "./run-state.ts";

const reason = new VmrigError("LEASE_LOST", { message: "gone" });
const after = (...events: RunEvent[]): RunState => events.reduce(nextRunState, NEW_RUN);

test("counts the claims that are still to come", () => {
  expect(claimsToCome(after({ type: "expected", claims: 3 }, { type: "claimed" }))).toBe(2);
});

test("a run that ended is over with its reason, until the runner starts over", () => {
  const over = after({ type: "retained" }, { type: "ended", reason });
  expect(over).toMatchObject({ kind: "over", reason, retained: 1 });
  expect(nextRunState(over, { type: "begun" })).toEqual(NEW_RUN);
});

test("a closed gate stays closed", () => {
  const closed = after({ type: "closed", reason });
  expect(nextRunState(closed, { type: "begun" })).toBe(closed);
  expect(nextRunState(closed, { type: "ended", reason })).toBe(closed);
});
