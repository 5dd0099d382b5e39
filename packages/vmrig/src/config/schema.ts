import { z } from "zod";
import type { Driver } from "../driver/driver.ts";
import { fields, name, text } from "./fields.ts";
import { machine } from "./machine-schema.ts";
import { recipe } from "./recipe-schema.ts";
import { redis } from "./redis-schema.ts";
import { rest } from "./rest-schema.ts";
import { stateStore } from "./state-schema.ts";
import { duration } from "./units.ts";

const DAY_MS = 86_400_000;
const COPIES = "expected a whole number from 1 to 32";

const driver = z.custom<Driver>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    "declare" in value &&
    typeof value.declare === "function",
  'expected a driver, such as qemu() of "@vmrig/driver-qemu"',
);

export const ROLLBACK_POLICIES = ["run", "file", "test"] as const;

/**
 * How often machines go back to their baseline: once per run, before each file, or before each
 * test.
 */
export type RollbackPolicy = (typeof ROLLBACK_POLICIES)[number];

/**
 * When all copies are held by others: wait in the queue, fail immediately, or skip the tests that
 * need machines.
 */
const ON_BUSY = ["wait", "fail", "skip"] as const;

/** Whether a failed test file retains its machines, leased to the user of the run. */
const KEEP = ["never", "failed"] as const;

/** Whether a test that leaves something behind fails, is reported, or neither. */
export type Strict = boolean | "report";

/** Names of other fixtures that Vitest passes to a test in the same object. */
const TAKEN: ReadonlySet<string> = new Set([
  "annotate",
  "bench",
  "expect",
  "rig",
  "signal",
  "skip",
  "task",
]);

/** Shape, defaults and messages of the config. */
export const rigSchema = fields({
  name,
  driver,
  machines: z
    .record(
      name.refine(
        (word) => !TAKEN.has(word),
        "expected another name: test runners use this one for a fixture of their own",
      ),
      machine,
    )
    .refine(
      (machines) => Object.keys(machines).length > 0,
      "expected at least one machine, such as { pc1: {} }",
    )
    .refine((machines) => Object.keys(machines).length <= 32, "expected at most 32 machines"),
  copies: z.int(COPIES).min(1, COPIES).max(32, COPIES).default(1),
  prepare: recipe.prefault({}),
  rollback: z.enum(ROLLBACK_POLICIES).default("file"),
  strict: z
    .union([z.boolean(), z.literal("report")], 'expected true, false or "report"')
    .default(false),
  keep: z.enum(KEEP).default("never"),
  keepFor: duration
    .default(1_800_000)
    .refine((ms) => ms >= 60_000 && ms <= DAY_MS, 'expected "1m" to "24h"'),
  evidence: fields({
    files: z
      .array(text(/^\/[^\0]*[^\0/]$/, "the absolute path of a file on the machines"))
      .default([]),
    /** Names, not values: values of secrets do not belong in a config. */
    secrets: z.array(text(/^[A-Za-z_]\w*$/, "the name of an environment variable")).default([]),
    timeout: duration
      .default(10_000)
      .refine((ms) => ms >= 100 && ms <= 300_000, 'expected "100ms" to "5m"'),
  }).prefault({}),
  lease: fields({
    ttl: duration
      .default(30_000)
      .refine((ms) => ms >= 1_000 && ms <= DAY_MS, 'expected "1s" to "24h"'),
    waitFor: duration.default(900_000).refine((ms) => ms <= DAY_MS, 'expected at most "24h"'),
    onBusy: z.enum(ON_BUSY).default("wait"),
    idle: duration.default(60_000).refine((ms) => ms <= DAY_MS, 'expected at most "24h"'),
  }).prefault({}),
  rest: rest.optional(),
  redis: redis.optional(),
  state: stateStore.optional(),
}).check(({ value: { driver, state }, issues }) => {
  if (state === undefined) return;
  const shared = driver.locality === "shared";
  if (shared === (state.store !== "file")) return;
  issues.push({
    code: "custom",
    path: ["state", "store"],
    input: state.store,
    message: shared
      ? "expected a store that others reach: they use this driver's machines too, and must see the same state"
      : 'expected "file": the machines of this driver are on this computer, and so is their state',
  });
});

/** A config as a person writes it. */
export type RigConfig = z.input<typeof rigSchema>;

/** A config as vmrig uses it, with every default filled in and every unit resolved. */
export type ResolvedRig = z.output<typeof rigSchema>;
