import { z } from "zod";
import type { Driver } from "../driver/driver.ts";
import { DEFAULT_NAMESPACE } from "../redis/namespace.ts";
import { describeAddress, serverOf, SEVERAL } from "../redis/address.ts";
import { duration, size } from "./units.ts";

const DAY_MS = 86_400_000;

/** Returns a schema for text of one form, with one message for all other values. */
function text(form: RegExp, expected: string): z.ZodString {
  return z.string(`expected ${expected}`).regex(form, `expected ${expected}`);
}

/** Returns a schema for an object. Its error for an unknown key lists the known keys. */
function fields<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `does not know ${quoted(issue.keys)}; it knows ${Object.keys(shape).join(", ")}`
        : undefined,
  });
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(", ");
}

const name = text(
  /^(?!localhost$)[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/,
  'a lower-case name such as "pcs": letters, digits and "-", at most 32, starting with a letter',
);

const file = z.union(
  [
    z.string(),
    fields({
      content: z.string(),
      /** Octal, as for chmod. */
      mode: text(/^0?[0-7]{3,4}$/, 'an octal mode such as "0644"').default("0644"),
      owner: text(/^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$/, '"user" or "user:group"').default(
        "root:root",
      ),
    }),
  ],
  'expected the content, or { content: "…", mode: "0644", owner: "root:root" }',
);

const recipe = fields({
  packages: z.array(text(/^[a-zA-Z0-9][a-zA-Z0-9+._:=~-]*$/, "a package name")).default([]),
  files: z
    .record(text(/^\/[^\0]*[^\0/]$/, "the absolute path of a file on the machine"), file)
    .default({})
    .transform((files) =>
      Object.entries(files).map(([path, value]) => ({
        path,
        ...(typeof value === "string"
          ? { content: value, mode: "0644", owner: "root:root" }
          : value),
      })),
    ),
  run: z.array(text(/\S/, "a command")).default([]),
});

const COPIES = "expected a whole number from 1 to 32";
const CPUS = "expected a whole number from 1 to 64";

const machine = fields({
  cpus: z.int(CPUS).min(1, CPUS).max(64, CPUS).default(1),
  memory: size
    .default(512)
    .refine(
      (mb) => mb >= 256 && Number.isInteger(mb),
      "expected whole megabytes, at least 256MB: Linux does not boot in less",
    ),
  disk: size
    .default(4096)
    .refine(
      (mb) => mb >= 4096 && mb % 1024 === 0,
      "expected whole gigabytes, at least 4GB: a disk cannot be smaller than its image",
    ),
  prepare: recipe.prefault({}),
}).transform(({ memory, disk, ...rest }) => ({ ...rest, memoryMb: memory, diskGb: disk / 1024 }));

const driver = z.custom<Driver>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    "declare" in value &&
    typeof value.declare === "function",
  'expected a driver, such as qemu() of "@vmrig/driver-qemu"',
);

const REDIS_URL = 'expected a URL such as "redis://host:6379", or "rediss://host:6379" for TLS';

function isRedisUrl(url: string): boolean {
  try {
    return describeAddress({ url }) !== "";
  } catch {
    return false;
  }
}

const redisUrl = z.string(REDIS_URL).refine(isRedisUrl, REDIS_URL);

/**
 * Several Redises must be independent of each other, and their number must not allow a tied vote.
 */
const redisUrls = z
  .array(redisUrl, "expected a list of URLs")
  .refine(
    (urls) => SEVERAL.includes(urls.length),
    "expected 3 or 5 URLs: one Redis is `redis.url`, and with an even number a vote can tie",
  )
  .refine(
    (urls) =>
      !urls.every(isRedisUrl) || new Set(urls.map((url) => serverOf({ url }))).size === urls.length,
    "expected servers that run independently of each other, each once; another database of one server is the same server",
  );

const pemFile = text(/\S/, "the path of a PEM file");

const redis = fields({
  url: redisUrl.optional(),
  urls: redisUrls.optional(),
  prefix: text(
    /^[a-zA-Z0-9]([\w.:-]{0,62}[\w.-])?$/,
    'a prefix of keys such as "vmrig" or "team-a:vmrig": letters, digits, ".", "_", ":" and "-", at most 64',
  ).default(DEFAULT_NAMESPACE),
  tls: fields({
    ca: pemFile.optional(),
    cert: pemFile.optional(),
    key: pemFile.optional(),
    servername: text(/^[\w.-]+$/, "a host name").optional(),
  })
    .refine(
      ({ cert, key }) => (cert === undefined) === (key === undefined),
      "expected cert and key together",
    )
    .optional(),
}).check(({ value: { url, urls, tls }, issues }) => {
  if (url !== undefined && urls !== undefined) {
    issues.push({
      code: "custom",
      path: ["urls"],
      input: urls,
      message: "expected either redis.url or redis.urls",
    });
  }
  if (tls === undefined) return;
  const message = "expected rediss://, because redis.tls is set";
  if (url?.startsWith("rediss:") === false)
    issues.push({ code: "custom", path: ["url"], input: url, message });
  for (const [i, one] of (urls ?? []).entries()) {
    if (!one.startsWith("rediss:"))
      issues.push({ code: "custom", path: ["urls", i], input: one, message });
  }
});

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
  redis: redis.optional(),
  state: z
    .discriminatedUnion(
      "backend",
      [fields({ backend: z.literal("local") })],
      'expected { backend: "local" }',
    )
    .default({ backend: "local" }),
}).check(
  ({
    value: {
      driver: { locality },
      state,
    },
    issues,
  }) => {
    if (locality !== "shared" || state.backend !== "local") return;
    issues.push({
      code: "custom",
      path: ["state", "backend"],
      input: state.backend,
      message:
        "expected a shared backend: others use this driver's machines too, and must see the same state",
    });
  },
);

/** A config as a person writes it. */
export type RigConfig = z.input<typeof rigSchema>;

/** A config as vmrig uses it, with every default filled in and every unit resolved. */
export type ResolvedRig = z.output<typeof rigSchema>;
