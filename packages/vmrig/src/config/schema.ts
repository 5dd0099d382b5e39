import { z } from "zod";
import type { Driver } from "../driver/driver.ts";
import { duration, size } from "./units.ts";

const NAME = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;
const name = z.string().regex(NAME, 'expected a lower-case name such as "pcs": letters, digits and "-", at most 32, starting with a letter');

const file = z.union([
  z.string(),
  z.strictObject({
    content: z.string(),
    /** Octal, as for chmod. */
    mode: z.string().regex(/^0?[0-7]{3,4}$/, 'expected an octal mode such as "0644"').default("0644"),
    owner: z.string().regex(/^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$/, 'expected "user" or "user:group"').default("root:root"),
  }),
]);

const recipe = z.strictObject({
  packages: z
    .array(z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9+._:=~-]*$/, "expected a package name"))
    .default([]),
  files: z
    .record(z.string().startsWith("/", "expected an absolute path on the machine"), file)
    .default({})
    .transform((files) =>
      Object.entries(files).map(([path, value]) => ({
        path,
        ...(typeof value === "string" ? { content: value, mode: "0644", owner: "root:root" } : value),
      })),
    ),
  run: z.array(z.string().min(1)).default([]),
});

const machine = z
  .strictObject({
    cpus: z.int().min(1).max(64).default(1),
    memory: size.default(512).refine((mb) => mb >= 256, "expected at least 256MB: Linux does not boot in less"),
    disk: size.default(4096).refine((mb) => mb >= 1024 && mb % 1024 === 0, "expected whole gigabytes, at least 1GB"),
    prepare: recipe.prefault({}),
  })
  .transform(({ memory, disk, ...rest }) => ({ ...rest, memoryMb: memory, diskGb: disk / 1024 }));

const driver = z.custom<Driver>(
  (value) =>
    typeof value === "object" && value !== null && "name" in value && "declare" in value && typeof value.declare === "function",
  'expected a driver, such as qemu() of "@vmrig/driver-qemu"',
);

export const ROLLBACK_POLICIES = ["run", "file", "test"] as const;

/** How often machines go back to their baseline: once per run, before each file, or before each test. */
export type RollbackPolicy = (typeof ROLLBACK_POLICIES)[number];

/** The one place of the config's shape, its defaults and its messages. */
export const rigSchema = z.strictObject({
  name,
  driver,
  machines: z
    .record(name, machine)
    .refine((machines) => Object.keys(machines).length > 0, 'expected at least one machine, such as { pc1: {} }')
    .refine((machines) => Object.keys(machines).length <= 32, "expected at most 32 machines"),
  prepare: recipe.prefault({}),
  rollback: z.enum(ROLLBACK_POLICIES).default("file"),
  lease: z
    .strictObject({
      ttl: duration.default(30_000).refine((ms) => ms >= 1_000, 'expected at least "1s"'),
      waitFor: duration.default(900_000),
    })
    .prefault({}),
  redis: z
    .strictObject({ url: z.string().regex(/^(rediss?|unix):\/\//, 'expected a URL such as "redis://host:6379" or "rediss://host:6379"') })
    .optional(),
  state: z.discriminatedUnion("backend", [z.strictObject({ backend: z.literal("local") })]).default({ backend: "local" }),
});

/** What a person writes. */
export type RigConfig = z.input<typeof rigSchema>;

/** What vmrig works with: every default filled in, every unit resolved. */
export type ResolvedRig = z.output<typeof rigSchema>;
export type MachineRecipe = z.output<typeof recipe>;
