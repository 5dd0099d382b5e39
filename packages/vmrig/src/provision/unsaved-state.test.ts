import { copyFile, readFile, writeFile } from "node:fs/promises";
import { execa } from "execa";
import { expect } from "vitest";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { destroy } from "./destroy.ts";
import { machine } from "./file-driver.test.kit.ts";
import { test, type TestRig } from "./test-rig.test.kit.ts";

/**
 * Simulates a run that created pc1 and could not save its state: Terraform leaves the newest
 * version in its working folder.
 */
async function leaveUnsavedState(testRig: TestRig): Promise<void> {
  const { state, unsaved } = testRig.files;
  testRig.copy = { ...testRig.copy, machines: [machine("pc1")] };
  await testRig.provision({ copy: { ...testRig.copy, machines: [] } });
  await copyFile(state, `${state}.early`);
  await testRig.provision();
  await copyFile(state, unsaved);
  await copyFile(`${state}.early`, state);
}

test("an unsaved state stops every run until the command in the hint is run", async ({
  testRig,
}) => {
  await leaveUnsavedState(testRig);

  const error = await testRig.provision().catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({
    code: "STATE_UNSAVED",
    details: [
      expect.stringContaining("errored.tfstate, serial"),
      expect.stringContaining("terraform.tfstate, serial"),
    ],
  });
  await expect(destroy({ ...testRig.options(), confirm: "pcs" })).rejects.toMatchObject({
    code: "STATE_UNSAVED",
  });
  const hint = isVmrigError(error) ? (error.hint ?? "") : "";
  const pushState = /^save the state: `(?<command>.+)`$/.exec(hint)?.groups?.["command"];
  await execa("sh", ["-c", pushState ?? "exit 1"]);
  expect(await testRig.provision()).toMatchObject({ created: [], replaced: [] });
});

test("cdktf never overwrites an unsaved state", async ({ testRig }) => {
  await leaveUnsavedState(testRig);
  const before = await readFile(testRig.files.unsaved, "utf8");

  await expect(testRig.provision()).rejects.toMatchObject({ code: "STATE_UNSAVED" });

  expect(await readFile(testRig.files.unsaved, "utf8")).toBe(before);
});

test("an unsaved state that cannot be read is reported as unreadable", async ({ testRig }) => {
  await testRig.provision();
  await writeFile(testRig.files.unsaved, "");

  await expect(testRig.provision()).rejects.toMatchObject({
    code: "STATE_UNSAVED",
    message: expect.stringContaining("errored.tfstate, unreadable") as string,
  });
});
