import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import {
  hasNamespaces,
  inNewPidNamespace,
  moduleUrl,
} from "../../local-files/pid-namespace.test.kit.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { CopySpec } from "../driver.ts";
import { StepStack } from "../contract/step-stack.ts";
import { fakeDriver } from "./driver.ts";
import { setUpFakeMachines } from "./fake-machines.test.kit.ts";
import { machineFiles } from "./machine-files.ts";
import { allMembers } from "./members.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Makes a machine in another PID namespace. Its process outlives the one that made it. */
const MAKE = `import { makeMachine } from ${moduleUrl("./make.ts", import.meta.url)};
  await makeMachine(JSON.parse(process.argv[1]));
  console.log("made");
  setInterval(() => {}, 1000);`;

test.runIf(hasNamespaces)(
  "a machine of another container is neither reported as off nor replaced",
  async () => {
    await using machines = await setUpFakeMachines(["pc1"]);
    const { copy } = machines;
    // As in a container with its own /tmp.
    const there: CopySpec = { ...copy, runtimeFolder: join(copy.cacheFolder, "run") };
    await mkdir(there.runtimeFolder);
    const { folder } = machineFiles(copy, "pc1");
    const driver = fakeDriver();
    const container = inNewPidNamespace(MAKE, [
      JSON.stringify({
        copy: copy.copy,
        name: "pc1",
        folder: copy.folder,
        runtimeFolder: there.runtimeFolder,
        owner: "me",
      }),
    ]);
    await container.line();
    const refused = {
      code: "HOME_SHARED",
      summary: "Another container uses the machines of pcs-1.",
    };
    await expect(driver.inspect(copy)).rejects.toMatchObject(refused);
    const admission = {
      fence: 4,
      signal: new AbortController().signal,
      authorize: generateKeyPair().publicKey,
    };
    await expect(
      driver.restore({ copy, name: "pc1" }, "baseline", admission),
    ).rejects.toMatchObject(refused);
    const stack = new StepStack();
    await driver.declare(stack, copy, { fingerprint: await driver.fingerprint(copy), owner: "me" });
    await expect(stack.destroy()).rejects.toThrow(refused.summary);
    expect(existsSync(folder)).toBe(true);
    // The processes of the container are visible here, and must not be taken for this home's own.
    expect(allMembers().has(folder)).toBe(false);
    await container.end();
    expect((await driver.inspect(copy)).machines).toMatchObject([{ name: "pc1", power: "off" }]);
  },
);
