import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test, type TestCli } from "../../test-cli.test.kit.ts";
import { LINEAGE, rigNamed, stateText, type StateText } from "./state.test.kit.ts";

const STORED = stateText({ serial: 4, resources: { pc1: {}, pc2: {} } });

/** Writes a file to push into the project. */
async function fileWith(cli: TestCli, text: StateText | string): Promise<string> {
  const name = "hand.tfstate";
  await writeFile(join(cli.project, name), typeof text === "string" ? text : stateText(text));
  return name;
}

test("push stores a file that was made from the newest version, byte for byte", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "accepted");
  await store(STORED);
  const file = await fileWith(cli, { serial: 5, resources: { pc1: {} } });
  expect(await state(["push", file, "--base", "1"])).toMatchObject({
    exitCode: 0,
    stdout: "stored   accepted-1: version 2, from hand.tfstate\n",
  });
  expect((await state(["pull"])).stdout).toBe(stateText({ serial: 5, resources: { pc1: {} } }));
  expect((await state(["history"])).stdout).toMatch(
    /^2 .*\(vmrig state push\) .* {3}\+0 -1 ~0, pushed from version 1$/m,
  );
  const again = await state(["push", file, "--base", "2"]);
  expect(again.stdout).toBe("stored   accepted-1: version 2, from hand.tfstate\n");
});

test("push creates the first state with --base 0", async ({ cli }) => {
  const { state } = await rigNamed(cli, "first");
  const file = await fileWith(cli, STORED);
  expect((await state(["push", file, "--base", "0"])).stdout).toMatch(/version 1,/);
});

test("push replaces a newest version that is damaged", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "damaged");
  await store(STORED);
  await writeFile(join(cli.folders.state, "rigs/damaged-1/terraform/state/1.tfstate"), "?");
  expect((await state(["pull"])).exitCode).toBe(3);
  const file = await fileWith(cli, STORED);
  expect((await state(["push", file, "--base", "1"])).stdout).toMatch(/: version 2, from/);
  expect((await state(["pull"])).stdout).toBe(STORED);
});

describe("push refuses, and the stored state stays", () => {
  test.for<[title: string, name: string, file: StateText | string, base: string, message: string]>([
    [
      "a file that was made from another version, although its serial is larger",
      "base",
      { serial: 9 },
      "1",
      "it was made from version 1, and the newest is 2",
    ],
    [
      "a serial that is not larger",
      "serial",
      { serial: 4 },
      "2",
      "its serial is 4, and the stored one is 4",
    ],
    [
      "another lineage",
      "lineage",
      { serial: 5, lineage: "other" },
      "2",
      `its lineage is other, not ${LINEAGE}`,
    ],
    ["a text that is no state", "text", "{}", "2", "it is not a state"],
    [
      "a state of an old format",
      "format",
      JSON.stringify({ version: 3, serial: 5, lineage: LINEAGE }),
      "2",
      "its format has version 3, not 4",
    ],
    [
      "a state with damaged resources",
      "resources",
      JSON.stringify({ version: 4, serial: 5, lineage: LINEAGE, resources: [1] }),
      "2",
      "its resources are not readable",
    ],
  ])("%s", async ([, name, text, base, message], { cli }) => {
    const { state, store, open, rig } = await rigNamed(cli, name);
    await store(stateText({ serial: 3 }), STORED);
    const { exitCode, stderr, stdout } = await state([
      "push",
      await fileWith(cli, text),
      "--base",
      base,
    ]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain(
      `The state in hand.tfstate was not stored for "${rig.name}-1": ${message}.\nhint: `,
    );
    await using states = await open();
    expect(await states.read({ rig: name, copy: `${name}-1` })).toMatchObject({
      version: 2,
      text: STORED,
    });
  });

  test("a file without the version that it was made from", async ({ cli }) => {
    const { state } = await rigNamed(cli, "accepted");
    const { exitCode, stderr } = await state(["push", "hand.tfstate"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^--base is missing\.\n/);
  });

  test("a file that does not exist, or is not UTF-8", async ({ cli }) => {
    const { state } = await rigNamed(cli, "accepted");
    expect(await state(["push", "nowhere", "--base", "2"])).toMatchObject({ exitCode: 2 });
    await writeFile(join(cli.project, "binary"), Buffer.from([0x7b, 0xff, 0x7d]));
    expect(await state(["push", "binary", "--base", "2"])).toMatchObject({ exitCode: 2 });
  });
});
