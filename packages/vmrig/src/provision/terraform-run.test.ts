import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect } from "vitest";
import { FINGERPRINT, CREATE, machine, waitUntilCreated } from "./file-driver.test.kit.ts";
import { heldGuard, PC1, PC2, test } from "./test-rig.test.kit.ts";
import { created, expectWhole } from "./whole-rig.test.kit.ts";

const SLOW = `${CREATE} && exec sleep 60`;

describe("a lost lease", () => {
  test("stops Terraform while it creates a machine; Terraform saves its state, and the next run replaces the machine", async ({
    testRig,
  }) => {
    const lease = new AbortController();
    const lost = new Error("lease lost");
    testRig.copy = { ...testRig.copy, machines: [machine("pc1")] };
    testRig.driver.create = SLOW;
    const running = testRig.provision({ guard: heldGuard(lease.signal) });
    running.catch(() => {});
    await waitUntilCreated(testRig.copy, "pc1");

    lease.abort(lost);

    await expect(running).rejects.toBe(lost);
    expect((await testRig.state()).state?.resources).toContainEqual(
      expect.objectContaining({ address: PC1, name: "pc1", tainted: true }),
    );
    testRig.driver.create = CREATE;
    expect(await testRig.provision()).toMatchObject({ replaced: [PC1] });
  });

  test("starts nothing when it was lost before the run", async ({ testRig }) => {
    const lost = new Error("lease lost");

    await expect(testRig.provision({ guard: heldGuard(AbortSignal.abort(lost)) })).rejects.toBe(
      lost,
    );
    await expect(access(testRig.files.folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("applies nothing when it was lost after the plan", async ({ testRig }) => {
    const lost = new Error("lease lost");
    let planned = false;
    // Without a signal: a gate that was paused until its lease expired may call this before its
    // timers run.
    const assertHeld = (): void => {
      if (planned) throw lost;
    };

    const running = testRig.provision({
      guard: { ...heldGuard(), assertHeld },
      say: (line) => (planned ||= line.startsWith("plan:")),
    });

    await expect(running).rejects.toBe(lost);
    expect(await testRig.machines()).toEqual([]);
  });
});

test.for([
  ["is killed", (pid: number): boolean => process.kill(pid, "SIGKILL")],
  ["gets Ctrl-C in the terminal", (pid: number): boolean => process.kill(-pid, "SIGINT")],
] as const)(
  "Terraform ends when its gate %s; the next run waits for its end, stores its state and completes the machines",
  async ([, end], { testRig }) => {
    // The step prints, and Terraform would not survive a write to a pipe without a reader.
    const isPc1 = 'test "$(basename "$1")" = pc1';
    const create = `if ${isPc1}; then ${CREATE}; else until test -e "$(dirname "$1")/pc1/input"; do sleep 0.05; done; mkdir -p "$1"; while sleep 0.1; do echo line; done; fi`;
    const from = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
    const by = { who: "alice", host: "laptop", command: "vitest run", session: "one" };
    const script = `
    import { createJiti } from ${JSON.stringify(import.meta.resolve("jiti"))};
    const jiti = createJiti(${from("provision.ts")}, { fsCache: false });
    const { provision } = await jiti.import(${from("provision.ts")});
    const { fileDriver } = await jiti.import(${from("file-driver.test.kit.ts")});
    const { fileStore } = await jiti.import(${from("state/stores/file/file-store.ts")});
    const driver = Object.assign(fileDriver(), { create: ${JSON.stringify(create)} });
    const guard = { fence: 7, signal: new AbortController().signal, assertHeld() {} };
    const folder = ${JSON.stringify(testRig.files.versions)};
    const states = fileStore({ folder, folderOf: () => folder });
    await provision({ driver, copy: ${JSON.stringify(testRig.copy)}, fingerprint: ${JSON.stringify(FINGERPRINT)}, guard, states, by: ${JSON.stringify(by)}, say() {} });`;
    const gate = execa(process.execPath, ["--input-type=module", "--eval", script], {
      reject: false,
      detached: true,
    });
    try {
      await waitUntilCreated(testRig.copy, "pc1");
      const before = await created(testRig, "pc1");
      end(gate.pid ?? 0);
      expect((await gate).signal).toBeDefined();

      expect(await testRig.provision()).toMatchObject({ replaced: [PC2] });

      expect(testRig.output.slice(0, 2)).toEqual([
        "state: waiting for the Terraform of an earlier run of pcs-1 to end",
        "state: saved the state that an earlier run could not save",
      ]);
      expect(await created(testRig, "pc1")).toBe(before);
      await expectWhole(testRig);
    } finally {
      gate.kill("SIGKILL");
    }
  },
);

test("a killed Terraform leaves a complete machine that the next run takes over", async ({
  testRig,
}) => {
  testRig.copy = { ...testRig.copy, machines: [machine("pc1")] };
  const pids = join(testRig.copy.folder, "pids");
  // The step is a child of Terraform itself.
  testRig.driver.create = `echo $PPID $$ > "${pids}"; ${SLOW}`;
  const running = testRig.provision();
  running.catch(() => {});
  await waitUntilCreated(testRig.copy, "pc1");
  for (const pid of (await readFile(pids, "utf8")).trim().split(" "))
    process.kill(Number(pid), "SIGKILL");

  await expect(running).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    message: expect.stringContaining("SIGKILL") as string,
  });
  testRig.driver.create = CREATE;

  expect(await testRig.provision()).toMatchObject({ created: [PC1] });

  expect(testRig.driver.removed).toEqual([]);
  expect(testRig.output).toContain("adopt: pc1 (it is complete, but not in the state)");
  expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });
});
