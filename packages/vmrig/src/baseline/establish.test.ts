import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { StepStack } from "../driver/contract/step-stack.ts";
import type { Driver } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { machineFiles } from "../driver/fake/machine-files.ts";
import { setUpFakeMachines } from "../driver/fake/fake-machines.test.kit.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import { PRISTINE } from "./pristine.ts";
import { establishBaseline, type BaselineSource } from "./establish.ts";
import { authority, admission, type LeasedContext } from "./leased-context.ts";

const SOURCE: BaselineSource = { fingerprint: { image: "i", platform: "p" }, recipes: {} };

test("a machine that was restored to pristine, possibly by a boot from its disk, finishes booting before it is prepared", async () => {
  const { copy, ...fixture } = await setUpFakeMachines(["pc1"]);
  onTestFinished(() => fixture[Symbol.asyncDispose]());
  // A driver of machines that boot. They are never prepared, because their sudo refuses: the
  // commands of a fake machine run on this computer.
  const driver: Driver = { ...fakeDriver(), guest: "linux" };
  const said: string[] = [];
  const context: LeasedContext = {
    driver,
    copy,
    lease: { fence: 1, signal: new AbortController().signal, assertHeld: () => {} },
    key: generateKeyPair(),
    say: (line) => said.push(line),
  };
  const stack = new StepStack();
  await driver.declare(stack, copy, { owner: "me" });
  await stack.create();
  const { bin, folder } = machineFiles(copy, "pc1");
  await driver.boot({ copy, name: "pc1" }, admission(context));
  await driver.capture({ copy, name: "pc1" }, PRISTINE, authority(context));
  const asked = join(folder, "asked");
  await writeFile(
    join(bin, "systemctl"),
    `#!/bin/sh\n[ "$1" = is-system-running ] || exit 0\necho asked >> ${asked}\n[ $(wc -l < ${asked}) -gt 1 ] && echo running || echo starting\n`,
    { mode: 0o755 },
  );
  await writeFile(join(bin, "sudo"), "#!/bin/sh\nexit 77\n", { mode: 0o755 });

  await expect(establishBaseline(context, SOURCE)).rejects.toMatchObject({
    code: "PREPARE_FAILED",
  });
  expect(said).toContainEqual(
    expect.stringContaining("preparing again from the pristine machines"),
  );
  expect(await readFile(asked, "utf8")).toBe("asked\nasked\n");
});

test("a machine whose snapshots are gone or cannot be read is not captured as pristine", async () => {
  const { copy, ...fixture } = await setUpFakeMachines(["pc1"]);
  onTestFinished(() => fixture[Symbol.asyncDispose]());
  const driver = fakeDriver();
  const context: LeasedContext = {
    driver,
    copy,
    lease: { fence: 1, signal: new AbortController().signal, assertHeld: () => {} },
    key: generateKeyPair(),
    say: () => {},
  };
  const stack = new StepStack();
  await driver.declare(stack, copy, { owner: "me" });
  await stack.create();
  const { snapshots } = machineFiles(copy, "pc1");
  await establishBaseline(context, SOURCE);
  const refused = {
    code: "STATE_LOST",
    details: [expect.stringContaining(snapshots)] as unknown,
    hint: expect.stringContaining("`vmrig up --copy") as string,
  };

  await rm(snapshots, { recursive: true });
  await expect(establishBaseline(context, SOURCE)).rejects.toMatchObject(refused);
  await writeFile(snapshots, "no folder");
  await expect(establishBaseline(context, SOURCE)).rejects.toMatchObject(refused);
});
