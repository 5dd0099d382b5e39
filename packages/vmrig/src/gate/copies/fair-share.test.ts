import { expect, test } from "vitest";
import type { Holder } from "../../lease/lease.ts";
import type { LeaseView } from "../../lease/lease-view.ts";
import { demandFor, receiver } from "./fair-share.ts";

const COPIES = ["pcs-1", "pcs-2", "pcs-3", "pcs-4"];
const holder = (who: string): Holder => ({ who, host: "laptop", command: "", session: who });

/** Returns a view of four copies; "" is a free one. A waiter is a name, or a name and its copies. */
function viewOf(
  holders: readonly string[],
  waiters: readonly (string | readonly [who: string, ...accepts: string[]])[],
): LeaseView {
  return {
    rig: "pcs",
    copies: COPIES.map((copy, i) => ({
      copy,
      fence: 1,
      ...(holders[i] !== "" && {
        held: { copy, holder: holder(holders[i] ?? ""), fence: 1, expiresInMs: 1000 },
      }),
    })),
    queue: waiters.map((waiter) => {
      const [who, ...accepts] = typeof waiter === "string" ? [waiter, ...COPIES] : waiter;
      return { holder: holder(who), waitedMs: 0, extra: false, accepts };
    }),
  };
}

/** Returns the run that gets pcs-1 from alice. */
function getsFromAlice(view: LeaseView, leaving = 0): string | undefined {
  const own = view.copies.filter(({ held }) => held?.holder.who === "alice").length - leaving;
  return receiver(demandFor("pcs-1", { view, session: "alice" }), { own, leaving })?.holder.who;
}

test.each([
  ["gives one to a run without any", ["alice", "alice", "bob", "carol"], ["dave"], "dave"],
  ["keeps its only copy", ["alice", "bob", "bob", "carol"], ["dave"], undefined],
  ["gives none to itself", ["alice", "alice", "alice", "bob"], ["alice"], undefined],
  [
    "gives one to a run that has fewer even then",
    ["alice", "alice", "alice", "bob"],
    ["bob"],
    "bob",
  ],
  [
    "keeps what the other run would have to give back",
    ["alice", "alice", "bob", "carol"],
    ["bob"],
    undefined,
  ],
  [
    "prefers the run with the fewest",
    ["alice", "alice", "alice", "bob"],
    ["bob", "carol"],
    "carol",
  ],
  [
    "leaves a free copy to the run that waits",
    ["alice", "alice", "alice", ""],
    ["dave"],
    undefined,
  ],
] as const)("a run %s", (_what, holders, waiters, expected) => {
  expect(getsFromAlice(viewOf(holders, waiters))).toBe(expected);
});

test("a run gives a copy only to a run that accepts this copy", () => {
  const holders = ["alice", "alice", "alice", ""];
  expect(getsFromAlice(viewOf(holders, [["dave", "pcs-2"]]))).toBeUndefined();
  expect(getsFromAlice(viewOf(holders, [["dave", "pcs-1"]]))).toBe("dave");
});

test("a run that is giving one copy up gives no second one to the same run", () => {
  const holders = ["alice", "alice", "alice", "alice"];
  expect(getsFromAlice(viewOf(holders, ["bob"]), 1)).toBeUndefined();
  expect(getsFromAlice(viewOf(holders, ["bob", "carol"]), 1)).toBe("carol");
});

test("a retained copy does not count as a copy of the run that left it", () => {
  const view = viewOf(["alice", "alice", "bob", "carol"], ["bob"]);
  const retained = view.copies.map((copy) =>
    copy.held?.holder.who === "bob"
      ? { ...copy, held: { ...copy.held, retained: { until: 1, why: "" } } }
      : copy,
  );
  expect(getsFromAlice({ ...view, copies: retained })).toBe("bob");
});
