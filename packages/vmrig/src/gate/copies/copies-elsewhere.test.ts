import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { person } from "../../lease/fixtures/holders.ts";
import { findLeftovers } from "../../operations/sweep/sweep.ts";
import { readRigStatus } from "../../operations/rig-status.ts";
import {
  hasNamespaces,
  inNewPidNamespace,
  moduleUrl,
} from "../../local-files/pid-namespace.test.kit.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { openStates } from "../store/open-states.ts";
import { openStore } from "../store/open-store.ts";
import { rigOf, test } from "../test-gate.test.kit.ts";

/** Uses the machines of copies in another container, until it ends. */
const USE = `import { claimFolder } from ${moduleUrl("../../local-files/folder-claim.ts", import.meta.url)};
  for (const folder of process.argv.slice(1)) await claimFolder(folder, { what: "it" });
  console.log("claimed");
  setInterval(() => {}, 1000);`;

const TWO = { copies: 2, machines: { pc1: {} } };

test.runIf(hasNamespaces)(
  "with one Redis, a run takes the copy that no other container uses, and status shows both",
  async ({ testGate }) => {
    const { folders } = testGate;
    await using server = await RedisServer.start();
    vi.stubEnv("VMRIG_REDIS_URL", `unix://${server.socketPath}`);
    const [first = "", second = ""] = ["pcs-1", "pcs-2"].map((copy) =>
      join(folders.state, "rigs", copy),
    );
    await mkdir(first, { recursive: true });
    const container = inNewPidNamespace(USE, [first]);
    await container.line();
    const { gate, logLines } = testGate.run(TWO);
    expect(await gate.claim("file")).toMatchObject({ copy: "pcs-2" });
    expect(logLines).toContain("skip     pcs-1: another container uses its machines");
    const rig = rigOf(TWO);
    {
      await using store = await openStore(rig, folders);
      await using states = await openStates(rig, folders);
      expect((await readRigStatus({ rig, folders, store, states })).copies).toMatchObject([
        { copy: "pcs-1", elsewhere: expect.stringMatching(/^PID namespace/), machines: [] },
        { copy: "pcs-2", machines: [{ name: "pc1", power: "running" }] },
      ]);
    }
    await gate.close();
    await container.end();
    const both = inNewPidNamespace(USE, [first, second]);
    // The machine of the first run still runs here.
    await expect(both.line()).rejects.toThrow("HOME_SHARED");
  },
);

test.runIf(hasNamespaces)(
  "a run is refused when another container uses every copy; sweep leaves them alone",
  async ({ testGate }) => {
    const { folders } = testGate;
    await using server = await RedisServer.start();
    vi.stubEnv("VMRIG_REDIS_URL", `unix://${server.socketPath}`);
    const copies = ["pcs-1", "pcs-2"].map((copy) => join(folders.state, "rigs", copy));
    const container = inNewPidNamespace(USE, copies);
    await container.line();
    await expect(testGate.run(TWO).gate.claim("file")).rejects.toMatchObject({
      code: "HOME_SHARED",
      summary: "Another container uses the machines of pcs-1.",
    });
    const { signal } = new AbortController();
    const holder = person("alice");
    expect(
      await findLeftovers({ rig: rigOf(TWO), folders, holder, say: () => {}, signal }),
    ).toEqual([]);
  },
);
