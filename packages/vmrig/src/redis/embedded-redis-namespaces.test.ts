import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { person } from "../lease/fixtures/holders.ts";
import { PCS } from "../lease/fixtures/rigs.ts";
import { openLeaseStore } from "../lease/open-lease-store.ts";
import {
  hasNamespaces,
  inNewPidNamespace,
  moduleUrl,
} from "../local-files/pid-namespace.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { embeddedRedis } from "./embedded-redis.ts";
import { endRedis } from "./end-redis.test.kit.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let base: string;
let dataFolder: string;
beforeEach(async () => {
  base = await tempFolder();
  dataFolder = join(base, "redis");
  onTestFinished(() => endRedis(dataFolder));
});

/** Starts the embedded Redis with a separate folder for sockets, as a container has its `/tmp`. */
const START = `import { embeddedRedis } from ${moduleUrl("./embedded-redis.ts", import.meta.url)};
  const [folder, dataFolder] = process.argv.slice(1);
  await embeddedRedis({ folder, dataFolder });
  console.log("started");
  setInterval(() => {}, 1000);`;

const startInContainer = (name: string) => inNewPidNamespace(START, [join(base, name), dataFolder]);

const start = () => embeddedRedis({ folder: join(base, "here"), dataFolder });

async function startsInLog(): Promise<number> {
  const log = await readFile(join(dataFolder, "redis.log"), "utf8");
  return log.split("Server initialized").length - 1;
}

test.runIf(hasNamespaces)(
  "a server in another container is no reason to start a second one on its data",
  async () => {
    const container = startInContainer("there");
    await container.line();
    await expect(start()).rejects.toMatchObject({
      code: "HOME_SHARED",
      summary: `Another container uses the embedded Redis of ${base}.`,
    });
    expect(await startsInLog()).toBe(1);
    await container.end();
    const { socketPath } = await start();
    await using leases = await openLeaseStore({ redis: { socketPath } });
    await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
    expect(await startsInLog()).toBe(2);
  },
);

test.runIf(hasNamespaces)("of containers that start it together, one has a server", async () => {
  const containers = ["a", "b", "c"].map(startInContainer);
  const lines = await Promise.allSettled(containers.map((container) => container.line()));
  expect(lines.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await startsInLog()).toBe(1);
});

test.runIf(hasNamespaces)("a container is refused while the server runs here", async () => {
  await start();
  await expect(startInContainer("there").line()).rejects.toThrow(
    `uses the embedded Redis of ${base}.`,
  );
  expect(await startsInLog()).toBe(1);
});
