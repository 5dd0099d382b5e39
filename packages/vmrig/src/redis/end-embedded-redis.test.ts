import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { person } from "../lease/fixtures/holders.ts";
import { PCS } from "../lease/fixtures/rigs.ts";
import { openLeaseStore } from "../lease/open-lease-store.ts";
import { folderUse } from "../local-files/folder-use.ts";
import {
  hasNamespaces,
  inNewPidNamespace,
  moduleUrl,
} from "../local-files/pid-namespace.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { embeddedRedis } from "./embedded-redis.ts";
import { endIdleRedis } from "./end-embedded-redis.ts";
import { endRedis } from "./end-redis.test.kit.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let home: string;
let folders: { readonly folder: string; readonly dataFolder: string };
beforeEach(async () => {
  home = await tempFolder();
  folders = { folder: join(home, "run"), dataFolder: join(home, "redis") };
  onTestFinished(() => endRedis(folders.dataFolder));
});

test("an idle server ends, and the next one has its leases", async () => {
  const redis = await embeddedRedis(folders);
  {
    await using store = await openLeaseStore({ redis });
    await store.acquire(PCS, { holder: person("alice"), waitForMs: 1000, ttlMs: 60_000 });
  }
  expect(await endIdleRedis(folders)).toBe(true);
  expect(await readdir(folders.folder)).toEqual([]);
  expect(await endIdleRedis(folders)).toBe(false);
  await using store = await openLeaseStore({ redis: await embeddedRedis(folders) });
  expect((await store.view(PCS)).copies[0]?.fence).toBeGreaterThan(0);
});

test("a server with a client stays reachable", async () => {
  await using store = await openLeaseStore({ redis: await embeddedRedis(folders) });
  expect(await endIdleRedis(folders)).toBe(false);
  expect(await readdir(folders.folder)).toEqual(["redis.sock"]);
  await store.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
});

test("runs that come while it ends get a server", async () => {
  await embeddedRedis(folders);
  const runs = Array.from({ length: 5 }, async () => {
    await using store = await openLeaseStore({ redis: await embeddedRedis(folders) });
    return await store.view(PCS);
  });
  const outcomes = await Promise.allSettled([endIdleRedis(folders), ...runs]);
  // A run that pinged the old server just before may find it gone, and asks again.
  expect(outcomes[0]?.status).toBe("fulfilled");
  await using store = await openLeaseStore({ redis: await embeddedRedis(folders) });
  expect((await store.view(PCS)).queue).toEqual([]);
});

/** Starts the embedded Redis and ends it on demand, as `vmrig down` in a container does. */
const START_AND_END = `import { embeddedRedis } from ${moduleUrl("./embedded-redis.ts", import.meta.url)};
  import { endIdleRedis } from ${moduleUrl("./end-embedded-redis.ts", import.meta.url)};
  const [folder, dataFolder] = process.argv.slice(1);
  await embeddedRedis({ folder, dataFolder });
  console.log(await endIdleRedis({ folder, dataFolder }));
  setInterval(() => {}, 1000);`;

test.runIf(hasNamespaces)(
  "a container that ended its server leaves the home to others",
  async () => {
    const container = inNewPidNamespace(START_AND_END, [join(home, "there"), folders.dataFolder]);
    expect(await container.line()).toBe("true");
    expect(await folderUse(home)).toBe("free");
    await embeddedRedis(folders);
    expect(await folderUse(home)).toBe("here");
  },
);
