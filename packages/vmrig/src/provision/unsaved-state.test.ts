import { copyFile, readFile, writeFile } from "node:fs/promises";
import { execa } from "execa";
import { expect } from "vitest";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { destroy } from "./destroy.ts";
import { machine } from "./file-driver.test.kit.ts";
import { test, type TestProvision } from "./test-provision.test.kit.ts";

/**
 * As after a run that made pc1 and could then not write its state: Terraform leaves the newest
 * version in its own folder.
 */
async function losePower(scene: TestProvision): Promise<void> {
  const { state, unsaved } = scene.files;
  scene.copy = { ...scene.copy, machines: [machine("pc1")] };
  await scene.provision({ copy: { ...scene.copy, machines: [] } });
  await copyFile(state, `${state}.early`);
  await scene.provision();
  await copyFile(state, unsaved);
  await copyFile(`${state}.early`, state);
}

test("a state that Terraform could not save stops every run until the command of the error is run", async ({
  scene,
}) => {
  await losePower(scene);

  const error = await scene.provision().catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({
    code: "STATE_UNSAVED",
    details: [
      expect.stringContaining("errored.tfstate, serial"),
      expect.stringContaining("terraform.tfstate, serial"),
    ],
  });
  await expect(destroy({ ...scene.options(), confirm: "pcs" })).rejects.toMatchObject({
    code: "STATE_UNSAVED",
  });
  const mend = isVmrigError(error) ? (error.hint ?? "") : "";
  await execa("sh", ["-c", mend]);
  expect(await scene.provision()).toMatchObject({ created: [], replaced: [] });
});

test("is never overwritten by what cdktf writes", async ({ scene }) => {
  await losePower(scene);
  const before = await readFile(scene.files.unsaved, "utf8");

  await expect(scene.provision()).rejects.toMatchObject({ code: "STATE_UNSAVED" });

  expect(await readFile(scene.files.unsaved, "utf8")).toBe(before);
});

test("says so when even that state cannot be read", async ({ scene }) => {
  await scene.provision();
  await writeFile(scene.files.unsaved, "");

  await expect(scene.provision()).rejects.toMatchObject({
    code: "STATE_UNSAVED",
    message: expect.stringContaining("errored.tfstate, unreadable") as string,
  });
});
