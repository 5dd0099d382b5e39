import { expect, test } from "vitest";
import type { CopyStatus, RigStatus } from "../operations/rig-status.ts";
import { renderStatus, shapeOf } from "./render-status.ts";

const NOW = Date.parse("2026-01-02T12:00:00Z");
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const holder = (who: string) => ({ who, host: "laptop", command: "vitest run", session: who });

const FREE: CopyStatus = { copy: "pcs-1", state: "free", fence: 0, applying: [], machines: [] };
const STATUS: RigStatus = {
  rig: "pcs",
  redis: { address: "redis://redis:6379", running: true },
  copies: [FREE],
  queue: [],
};

const rendered = (copy: Partial<CopyStatus>, more: Partial<RigStatus> = {}): string[] =>
  renderStatus({ ...STATUS, copies: [{ ...FREE, ...copy }], ...more }, NOW).split("\n");

test("a free rig takes a few lines", () => {
  expect(rendered({})).toEqual([
    "rig      pcs: 1 copy, leases in redis://redis:6379",
    "",
    "pcs-1    free",
    "  no Terraform state; no fence yet",
    "",
    "queue    empty",
    "",
  ]);
});

test("machines that are off are billed, and the status says so", () => {
  const costs = {
    currency: "EUR",
    hourly: { net: 0.01, gross: 0.0119 },
    monthly: { net: 7, gross: 8.33 },
    items: [
      { what: "server 1", hourly: { net: 0.01, gross: 0.0119 }, monthly: { net: 7, gross: 8.33 } },
    ],
    unpriced: 0,
  };
  const machine = { name: "pc1", snapshots: [], baseline: "none" } as const;
  const lines = (power: "off" | "running") =>
    rendered({ machines: [{ ...machine, power }] }, { costs }).slice(6, -3);
  const priced = [
    "cost     0.0100 EUR an hour, 7.00 EUR a month net (gross: 0.0119, 8.33)",
    "  server 1   0.0100 an hour   7.00 a month",
  ];
  expect(lines("running")).toEqual([...priced]);
  expect(lines("off")).toEqual([...priced, "  machines that are off are billed, too"]);
  const none = { ...costs, items: [] };
  expect(rendered({}, { costs: none })).toContain("cost     nothing is billed for this rig");
});

test("a copy that only was used again has the same shape", () => {
  const used = (lastUsed: string): RigStatus => ({ ...STATUS, copies: [{ ...FREE, lastUsed }] });
  expect(shapeOf(used(at(-10)))).toBe(shapeOf(used(at(-5))));
  expect(rendered({ lastUsed: at(-7200) })[2]).toBe("pcs-1    free, last used 2.0 h ago");
});

test("a copy whose machines another container uses says in which", () => {
  const elsewhere = "PID namespace 7 on ci, since 2026-01-02T11:00:00.000Z";
  expect(rendered({ elsewhere })[3]).toBe(`  in another container: ${elsewhere}`);
});

test("machines are listed in columns, above their state", () => {
  const lines = rendered({
    fence: 7,
    applying: ["pc1"],
    terraform: { version: 4, owner: "me" },
    machines: [
      {
        name: "pc1",
        power: "running",
        address: { host: "127.0.0.1", port: 2222 },
        snapshots: [],
        location: "pid 7",
        baseline: "current",
        upToDate: at(-3 * 86_400 - 60),
      },
      {
        name: "server",
        power: "off",
        snapshots: [],
        baseline: "other",
        upToDate: at(-7_300),
      },
    ],
  });
  expect(lines.slice(3, 6)).toEqual([
    "  pc1      running   127.0.0.1:2222   baseline current, 3 days old            pid 7",
    "  server   off       -                baseline of another config, 2.0 h old",
    "  Terraform state version 4, apply of pc1 not completed; fence 7",
  ]);
});

test("a machine that is incomplete, or whose record cannot be read, is marked", () => {
  const lines = rendered({
    machines: [
      { name: "pc1", power: "running", snapshots: [], incomplete: true, baseline: "none" },
      { name: "pc2", power: "off", snapshots: [], unreadable: "EACCES", baseline: "none" },
    ],
  });
  expect(lines.slice(3, 5)).toEqual([
    "  pc1   running, incomplete   -   no baseline",
    "  pc2   off, unreadable       -   no baseline",
  ]);
});

test.for<[title: string, copy: Partial<CopyStatus>, line: string]>([
  [
    "a holder, the duration and the expiry of its lease",
    { state: "held", holder: holder("alice"), since: at(-41), expires: at(28) },
    "pcs-1    held by alice@laptop (vitest run) for 41 s, expires in 28 s unless renewed",
  ],
  [
    "a lock that was set by hand",
    { state: "held", holder: { ...holder("unknown"), command: "" } },
    "pcs-1    held by unknown@laptop, without an expiry",
  ],
  [
    "a broken copy that is free",
    { broken: { since: at(-180), cause: "x" } },
    "pcs-1    free, but skipped by runs",
  ],
])("%s", ([, copy, line]) => {
  expect(rendered(copy)[2]).toBe(line);
});

test("a broken copy shows its first cause and the time since then", () => {
  expect(
    rendered({ broken: { since: at(-180), cause: "pc2 of pcs-1 cannot be brought back." } })[3],
  ).toBe("  broken   for 3 min: pc2 of pcs-1 cannot be brought back.");
});

test("a retained copy shows its end and its reason, and to its holder the commands for it", () => {
  const retained = { until: at(720), why: "after a failed run", yours: false };
  const copy = {
    state: "retained",
    holder: holder("alice"),
    since: at(-60),
    expires: at(720),
  } as const;
  expect(rendered({ ...copy, retained })[2]).toMatch(
    /^pcs-1 {4}retained by alice@laptop after a failed run until \d\d:\d\d, for another 12 min$/,
  );
  expect(rendered({ ...copy, retained: { ...retained, yours: true } })[2]).toMatch(
    /12 min: log in with `vmrig ssh`, release it with `vmrig release`$/,
  );
});

test("the queue is shown in order, with the acceptable copies of each entry", () => {
  const waiting = (position: number, who: string, more = {}) => ({
    position,
    holder: holder(who),
    since: at(-12),
    extra: false,
    accepts: ["pcs-1"],
    ...more,
  });
  expect(
    rendered(
      {},
      { queue: [waiting(1, "bob"), waiting(2, "carol", { extra: true, accepts: ["pcs-9"] })] },
    ).slice(-3),
  ).toEqual([
    "queue    1. bob@laptop (vitest run) waits for 12 s",
    "queue    2. carol@laptop (vitest run) waits for 12 s, for one more copy",
    "",
  ]);
  const two = { copies: [FREE, { ...FREE, copy: "pcs-2" }], queue: [waiting(1, "bob")] };
  expect(rendered({}, two)).toContain(
    "queue    1. bob@laptop (vitest run) waits for 12 s, for pcs-1 only",
  );
});

test("elapsed time alone is no change; a new holder is", () => {
  const held = (since: number, who: string): string =>
    shapeOf({
      ...STATUS,
      copies: [
        { ...FREE, state: "held", holder: holder(who), since: at(since), expires: at(since + 30) },
      ],
    });
  expect(held(-2, "alice")).toBe(held(-1, "alice"));
  expect(held(-1, "bob")).not.toBe(held(-1, "alice"));
});
