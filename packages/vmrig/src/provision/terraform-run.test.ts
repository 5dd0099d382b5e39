import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect } from "vitest";
import { destroy } from "./destroy.ts";
import { FINGERPRINT, MAKE, machine, machineFolder, made } from "./file-driver.test.kit.ts";
import { heldWarrant, PC1, test } from "./test-provision.test.kit.ts";
import { readState } from "./state.ts";

const SLOW = `${MAKE} && exec sleep 60`;

describe("a lease that is lost", () => {
  test("while a machine is made, stops Terraform, which keeps its state; the next run makes it good", async ({
    scene,
  }) => {
    const lease = new AbortController();
    const lost = new Error("lease lost");
    scene.copy = { ...scene.copy, machines: [machine("pc1")] };
    scene.driver.create = SLOW;
    const running = scene.provision({ warrant: heldWarrant(lease.signal) });
    running.catch(() => {});
    await made(scene.copy, "pc1");

    lease.abort(lost);

    await expect(running).rejects.toBe(lost);
    expect((await readState(scene.files.state))?.resources).toContainEqual({
      address: PC1,
      name: "pc1",
      tainted: true,
    });
    await expect(access(scene.files.lockInfo)).rejects.toMatchObject({ code: "ENOENT" });
    scene.driver.create = MAKE;
    expect(await scene.provision()).toMatchObject({ replaced: [PC1] });
  });

  test("before the run, lets nothing start", async ({ scene }) => {
    const lost = new Error("lease lost");

    await expect(scene.provision({ warrant: heldWarrant(AbortSignal.abort(lost)) })).rejects.toBe(
      lost,
    );
    await expect(access(scene.files.folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("between plan and apply, lets nothing be applied", async ({ scene }) => {
    const lost = new Error("lease lost");
    let planned = false;
    // No signal: a gate that was paused past its lease may ask before its timers had a chance to
    // run.
    const assertHeld = (): void => {
      if (planned) throw lost;
    };

    const running = scene.provision({
      warrant: { ...heldWarrant(), assertHeld },
      say: (line) => (planned ||= line.startsWith("plan:")),
    });

    await expect(running).rejects.toBe(lost);
    expect(await scene.machines()).toEqual([]);
  });
});

test.for([
  ["a gate that is killed", (pid: number): boolean => process.kill(pid, "SIGKILL")],
  ["Ctrl-C in its terminal", (pid: number): boolean => process.kill(-pid, "SIGINT")],
] as const)(
  "Terraform outlives %s and finishes its work; the next run waits for it and finds the machine",
  async ([, end], { scene }) => {
    scene.copy = { ...scene.copy, machines: [machine("pc1")] };
    // It prints for a while after the machine is there: into a pipe without a reader Terraform
    // would not survive it.
    const create = `${MAKE}; for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i"; sleep 0.1; done`;
    const from = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
    const script = `
    import { createJiti } from ${JSON.stringify(import.meta.resolve("jiti"))};
    const jiti = createJiti(${from("provision.ts")}, { fsCache: false });
    const { provision } = await jiti.import(${from("provision.ts")});
    const { fileDriver } = await jiti.import(${from("file-driver.test.kit.ts")});
    const driver = Object.assign(fileDriver(), { create: ${JSON.stringify(create)} });
    const warrant = { fence: 7, signal: new AbortController().signal, assertHeld() {} };
    await provision({ driver, copy: ${JSON.stringify(scene.copy)}, fingerprint: ${JSON.stringify(FINGERPRINT)}, warrant, say() {} });`;
    const gate = execa(process.execPath, ["--input-type=module", "--eval", script], {
      reject: false,
      detached: true,
    });
    try {
      await made(scene.copy, "pc1");
      end(gate.pid ?? 0);
      expect((await gate).signal).toBeDefined();

      expect(await scene.provision()).toMatchObject({ created: [], replaced: [] });
      expect(scene.said).toContain(
        "state: waiting for the Terraform of an earlier run of pcs-1 to finish",
      );
    } finally {
      gate.kill("SIGKILL");
    }
  },
);

test("a Terraform that is killed leaves a lock that holds nobody up, and a machine that is reported", async ({
  scene,
}) => {
  scene.copy = { ...scene.copy, machines: [machine("pc1")] };
  const pids = join(scene.copy.folder, "pids");
  // The step is a child of Terraform itself.
  scene.driver.create = `echo $PPID $$ > "${pids}"; ${SLOW}`;
  const running = scene.provision();
  running.catch(() => {});
  await made(scene.copy, "pc1");
  for (const pid of (await readFile(pids, "utf8")).trim().split(" "))
    process.kill(Number(pid), "SIGKILL");

  await expect(running).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
    message: expect.stringContaining("SIGKILL") as string,
  });
  await access(scene.files.lockInfo);
  scene.driver.create = MAKE;
  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: [
      `pc1, running, ${machineFolder(scene.copy, "pc1")}: the state does not know it`,
      expect.stringContaining("serial"),
    ],
  });
  expect(await destroy({ ...scene.options(), confirm: "pcs" })).toEqual({ destroyed: ["pc1"] });
  expect(await scene.provision()).toMatchObject({ created: [PC1] });
});
