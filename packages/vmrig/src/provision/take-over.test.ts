import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { CREATE, machine } from "./file-driver.test.kit.ts";
import { heldGuard, PC1, PC2, test, type TestRig } from "./test-rig.test.kit.ts";
import { created, expectWhole } from "./whole-rig.test.kit.ts";

/** Creates both machines, lets a test use them, and empties the state. */
async function setUpUsed(testRig: TestRig): Promise<void> {
  await testRig.provision();
  testRig.driver.snapshots = ["pristine"];
  await testRig.emptyState();
}

async function marks(testRig: TestRig): Promise<string[]> {
  return [await created(testRig, "pc1"), await created(testRig, "pc2")];
}

async function tainted(testRig: TestRig): Promise<string[]> {
  const resources = (await testRig.state()).state?.resources ?? [];
  return resources.filter((resource) => resource.tainted).map(({ name }) => name);
}

async function interrupt(testRig: TestRig): Promise<void> {
  const begun = join(testRig.copy.folder, "begun");
  testRig.driver.create = `touch ${begun}; sleep 20; ${CREATE}`;
  const lease = new AbortController();
  const run = testRig.provision({ guard: heldGuard(lease.signal) });
  const ended = expect(run).rejects.toThrow("Ctrl-C");
  await waitFor({
    what: "the create step to begin",
    timeoutMs: 30_000,
    intervalMs: 20,
    probe: async () =>
      (await stat(begun).catch(() => undefined)) ? { value: true } : { seen: "no file" },
  });
  lease.abort(new Error("Ctrl-C"));
  await ended;
}

async function fail(testRig: TestRig): Promise<void> {
  testRig.driver.create = "exit 1";
  await expect(testRig.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
}

test.for([
  ["was interrupted", interrupt],
  ["failed", fail],
] as const)(
  "used machines survive a take-over that %s and tainted them",
  async ([, stop], { testRig }) => {
    await setUpUsed(testRig);
    const before = await marks(testRig);
    await stop(testRig);
    expect(await tainted(testRig)).toContain("pc1");
    testRig.driver.create = CREATE;

    await testRig.provision();

    expect(await marks(testRig)).toEqual(before);
    expect(testRig.driver.removed).toEqual([]);
    await expectWhole(testRig);
  },
);

test("a used machine survives a restored backup in which it is tainted", async ({ testRig }) => {
  testRig.driver.create = `test "$(basename "$1")" = pc1 || exit 1; ${CREATE}`;
  await expect(testRig.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
  testRig.driver.create = CREATE;
  const older = await testRig.stored();
  await testRig.provision();
  testRig.driver.snapshots = ["pristine"];
  const before = await marks(testRig);
  await testRig.replaceState(older.text);
  expect(await tainted(testRig)).toEqual(["pc2"]);

  await testRig.provision();

  expect(await marks(testRig)).toEqual(before);
  await expectWhole(testRig);
});

test("a take-over that was killed after Terraform saved the new id is completed by the next run", async ({
  testRig,
}) => {
  await setUpUsed(testRig);
  const before = await marks(testRig);
  await testRig.provision();
  const { text } = await testRig.stored();
  const id = (await testRig.state()).state?.resources.find(({ name }) => name === "pc2")?.id;
  const applying = ["pc1", "pc2"];
  await testRig.replaceState(text.replace(id ?? "", "the new id"), { applying });

  await testRig.provision();

  expect(await marks(testRig)).toEqual(before);
  expect(testRig.output).toContain(`plan: adopt ${PC2}`);
  expect(await testRig.destroyInputs()).toEqual([]);
  await expectWhole(testRig);
});

test("a refused plan taints no machine", async ({ testRig }) => {
  await testRig.provision();
  testRig.driver.snapshots = ["pristine"];
  const older = await testRig.stored();
  await testRig.provision({ replace: new Set([PC1]) });
  await testRig.replaceState(older.text);
  testRig.copy = { ...testRig.copy, machines: [machine("pc1"), machine("pc2", 1024)] };

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    details: [`${PC2} would be replaced: memory_mb 512 → 1024`],
  });
  expect(await tainted(testRig)).toEqual([]);
});

test("a used machine that the config describes differently is replaced only with permission", async ({
  testRig,
}) => {
  await setUpUsed(testRig);
  const [pc1, pc2] = await marks(testRig);
  testRig.copy = { ...testRig.copy, machines: [machine("pc1", 1024), machine("pc2")] };

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      expect.stringMatching(/it is not in the state, and the config describes another machine$/),
      expect.anything(),
    ] as unknown,
    hint: `return to the right version of the state with \`vmrig state rollback\`, or to the config that describes these machines; or replace or delete them: \`vmrig up --allow ${PC1}\``,
  });
  await testRig.provision({ allow: new Set([PC1]) });

  expect(testRig.driver.removed).toEqual(["pc1"]);
  expect(await created(testRig, "pc1")).not.toBe(pc1);
  expect(await created(testRig, "pc2")).toBe(pc2);
  await expectWhole(testRig);
});

test("permission alone replaces no machine that can be taken over, but repairs a broken copy", async ({
  testRig,
}) => {
  await setUpUsed(testRig);
  const before = await marks(testRig);
  await testRig.provision({ allow: new Set([PC1]) });
  expect(await marks(testRig)).toEqual(before);
  await testRig.emptyState();

  await testRig.provision({ replace: new Set([PC1]) });

  expect(testRig.driver.removed).toEqual(["pc1"]);
  expect(await created(testRig, "pc2")).toBe(before[1]);
  await expectWhole(testRig);
});
