import { expect, test } from "vitest";
import { checkConfig } from "./check.ts";
import { driver, good, mistakes } from "./check.test.kit.ts";
import type { RigConfig } from "./schema.ts";

const STORES =
  'expected { store: "file" }, { store: "redis" }, { store: "pg", … } or { store: "s3", … }';
const shared = { ...driver, locality: "shared" } as const;

test.each<[title: string, config: unknown, mistake: string]>([
  [
    "a driver with shared machines and a state on this computer",
    { ...good, driver: shared, state: { store: "file" } },
    'state.store: expected a store that others reach: they use this driver\'s machines too, and must see the same state, got "file"',
  ],
  [
    "a driver of this computer's machines and a shared state",
    { ...good, state: { store: "redis" } },
    'state.store: expected "file": the machines of this driver are on this computer, and so is their state, got "redis"',
  ],
  [
    "an unknown key of the state",
    { ...good, state: { store: "file", path: "x" } },
    'state: unknown setting "path"; available: store',
  ],
  [
    "another store",
    { ...good, state: { store: "local" } },
    `state.store: ${STORES}, got { store: 'local' }`,
  ],
  [
    "a database without a URL",
    { ...good, driver: shared, state: { store: "pg", url: "db.example.com" } },
    'state.url: expected a URL such as "postgres://vmrig@db.example.com/vmrig?sslmode=verify-full"; the password comes from PGPASSWORD, got "db.example.com"',
  ],
  [
    "a bucket without a region",
    { ...good, driver: shared, state: { store: "s3", bucket: "states" } },
    'state.region: is missing; expected a region such as "eu-central-1"',
  ],
])("refuses %s", (_title, config, mistake) => {
  expect(mistakes(config)).toEqual([mistake]);
});

test.each<[string, Pick<RigConfig, "state">]>([
  [
    "PostgreSQL",
    {
      state: {
        store: "pg",
        url: "postgres://vmrig@db.example.com/vmrig?sslmode=verify-full",
      },
    },
  ],
  [
    "a bucket",
    {
      state: { store: "s3", bucket: "team-states", region: "eu-central-1" },
    },
  ],
])("accepts %s as the store of a state, as the guide shows it", (_, config) => {
  expect(checkConfig({ ...good, driver: shared, ...config }, "f").state).toMatchObject(
    config.state ?? {},
  );
});
