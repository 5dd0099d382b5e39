import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test, vi } from "vitest";
import { StepStack } from "../contract/step-stack.ts";
import { fakeDriver } from "./driver.ts";
import { setUpFakeMachines } from "./fake-machines.test.kit.ts";
import { machinesFolder } from "./machine-files.ts";

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
      seen.add(incomplete ? "incomplete" : power);
      if (incomplete === undefined && power !== "absent") expect(hostKey).toMatch(/^ssh-ed25519 /);
      if (incomplete) await driver.remove({ copy, name: "pc1" }, authority);
      else if (power !== "absent") await run("destroy", Infinity);
      expect(await readdir(machinesFolder(copy)).catch(() => [])).toEqual([]);
      if (signal === undefined) break;
    }
    expect(seen).toContain("incomplete");
  },
);
