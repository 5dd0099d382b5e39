import { expect, test } from "vitest";
import { checkConfig } from "./check.ts";
import { driver, good, mistakes } from "./check.test.kit.ts";

const DURATION = 'expected a duration such as "30s", "15m" or "2h"';

test.each<[title: string, config: unknown, mistake: string]>([
  [
    "an unknown key",
    { ...good, machine: {} },
    'the config: unknown setting "machine" (did you mean "machines"?); available: name, driver, machines, copies, prepare, rollback, strict, keep, keepFor, evidence, lease, rest, redis, state',
  ],
  [
    "an unknown key of the lease",
    { ...good, lease: { tll: "1s" } },
    'lease: unknown setting "tll" (did you mean "ttl"?); available: ttl, waitFor, onBusy, idle',
  ],
  ["a duration without a unit", { ...good, lease: { ttl: 30 } }, `lease.ttl: ${DURATION}, got 30`],
  [
    "a duration of nothing",
    { ...good, lease: { waitFor: "0s" } },
    `lease.waitFor: ${DURATION}, got "0s"`,
  ],
  [
    "a negative duration",
    { ...good, lease: { waitFor: "-5s" } },
    `lease.waitFor: ${DURATION}, got "-5s"`,
  ],
  [
    "a ttl too short to renew",
    { ...good, lease: { ttl: "999ms" } },
    'lease.ttl: expected "1s" to "24h", got 999',
  ],
  [
    "a ttl too long for a timer",
    { ...good, lease: { ttl: "999h" } },
    'lease.ttl: expected "1s" to "24h", got 3596400000',
  ],
  [
    "a wait too long for a timer",
    { ...good, lease: { waitFor: "999h" } },
    'lease.waitFor: expected at most "24h", got 3596400000',
  ],
  [
    "a rest without its action",
    { ...good, rest: { after: "8h" } },
    'rest.do: is missing; expected one of "power-off"|"destroy"|"keep"',
  ],
  [
    "a rest after less than a minute",
    { ...good, rest: { after: "59s", do: "keep" } },
    'rest.after: expected "1m" to "90d", got 59000',
  ],
  [
    "another word for rollback",
    { ...good, rollback: "suite" },
    'rollback: expected one of "run"|"file"|"test", got "suite"',
  ],
  [
    "another word for strict",
    { ...good, strict: "yes" },
    'strict: expected true, false or "report", got "yes"',
  ],
  ["nothing", null, "the config: expected object, got null"],
  ["a function that was not called", () => good, "the config: expected object, got a function"],
])("refuses %s", (_title, config, mistake) => {
  expect(mistakes(config)).toEqual([mistake]);
});

test("reports all mistakes together, and counts them", () => {
  const wrong = { name: "Pcs", driver, machines: { pc1: { cpus: 0 } }, rolback: "test" };
  expect(() => checkConfig(wrong, "/x/vmrig.config.ts")).toThrow(
    /^\/x\/vmrig\.config\.ts has 3 mistakes\.\n {2}name: .*\n {2}machines\.pc1\.cpus: .*\n {2}the config: /,
  );
  expect(() => checkConfig({ ...good, name: "Pcs" }, "/x/vmrig.config.ts")).toThrow(
    "/x/vmrig.config.ts has a mistake.\n",
  );
});

test.each([
  [
    "that is circular",
    (() => {
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      return circle;
    })(),
  ],
  ["that JSON cannot represent", 10n],
  ["that is very long", "x".repeat(10_000)],
  ["that is a symbol", Symbol("x")],
])("shows a value %s on one short line", (_title, value: unknown) => {
  const [mistake = ""] = mistakes({ ...good, rollback: value });
  expect(mistake).toMatch(/^rollback: expected one of "run"\|"file"\|"test", got /);
  expect(mistake.length).toBeLessThan(140);
});

test("fills in every default", () => {
  const nothing = { packages: [], files: [], run: [] };
  expect(checkConfig(good, "f")).toEqual({
    name: "pcs",
    driver,
    machines: { pc1: { cpus: 1, memoryMb: 512, diskGb: 4, prepare: nothing } },
    prepare: nothing,
    rollback: "file",
    strict: false,
    copies: 1,
    keep: "never",
    keepFor: 1_800_000,
    evidence: { files: [], secrets: [], timeout: 10_000 },
    lease: { ttl: 30_000, waitFor: 900_000, onBusy: "wait", idle: 60_000 },
  });
});

test("passes the driver through unchanged", () => {
  expect(checkConfig(good, "f").driver).toBe(driver);
});
