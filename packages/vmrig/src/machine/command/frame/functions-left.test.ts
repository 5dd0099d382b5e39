import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type TestMachine, useMachine } from "../../fixtures.test.kit.ts";

/** Only bash reads ~/.bashrc before a command, and only bash has read-only functions. */
const BASH = "/bin/bash";

describe.skipIf(!existsSync(BASH))("functions of a startup file of bash", () => {
  let rig: TestMachine;
  useMachine((made) => (rig = made), { sshd: { loginShell: BASH } });

  test.each([
    ["cat() { echo mine; }; mv() { :; }; readonly -f cat mv", ["read-only: cat, mv"]],
    ["unset() { :; }; cat() { echo mine; }; readonly -f unset cat", ["read-only: cat, unset"]],
    ["printf() { :; }; readonly -f printf; set -xv", ["read-only: printf"]],
    ["declare() { :; }; cat() { echo mine; }; readonly -f declare", ["read-only: declare"]],
    ["cat() { echo mine; }; enable -n declare", []],
    ["cat() { echo mine; }; enable -n unset", []],
  ])("are an error if they cannot be removed: %s", async (lines, details) => {
    const path = `${rig.server.folder}/${crypto.randomUUID()}`;
    const startupFile = join(dirname(rig.server.folder), ".bashrc");
    await rig.pc1.file(path).write("kept");
    await writeFile(startupFile, `${lines}\n`);
    onTestFinished(() => writeFile(startupFile, ""));
    for (const machine of [rig.pc1, rig.pc1.root])
      for (const attempt of [
        () => machine.file(path).text(),
        () => machine.file(path).write("lost"),
        () => machine.upload(import.meta.filename, path),
      ])
        await expect(attempt()).rejects.toMatchObject({
          code: "FILE_FAILED",
          summary: expect.stringContaining(
            "the functions of a startup file of the login shell cannot be removed",
          ) as string,
          details,
          hint: expect.stringContaining("~/.bashrc") as string,
        });
    await writeFile(startupFile, "");
    expect(await rig.pc1.file(path).text()).toBe("kept");
  });
});
