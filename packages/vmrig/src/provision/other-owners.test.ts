import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import type { FoundResource } from "../driver/found-resource.ts";
import { claimFolder } from "../local-files/folder-claim.ts";
import { identifyProcess } from "../local-files/process-identity.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { person } from "../lease/fixtures/holders.ts";
import { StateSession } from "./state/state-session.ts";
import type { StateStore } from "./state/state-store.ts";
import { destroy } from "./destroy.ts";
import { isEngineRunning } from "./earlier-run/engine-record.ts";
import { test, type TestRig } from "./test-rig.test.kit.ts";

function withResources(testRig: TestRig, found: FoundResource[]): FoundResource[] {
  Object.assign(testRig.driver, {
    find: () => Promise.resolve(found),
    discard: (_copy: unknown, resource: FoundResource) => {
      found.splice(found.indexOf(resource), 1);
      return Promise.resolve();
    },
  });
  return found;
}

test("a second destroy still spares resources of another owner", async ({ testRig }) => {
  await testRig.provision();
  const found = withResources(testRig, [
    { address: "cloud_server.pc9", id: "9", owner: "another team", location: "server 9" },
  ]);
  const run = (): Promise<unknown> => destroy({ ...testRig.destroyOptions(), confirm: "pcs" });
  await expect(run()).rejects.toMatchObject({ code: "STATE_LOST" });
  expect(found).toHaveLength(1);

  await run().catch(() => {});

  expect(found).toHaveLength(1);
});

test("what a lost state had in a cloud is destroyed when a person names its owner, as the error does", async ({
  testRig,
}) => {
  const found = withResources(testRig, [
    { address: "cloud_server.pc9", id: "9", owner: "the lost state", location: "server 9" },
  ]);
  const hint = expect.stringContaining(
    "`vmrig destroy pcs --copy pcs-1 --owner the lost state`",
  ) as unknown;
  await expect(testRig.provision()).rejects.toMatchObject({ code: "STATE_LOST", hint });
  const confirmed = { ...testRig.destroyOptions(), confirm: "pcs" };
  await expect(destroy(confirmed)).rejects.toMatchObject({ code: "STATE_LOST", hint });
  expect(found).toHaveLength(1);

  await destroy({ ...confirmed, owner: "the lost state" });

  expect(found).toEqual([]);
});

describe("destroy removes the machines", () => {
  test("when the native state is damaged", async ({ testRig }) => {
    await mkdir(testRig.files.folder, { recursive: true });
    await writeFile(testRig.files.native, '{"version": 4, "ser');

    await expect(destroy({ ...testRig.destroyOptions(), confirm: "pcs" })).resolves.toBeDefined();
  });

  test("when the newest version in the store is cut", async ({ testRig }) => {
    await testRig.provision();
    const { version } = await testRig.stored();
    await writeFile(join(testRig.files.versions, `${version}.tfstate`), "");

    await destroy({ ...testRig.destroyOptions(), confirm: "pcs" });

    expect(await testRig.machines()).toEqual([]);
    expect((await testRig.provision()).created).toHaveLength(2);
  });
});

test("an engine of an earlier container has ended when this one has claimed the folder", async ({
  testRig,
}) => {
  using _claim = await claimFolder(testRig.copy.folder, { what: "the machines" });
  await mkdir(dirname(testRig.files.engine), { recursive: true });
  const engine = { ...(await identifyProcess(process.pid)), pidNamespace: "pid:[1]" };
  await writeFile(testRig.files.engine, JSON.stringify({ engine, fence: 7, base: 2 }));

  expect(await isEngineRunning(testRig.files)).toBe(false);
});

test("destroying a destroyed copy again spares resources of another owner", async ({ testRig }) => {
  const run = (): Promise<unknown> => destroy({ ...testRig.destroyOptions(), confirm: "pcs" });
  await testRig.provision();
  await run();
  const found = withResources(testRig, [
    { address: "cloud_server.pc9", id: "9", owner: "another team", location: "server 9" },
  ]);

  await run().catch(() => {});

  expect(found).toHaveLength(1);
});

test("an engine's last state is stored after a write whose reply was lost for good", async ({
  testRig,
}) => {
  await testRig.provision();
  const { text } = await testRig.stored();
  const newer = (by: number): string => {
    const state = JSON.parse(text) as { readonly serial: number };
    return JSON.stringify({ ...state, serial: state.serial + by });
  };
  let lost = true;
  const store: StateStore = {
    ...testRig.states,
    async write(copy, write) {
      const outcome = await testRig.states.write(copy, write);
      if (!lost) return outcome;
      lost = false;
      throw new VmrigError("STATE_UNREACHABLE", { message: "no reply" });
    },
  };
  const { copy } = testRig;
  const session = await StateSession.open({ store, copy, fence: 7, by: person("alice") });
  await expect(session.save(newer(1))).rejects.toMatchObject({ code: "STATE_UNREACHABLE" });

  await expect(session.save(newer(2))).resolves.toBeUndefined();
});
