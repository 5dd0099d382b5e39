import { link, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test, vi } from "vitest";
import { StepStack } from "../contract/step-stack.ts";
import { fakeDriver } from "./driver.ts";
import { setUpFakeMachines } from "./fake-machines.test.kit.ts";
import { machineFiles, machinesFolder } from "./machine-files.ts";
import { members } from "./members.ts";

vi.setConfig({ testTimeout: 120_000 });

const STEPS = fileURLToPath(new URL("./terraform-steps.ts", import.meta.url));
const KILL = fileURLToPath(new URL("../../local-files/kill-at-call.test.kit.ts", import.meta.url));

test.for(["create", "destroy"] as const)(
  "killed after any change of a file during %s, a machine is complete, or incomplete and removable",
  async (verb) => {
    await using machines = await setUpFakeMachines(["pc1"]);
    const { copy } = machines;
    const driver = fakeDriver();
    const stack = new StepStack();
    await driver.declare(stack, copy, { owner: "me" });
    const [resource] = stack.resources;
    const authority = { fence: 1, signal: new AbortController().signal };
    const run = async (step: string, killAt: number): Promise<string | undefined> => {
      const { signal, exitCode, stderr } = await execa(
        process.execPath,
        ["--import", KILL, STEPS, step],
        {
          env: { VMRIG_INPUT: JSON.stringify(resource?.input), VMRIG_TEST_KILL_AT: `${killAt}` },
          reject: false,
        },
      );
      if (signal === undefined) expect(exitCode, stderr).toBe(0);
      return signal;
    };

    const seen = new Set<string>();
    for (let killAt = 1; ; killAt += 1) {
      if (verb === "destroy") await run("create", Infinity);
      const signal = await run(verb, killAt);
      const [{ power, incomplete, hostKey } = { power: "absent" }] = (await driver.inspect(copy))
        .machines;
      seen.add(`${incomplete ? "incomplete " : ""}${power}`);
      if (incomplete === undefined && power !== "absent") expect(hostKey).toMatch(/^ssh-ed25519 /);
      if (incomplete) await driver.remove({ copy, name: "pc1" }, authority);
      else if (power !== "absent") await run("destroy", Infinity);
      expect(await readdir(machinesFolder(copy)).catch(() => [])).toEqual([]);
      if (signal === undefined) break;
    }
    if (verb === "create") expect(seen).toContain("running");
    expect(seen).toContain("incomplete off");
  },
);

test("an incomplete machine whose process runs is reported as running, and can be stopped and removed", async () => {
  await using machines = await setUpFakeMachines(["pc1"]);
  const { copy } = machines;
  const [driver, stack] = [fakeDriver(), new StepStack()];
  const authority = { fence: 1, signal: new AbortController().signal };
  const ref = { copy, name: "pc1" };
  await driver.declare(stack, copy, { owner: "me" });
  await stack.create();
  const files = machineFiles(copy, "pc1");
  // As it was before the last step of its creation.
  await link(files.definition, files.creating);
  await rm(files.definition);

  expect((await driver.inspect(copy)).machines).toMatchObject([
    { name: "pc1", power: "running", incomplete: true },
  ]);
  await expect(driver.restore(ref, "pristine", { ...authority, authorize: "k" })).rejects.toThrow(
    expect.objectContaining({ code: "MACHINE_MISSING" }) as Error,
  );
  await driver.stop?.(ref, authority);
  expect(members(files)).toEqual([]);
  expect((await driver.inspect(copy)).machines).toMatchObject([{ power: "off", incomplete: true }]);
  await driver.remove(ref, authority);
  expect((await driver.inspect(copy)).machines).toMatchObject([{ power: "absent" }]);
});

test("a machine of another owner is refused while it is off, too; other files and folders are no machines", async () => {
  await using machines = await setUpFakeMachines(["pc1"]);
  const { copy } = machines;
  const [driver, stack, other] = [fakeDriver(), new StepStack(), new StepStack()];
  const authority = { fence: 1, signal: new AbortController().signal };
  await driver.declare(stack, copy, { owner: "me" });
  await stack.create();
  await driver.stop?.({ copy, name: "pc1" }, authority);
  await mkdir(join(machinesFolder(copy), "pc1.saved"));
  await writeFile(join(machinesFolder(copy), ".DS_Store"), "");
  await driver.declare(other, copy, { owner: "you" });

  await expect(other.create()).rejects.toThrow("pc1 of pcs-1 exists, but is not");

  expect((await driver.inspect(copy)).machines).toMatchObject([
    { name: "pc1", power: "off", owner: "me" },
  ]);
});
